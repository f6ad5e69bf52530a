-- The desk: dead letters with an owner, a class, money at risk and what would resolve them; changes
-- of money that a second person has to confirm; lanes that a dead letter holds.

-- Since when the turns of a run have failed, one after the other.
ALTER TABLE runs ADD COLUMN failing_since timestamptz;

-- The first open dead letter that holds this lane: runs that come after it and have not begun wait.
ALTER TABLE lanes ADD COLUMN held_by bigint;

ALTER TABLE dead_letters
    ADD COLUMN connection text NOT NULL DEFAULT '',
    ADD COLUMN next_step text NOT NULL DEFAULT '',
    ADD COLUMN amount numeric,
    ADD COLUMN currency text NOT NULL DEFAULT '',
    ADD COLUMN owes text[] NOT NULL DEFAULT '{}',
    ADD COLUMN on_failure text NOT NULL DEFAULT ''
        CHECK (on_failure IN ('', 'hold', 'go_on', 'stop_all')),
    ADD COLUMN owner text NOT NULL DEFAULT '',
    ADD COLUMN taken_at timestamptz,
    ADD CHECK ((owner = '') = (taken_at IS NULL));
COMMENT ON COLUMN dead_letters.owes IS
    'Keys of all effects the run still had to make; empty where they cannot be told.';
COMMENT ON COLUMN dead_letters.on_failure IS
    'What its flow says of the lane it died in; empty: it holds none.';

UPDATE dead_letters SET class = CASE class
    WHEN 'rejected' THEN 'rejected_by_rule' WHEN 'misconfigured' THEN 'configuration'
    WHEN 'exhausted' THEN 'transient' WHEN 'unusable' THEN 'invalid_data' ELSE class END;
ALTER TABLE dead_letters ADD CHECK (class IN (
    'transient', 'rate_limit', 'connection', 'authentication', 'rejected_by_rule', 'invalid_data',
    'duplicate', 'unknown_outcome', 'configuration', 'unreconciled', 'bug'));
ALTER TABLE dead_letters ADD COLUMN state text NOT NULL GENERATED ALWAYS AS (
    CASE WHEN resolved_at IS NOT NULL THEN 'resolved' WHEN owner <> '' THEN 'in_work' ELSE 'open' END
) STORED;
CREATE INDEX dead_letters_newest ON dead_letters (opened_at, run_id);

CREATE FUNCTION refuse_to_change_a_resolution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'dead letter % is %: that is final', OLD.run_id, OLD.resolution
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER a_resolution_is_final BEFORE UPDATE ON dead_letters FOR EACH ROW
    WHEN (OLD.resolved_at IS NOT NULL) EXECUTE FUNCTION refuse_to_change_a_resolution();

-- Whoever proposed a change of money and whoever confirmed it; empty where one person may.
ALTER TABLE patches
    ADD COLUMN field text NOT NULL DEFAULT '',
    ADD COLUMN confirmed_by text NOT NULL DEFAULT '',
    ADD CHECK (confirmed_by = '' OR confirmed_by <> operator);

-- A change of a field that bears money: it waits until a second person confirms it.
CREATE TABLE proposals (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    operator text NOT NULL CHECK (operator <> ''),
    why text NOT NULL,
    field text NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    answer text NOT NULL DEFAULT 'open' CHECK (answer IN ('open', 'confirmed', 'refused')),
    answered_at timestamptz,
    answered_by text NOT NULL DEFAULT '',
    answered_why text NOT NULL DEFAULT '',
    CHECK ((answer = 'open') = (answered_at IS NULL)),
    CHECK (answer <> 'confirmed' OR answered_by <> operator)
);
CREATE INDEX proposals_by_run ON proposals (run_id, number);

CREATE FUNCTION refuse_to_change_a_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'proposal % is %: that is final', OLD.number, OLD.answer
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER an_answer_is_final BEFORE UPDATE ON proposals FOR EACH ROW
    WHEN (OLD.answer <> 'open') EXECUTE FUNCTION refuse_to_change_a_proposal();

