-- What happened in a test, read from its throw-away database.

-- name: movement
-- How many things move; in how many seconds the next one does that waits for no event, and the
-- next one of all. What waits at a gate moves when the gate opens, or is asked whether it may.
SELECT (SELECT count(*) FROM runs
        WHERE state IN ('ready', 'waiting')
          AND (wake_at <= now() OR (wake_at IS NULL AND state = 'ready')))
     + (SELECT count(*) FROM lanes WHERE lease_until > now() OR wake_at <= now())
     + (SELECT count(*) FROM windows WHERE closed_at IS NULL AND closes_at <= now())
     + (SELECT count(*) FROM gates
        WHERE (state = 'open' OR (state = 'tripped' AND closed_until <= now()))
          AND EXISTS (SELECT FROM runs WHERE runs.gate = gates.connection
                      AND runs.state = 'waiting')) AS moving,
       least((SELECT min(extract(epoch FROM wake_at - now()))::float8 FROM runs
              WHERE state IN ('ready', 'waiting') AND waits = '{}' AND wake_at > now()),
             (SELECT min(extract(epoch FROM closed_until - now()))::float8 FROM gates
              WHERE state = 'tripped' AND closed_until > now()
                AND EXISTS (SELECT FROM runs WHERE runs.gate = gates.connection
                            AND runs.state = 'waiting'))) AS next_s,
       least((SELECT min(extract(epoch FROM wake_at - now()))::float8 FROM runs
              WHERE state IN ('ready', 'waiting') AND wake_at > now()),
             (SELECT min(extract(epoch FROM closes_at - now()))::float8 FROM windows
              WHERE closed_at IS NULL)) AS any_s;

-- name: pass_runs
-- Time passes for what waits: every moment that is written down comes nearer.
UPDATE runs SET wake_at = wake_at - make_interval(secs => $1) WHERE state IN ('ready', 'waiting');

-- name: pass_lanes
UPDATE lanes SET wake_at = wake_at - make_interval(secs => $1) WHERE lease_until IS NULL;

-- name: pass_windows
UPDATE windows SET closes_at = closes_at - make_interval(secs => $1) WHERE closed_at IS NULL;

-- name: pass_effects
UPDATE effects
SET intended_at = intended_at - make_interval(secs => $1),
    resolve_after = resolve_after - make_interval(secs => $1)
WHERE state IN ('intended', 'unknown');

-- name: pass_gates
UPDATE gates
SET closed_until = closed_until - make_interval(secs => $1),
    probe_until = probe_until - make_interval(secs => $1);

-- name: pass_chores
UPDATE chores SET next_at = next_at - make_interval(secs => $1);

-- name: pass_parts
UPDATE attempts SET authorized_at = authorized_at - make_interval(secs => $1)
WHERE state = 'partial' AND part = 1;

-- name: writes
SELECT effects.connection, effects.effect AS document, effects.subject, effects.ordinal,
       effects.state, effects.step, effects.tries, effects.request, effects.reason,
       effects.run_id, runs.flow, runs.flow_version, runs.journey
FROM effects JOIN runs ON runs.id = effects.run_id ORDER BY effects.run_id, effects.intended_at;

-- name: endings
SELECT runs.id, runs.subject, runs.target, runs.journey, runs.flow, runs.flow_version, runs.state,
       runs.waiting_for, runs.ending, letter.reason, letter.message, letter.step
FROM runs LEFT JOIN dead_letters AS letter ON letter.run_id = runs.id ORDER BY runs.id;

-- name: steps_done
SELECT DISTINCT runs.flow, steps.name FROM steps JOIN runs ON runs.id = steps.run_id;
