-- Statements about what waits: read only, over the indexes of what is open.

-- name: waiting_by_why
-- Every open run by its target and the one thing it waits for. A lane in a worker's hands holds up
-- what is due in it; what waits for an event, a person or a time is not held up by us.
WITH open AS (
    SELECT r.target, r.gate, r.started_at, r.waiting_for,
           CASE WHEN r.waiting_for LIKE 'behind an earlier run%' THEN 'before'
                WHEN l.lease_until > now() AND (r.state = 'ready' OR r.wake_at <= now()) THEN 'lane'
                WHEN r.waiting_for = 'held by a dead letter' THEN 'person'
                WHEN r.state = 'ready' OR (r.wake_at <= now() AND r.gate = '') THEN 'turn'
                WHEN r.gate <> '' THEN 'gate'
                WHEN 'approval.answered' = ANY (r.waits) THEN 'person'
                WHEN r.waits <> '{}' THEN 'event'
                WHEN r.waiting_for LIKE 'unknown, and nothing%' THEN 'person'
                WHEN r.waiting_for LIKE 'unknown%' THEN 'unknown'
                WHEN r.waiting_for LIKE 'the flow is paused%' THEN 'paused_flow'
                WHEN r.waiting_for LIKE '%which is its limit' THEN 'slot'
                ELSE 'timer' END AS why
    FROM runs AS r JOIN lanes AS l ON l.subject = r.subject AND l.target = r.target
    WHERE r.state IN ('ready', 'waiting')
)
SELECT target, why, gate, count(*) AS count,
       extract(epoch FROM now() - min(started_at))::float8 AS oldest_s,
       (array_agg(waiting_for ORDER BY started_at))[1] AS example
FROM open GROUP BY target, why, gate ORDER BY target, count(*) DESC, why, gate;
