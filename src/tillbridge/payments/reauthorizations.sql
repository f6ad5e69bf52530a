-- Statements of reauthorizations: attempts that follow another one.

-- name: lock_by_wire_key
SELECT *, xmin::text::bigint AS seen_as FROM attempts WHERE wire_key = $1 FOR UPDATE;

-- name: following
SELECT *, xmin::text::bigint AS seen_as FROM attempts
WHERE follows = $1 AND follows <> '' ORDER BY started_at, wire_key;

-- name: open_reauthorization
INSERT INTO attempts (wire_key, connection, shop, attempt_key, order_number, request_sha256, state,
                      amount, currency, "order", follows)
VALUES ($1, $2, $3, $4, $5, '', 'started', $6, $7, $8, $9);

-- name: sum_following
SELECT coalesce(sum(captured), 0) AS captured, coalesce(sum(refunded), 0) AS refunded,
       coalesce(sum(amount) FILTER (
           WHERE part > 0 AND state IN ('partial', 'authorized', 'captured')), 0) AS held
FROM attempts WHERE follows = $1 AND follows <> '';

-- name: free_hold
-- One that follows, holds money, and of which nothing is claimed.
SELECT *, xmin::text::bigint AS seen_as FROM attempts
WHERE wire_key = $1 AND follows <> '' AND state = 'authorized' AND held AND claimed = 0;
