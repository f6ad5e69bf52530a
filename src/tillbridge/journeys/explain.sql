-- What a run answered at each step, for those who want to know why a field has its value.

-- name: explained_run
SELECT id, subject, target, journey, flow, flow_version, event_number, input, state, waits,
       waiting_for, tries, replay_of, started_at
FROM runs WHERE id = $1
UNION ALL
SELECT p.id::bigint, p.subject, p.content ->> 'target', p.content ->> 'journey',
       p.content ->> 'flow', p.content ->> 'flow_version', (p.content -> 'event_number')::bigint,
       bytes_of(p.content -> 'input'), p.content ->> 'state', '{}', '',
       (p.content -> 'tries')::int, (p.content ->> 'replay_of')::bigint,
       (p.content ->> 'started_at')::timestamptz
FROM past AS p WHERE p.kind = 'run' AND p.id::bigint = $1;

-- name: explained_steps
SELECT name, outcome FROM steps WHERE run_id = $1
UNION ALL
SELECT step ->> 'name', bytes_of(step -> 'outcome')
FROM past AS p CROSS JOIN jsonb_array_elements(p.content -> 'steps') AS step
WHERE p.kind = 'run' AND p.id::bigint = $1;

-- name: runs_to_explain
SELECT id FROM runs WHERE subject = $1 AND journey = 'deliver'
UNION ALL
SELECT p.id::bigint FROM past AS p
WHERE p.subject = $1 AND p.kind = 'run' AND p.content ->> 'journey' = 'deliver'
ORDER BY id DESC LIMIT $2;
