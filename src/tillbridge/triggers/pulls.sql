-- Statements of pulls: who looks, how far they are, when the next look is.

-- name: take_pull
-- The first look is due at once; of all workers one looks at a time, and its right expires.
INSERT INTO pulls (connection, lease_until) VALUES ($1, now() + make_interval(secs => $2))
ON CONFLICT (connection) DO UPDATE
    SET lease = pulls.lease + 1, lease_until = EXCLUDED.lease_until
    WHERE pulls.next_at <= now() AND (pulls.lease_until IS NULL OR pulls.lease_until <= now())
RETURNING lease, cursor, settled_until;

-- name: keep_pull
UPDATE pulls SET lease_until = now() + make_interval(secs => $3)
WHERE connection = $1 AND lease = $2 AND lease_until IS NOT NULL RETURNING lease;

-- name: move_pull
-- Another window begins its counts anew.
UPDATE pulls
SET cursor = $3, lease_until = now() + make_interval(secs => $4), looked_at = now(),
    pages = CASE WHEN (since, until) IS NOT DISTINCT FROM ($5, $6) THEN pages ELSE 0 END + 1,
    listed = CASE WHEN (since, until) IS NOT DISTINCT FROM ($5, $6) THEN listed ELSE 0 END + $8,
    unheard = CASE WHEN (since, until) IS NOT DISTINCT FROM ($5, $6) THEN unheard ELSE 0 END + $9,
    since = $5::timestamptz, until = $6::timestamptz, is_whole = $7,
    settled_until = CASE WHEN $7 THEN $6::timestamptz ELSE settled_until END
WHERE connection = $1 AND lease = $2 AND lease_until IS NOT NULL RETURNING lease;

-- name: end_pull
UPDATE pulls SET lease_until = NULL, next_at = now() + make_interval(secs => $3), trouble = $4
WHERE connection = $1 AND lease = $2;

-- name: all_pulls
SELECT connection, began_at, looked_at, since, until, is_whole, pages, listed, unheard,
       settled_until, trouble, next_at,
       coalesce(lease_until > now(), false) AS is_looking,
       extract(epoch FROM now() - coalesce(settled_until, CASE WHEN until IS NULL THEN looked_at END,
                                           began_at))::float8 AS behind_s
FROM pulls ORDER BY connection;
