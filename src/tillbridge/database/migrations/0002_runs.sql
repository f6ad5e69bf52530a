-- Runs: events, lanes with leases, runs, their steps and the effects they have outside.

-- One row an order (or other business subject): the lock under which arrivals and the
-- "is there anything left?" check meet, so that no bell is lost.
CREATE TABLE subjects (
    subject text PRIMARY KEY,
    arrivals bigint NOT NULL
);

CREATE TABLE events (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    event_id text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    occurred_at timestamptz NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    envelope bytea NOT NULL,
    UNIQUE (source, event_id)
);
CREATE INDEX events_by_subject ON events (subject, number);

-- A lane: one business subject at one target; one turn at a time, held by a numbered lease.
CREATE TABLE lanes (
    subject text NOT NULL,
    target text NOT NULL,
    lease bigint NOT NULL DEFAULT 0,
    holder text,
    lease_until timestamptz,
    claims integer NOT NULL DEFAULT 0,
    suspect bigint,
    sequence bigint NOT NULL DEFAULT 0,
    wake_at timestamptz,
    waits text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (subject, target)
);
CREATE INDEX lanes_due ON lanes (wake_at) WHERE wake_at IS NOT NULL;

CREATE TABLE runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    target text NOT NULL,
    sequence bigint NOT NULL,
    journey text NOT NULL,
    flow text NOT NULL DEFAULT '',
    flow_version text NOT NULL DEFAULT '',
    event_number bigint NOT NULL DEFAULT 0,
    input bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('ready', 'waiting', 'done', 'dead', 'cancelled')),
    wake_at timestamptz,
    waiting_for text NOT NULL DEFAULT '',
    waits text[] NOT NULL DEFAULT '{}',
    tries integer NOT NULL DEFAULT 0,
    replay_of bigint,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    ending text NOT NULL DEFAULT '',
    CHECK ((ended_at IS NOT NULL) = (state IN ('done', 'dead', 'cancelled')))
);
CREATE INDEX runs_open_by_lane ON runs (subject, target, sequence)
    WHERE state IN ('ready', 'waiting');
CREATE INDEX runs_by_subject ON runs (subject, id);
CREATE INDEX runs_waiting ON runs (started_at) WHERE state IN ('ready', 'waiting');

CREATE FUNCTION refuse_to_change_an_ending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'run % has ended as %: an ending is final', OLD.id, OLD.state
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER an_ending_is_final BEFORE UPDATE ON runs FOR EACH ROW
    WHEN (OLD.state IN ('done', 'dead', 'cancelled'))
    EXECUTE FUNCTION refuse_to_change_an_ending();

-- What a step of a run answered; a run that comes back finds its done steps done.
CREATE TABLE steps (
    run_id bigint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('read', 'local', 'write', 'wait')),
    outcome bytea NOT NULL,
    done_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, name)
);

-- One business effect outside: its intent is here before the call leaves, its outcome after.
CREATE TABLE effects (
    key text PRIMARY KEY,
    connection text NOT NULL,
    subject text NOT NULL,
    effect text NOT NULL,
    ordinal text NOT NULL,
    state text NOT NULL
        CHECK (state IN ('intended', 'planned', 'unknown', 'done', 'refused', 'fenced')),
    run_id bigint NOT NULL,
    step text NOT NULL,
    lease bigint NOT NULL,
    round integer NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 1,
    request bytea NOT NULL,
    intended_at timestamptz NOT NULL,
    resolve_after timestamptz NOT NULL,
    ended_at timestamptz,
    resolved_by text NOT NULL DEFAULT '',
    outcome bytea,
    reason text NOT NULL DEFAULT ''
);
CREATE INDEX effects_by_subject ON effects (subject, intended_at);
CREATE INDEX effects_by_run ON effects (run_id);
CREATE INDEX effects_unresolved ON effects (resolve_after) WHERE state IN ('intended', 'unknown');

-- The desk: runs that need a person.
CREATE TABLE dead_letters (
    run_id bigint PRIMARY KEY,
    class text NOT NULL,
    reason text NOT NULL,
    message text NOT NULL,
    whose_turn text NOT NULL,
    step text NOT NULL DEFAULT '',
    opened_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    resolution text NOT NULL DEFAULT ''
);
CREATE INDEX dead_letters_open ON dead_letters (opened_at) WHERE resolved_at IS NULL;

-- What a person changed in a dead letter's input before it was replayed; the original is kept.
CREATE TABLE patches (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL,
    patched_at timestamptz NOT NULL DEFAULT now(),
    operator text NOT NULL,
    why text NOT NULL,
    before bytea NOT NULL,
    after bytea NOT NULL
);
CREATE INDEX patches_by_run ON patches (run_id);

-- Keeps an event once, starts its runs, and wakes the lanes that wait for its kind; answers the
-- lanes to ring for, or null when the event was known. A function because it is two statements: the
-- second must see what others committed while the first waited for the subject's row.
CREATE FUNCTION accept_event(
    event_source text, id text, event_kind text, event_subject text, happened_at timestamptz,
    content bytea, targets text[], flow_names text[], versions text[]
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    touched text[];
BEGIN
    INSERT INTO subjects (subject, arrivals) VALUES (event_subject, 1)
    ON CONFLICT (subject) DO UPDATE SET arrivals = subjects.arrivals + 1;
    WITH kept AS (
        INSERT INTO events (source, event_id, kind, subject, occurred_at, envelope)
        VALUES (event_source, id, event_kind, event_subject, happened_at, content)
        ON CONFLICT (source, event_id) DO NOTHING
        RETURNING number
    ), starts AS (
        SELECT * FROM unnest(targets, flow_names, versions) AS start (target, flow, version)
    ), woken AS (
        INSERT INTO lanes (subject, target, sequence, wake_at)
        SELECT event_subject, starts.target, count(*), now() FROM starts, kept
        GROUP BY starts.target
        ON CONFLICT (subject, target) DO UPDATE
            SET sequence = lanes.sequence + EXCLUDED.sequence,
                wake_at = LEAST(coalesce(lanes.wake_at, 'infinity'), now())
        RETURNING lanes.target, lanes.sequence
    ), started AS (
        INSERT INTO runs (subject, target, sequence, journey, flow, flow_version, event_number,
                          input, state, wake_at)
        SELECT event_subject, starts.target, woken.sequence, 'deliver', starts.flow,
               starts.version, kept.number, content, 'ready', now()
        FROM kept, starts JOIN woken ON woken.target = starts.target
    ), offered AS (
        UPDATE lanes SET wake_at = LEAST(coalesce(wake_at, 'infinity'), now())
        WHERE subject = event_subject AND event_kind = ANY (waits) AND NOT target = ANY (targets)
          AND EXISTS (SELECT 1 FROM kept)
        RETURNING lanes.target
    )
    SELECT CASE WHEN EXISTS (SELECT 1 FROM kept)
           THEN array(SELECT woken.target FROM woken UNION SELECT offered.target FROM offered) END
    INTO touched;
    RETURN touched;
END $$;

-- What is done again and again by whichever worker comes first.
CREATE TABLE chores (
    name text PRIMARY KEY,
    next_at timestamptz NOT NULL
);
