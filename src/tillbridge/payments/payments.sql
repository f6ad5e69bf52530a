-- Statements of the room `payments`.

-- name: attempt_by_shop_key
SELECT *, xmin::text::bigint AS seen_as FROM attempts WHERE shop = $1 AND attempt_key = $2;

-- name: attempt_by_wire_key
SELECT *, xmin::text::bigint AS seen_as FROM attempts WHERE wire_key = $1;

-- name: open_attempt
INSERT INTO attempts (wire_key, connection, shop, attempt_key, order_number, request_sha256, state,
                      amount, currency, "order")
VALUES ($1, $2, $3, $4, $5, $6, 'started', $7, $8, $9)
ON CONFLICT DO NOTHING
RETURNING wire_key;

-- name: live_attempt
SELECT *, xmin::text::bigint AS seen_as FROM attempts
WHERE connection = $1 AND order_number = $2 AND state NOT IN ('declined', 'abandoned', 'reversed')
  AND follows = '';

-- name: newest_attempt
SELECT *, xmin::text::bigint AS seen_as FROM attempts WHERE order_number = $1 AND follows = ''
ORDER BY (state IN ('declined', 'abandoned')), started_at DESC LIMIT 1;

-- name: attempts_of_order
SELECT *, xmin::text::bigint AS seen_as FROM attempts WHERE order_number = $1 ORDER BY started_at;

-- name: lock_attempt
-- By what the payment system echoes, best evidence first; each look-up has its own index. Of
-- several live attempts of an order, the one of this capture or refund, or that waits for one.
SELECT a.*, a.xmin::text::bigint AS seen_as,
       EXISTS (SELECT 1 FROM attempts f WHERE f.follows = a.wire_key AND f.follows <> '') AS has_more
FROM attempts a
WHERE wire_key = coalesce(
    (SELECT wire_key FROM attempts WHERE wire_key = $1),
    (SELECT wire_key FROM attempts WHERE authorization_id = $2 AND authorization_id <> '' LIMIT 1),
    (SELECT wire_key FROM attempts WHERE authorization_id = $3 AND authorization_id <> '' LIMIT 1),
    (SELECT wire_key FROM attempts l WHERE $6 AND connection = $4 AND order_number = $5
       AND state NOT IN ('declined', 'abandoned', 'reversed')
     ORDER BY claims ? $1 DESC,
              EXISTS (SELECT 1 FROM refunds r WHERE r.wire_key = l.wire_key AND $1 = ANY (r.keys))
              DESC, claimed > captured DESC, started_at LIMIT 1))
FOR UPDATE OF a;

-- name: keep_observation
-- Once; one that nobody could place is placed again when somebody else tells more of it.
INSERT INTO observations (connection, request_id, operation, verdict, source, order_number, wire_key,
                          echo_key, parent_id, amount, currency, reason, occurred_at, meaning)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12, '')
ON CONFLICT (connection, request_id, operation, verdict) DO UPDATE
    SET source = EXCLUDED.source, wire_key = EXCLUDED.wire_key, parent_id = EXCLUDED.parent_id,
        echo_key = EXCLUDED.echo_key,
        amount = coalesce(EXCLUDED.amount, observations.amount), currency = EXCLUDED.currency,
        meaning = ''
    WHERE observations.meaning = 'unmatched'
RETURNING number;

-- name: mean
UPDATE observations SET meaning = $2, wire_key = $3 WHERE number = $1;

-- name: reviews_seen
SELECT number, verdict, reason, source, occurred_at, request_id FROM observations
WHERE connection = $1 AND operation = 'review' AND parent_id = $2
UNION
SELECT number, verdict, reason, source, occurred_at, request_id FROM observations
WHERE connection = $1 AND operation = 'review' AND request_id = $2
ORDER BY number;

-- name: captures_seen
-- What was seen of one capture ($2) before: whether it counts, and whether it failed or was
-- undone; by its id, by the id a void names, and by the key that it and its fence carry ($4).
SELECT verdict, amount, currency FROM observations
WHERE connection = $1 AND request_id = $2 AND operation IN ('capture', 'sale') AND number <> $3
  AND (verdict IN ('failed', 'undone') OR (verdict = 'approved' AND meaning = 'moved'))
UNION ALL
SELECT 'undone', amount, currency FROM observations
WHERE connection = $1 AND parent_id = $2 AND parent_id <> '' AND operation = 'void'
  AND verdict = 'approved' AND number <> $3
UNION ALL
SELECT CASE operation WHEN 'void' THEN 'undone' ELSE verdict END, amount, currency FROM observations
WHERE connection = $1 AND echo_key = $4 AND echo_key <> '' AND operation IN ('capture', 'void')
  AND request_id <> $2 AND verdict = 'approved' AND number <> $3
  AND (operation = 'void' OR (meaning = 'moved' AND $5));

-- name: captures_in_conflict
-- Captures of an attempt that were more than it held when they were told.
SELECT number, request_id, source, occurred_at, echo_key, parent_id, amount, currency FROM observations
WHERE connection = $1 AND order_number = $2 AND wire_key = $3 AND operation = 'capture'
  AND verdict = 'approved' AND meaning = 'conflict' AND amount IS NOT NULL
ORDER BY number;

-- name: told_capture
-- A capture with this key that somebody told us of, and that counts.
SELECT request_id FROM observations o
WHERE connection = $1 AND echo_key = $2 AND operation IN ('capture', 'void')
  AND operation = 'capture' AND verdict = 'approved' AND meaning = 'moved'
  AND NOT EXISTS (SELECT 1 FROM observations v
                  WHERE v.connection = $1 AND v.echo_key = $2 AND v.operation = 'void');

