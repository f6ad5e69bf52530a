-- Statements of the room `runs`.

-- name: arrive
-- Taken first by everything that brings something for a subject; held until its commit.
INSERT INTO subjects (subject, arrivals) VALUES ($1, 1)
ON CONFLICT (subject) DO UPDATE SET arrivals = subjects.arrivals + 1;

-- name: accept_event
SELECT accept_event($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: is_outdated
-- Whether the same source has told of the same since, as its own clock has it.
SELECT EXISTS (SELECT 1 FROM events
               WHERE subject = $1 AND source = $2 AND kind = $3 AND occurred_at > $4);

-- name: events_of_kinds
-- Newest first. What has left for the past is read there; what is in files only is empty. One row,
-- so that those of several runs are read in one trip.
SELECT array_agg(page.number) AS numbers, array_agg(page.envelope) AS envelopes
FROM (
    SELECT e.number, CASE WHEN e.envelope <> '' THEN e.envelope ELSE
           coalesce((SELECT bytes_of(p.content -> 'envelope') FROM past AS p
                     WHERE p.subject = e.subject AND p.kind = 'event' AND p.id = e.number::text
                     LIMIT 1), '') END AS envelope
    FROM events AS e
    WHERE e.subject = $1 AND e.kind = ANY ($2) AND e.number < $3 ORDER BY e.number DESC LIMIT $4
) AS page;

-- name: events_of_subject
SELECT number, source, kind, occurred_at, kept_at FROM events WHERE subject = $1 ORDER BY number;

-- name: start_held_run
-- A run whose starter already stands before us (a shopper waits): the lane is claimed with it.
WITH claimed AS (
    INSERT INTO lanes (subject, target, sequence, lease, holder, lease_until, claims, wake_at)
    VALUES ($1, $2, 1, 1, $3, now() + $4::interval, 1, now() + $4::interval)
    ON CONFLICT (subject, target) DO UPDATE
        SET sequence = lanes.sequence + 1, lease = lanes.lease + 1, holder = $3,
            lease_until = now() + $4::interval, claims = lanes.claims + 1,
            wake_at = now() + $4::interval
        WHERE lanes.lease_until IS NULL OR lanes.lease_until <= now()
    RETURNING lease, sequence, claims
), started AS (
    INSERT INTO runs (subject, target, sequence, journey, input, state, wake_at)
    SELECT $1, $2, sequence, $5, $6, 'ready', now() FROM claimed
    RETURNING id
)
SELECT claimed.lease, started.id AS run_id,
       (SELECT arrivals FROM subjects WHERE subject = $1) AS arrivals,
       CASE WHEN claimed.claims > 1 THEN remember_begun($1, $2) END
FROM claimed, started;

-- name: claim_lanes
SELECT * FROM claim_lanes($1, $2, $3, $4);

-- name: release_lane
-- Under the subject's lock: if anything arrived since the claim, the lane is due at once.
-- What the lane waits for is said by its runs, whether or not the holder had them all before it.
WITH arrived AS (
    SELECT arrivals FROM subjects WHERE subject = $1 FOR UPDATE
), held AS (
    SELECT arrived.arrivals FROM arrived, lanes
    WHERE lanes.subject = $1 AND lanes.target = $2 AND lanes.lease = $3 FOR UPDATE OF lanes
), changes AS (
    SELECT * FROM unnest($5::bigint[], $6::text[], $7::float8[], $8::text[], $9::text[], $10::int[],
                         $11::text[], $12::text[], $13::boolean[])
        AS change (id, state, wait_s, waiting_for, waits, tries, ending, gate, is_failing)
), changed AS (
    UPDATE runs
    SET state = change.state, wake_at = now() + make_interval(secs => change.wait_s), waiting_for = change.waiting_for,
        waits = string_to_array(change.waits, ','), tries = change.tries, ending = change.ending,
        gate = change.gate,
        ended_at = CASE WHEN change.state IN ('done', 'dead', 'cancelled') THEN now() END,
        failing_since = CASE WHEN change.is_failing THEN coalesce(failing_since, now()) END
    FROM changes AS change
    WHERE runs.id = change.id AND runs.state IN ('ready', 'waiting') AND EXISTS (SELECT 1 FROM held)
), waiting AS (
    SELECT now() + make_interval(secs => wait_s) AS wake_at, string_to_array(waits, ',') AS waits
    FROM changes WHERE state IN ('ready', 'waiting')
    UNION ALL
    SELECT wake_at, waits FROM runs
    WHERE subject = $1 AND target = $2 AND state IN ('ready', 'waiting') AND id <> ALL ($5)
), freed AS (
    UPDATE lanes
    SET holder = NULL, lease_until = NULL, claims = 0, suspect = NULL,
        waits = array(SELECT DISTINCT unnest(waiting.waits) FROM waiting),
        wake_at = CASE WHEN held.arrivals IS DISTINCT FROM $4 THEN now()
                       ELSE (SELECT min(waiting.wake_at) FROM waiting) END
    FROM held
    WHERE lanes.subject = $1 AND lanes.target = $2
    RETURNING wake_at
)
SELECT freed.wake_at <= now() AS again, CASE WHEN freed.wake_at <= now() THEN ring() END
FROM (SELECT 1) AS once LEFT JOIN freed ON true;

-- name: suspect
-- Somebody died in this lane: if it happens again, this is the run that was being advanced.
UPDATE lanes SET advancing = $4 WHERE subject = $1 AND target = $2 AND lease = $3 RETURNING lease;

-- name: renew_leases
-- Every lease that one process holds; those of lanes that others have taken over answer no row,
-- and neither do those that were freed while this was on its way. Locked in the order of subjects,
-- as everywhere.
WITH held AS (
    SELECT lanes.subject, lanes.target
    FROM unnest($1::text[], $2::text[], $3::bigint[]) AS named (subject, target, lease)
    JOIN lanes ON lanes.subject = named.subject AND lanes.target = named.target
        AND lanes.lease = named.lease AND lanes.lease_until IS NOT NULL
    ORDER BY lanes.subject, lanes.target FOR UPDATE OF lanes
)
UPDATE lanes SET lease_until = now() + $4::interval, wake_at = now() + $4::interval
FROM held WHERE lanes.subject = held.subject AND lanes.target = held.target
RETURNING held.subject, held.target;

-- name: hand_back
-- A holder that has to go gives its lanes back in the middle of its turns. Who comes next is told by
-- the claims that some of it may have begun; that the holder goes is counted against no run.
UPDATE lanes SET holder = NULL, lease_until = NULL, wake_at = now(), advancing = NULL
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS held (subject, target, lease)
WHERE lanes.subject = held.subject AND lanes.target = held.target AND lanes.lease = held.lease
  AND lanes.lease_until IS NOT NULL
RETURNING ring();

-- name: due_targets
-- The targets of lanes that want a turn, one index probe for each.
WITH RECURSIVE known AS (
    (SELECT target FROM lanes WHERE wake_at IS NOT NULL ORDER BY target LIMIT 1)
    UNION ALL
    SELECT (SELECT lanes.target FROM lanes WHERE wake_at IS NOT NULL AND lanes.target > known.target
            ORDER BY lanes.target LIMIT 1)
    FROM known WHERE known.target IS NOT NULL
)
SELECT target FROM known WHERE target IS NOT NULL;

-- name: wake_lane
UPDATE lanes SET wake_at = LEAST(coalesce(wake_at, 'infinity'), now())
WHERE subject = $1 AND target = $2 RETURNING ring();

-- name: keep_step
INSERT INTO steps (run_id, name, kind, outcome)
SELECT $4, $5, $6, $7
WHERE EXISTS (SELECT 1 FROM lanes WHERE subject = $1 AND target = $2 AND lease = $3)
ON CONFLICT (run_id, name) DO NOTHING
RETURNING run_id;

-- name: keep_steps
-- Steps that were put off; one that is kept already stays as it is.
SELECT true, keep_along($4, $5, $6, $7, $8)
FROM lanes WHERE subject = $1 AND target = $2 AND lease = $3;

-- name: intend_effect
-- The intent, committed before the call leaves (migration 0007).
SELECT intend($1) AS round;

-- name: load_effect
SELECT key, connection, subject, effect, ordinal, state, run_id, step, lease, round, tries, request,
       intended_at, extract(epoch FROM now() - intended_at)::float8 AS age_s,
       extract(epoch FROM resolve_after - now())::float8 AS resolve_in_s, outcome, reason
FROM effects WHERE key = $1;

-- name: settle_effect
-- Evidence counts whoever brings it: no lease is asked, only that the outcome is still open. What
-- somebody tells us of has taken place, also where it was taken for not done. That a try has come to
-- nothing, or to nothing known, is said of that try alone ($7, its lease).
UPDATE effects
SET state = $2, outcome = $3, reason = $4, resolved_by = $5,
    resolve_after = CASE WHEN $2 = 'unknown' THEN GREATEST(resolve_after, now() + $6::interval)
                         ELSE resolve_after END,
    ended_at = CASE WHEN $2 = 'unknown' THEN NULL ELSE now() END
WHERE key = $1
  AND (state IN ('intended', 'unknown') OR $5 = 'observation' AND state IN ('planned', 'refused'))
  AND ($7::bigint IS NULL OR lease = $7)
RETURNING round;

-- name: newest_try
-- Whether the try under this lease is the newest one; it stays so until the commit.
SELECT 1 FROM effects WHERE key = $1 AND lease = $2 FOR SHARE;

-- name: note_fence
-- A fence of this try is about to be sent. From now on its key is never sent again, also where it
-- turns out that nothing had been sent under it.
UPDATE effects SET fenced_round = round
WHERE key = $1 AND round = $2 AND lease = $3 AND state IN ('intended', 'unknown')
RETURNING round;

-- name: open_effects
SELECT key, connection, subject, effect, ordinal, state, run_id, step, tries, intended_at,
       resolve_after, reason
FROM effects WHERE state IN ('intended', 'unknown') ORDER BY intended_at LIMIT $1;

-- name: open_effect
SELECT key, connection, subject, effect, ordinal, state, run_id, step, tries, intended_at,
       resolve_after, reason
FROM effects WHERE key = $1 AND state IN ('intended', 'unknown');

-- name: effects_of_subject
SELECT key, connection, effect, ordinal, state, run_id, step, tries, round, intended_at, ended_at,
       outcome, reason, resolved_by
FROM effects WHERE subject = $1 ORDER BY intended_at;

-- name: effects_of_chain
-- What a run and all runs it replays have done or begun.
WITH RECURSIVE chain AS (
    SELECT id, replay_of FROM runs WHERE id = $1
    UNION ALL
    SELECT runs.id, runs.replay_of FROM runs JOIN chain ON runs.id = chain.replay_of
)
SELECT key, connection, effect, ordinal, state, step, tries, intended_at, ended_at, reason,
       resolved_by
FROM effects WHERE run_id IN (SELECT id FROM chain) ORDER BY intended_at;

-- name: effects_of_run
SELECT key, connection, effect, ordinal, state, step, tries, intended_at, ended_at, reason,
       resolved_by
FROM effects WHERE run_id = $1 ORDER BY intended_at;

-- name: lock_open_letter
-- Held until the patch is there: of two who look at the same state only one may change it.
SELECT run_id FROM dead_letters WHERE run_id = $1 AND resolved_at IS NULL FOR UPDATE;

-- name: newest_patch
SELECT after FROM patches WHERE run_id = $1 ORDER BY number DESC LIMIT 1;

-- name: replay_run
-- In the place of the run it replays: before what came after that one, and waits for it.
WITH woken AS (
    INSERT INTO lanes (subject, target, sequence, wake_at) VALUES ($1, $2, 1, now())
    ON CONFLICT (subject, target) DO UPDATE
        SET sequence = lanes.sequence + 1,
            wake_at = LEAST(coalesce(lanes.wake_at, 'infinity'), now())
    RETURNING sequence
)
INSERT INTO runs (subject, target, sequence, journey, flow, flow_version, event_number, input, state,
                  wake_at, replay_of)
SELECT $1, $2, r.sequence, r.journey, r.flow, $4, r.event_number, $5, 'ready', now(), r.id
FROM runs r, woken WHERE r.id = $3
RETURNING id, ring();

-- name: list_runs
SELECT id, subject, target, journey, flow, state, waiting_for, wake_at, tries, replay_of,
       started_at, ended_at, ending
FROM runs
WHERE ($1::text = '' OR state = $1) AND id < $2
ORDER BY id DESC LIMIT $3;

-- name: list_open_runs
SELECT id, subject, target, journey, flow, state, waiting_for, wake_at, tries, replay_of,
       started_at, ended_at, ending
FROM runs
WHERE state IN ('ready', 'waiting') AND state = $1 AND id < $2
ORDER BY id DESC LIMIT $3;

-- name: list_runs_ended_otherwise
SELECT id, subject, target, journey, flow, state, waiting_for, wake_at, tries, replay_of,
       started_at, ended_at, ending
FROM runs
WHERE state IN ('dead', 'cancelled') AND state = $1 AND id < $2
ORDER BY id DESC LIMIT $3;

-- name: list_runs_of_subject
SELECT id, subject, target, journey, flow, state, waiting_for, wake_at, tries, replay_of,
       started_at, ended_at, ending
FROM runs
WHERE subject = $1 AND ($2::text = '' OR state = $2) AND id < $3
ORDER BY id DESC LIMIT $4;

-- name: show_run
SELECT id, subject, target, journey, flow, flow_version, event_number, input, state, wake_at,
       waiting_for, waits, tries, replay_of, started_at, ended_at, ending
FROM runs WHERE id = $1;

-- name: count_open
SELECT count(*) AS open, count(*) FILTER (WHERE state = 'waiting') AS waiting,
       min(started_at) AS oldest
FROM runs WHERE state IN ('ready', 'waiting');

-- name: bury_delivery
INSERT INTO runs (subject, target, sequence, journey, input, state, ended_at, ending)
VALUES ($1, $2, 0, 'receive', $3, 'dead', now(), $4) RETURNING id;

-- name: take_chore
INSERT INTO chores (name, next_at) VALUES ($1, now() + make_interval(secs => $2))
ON CONFLICT (name) DO UPDATE SET next_at = EXCLUDED.next_at WHERE chores.next_at <= now()
RETURNING name;

-- name: keep_chore
-- Who is in the middle of a chore keeps it for a while longer.
UPDATE chores SET next_at = now() + make_interval(secs => $2) WHERE name = $1 RETURNING name;

-- name: testify
-- A person has looked in the other system: only what is unknown, and may be resolved, can be ended.
UPDATE effects
SET state = $2, outcome = $3, reason = $4, resolved_by = 'person', ended_at = now()
WHERE key = $1 AND state IN ('intended', 'unknown') AND resolve_after <= now()
RETURNING connection, subject, effect, ordinal, run_id, request;

-- name: wake_run
UPDATE runs SET wake_at = now() WHERE id = $1 AND state = 'waiting' RETURNING subject, target;

-- name: open_steps
-- The steps whose effects may or may not have taken place, of a run and all runs it replays.
WITH RECURSIVE chain AS (
    SELECT id, replay_of FROM runs WHERE id = $1
    UNION ALL
    SELECT runs.id, runs.replay_of FROM runs JOIN chain ON runs.id = chain.replay_of
)
SELECT step FROM effects
WHERE run_id IN (SELECT id FROM chain) AND state IN ('intended', 'unknown');

-- name: undo_run
-- What a run has done is undone by a run of its own, in the same lane, over the same version.
WITH woken AS (
    INSERT INTO lanes (subject, target, sequence, wake_at)
    SELECT subject, target, 1, now() FROM runs WHERE id = $1
    ON CONFLICT (subject, target) DO UPDATE
        SET sequence = lanes.sequence + 1,
            wake_at = LEAST(coalesce(lanes.wake_at, 'infinity'), now())
    RETURNING sequence
)
INSERT INTO runs (subject, target, sequence, journey, flow, flow_version, event_number, input, state,
                  wake_at, replay_of)
SELECT r.subject, r.target, woken.sequence, $2, r.flow, r.flow_version, r.event_number, r.input,
       'ready', now(), r.id
FROM runs r, woken WHERE r.id = $1
RETURNING id, ring();

-- name: undone_steps
-- What the steps of the run answered that is being undone.
WITH RECURSIVE chain AS (
    SELECT id, replay_of, journey FROM runs WHERE id = $1
    UNION ALL
    SELECT runs.id, runs.replay_of, runs.journey FROM runs
    JOIN chain ON runs.id = chain.replay_of WHERE chain.journey = $2
)
SELECT name, outcome FROM steps WHERE run_id = (SELECT id FROM chain WHERE journey <> $2 LIMIT 1);