-- What a dead letter holds is kept from now on: runs of its lane that come after it and have not
-- begun. Under the subject's lock, which every release and every arrival takes first.
CREATE FUNCTION hold_lane(letter bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    dead runs;
BEGIN
    SELECT * INTO dead FROM runs WHERE id = letter;
    UPDATE lanes AS l SET held_by = LEAST(coalesce(l.held_by, letter), letter)
    WHERE l.subject = dead.subject AND l.target = dead.target;
    UPDATE runs AS r SET state = 'waiting', wake_at = NULL, waiting_for = 'held by a dead letter'
    WHERE r.subject = dead.subject AND r.target = dead.target AND r.state = 'ready'
      AND r.journey = 'deliver' AND r.sequence > dead.sequence;
END $$;

-- A dead letter is resolved: the next one in its lane holds it, or what waited there goes on.
CREATE FUNCTION free_lane(letter bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    dead runs;
    next bigint;
BEGIN
    SELECT * INTO dead FROM runs WHERE id = letter;
    PERFORM 1 FROM lanes AS l
    WHERE l.subject = dead.subject AND l.target = dead.target AND l.held_by IS NOT NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO subjects (subject, arrivals) VALUES (dead.subject, 1)
    ON CONFLICT (subject) DO UPDATE SET arrivals = subjects.arrivals + 1;
    SELECT min(d.run_id) INTO next
    FROM runs AS r JOIN dead_letters AS d ON d.run_id = r.id
    WHERE r.subject = dead.subject AND r.target = dead.target AND d.resolved_at IS NULL
      AND d.on_failure IN ('hold', 'stop_all') AND d.run_id <> letter;
    UPDATE lanes AS l
    SET held_by = next,
        wake_at = CASE WHEN next IS NULL THEN LEAST(coalesce(l.wake_at, 'infinity'), now())
                       ELSE l.wake_at END
    WHERE l.subject = dead.subject AND l.target = dead.target;
    IF next IS NULL THEN
        UPDATE runs AS r SET state = 'ready', wake_at = now(), waiting_for = ''
        WHERE r.subject = dead.subject AND r.target = dead.target AND r.state = 'waiting'
          AND r.waiting_for = 'held by a dead letter';
        PERFORM ring();
    END IF;
END $$;

-- An event is kept as before (migration 0007); runs it starts in a lane that a dead letter holds wait.
CREATE OR REPLACE FUNCTION accept_event(
    event_source text, id text, event_kind text, event_subject text, happened_at timestamptz,
    content bytea, targets text[], flow_names text[], versions text[]
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    event_number bigint;
    place bigint;
    holder bigint;
    touched text[] := '{}';
    offered text[];
BEGIN
    INSERT INTO subjects (subject, arrivals) VALUES (event_subject, 1)
    ON CONFLICT (subject) DO UPDATE SET arrivals = subjects.arrivals + 1;
    INSERT INTO events (source, event_id, kind, subject, occurred_at, envelope)
    VALUES (event_source, id, event_kind, event_subject, happened_at, content)
    ON CONFLICT (source, event_id) DO NOTHING
    RETURNING number INTO event_number;
    IF event_number IS NULL THEN
        RETURN NULL;
    END IF;
    IF cardinality(targets) = 1 THEN
        INSERT INTO lanes AS l (subject, target, sequence, wake_at)
        VALUES (event_subject, targets[1], 1, now())
        ON CONFLICT (subject, target) DO UPDATE
            SET sequence = l.sequence + 1, wake_at = LEAST(coalesce(l.wake_at, 'infinity'), now())
        RETURNING l.sequence, l.held_by INTO place, holder;
        IF holder IS NULL THEN
            INSERT INTO runs (subject, target, sequence, journey, flow, flow_version, event_number,
                              input, state, wake_at)
            VALUES (event_subject, targets[1], place, 'deliver', flow_names[1], versions[1],
                    event_number, content, 'ready', now());
        ELSE
            INSERT INTO runs (subject, target, sequence, journey, flow, flow_version, event_number,
                              input, state, waiting_for)
            VALUES (event_subject, targets[1], place, 'deliver', flow_names[1], versions[1],
                    event_number, content, 'waiting', 'held by a dead letter');
        END IF;
        touched := targets;
    ELSIF cardinality(targets) > 1 THEN
        WITH starts AS (
            SELECT * FROM unnest(targets, flow_names, versions) AS start (target, flow, version)
        ), woken AS (
            INSERT INTO lanes (subject, target, sequence, wake_at)
            SELECT event_subject, starts.target, count(*), now() FROM starts
            GROUP BY starts.target ORDER BY starts.target
            ON CONFLICT (subject, target) DO UPDATE
                SET sequence = lanes.sequence + EXCLUDED.sequence,
                    wake_at = LEAST(coalesce(lanes.wake_at, 'infinity'), now())
            RETURNING lanes.target, lanes.sequence, lanes.held_by
        ), begun AS (
            INSERT INTO runs (subject, target, sequence, journey, flow, flow_version,
                              event_number, input, state, wake_at, waiting_for)
            SELECT event_subject, starts.target, woken.sequence, 'deliver', starts.flow,
                   starts.version, event_number, content,
                   CASE WHEN woken.held_by IS NULL THEN 'ready' ELSE 'waiting' END,
                   CASE WHEN woken.held_by IS NULL THEN now() END,
                   CASE WHEN woken.held_by IS NULL THEN '' ELSE 'held by a dead letter' END
            FROM starts JOIN woken ON woken.target = starts.target
        )
        SELECT array_agg(woken.target) INTO touched FROM woken;
    END IF;
    WITH found AS (
        UPDATE lanes SET wake_at = LEAST(coalesce(wake_at, 'infinity'), now())
        WHERE subject = event_subject AND event_kind = ANY (waits) AND NOT target = ANY (targets)
        RETURNING lanes.target
    )
    SELECT array_agg(found.target) INTO offered FROM found;
    touched := touched || coalesce(offered, '{}');
    IF cardinality(touched) > 0 THEN
        PERFORM ring();
    END IF;
    RETURN touched;
END $$;
