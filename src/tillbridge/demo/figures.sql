-- The demo's figures: what the house itself knows of the day.

-- name: progress
SELECT (SELECT count(*) FROM runs WHERE state IN ('ready', 'waiting')) AS open_runs,
       (SELECT count(*) FROM effects WHERE state = 'unknown') AS unknown,
       (SELECT count(*) FROM dead_letters WHERE resolved_at IS NULL) AS dead_letters,
       (SELECT count(*) FROM attempts WHERE state IN ('started', 'unknown')) AS checkouts,
       (SELECT coalesce(string_agg(connection, ', ' ORDER BY connection), '')
        FROM gates WHERE state <> 'open') AS closed;

-- name: done
SELECT connection, effect, count(*) AS count FROM effects WHERE state = 'done'
GROUP BY connection, effect;

-- name: attempts
SELECT state, count(*) AS count FROM attempts GROUP BY state;

-- name: endings
-- How unknowns ended: evidence; a fence (those whose effect was then made anew included); sent again
-- under the other side's key. An authorization and a capture have no such key.
SELECT count(*) FILTER (WHERE resolved_by = 'evidence') AS evidence,
       coalesce(sum(round + (state = 'fenced')::int), 0) AS fence,
       count(*) FILTER (WHERE tries > 1 AND effect NOT IN ('authorization', 'capture')) AS key
FROM effects;

-- name: repeats
SELECT source, sum(repeats)::bigint AS repeats FROM deliveries GROUP BY source
HAVING sum(repeats) > 0 ORDER BY source;

-- name: unowned
-- Unknown, with no open run and no open dead letter that answers for it.
SELECT count(*) FROM effects JOIN runs ON runs.id = effects.run_id
WHERE effects.state IN ('intended', 'unknown') AND runs.state NOT IN ('ready', 'waiting')
  AND NOT EXISTS (SELECT 1 FROM dead_letters AS letter
                  WHERE letter.run_id = runs.id AND letter.resolved_at IS NULL);

-- name: open_runs
SELECT id, subject, target, flow, waiting_for FROM runs
WHERE state IN ('ready', 'waiting') ORDER BY id LIMIT 20;
