-- Statements of adoptions: payments that were made elsewhere, and the orders they are to pay.

-- name: want_adoption
-- Said again it is looked at again, unless it has come about.
INSERT INTO adoptions (connection, payment_id, order_number, shop, "order", asked_by)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (connection, payment_id, order_number) DO UPDATE
    SET "order" = EXCLUDED."order", asked_by = EXCLUDED.asked_by, state = 'waiting', why = '',
        next_at = now(), ended_at = NULL
    WHERE adoptions.state <> 'adopted';

-- name: hasten_adoption
-- Somebody tells of the payment that is waited for.
UPDATE adoptions SET next_at = now() WHERE connection = $1 AND payment_id = $2 AND state = 'waiting';

-- name: due_adoptions
-- Each to one worker for so long.
UPDATE adoptions SET next_at = now() + make_interval(secs => $1), tries = tries + 1
WHERE number IN (SELECT number FROM adoptions WHERE state = 'waiting' AND next_at <= now()
                 ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING *;

-- name: adoption
SELECT * FROM adoptions WHERE connection = $1 AND payment_id = $2 AND order_number = $3;

-- name: lock_adoption
SELECT state FROM adoptions WHERE number = $1 FOR UPDATE;

-- name: put_off_adoption
UPDATE adoptions SET why = $2, next_at = now() + make_interval(secs => $3)
WHERE number = $1 AND state = 'waiting';

-- name: end_adoption
UPDATE adoptions SET state = $2, why = $3, ended_at = now() WHERE number = $1 AND state = 'waiting';

-- name: adoptions_of_order
SELECT * FROM adoptions WHERE order_number = $1 ORDER BY number DESC;

-- name: newest_adoptions
SELECT * FROM adoptions WHERE number < $1 ORDER BY number DESC LIMIT $2;

-- name: count_what_was_taken
-- What was captured before it was ours is claimed: it is not captured again.
UPDATE attempts
SET claimed = captured, claims = claims || jsonb_build_object('adopted', captured::text)
WHERE wire_key = $1 AND claimed < captured;

-- name: place_find
UPDATE finds SET meaning = 'moved', why = $3, again_at = NULL
WHERE connection = $1 AND request_id = $2 AND meaning IN ('unread', 'unplaced');
