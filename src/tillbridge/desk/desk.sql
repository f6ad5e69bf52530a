-- Statements of the room `desk`: questions to people, and notices for them.

-- name: ask
-- Once for a step of a run. What was approved in a run that this one replays is not asked again, as
-- long as the question is the same.
WITH RECURSIVE chain AS (
    SELECT replay_of FROM runs WHERE id = $1
    UNION ALL
    SELECT runs.replay_of FROM runs JOIN chain ON runs.id = chain.replay_of
), before AS (
    SELECT answer, answered_at, answered_by, why FROM approvals
    WHERE run_id IN (SELECT replay_of FROM chain) AND step = $2 AND question = $5
      AND shows = $8 AND answer = 'approved'
    ORDER BY id DESC LIMIT 1
)
INSERT INTO approvals (run_id, step, flow, subject, question, may, due_at, shows, answer,
                       answered_at, answered_by, why)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, coalesce(before.answer, 'open'), before.answered_at,
       coalesce(before.answered_by, ''), coalesce(before.why, '')
FROM (SELECT 1) AS once LEFT JOIN before ON true
ON CONFLICT (run_id, step) DO NOTHING;

-- name: asked
SELECT id, run_id, step, flow, subject, question, shows, may, asked_at, due_at, answer, answered_at,
       answered_by, why
FROM approvals WHERE run_id = $1 AND step = $2;

-- name: approval
SELECT id, run_id, step, flow, subject, question, shows, may, asked_at, due_at, answer, answered_at,
       answered_by, why
FROM approvals WHERE id = $1;

-- name: open_approvals
-- Those of runs that have ended otherwise meanwhile need no answer.
SELECT a.id, a.run_id, a.step, a.flow, a.subject, a.question, a.shows, a.may, a.asked_at, a.due_at, a.answer,
       a.answered_at, a.answered_by, a.why
FROM approvals a JOIN runs r ON r.id = a.run_id
WHERE a.answer = 'open' AND r.state IN ('ready', 'waiting')
ORDER BY a.asked_at LIMIT $1;

-- name: answer
UPDATE approvals SET answer = $2, answered_at = $3, answered_by = $4, why = $5
WHERE id = $1 AND answer = 'open' AND due_at > $3
RETURNING id, run_id, step, flow, subject, question, shows, may, asked_at, due_at, answer, answered_at,
          answered_by, why;

-- name: time_out
UPDATE approvals SET answer = 'timed_out', answered_at = $3
WHERE run_id = $1 AND step = $2 AND answer = 'open';

-- name: keep_notice
INSERT INTO notices (key, flow, subject, level, title, content) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (key) DO NOTHING;

-- name: newest_notices
-- Those whose words have left for the past are told by `tillbridge history`.
SELECT id, flow, subject, level, title, content, noticed_at FROM notices
WHERE id < $1 AND title <> '' ORDER BY id DESC LIMIT $2;
