-- Statements about how the house stands: read only, over indexes of what is open.

-- name: lanes_by_target
-- A claimed lane wants its next turn when its lease ends, so its wake_at lies ahead.
SELECT target,
       count(*) FILTER (WHERE wake_at <= now()) AS due,
       count(*) FILTER (WHERE wake_at > now() AND lease_until > now()) AS held,
       count(*) FILTER (WHERE wake_at > now() AND (lease_until IS NULL OR lease_until <= now()))
           AS later,
       coalesce(extract(epoch FROM now() - min(wake_at) FILTER (WHERE wake_at <= now())), 0)::float8
           AS overdue_s
FROM lanes WHERE wake_at IS NOT NULL GROUP BY target ORDER BY target;

-- name: runs_by_target
-- Waiting is what waits for us or for a system: not for an event or a person, nor for a time its
-- flow names (which lies further ahead than any wait between tries). It is as old as the last
-- progress; that is looked up for the thousand that were started first.
WITH waiting AS (
    SELECT id, target, started_at,
           row_number() OVER (PARTITION BY target ORDER BY started_at) AS place
    FROM runs
    WHERE state IN ('ready', 'waiting') AND waits = '{}'
      AND (wake_at < now() + interval '10 minutes' OR gate <> '')
), aged AS (
    SELECT waiting.target,
           GREATEST(waiting.started_at,
                    (SELECT max(done_at) FROM steps WHERE run_id = waiting.id),
                    (SELECT max(ended_at) FROM effects WHERE run_id = waiting.id AND state = 'done'))
               AS since
    FROM waiting WHERE place <= 1000
), oldest AS (
    SELECT target, extract(epoch FROM now() - min(since))::float8 AS oldest_s
    FROM aged GROUP BY target
), open AS (
    SELECT target, count(*) AS open,
           count(*) FILTER (WHERE waits = '{}'
                            AND (wake_at < now() + interval '10 minutes' OR gate <> ''))
               AS waiting
    FROM runs WHERE state IN ('ready', 'waiting') GROUP BY target
)
SELECT open.target, open.open, open.waiting, coalesce(oldest.oldest_s, 0)::float8 AS oldest_s
FROM open LEFT JOIN oldest USING (target) ORDER BY open.target;

-- name: why_waiting
-- What open runs wait for, most frequent first.
SELECT target, waiting_for, count(*) AS count FROM runs
WHERE state = 'waiting' GROUP BY target, waiting_for ORDER BY count(*) DESC, target LIMIT $1;

-- name: unknowns_by_connection
SELECT connection, count(*) AS count,
       extract(epoch FROM now() - min(intended_at))::float8 AS oldest_s
FROM effects
WHERE state IN ('intended', 'unknown')
  AND (state = 'unknown' OR resolve_after <= now()) -- before that it may simply be under way
GROUP BY connection ORDER BY connection;

-- name: dead_letters_by_class
SELECT class, count(*) AS count, extract(epoch FROM now() - min(opened_at))::float8 AS oldest_s
FROM dead_letters WHERE resolved_at IS NULL GROUP BY class ORDER BY class;

-- name: holds_near_expiry
-- Holds older than so many seconds of which nothing was captured, by connection and currency.
SELECT connection, currency, count(*) AS count, sum(amount) AS amount,
       (array_agg(order_number ORDER BY authorized_at))[1] AS oldest_order,
       extract(epoch FROM now() - min(authorized_at))::float8 AS oldest_s
FROM attempts
WHERE state IN ('authorized', 'in_review') AND held
  AND authorized_at < now() - make_interval(secs => $1)
GROUP BY connection, currency ORDER BY connection, currency;

-- name: altered_deliveries
-- Ids that came again with another meaning, and did so in the last day (each body is kept).
SELECT source, count(*) AS count, min(delivery_id) AS example FROM deliveries
WHERE altered > 0 AND EXISTS (
    SELECT 1 FROM delivery_bodies
    WHERE delivery_bodies.source = deliveries.source
      AND delivery_bodies.delivery_id = deliveries.delivery_id
      AND delivery_bodies.received_at > now() - interval '1 day')
GROUP BY source ORDER BY source;

-- name: keep_trace
INSERT INTO trace_parents (subject, traceparent) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: trace_of
SELECT traceparent FROM trace_parents WHERE subject = $1;

-- name: forget_traces
DELETE FROM trace_parents WHERE kept_at < now() - make_interval(days => $1);
