-- What a run answered at each step, for those who want to know why a field has its value.

-- name: explained_run
SELECT id, subject, target, journey, flow, flow_version, event_number, input, state, waits,
       waiting_for, tries, replay_of, started_at
FROM runs WHERE id = $1;

-- name: explained_steps
SELECT name, outcome FROM steps WHERE run_id = $1;

-- name: runs_to_explain
SELECT id FROM runs WHERE subject = $1 AND journey = 'deliver' ORDER BY id DESC LIMIT $2;
