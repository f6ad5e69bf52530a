-- Statements of refunds: what has gone back of what was captured, and what is about to.

-- name: lock_live_attempts
-- One, and those that follow it, newest first: so are they locked everywhere.
SELECT *, xmin::text::bigint AS seen_as FROM attempts
WHERE connection = $1 AND order_number = $2 AND state NOT IN ('declined', 'abandoned', 'reversed')
ORDER BY started_at DESC, wire_key DESC
FOR UPDATE;

-- name: lock_attempt_of
-- The attempt of a capture or refund that was told of before.
SELECT a.*, a.xmin::text::bigint AS seen_as,
       EXISTS (SELECT 1 FROM attempts f WHERE f.follows = a.wire_key AND f.follows <> '') AS has_more
FROM attempts a
WHERE wire_key = (SELECT wire_key FROM observations
                  WHERE connection = $1 AND request_id = $2 AND operation IN ('capture', 'refund')
                    AND wire_key <> '' AND meaning = 'moved' LIMIT 1)
FOR UPDATE OF a;

-- name: lock_attempt_of_refund
SELECT *, xmin::text::bigint AS seen_as FROM attempts
WHERE wire_key = (SELECT wire_key FROM refunds WHERE effect_key = $1 AND effect_key <> '')
FOR UPDATE;

-- name: refunds_of_attempt
SELECT number, asked_key, effect_key, keys, request_id, capture_id, amount, state
FROM refunds WHERE wire_key = $1 ORDER BY number;

-- name: captures_of_attempt
-- Those that count, oldest first.
SELECT o.request_id, o.amount FROM observations o
WHERE o.order_number = $1 AND o.wire_key = $2 AND o.operation IN ('capture', 'sale')
  AND o.verdict = 'approved' AND o.meaning = 'moved'
  AND NOT EXISTS (SELECT 1 FROM observations f
                  WHERE f.connection = o.connection AND f.request_id = o.request_id
                    AND f.operation = o.operation AND f.verdict IN ('failed', 'undone'))
  AND NOT EXISTS (SELECT 1 FROM observations v
                  WHERE v.connection = o.connection AND v.parent_id = o.request_id
                    AND v.operation = 'void' AND v.verdict = 'approved')
  AND NOT EXISTS (SELECT 1 FROM observations v
                  WHERE v.connection = o.connection AND v.echo_key = o.echo_key
                    AND o.echo_key <> '' AND v.operation IN ('capture', 'void')
                    AND v.operation = 'void' AND v.verdict = 'approved')
ORDER BY o.number;

-- name: undone_before
-- Whether somebody told before that this refund failed or was undone: by its id, by the id a void
-- names, and by the key that it and its fence carry.
SELECT EXISTS (
    SELECT 1 FROM observations
    WHERE connection = $1 AND request_id = $2 AND operation = 'refund'
      AND verdict IN ('failed', 'undone')
    UNION ALL
    SELECT 1 FROM observations
    WHERE connection = $1 AND parent_id = $2 AND operation = 'void' AND verdict = 'approved'
    UNION ALL
    SELECT 1 FROM observations
    WHERE connection = $1 AND echo_key = $3 AND $3 <> '' AND operation IN ('capture', 'void')
      AND operation = 'void' AND verdict = 'approved');

-- name: add_refund
INSERT INTO refunds (wire_key, asked_key, effect_key, keys, request_id, capture_id, amount, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: add_credit
-- One that stands alone belongs to no attempt; a row for each key it travels under.
INSERT INTO refunds (wire_key, effect_key, capture_id, amount, state)
VALUES ('', $1, '', $2, 'claimed')
ON CONFLICT (effect_key) WHERE effect_key <> '' DO NOTHING;

-- name: is_our_credit
SELECT EXISTS (SELECT 1 FROM refunds WHERE effect_key = $1 AND effect_key <> '');

-- name: claim_again
UPDATE refunds SET state = 'claimed', request_id = '', keys = $2 WHERE number = $1;

-- name: count_refund
UPDATE refunds SET state = 'counted', request_id = $2, amount = $3 WHERE number = $1;

-- name: undo_refund
UPDATE refunds SET state = 'undone' WHERE number = $1;

-- name: release_refund
UPDATE refunds SET state = 'released'
WHERE effect_key = $1 AND effect_key <> '' AND state = 'claimed';

-- name: told_refund
-- A refund of ours that somebody told us of, and that counts.
SELECT request_id FROM refunds WHERE effect_key = $1 AND effect_key <> '' AND state = 'counted';

-- name: sum_refunded
WITH meant AS (UPDATE observations SET meaning = $2, wire_key = $1 WHERE number = $3)
UPDATE attempts
SET refunded = (SELECT coalesce(sum(amount), 0) FROM refunds
                WHERE wire_key = $1 AND state = 'counted')
WHERE wire_key = $1
RETURNING *, xmin::text::bigint AS seen_as;
