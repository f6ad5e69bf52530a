-- Statements of pauses: flows that a person has stopped for a while.

-- name: paused_flows
SELECT flow, paused_at, paused_by, why FROM flow_pauses ORDER BY flow;

-- name: pause_flow
INSERT INTO flow_pauses (flow, paused_by, why) VALUES ($1, $2, $3)
ON CONFLICT (flow) DO UPDATE SET paused_at = now(), paused_by = $2, why = $3;

-- name: resume_flow
DELETE FROM flow_pauses WHERE flow = $1 RETURNING flow;
