-- A dead letter holds its lane against other flows. A later run of its own flow takes its place: it
-- may be the same thing, corrected by whoever sent it, and when it has done what the dead run still
-- owed, the letter is resolved by itself. A flow whose runs build on one another says hold_all.

ALTER TABLE dead_letters DROP CONSTRAINT dead_letters_on_failure_check;
ALTER TABLE dead_letters ADD CHECK (on_failure IN ('', 'hold', 'hold_all', 'go_on', 'stop_all'));

-- The flow whose runs a held lane lets pass; empty: none.
ALTER TABLE lanes ADD COLUMN lets_pass text NOT NULL DEFAULT '';
UPDATE lanes SET lets_pass = '' WHERE held_by IS NOT NULL;

-- What holds a lane is found anew: the first of its dead letters, and the flow that all of them let
-- pass; `besides` is one that is being resolved just now. What is held no longer is ready again.
CREATE FUNCTION settle_hold(lane_subject text, lane_target text, besides bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first bigint;
    passing text;
BEGIN
    SELECT min(d.run_id),
           CASE WHEN count(DISTINCT r.flow) = 1 AND bool_and(d.on_failure = 'hold')
                THEN min(r.flow) ELSE '' END
    INTO first, passing
    FROM runs AS r JOIN dead_letters AS d ON d.run_id = r.id
    WHERE r.subject = lane_subject AND r.target = lane_target AND d.resolved_at IS NULL
      AND d.on_failure IN ('hold', 'hold_all', 'stop_all') AND d.run_id <> besides;
    UPDATE lanes AS l SET held_by = first, lets_pass = passing
    WHERE l.subject = lane_subject AND l.target = lane_target;
    UPDATE runs AS r SET state = 'ready', wake_at = now(), waiting_for = ''
    WHERE r.subject = lane_subject AND r.target = lane_target AND r.state = 'waiting'
      AND r.waiting_for = 'held by a dead letter' AND (first IS NULL OR r.flow = passing);
    IF FOUND THEN
        UPDATE lanes AS l SET wake_at = LEAST(coalesce(l.wake_at, 'infinity'), now())
        WHERE l.subject = lane_subject AND l.target = lane_target;
        PERFORM ring();
    END IF;
END $$;

-- Called once the letter is there: in a statement of its own.
CREATE OR REPLACE FUNCTION hold_lane(letter bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    dead runs;
    passing text;
BEGIN
    SELECT * INTO dead FROM runs WHERE id = letter;
    PERFORM settle_hold(dead.subject, dead.target, 0);
    SELECT l.lets_pass INTO passing FROM lanes AS l
    WHERE l.subject = dead.subject AND l.target = dead.target;
    UPDATE runs AS r SET state = 'waiting', wake_at = NULL, waiting_for = 'held by a dead letter'
    WHERE r.subject = dead.subject AND r.target = dead.target AND r.state = 'ready'
      AND r.journey = 'deliver' AND r.sequence > dead.sequence AND r.flow <> passing;
END $$;

CREATE OR REPLACE FUNCTION free_lane(letter bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    dead runs;
BEGIN
    SELECT * INTO dead FROM runs WHERE id = letter;
    PERFORM 1 FROM lanes AS l
    WHERE l.subject = dead.subject AND l.target = dead.target AND l.held_by IS NOT NULL;
    IF FOUND THEN
        INSERT INTO subjects (subject, arrivals) VALUES (dead.subject, 1)
        ON CONFLICT (subject) DO UPDATE SET arrivals = subjects.arrivals + 1;
        PERFORM settle_hold(dead.subject, dead.target, letter);
    END IF;
END $$;

-- An event is kept as before (migration 0016); a later run of the flow that died is let pass.
CREATE OR REPLACE FUNCTION accept_event(
    event_source text, id text, event_kind text, event_subject text, happened_at timestamptz,
    content bytea, targets text[], flow_names text[], versions text[]
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    event_number bigint;
    place bigint;
    is_held boolean;
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
        RETURNING l.sequence, l.held_by IS NOT NULL AND l.lets_pass <> flow_names[1]
        INTO place, is_held;
        IF NOT is_held THEN
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
            RETURNING lanes.target, lanes.sequence, lanes.held_by, lanes.lets_pass
        ), placed AS (
            SELECT starts.*, woken.sequence,
                   woken.held_by IS NOT NULL AND woken.lets_pass <> starts.flow AS is_held
            FROM starts JOIN woken ON woken.target = starts.target
        ), begun AS (
            INSERT INTO runs (subject, target, sequence, journey, flow, flow_version,
                              event_number, input, state, wake_at, waiting_for)
            SELECT event_subject, placed.target, placed.sequence, 'deliver', placed.flow,
                   placed.version, event_number, content,
                   CASE WHEN placed.is_held THEN 'waiting' ELSE 'ready' END,
                   CASE WHEN NOT placed.is_held THEN now() END,
                   CASE WHEN placed.is_held THEN 'held by a dead letter' ELSE '' END
            FROM placed
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
