-- Statements of parts: attempts that together pay for one order.

-- name: parts
SELECT *, xmin::text::bigint AS seen_as FROM attempts
WHERE wire_key IN (SELECT $1::text UNION ALL
                   SELECT f.wire_key FROM attempts f WHERE f.follows = $1 AND f.follows <> '')
  AND part > 0
ORDER BY part, started_at;

-- name: lock_parts
-- The latest first.
SELECT *, xmin::text::bigint AS seen_as FROM attempts
WHERE wire_key IN (SELECT $1::text UNION ALL
                   SELECT f.wire_key FROM attempts f WHERE f.follows = $1 AND f.follows <> '')
  AND part > 0
ORDER BY part DESC, started_at DESC
FOR UPDATE;

-- name: lock_first_part
SELECT *, xmin::text::bigint AS seen_as FROM attempts
WHERE connection = $1 AND order_number = $2 AND state NOT IN ('declined', 'abandoned', 'reversed')
  AND follows = ''
FOR UPDATE;

-- name: open_part
INSERT INTO attempts (wire_key, connection, shop, attempt_key, order_number, request_sha256, state,
                      amount, currency, "order", follows, part)
VALUES ($1, $2, $3, $4, $5, $6, 'started', $7, $8, $9, $10, $11)
ON CONFLICT DO NOTHING
RETURNING wire_key;

-- name: reopen_part
UPDATE attempts SET state = 'started', reason = '', part = $5
WHERE wire_key = $1 AND request_sha256 = $2 AND state = 'abandoned' AND reason = $3 AND follows = $4
RETURNING wire_key;

-- name: cover
-- All of an order is held: no part of it waits for another any more.
UPDATE attempts SET state = 'authorized' WHERE wire_key = ANY ($1) AND state = 'partial';

-- name: give_up_parts
UPDATE attempts SET state = 'reversing', reason = $2
WHERE wire_key = ANY ($1) AND state IN ('partial', 'authorized')
RETURNING *, xmin::text::bigint AS seen_as;

-- name: claimed_parts
-- Those of which money was taken, or is about to be.
SELECT wire_key FROM attempts WHERE wire_key = ANY ($1) AND (claimed > 0 OR captured > 0);
