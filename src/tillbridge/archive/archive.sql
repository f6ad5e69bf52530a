-- Statements of the room `archive`: the past by month.

-- name: months
SELECT month, state, parts, folder, host, manifest_sha256, archived_at, dropped_at
FROM past_months ORDER BY month;

-- name: seal
-- From now on nothing more comes into that month; whoever is moving something into it is waited for.
-- Never the present month: it takes what comes too late for its own.
UPDATE past_months SET state = 'sealed'
WHERE month = $1 AND state = 'open' AND month < date_trunc('month', now() AT TIME ZONE 'UTC');

-- name: note_archived
UPDATE past_months
SET state = 'archived', parts = $2, folder = $3, host = $4, manifest_sha256 = $5, archived_at = now()
WHERE month = $1 AND state = 'sealed' RETURNING month;

-- name: drop_month
SELECT drop_month($1);

-- name: page_of_month
-- The next parts of a month after one of them, each as the line that its file holds; so many, and so
-- many bytes, but one at least.
WITH told AS (
    SELECT subject, kind, id, jsonb_build_object(
        'subject', subject, 'kind', kind, 'id', id, 'at',
        to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'content', content)::text
        AS line
    FROM past WHERE month = $1 AND (subject, kind, id) > ($2, $3, $4)
    ORDER BY subject, kind, id LIMIT $5
), sized AS (
    SELECT told.*, sum(octet_length(line)) OVER (ORDER BY subject, kind, id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM told
)
SELECT subject, kind, id, line FROM sized WHERE coalesce(before, 0) < $6
ORDER BY subject, kind, id;

-- name: parts_of_subject
-- The newest of them, without what is long in them.
SELECT subject, kind, id, at, (content - $3::text[])::text AS content FROM past WHERE subject = $1
ORDER BY at DESC, kind, id LIMIT $2;

-- name: subject_of_run
SELECT subject FROM past WHERE kind = 'run' AND id::bigint = $1 LIMIT 1;

-- name: keep_alone
-- Held by its connection: of all keepers one works, and one that has gone holds nothing.
SELECT pg_try_advisory_lock(7113, 0);

-- name: let_go
SELECT pg_advisory_unlock(7113, 0);

-- name: put_away_runs
SELECT moved, last, is_end, moved_flows, ended_flows
FROM put_away_runs($1, $2, $3, $4, $5, $6, $7);

-- name: put_away_events
SELECT moved, last, is_end FROM put_away_events($1, $2, $3);

-- name: put_away_bodies
SELECT moved, last, is_end FROM put_away_bodies($1, $2, $3);

-- name: put_away_notices
SELECT moved, last, is_end FROM put_away_notices($1, $2, $3);

-- name: put_away_rest
SELECT put_away_rest($1, $2);

-- name: positions
SELECT name, position FROM keepings ORDER BY name;

-- name: stand
INSERT INTO keepings (name, position)
SELECT * FROM unnest($1::text[], $2::bigint[])
ON CONFLICT (name) DO UPDATE SET position = EXCLUDED.position;