-- name: move_attempt
WITH meant AS (UPDATE observations SET meaning = $13, wire_key = $1 WHERE number = $14)
UPDATE attempts
SET state = $2, authorization_id = $3, approval_code = $4, reason = $5, review = $6, token = $7,
    card = $8, captured = $9, reversed = $10, held = $11, amount = $15, part = $16,
    authorized_at = coalesce(authorized_at, $12)
WHERE wire_key = $1;

-- name: set_state
UPDATE attempts SET state = $2 WHERE wire_key = $1 AND state = ANY ($3) RETURNING wire_key;

-- name: abandon
UPDATE attempts SET state = 'abandoned', reason = $2
WHERE wire_key = $1 AND state IN ('started', 'unknown', 'challenge') RETURNING wire_key;

-- name: begin_fence
UPDATE attempts SET state = 'unknown', reason = $2
WHERE wire_key = $1 AND state IN ('started', 'unknown') RETURNING wire_key;

-- name: give_up_fence
UPDATE attempts SET reason = '' WHERE wire_key = $1 AND state = 'unknown' AND reason = $2;

-- name: give_way
UPDATE attempts SET state = 'abandoned', reason = 'challenge_not_finished'
WHERE connection = $1 AND order_number = $2 AND state = 'challenge';

-- name: reopen
-- Never while the debt has another live attempt: the one_live_attempt index would refuse it.
UPDATE attempts a SET state = 'started', reason = ''
WHERE wire_key = $1 AND request_sha256 = $2 AND state = 'abandoned' AND reason = $3
  AND NOT EXISTS (SELECT 1 FROM attempts b WHERE b.connection = a.connection
                  AND b.order_number = a.order_number AND b.follows = ''
                  AND b.state NOT IN ('declined', 'abandoned', 'reversed'))
RETURNING wire_key;

-- name: claim_capture
-- One statement: whoever waits for the row judges what the one before left of it. One row always.
-- $5: the hold takes one capture only. A part of an order's payment gives only the portion of a
-- capture that was worked out for it.
WITH claimed AS (
    UPDATE attempts
    SET claimed = claimed + $3, claims = claims || jsonb_build_object($2::text, $3::numeric::text)
    WHERE authorization_id = $1 AND authorization_id <> '' AND state IN ('authorized', 'captured')
      AND currency = $4 AND GREATEST(claimed, captured) + $3 <= amount AND NOT claims ? $2
      AND NOT ($5 AND GREATEST(claimed, captured) > 0)
      AND (part = 0 OR EXISTS (SELECT 1 FROM capture_portions p WHERE p.effect_key = $2))
    RETURNING *, xmin::text::bigint AS seen_as
)
SELECT claimed.* FROM (SELECT 1) AS once LEFT JOIN claimed ON true;

-- name: claim_reversal
-- A part of an order's payment is released when all of them are: then it is `reversing`.
UPDATE attempts
SET state = 'reversing', claims = claims || jsonb_build_object($2::text, '0')
WHERE authorization_id = $1 AND authorization_id <> '' AND claimed = 0
  AND state IN ('in_review', 'authorized', 'reversing') AND NOT claims ? $2
  AND (part = 0 OR state = 'reversing')
RETURNING part, amount, currency;

-- name: attempt_by_authorization
SELECT *, xmin::text::bigint AS seen_as FROM attempts WHERE authorization_id = $1 AND authorization_id <> '';

-- name: release_undone
-- The claim of a capture that counted and was undone: by the key it travelled under first, else the
-- one of its amount.
UPDATE attempts a
SET claimed = a.claimed - (a.claims ->> undone.key)::numeric, claims = a.claims - undone.key
FROM (SELECT c.key FROM attempts b, jsonb_each_text(b.claims) c
      WHERE b.wire_key = $1
        AND (c.value::numeric = $4 AND c.value <> '0'
             OR c.key = (SELECT o.echo_key FROM observations o
                         WHERE o.connection = $2 AND o.request_id = $3
                           AND o.operation = 'capture' AND o.verdict = 'approved'))
      ORDER BY c.key = (SELECT o.echo_key FROM observations o
                        WHERE o.connection = $2 AND o.request_id = $3
                          AND o.operation = 'capture' AND o.verdict = 'approved') DESC
      LIMIT 1) undone
WHERE a.wire_key = $1;

-- name: release_claim
UPDATE attempts SET claimed = claimed - (claims ->> $2)::numeric, claims = claims - $2
WHERE order_number = $1 AND claims ? $2;

-- name: observations_of_order
SELECT number, connection, request_id, operation, verdict, source, amount, currency, reason, meaning,
       occurred_at, observed_at
FROM observations WHERE order_number = $1 ORDER BY number;

-- name: ask_about_reviews
-- Those that were asked about longest ago, each marked as asked about now.
UPDATE attempts SET asked_at = now()
WHERE wire_key IN (SELECT wire_key FROM attempts WHERE state = 'in_review'
                   ORDER BY asked_at NULLS FIRST, started_at LIMIT $1)
RETURNING *, xmin::text::bigint AS seen_as;

-- name: list_reviews
SELECT *, xmin::text::bigint AS seen_as FROM attempts WHERE state = 'in_review' ORDER BY started_at LIMIT $1;
