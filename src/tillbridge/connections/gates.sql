-- Statements of gates: one a connection, shared by all workers.

-- name: all_gates
SELECT connection, state, reason, failures, trips, changed_at, changed_by, let_in, pace,
       extract(epoch FROM closed_until - now())::float8 AS closed_for_s,
       extract(epoch FROM now() - changed_at)::float8 AS unchanged_for_s
FROM gates ORDER BY connection;

-- name: take_slices
-- Every gate, and the slices that this process gets (migration 0014).
SELECT g.connection, g.state, g.reason, g.failures, g.trips, g.changed_at, g.changed_by, g.let_in,
       g.pace, extract(epoch FROM g.closed_until - now())::float8 AS closed_for_s,
       extract(epoch FROM now() - g.changed_at)::float8 AS unchanged_for_s, s.taken_ms, s.work, s.checkout, s.at_once, s.free_in_ms
FROM gates AS g LEFT JOIN take_slices($1, $2) AS s ON s.connection = g.connection
ORDER BY g.connection;

-- name: spent
-- What was asked of connections in each of their spans, by pieces that are not over yet.
SELECT s.connection, s.span_ms, g.busy_ratio, sum(s.work + s.checkout) AS requests,
       sum(s.checkout) AS checkouts, sum(s.busy_ms)::float8 AS busy_ms
FROM spends AS s JOIN gates AS g ON g.connection = s.connection
WHERE s.piece >= (extract(epoch FROM now())::float8 * 1000 - s.span_ms)::bigint
                 / piece_ms(s.span_ms)
GROUP BY s.connection, s.span_ms, g.busy_ratio;

-- name: in_flight
SELECT connection, sum(in_flight) AS in_flight, count(*) AS processes FROM slices
WHERE until_ms > extract(epoch FROM now())::float8 * 1000 GROUP BY connection;

-- name: leave
DELETE FROM slices WHERE holder = $1;

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
-- One probe at a time over all workers; the right to probe expires, and its number tells it from the
-- next one.
UPDATE gates SET probe_until = now() + make_interval(secs => $2), probe = probe + 1
WHERE connection = $1 AND state = 'tripped' AND closed_until <= now()
  AND (probe_until IS NULL OR probe_until <= now())
RETURNING probe;

-- name: probe_passed
UPDATE gates SET state = 'open', failures = 0, closed_until = NULL, probe_until = NULL, reason = '',
                 let_in = 'epoch', changed_at = now(), changed_by = 'probe'
WHERE connection = $1 AND state = 'tripped' AND probe = $2 RETURNING connection;

-- name: probe_failed
UPDATE gates
SET trips = trips + 1, probe_until = NULL,
    closed_until = now() + make_interval(
        secs => GREATEST(coalesce($6::float8, 0), LEAST($3 * 2 ^ LEAST(trips, 16), $4))),
    reason = $5
WHERE connection = $1 AND state = 'tripped' AND probe = $2;

-- name: pause
UPDATE gates SET state = 'paused', reason = $2, changed_at = now(), changed_by = $3
WHERE connection = $1 RETURNING connection;

-- name: resume
UPDATE gates SET state = 'open', reason = '', failures = 0, trips = 0, closed_until = NULL,
                 let_in = 'epoch', changed_at = now(), changed_by = $2
WHERE connection = $1 RETURNING connection;

-- name: let_in
-- Those who were started until then may enter; null when nobody waits any more.
UPDATE gates SET let_in = $2 WHERE connection = $1 AND state = 'open' AND let_in IS NOT NULL;
