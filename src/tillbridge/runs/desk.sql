-- Statements of dead letters: the desk.

-- name: open_dead_letter
-- Where its flow says so, the whole flow is paused with it.
WITH opened AS (
    INSERT INTO dead_letters (run_id, class, reason, message, whose_turn, step, connection,
                              next_step, amount, currency, owes, on_failure)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
    WHERE EXISTS (SELECT 1 FROM runs WHERE id = $1 AND state = 'dead')
    ON CONFLICT (run_id) DO NOTHING
    RETURNING run_id, on_failure
)
INSERT INTO flow_pauses (flow, paused_by, why)
SELECT runs.flow, 'tillbridge', 'its dead letter ' || opened.run_id || ' stops it'
FROM opened JOIN runs ON runs.id = opened.run_id WHERE opened.on_failure = 'stop_all'
ON CONFLICT (flow) DO NOTHING;

-- name: hold_lane
-- Runs of a dead letter's lane that come after it and have not begun wait (migration 0018).
SELECT hold_lane($1);

-- name: list_dead_letters
-- Open ones and those in work, by what they have in common; '' for any.
SELECT d.run_id, r.subject, r.target, r.flow, d.class, d.reason, d.message, d.whose_turn, d.step,
       d.connection, d.next_step, d.state, d.owner, d.taken_at, d.amount, d.currency, d.opened_at,
       d.resolved_at, d.resolution
FROM dead_letters d JOIN runs r ON r.id = d.run_id
WHERE d.resolved_at IS NULL AND ($1::text = '' OR d.class = $1) AND ($2::text = '' OR r.flow = $2)
  AND ($3::text = '' OR r.target = $3) AND ($4::text = '' OR d.owner = $4)
  AND ($5::text = '' OR d.state = $5) AND d.opened_at < now() - make_interval(secs => $6)
  AND d.run_id < $7
ORDER BY d.opened_at DESC, d.run_id DESC LIMIT $8;

-- name: list_all_dead_letters
-- Resolved ones too.
SELECT d.run_id, r.subject, r.target, r.flow, d.class, d.reason, d.message, d.whose_turn, d.step,
       d.connection, d.next_step, d.state, d.owner, d.taken_at, d.amount, d.currency, d.opened_at,
       d.resolved_at, d.resolution
FROM dead_letters d JOIN runs r ON r.id = d.run_id
WHERE ($1::text = '' OR d.class = $1) AND ($2::text = '' OR r.flow = $2)
  AND ($3::text = '' OR r.target = $3) AND ($4::text = '' OR d.owner = $4)
  AND ($5::text = '' OR d.state = $5) AND d.opened_at < now() - make_interval(secs => $6)
  AND d.run_id < $7
ORDER BY d.opened_at DESC, d.run_id DESC LIMIT $8;

-- name: money_at_risk
SELECT currency, sum(amount) AS amount, count(*) AS count FROM dead_letters
WHERE resolved_at IS NULL AND currency <> '' GROUP BY currency ORDER BY currency;

-- name: show_dead_letter
SELECT d.run_id, r.subject, r.target, r.flow, r.flow_version, r.journey, r.input, r.event_number,
       d.class, d.reason, d.message, d.whose_turn, d.step, d.connection, d.next_step, d.state,
       d.owner, d.taken_at, d.amount, d.currency, d.opened_at, d.resolved_at, d.resolution
FROM dead_letters d JOIN runs r ON r.id = d.run_id WHERE d.run_id = $1;

-- name: resolve_dead_letter
-- For good; what its lane held back goes on.
WITH resolved AS (
    UPDATE dead_letters SET resolved_at = now(), resolution = $2
    WHERE run_id = $1 AND resolved_at IS NULL RETURNING run_id
)
SELECT run_id, free_lane(run_id) FROM resolved;

-- name: take_dead_letter
UPDATE dead_letters SET owner = $2, taken_at = now()
WHERE run_id = $1 AND resolved_at IS NULL AND owner IN ('', $2) RETURNING owner;

-- name: hand_back_dead_letter
UPDATE dead_letters SET owner = '', taken_at = NULL
WHERE run_id = $1 AND resolved_at IS NULL AND owner <> '' RETURNING run_id;

-- name: attempts_of_chain
-- The run a dead letter comes from, and all that replayed it before and after, oldest first.
WITH RECURSIVE before AS (
    SELECT id, replay_of FROM runs WHERE id = $1
    UNION ALL
    SELECT r.id, r.replay_of FROM runs AS r JOIN before ON r.id = before.replay_of
), chain AS (
    SELECT min(id) AS id FROM before
    UNION ALL
    SELECT again.id FROM chain JOIN runs AS again ON again.replay_of = chain.id
)
SELECT r.id, r.journey, r.flow_version, r.state, r.started_at, r.ended_at, r.ending, r.replay_of
FROM chain JOIN runs AS r ON r.id = chain.id ORDER BY r.id;

-- name: paid_since
-- Open dead letters of which all that their runs still had to do was done by later runs, which are
-- done; the newest of those. Only letters that are open are looked at.
SELECT d.run_id, r.subject, did.run_id AS by_run
FROM dead_letters AS d
JOIN runs AS r ON r.id = d.run_id
CROSS JOIN LATERAL (
    SELECT max(e.run_id) AS run_id, count(*) AS done
    FROM effects AS e JOIN runs AS later ON later.id = e.run_id
    WHERE e.key = ANY (d.owes) AND e.state = 'done' AND e.run_id > d.run_id AND later.state = 'done'
) AS did
WHERE d.resolved_at IS NULL AND d.owner = '' AND d.owes <> '{}' AND did.done = cardinality(d.owes)
ORDER BY d.opened_at LIMIT $1;

-- name: add_patch
INSERT INTO patches (run_id, operator, why, before, after, field, confirmed_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING number;

-- name: patches_of_run
SELECT number, patched_at, operator, why, before, after, field, confirmed_by
FROM patches WHERE run_id = $1 ORDER BY number;

-- name: propose
INSERT INTO proposals (run_id, operator, why, field, before, after) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING number;

-- name: proposal
SELECT number, run_id, proposed_at, operator, why, field, before, after, answer, answered_at,
       answered_by, answered_why
FROM proposals WHERE number = $1;

-- name: proposals_of_run
SELECT number, run_id, proposed_at, operator, why, field, before, after, answer, answered_at,
       answered_by, answered_why
FROM proposals WHERE run_id = $1 ORDER BY number;

-- name: answer_proposal
UPDATE proposals SET answer = $2, answered_at = now(), answered_by = $3, answered_why = $4
WHERE number = $1 AND answer = 'open' RETURNING number;

-- name: copy_steps
-- A replay from the failed step begins with what the run it replays was told; notes of tries and of
-- failures stay behind, so that they are made anew.
INSERT INTO steps (run_id, name, kind, outcome)
SELECT $2, name, kind, outcome FROM steps
WHERE run_id = $1 AND name !~ '![0-9]*$'
RETURNING name;

-- name: steps_of_run
SELECT name, kind FROM steps WHERE run_id = $1 ORDER BY done_at, name;

-- name: failing_for_s
SELECT coalesce(extract(epoch FROM $2::timestamptz - failing_since), 0)::float8
FROM runs WHERE id = $1;

-- name: undone_proposals
-- Where a dead letter is resolved, what was proposed for it is void.
UPDATE proposals SET answer = 'refused', answered_at = now(), answered_by = $2, answered_why = $3
WHERE run_id = $1 AND answer = 'open';
