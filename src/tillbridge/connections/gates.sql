-- Statements of gates: one a connection, shared by all workers.

-- name: all_gates
SELECT connection, state, reason, failures, trips, changed_at, changed_by,
       extract(epoch FROM closed_until - now())::float8 AS closed_for_s
FROM gates ORDER BY connection;

-- name: ensure
INSERT INTO gates (connection) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING;

-- name: failed
-- Counts a failure; the one that reaches the limit trips the gate, longer each time in a row.
UPDATE gates
SET failures = failures + 1,
    state = CASE WHEN state = 'open' AND (failures + 1 >= $2 OR $3::float8 IS NOT NULL)
                 THEN 'tripped' ELSE state END,
    trips = CASE WHEN state = 'open' AND (failures + 1 >= $2 OR $3::float8 IS NOT NULL)
                 THEN trips + 1 ELSE trips END,
    closed_until = CASE WHEN state = 'open' AND (failures + 1 >= $2 OR $3::float8 IS NOT NULL)
        THEN now() + make_interval(secs => coalesce($3::float8, LEAST($4 * 2 ^ LEAST(trips, 16), $5)))
        ELSE GREATEST(closed_until, now() + make_interval(secs => coalesce($3::float8, 0))) END,
    reason = $6, changed_at = now(), changed_by = 'breaker'
WHERE connection = $1 AND state <> 'paused'
RETURNING state;

-- name: succeeded
UPDATE gates SET failures = 0, trips = 0 WHERE connection = $1 AND state = 'open'
  AND (failures > 0 OR trips > 0);

-- name: take_probe
-- One probe at a time over all workers; the right to probe expires.
UPDATE gates SET probe_until = now() + make_interval(secs => $2)
WHERE connection = $1 AND state = 'tripped' AND closed_until <= now()
  AND (probe_until IS NULL OR probe_until <= now())
RETURNING connection;

-- name: probe_passed
UPDATE gates SET state = 'open', failures = 0, closed_until = NULL, probe_until = NULL, reason = '',
                 changed_at = now(), changed_by = 'probe'
WHERE connection = $1 AND state = 'tripped';

-- name: probe_failed
UPDATE gates
SET trips = trips + 1, probe_until = NULL,
    closed_until = now() + make_interval(secs => LEAST($2 * 2 ^ LEAST(trips, 16), $3)), reason = $4
WHERE connection = $1 AND state = 'tripped';

-- name: pause
UPDATE gates SET state = 'paused', reason = $2, changed_at = now(), changed_by = $3
WHERE connection = $1 RETURNING connection;

-- name: resume
UPDATE gates SET state = 'open', reason = '', failures = 0, trips = 0, closed_until = NULL,
                 changed_at = now(), changed_by = $2
WHERE connection = $1 RETURNING connection;
