-- One trip: what one commit of a journey needs is one statement. Each function below is a room's
-- door in the database; those of the last part belong to the journeys and open several doors.
--
-- A function that finds that something moved since its caller looked raises TB001: everything it
-- did is rolled back, and the caller goes the long way, with locks and a judge.

DROP INDEX lanes_due;
CREATE INDEX lanes_due ON lanes (target, wake_at) WHERE wake_at IS NOT NULL;

CREATE TYPE named AS (system text, kind text, id text);
COMMENT ON TYPE named IS 'One external reference.';

CREATE TYPE brought AS (
    source text, id text, kind text, subject text, occurred_at timestamptz, envelope bytea,
    targets text[], flows text[], versions text[]
);
COMMENT ON TYPE brought IS
    'An event that is brought for its subject, and the flow versions it starts in which lanes.';

CREATE TYPE told AS (
    connection text, request_id text, operation text, verdict text, source text,
    order_number text, echo_key text, parent_id text, amount numeric, currency text, reason text,
    occurred_at timestamptz
);
COMMENT ON TYPE told IS 'An observation of a payment.';

CREATE TYPE moved AS (
    wire_key text, seen_as bigint, state text, authorization_id text, approval_code text,
    reason text, review text, token text, card text, captured numeric, reversed numeric,
    held boolean, authorized_at timestamptz
);
COMMENT ON TYPE moved IS 'An attempt as an observation leaves it; seen_as is the version it was judged on.';

CREATE TYPE ended AS (
    subject text, target text, lease bigint, arrivals bigint, run_id bigint, ending text
);
COMMENT ON TYPE ended IS 'A lane that is freed because its only run of this turn is done.';

CREATE TYPE intended AS (
    subject text, target text, lease bigint, key text, connection text, effect text, ordinal text,
    run_id bigint, step text, request bytea, resolve_in interval, may_resend boolean,
    step_names text[], step_kinds text[], step_outcomes bytea[]
);
COMMENT ON TYPE intended IS 'The intent to write, with step outcomes that are kept along with it.';

-- The room runs ---------------------------------------------------------------------------------

-- Whoever makes a lane due rings, in the same transaction: workers that listen look for due lanes.
-- PostgreSQL commits those that notify one after the other, each with a flush of its own. So only
-- one of all transactions that are open rings; who hears it looks once more a little later, for
-- those that were silent for its sake (runtime/worker.py).
CREATE FUNCTION ring() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF pg_try_advisory_xact_lock(7112, 0) THEN
        PERFORM pg_notify('tillbridge_bell', '');
    END IF;
END $$;

-- Keeps an event once, starts its runs, wakes the lanes that wait for its kind and rings; answers
-- those lanes, or null when the event was known. A function because it is several statements: the
-- later ones must see what others committed while the first waited for the subject's row.
CREATE OR REPLACE FUNCTION accept_event(
    event_source text, id text, event_kind text, event_subject text, happened_at timestamptz,
    content bytea, targets text[], flow_names text[], versions text[]
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    event_number bigint;
    place bigint;
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
        RETURNING l.sequence INTO place;
        INSERT INTO runs (subject, target, sequence, journey, flow, flow_version, event_number,
                          input, state, wake_at)
        VALUES (event_subject, targets[1], place, 'deliver', flow_names[1], versions[1],
                event_number, content, 'ready', now());
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
            RETURNING lanes.target, lanes.sequence
        ), begun AS (
            INSERT INTO runs (subject, target, sequence, journey, flow, flow_version,
                              event_number, input, state, wake_at)
            SELECT event_subject, starts.target, woken.sequence, 'deliver', starts.flow,
                   starts.version, event_number, content, 'ready', now()
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

-- Due lanes under new leases, so many for each target at most, with their open runs and, of those
-- that come back, what their steps have answered and the effects they have begun. Two statements: the second sees the lanes as they
-- are once they are locked.
CREATE FUNCTION claim_lanes(claimer text, lease_for interval, targets text[], free integer[])
RETURNS TABLE (
    subject text, target text, lease bigint, claims integer, suspect bigint, arrivals bigint,
    id bigint, journey text, flow text, flow_version text, event_number bigint, input bytea,
    state text, waits text[], waiting_for text, tries integer, replay_of bigint,
    started_at timestamptz, wait_s float8, step_names text[], step_outcomes bytea[],
    begun text[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    held lanes[];
BEGIN
    WITH due AS (
        SELECT picked.subject, picked.target
        FROM unnest(targets, free) AS wanted (target, free)
        CROSS JOIN LATERAL (
            SELECT l.subject, l.target FROM lanes AS l
            WHERE l.target = wanted.target AND l.wake_at <= now()
              AND (l.lease_until IS NULL OR l.lease_until <= now())
            ORDER BY l.wake_at LIMIT wanted.free FOR UPDATE SKIP LOCKED
        ) AS picked
    ), claimed AS (
        UPDATE lanes AS l
        SET lease = l.lease + 1, holder = claimer, lease_until = now() + lease_for,
            claims = l.claims + 1, wake_at = now() + lease_for
        FROM due WHERE l.subject = due.subject AND l.target = due.target
        RETURNING l.*
    )
    SELECT array_agg(claimed::lanes) INTO held FROM claimed;
    IF held IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT h.subject, h.target, h.lease, h.claims, h.suspect, s.arrivals,
           r.id, r.journey, r.flow, r.flow_version, r.event_number, r.input, r.state, r.waits,
           r.waiting_for, r.tries, r.replay_of, r.started_at,
           extract(epoch FROM r.wake_at - now())::float8, kept.names, kept.outcomes, made.keys
    FROM unnest(held) AS h
    LEFT JOIN subjects AS s ON s.subject = h.subject
    LEFT JOIN runs AS r ON r.subject = h.subject AND r.target = h.target
        AND r.state IN ('ready', 'waiting')
    LEFT JOIN LATERAL (
        SELECT array_agg(steps.name) AS names, array_agg(steps.outcome) AS outcomes
        FROM steps WHERE steps.run_id = r.id AND (r.state = 'waiting' OR h.claims > 1)
    ) AS kept ON true
    LEFT JOIN LATERAL (
        SELECT array_agg(effects.key) AS keys
        FROM effects WHERE effects.run_id = r.id AND (r.state = 'waiting' OR h.claims > 1)
    ) AS made ON true
    ORDER BY h.subject, h.target, r.sequence, r.id;
END $$;

-- The intent of an effect; answers its round, or null when it is done, when its outcome is open, or
-- when somebody else holds the lane. One that is proven not to exist may be intended again.
CREATE FUNCTION intend(wish intended) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    own_round integer;
BEGIN
    PERFORM 1 FROM lanes AS l
    WHERE l.subject = wish.subject AND l.target = wish.target AND l.lease = wish.lease;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF cardinality(wish.step_names) > 0 THEN
        INSERT INTO steps (run_id, name, kind, outcome)
        SELECT wish.run_id, s.name, s.kind, s.outcome
        FROM unnest(wish.step_names, wish.step_kinds, wish.step_outcomes) AS s (name, kind, outcome)
        ON CONFLICT (run_id, name) DO NOTHING;
    END IF;
    INSERT INTO effects AS e (key, connection, subject, effect, ordinal, state, run_id, step, lease,
                              request, intended_at, resolve_after)
    VALUES (wish.key, wish.connection, wish.subject, wish.effect, wish.ordinal, 'intended',
            wish.run_id, wish.step, wish.lease, wish.request, now(), now() + wish.resolve_in)
    ON CONFLICT (key) DO UPDATE
        SET state = 'intended', run_id = wish.run_id, step = wish.step, lease = wish.lease,
            request = wish.request, tries = e.tries + 1, intended_at = now(),
            resolve_after = now() + wish.resolve_in, ended_at = NULL, outcome = NULL, reason = '',
            resolved_by = '', round = e.round + (e.state = 'fenced')::int
        WHERE e.state IN ('planned', 'refused', 'fenced')
           OR (wish.may_resend AND e.state IN ('intended', 'unknown') AND e.resolve_after <= now())
    RETURNING e.round INTO own_round;
    RETURN own_round;
END $$;

-- Frees a lane whose one run of this turn is done. Under the subject's lock: what arrived since the
-- claim, other than what the holder knows of, makes it due at once.
CREATE FUNCTION end_turn(turn ended, own_arrivals bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    arrived bigint;
    again boolean;
BEGIN
    SELECT s.arrivals INTO arrived FROM subjects AS s WHERE s.subject = turn.subject FOR UPDATE;
    PERFORM 1 FROM lanes AS l
    WHERE l.subject = turn.subject AND l.target = turn.target AND l.lease = turn.lease FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    again := arrived IS DISTINCT FROM turn.arrivals + own_arrivals;
    UPDATE runs SET state = 'done', wake_at = NULL, waits = '{}', waiting_for = '', tries = 0,
                    ending = turn.ending, ended_at = now()
    WHERE runs.id = turn.run_id AND runs.state IN ('ready', 'waiting');
    UPDATE lanes AS l
    SET holder = NULL, lease_until = NULL, claims = 0, suspect = NULL,
        waits = coalesce((SELECT array_agg(DISTINCT kind) FROM runs AS r, unnest(r.waits) AS kind
                          WHERE r.subject = turn.subject AND r.target = turn.target
                            AND r.state IN ('ready', 'waiting')), '{}'),
        wake_at = CASE WHEN again THEN now()
                       ELSE (SELECT min(r.wake_at) FROM runs AS r
                             WHERE r.subject = turn.subject AND r.target = turn.target
                               AND r.state IN ('ready', 'waiting')) END
    WHERE l.subject = turn.subject AND l.target = turn.target
    RETURNING l.wake_at <= now() INTO again;
    IF again THEN
        PERFORM ring();
    END IF;
END $$;

-- The room payments -----------------------------------------------------------------------------

-- Keeps an observation that nobody told before, and moves its attempt as judged.
-- Raises TB001 when it was told before, or the attempt is not as it was when it was judged.
CREATE FUNCTION tell_payment(fact told, move moved) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO observations (connection, request_id, operation, verdict, source, order_number,
                              wire_key, echo_key, parent_id, amount, currency, reason,
                              occurred_at, meaning)
    VALUES (fact.connection, fact.request_id, fact.operation, fact.verdict, fact.source,
            fact.order_number, move.wire_key, fact.echo_key, fact.parent_id, fact.amount,
            fact.currency, fact.reason, fact.occurred_at, 'moved')
    ON CONFLICT (connection, request_id, operation, verdict) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'told before' USING ERRCODE = 'TB001';
    END IF;
    UPDATE attempts
    SET state = move.state, authorization_id = move.authorization_id,
        approval_code = move.approval_code, reason = move.reason, review = move.review,
        token = move.token, card = move.card::jsonb, captured = move.captured,
        reversed = move.reversed, held = move.held,
        authorized_at = coalesce(authorized_at, move.authorized_at)
    WHERE wire_key = move.wire_key AND xmin::text::bigint = move.seen_as;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the attempt has moved' USING ERRCODE = 'TB001';
    END IF;
    -- Looked for under the attempt's lock: whoever tells of its undoing now waits for us, or we have
    -- waited for them.
    IF fact.operation = 'capture' THEN
        PERFORM 1 FROM observations AS o
        WHERE o.connection = fact.connection AND o.request_id = fact.request_id
          AND o.operation = 'capture' AND o.verdict <> fact.verdict
        UNION ALL
        SELECT 1 FROM observations AS o
        WHERE o.connection = fact.connection AND o.parent_id = fact.request_id
          AND o.operation = 'void'
        UNION ALL
        SELECT 1 FROM observations AS o
        WHERE o.connection = fact.connection AND o.echo_key = fact.echo_key
          AND o.echo_key <> '' AND o.operation = 'void';
        IF FOUND THEN
            RAISE EXCEPTION 'more is known of this capture' USING ERRCODE = 'TB001';
        END IF;
    END IF;
END $$;

-- The room inbox --------------------------------------------------------------------------------

-- Keeps a delivery once by (source, its own id); answers how often it came before, and whether it
-- meant another thing then (its body is kept too, for a person to compare).
CREATE FUNCTION keep_delivery(
    sender text, id text, meaning bytea, moment timestamptz, why text, head jsonb, content bytea,
    masked boolean, OUT repeats integer, OUT altered boolean
) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deliveries AS d (source, delivery_id, meaning_sha256, received_at, kept_back)
    VALUES (sender, id, meaning, moment, why)
    ON CONFLICT (source, delivery_id) DO UPDATE
        SET repeats = d.repeats + 1,
            altered = d.altered + (d.meaning_sha256 <> EXCLUDED.meaning_sha256)::int
    RETURNING d.repeats, d.meaning_sha256 <> meaning INTO repeats, altered;
    IF repeats = 0 OR altered THEN
        INSERT INTO delivery_bodies (source, delivery_id, headers, body, card_data_masked,
                                     received_at)
        VALUES (sender, id, head, content, masked, moment);
    END IF;
END $$;

-- The room references ---------------------------------------------------------------------------

CREATE FUNCTION record_names(named_subject text, names named[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name named;
BEGIN
    FOREACH name IN ARRAY names LOOP
        INSERT INTO external_references (subject, system, kind, id)
        VALUES (named_subject, name.system, name.kind, name.id)
        ON CONFLICT DO NOTHING;
    END LOOP;
END $$;

-- The journeys ----------------------------------------------------------------------------------

-- Keeps events, and answers how many of them concern other lanes of this subject than the holder's.
CREATE FUNCTION bring_events(events brought[], holder_subject text, holder_target text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    event brought;
    touched text[];
    own bigint := 0;
BEGIN
    FOREACH event IN ARRAY events LOOP
        touched := accept_event(
            event.source, event.id, event.kind, event.subject, event.occurred_at, event.envelope,
            event.targets, event.flows, event.versions);
        IF event.subject = holder_subject
           AND NOT coalesce(holder_target = ANY (touched), false) THEN
            own := own + 1;
        END IF;
    END LOOP;
    RETURN own;
END $$;

-- A write was answered: its outcome, what that tells of a payment, the events that follow, how it
-- is known elsewhere, and the end of the turn or the next intent. Locks as everywhere: effect,
-- observation, attempt, subject, lanes, references. Answers how many arrivals are the holder's own,
-- and the round of the next intent (null when it was not taken).
CREATE FUNCTION settle_answer(
    effect_key text, answer bytea, by_whom text, fact told, move moved, events brought[],
    holder_subject text, holder_target text, names named[], turn ended, next intended,
    OUT own bigint, OUT round integer
) LANGUAGE plpgsql AS $$
BEGIN
    UPDATE effects
    SET state = 'done', outcome = answer, reason = '', resolved_by = by_whom, ended_at = now()
    WHERE key = effect_key AND state IN ('intended', 'unknown');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the effect has ended' USING ERRCODE = 'TB001';
    END IF;
    IF NOT (fact IS NULL) THEN
        PERFORM tell_payment(fact, move);
    END IF;
    own := bring_events(events, holder_subject, holder_target);
    IF NOT (turn IS NULL) THEN
        PERFORM end_turn(turn, own);
    END IF;
    IF cardinality(names) > 0 THEN
        PERFORM record_names(holder_subject, names);
    END IF;
    IF NOT (next IS NULL) THEN
        round := intend(next);
    END IF;
END $$;

-- A delivery is kept with the events it brings. Its facts must have been told before, or it raises
-- TB001; one that is being told just now is waited for (the insert waits for the other's commit).
CREATE FUNCTION receive_delivery(
    sender text, id text, meaning bytea, moment timestamptz, why text, head jsonb, content bytea,
    masked boolean, facts told[], events brought[], OUT repeats integer, OUT altered boolean
) LANGUAGE plpgsql AS $$
DECLARE
    fact told;
BEGIN
    SELECT k.repeats, k.altered INTO repeats, altered
    FROM keep_delivery(sender, id, meaning, moment, why, head, content, masked) AS k;
    IF repeats > 0 OR altered THEN
        RETURN;
    END IF;
    FOREACH fact IN ARRAY facts LOOP
        INSERT INTO observations (connection, request_id, operation, verdict, source, order_number,
                                  wire_key, echo_key, parent_id, reason, occurred_at, meaning)
        VALUES (fact.connection, fact.request_id, fact.operation, fact.verdict, fact.source, '', '',
                '', '', '', fact.occurred_at, '')
        ON CONFLICT (connection, request_id, operation, verdict) DO NOTHING;
        IF FOUND THEN
            RAISE EXCEPTION 'a new fact' USING ERRCODE = 'TB001';
        END IF;
        PERFORM 1 FROM observations AS o
        WHERE o.connection = fact.connection AND o.request_id = fact.request_id
          AND o.operation = fact.operation AND o.verdict = fact.verdict AND o.meaning = 'unmatched';
        IF FOUND THEN
            RAISE EXCEPTION 'a fact that nobody could place' USING ERRCODE = 'TB001';
        END IF;
    END LOOP;
    PERFORM bring_events(events, '', '');
END $$;

-- A checkout begins: the attempt, its lane's lease, its run and the intent. Answers no row when the
-- attempt's key is known or the debt has a live attempt; raises TB001 when somebody holds the lane.
CREATE FUNCTION begin_checkout(
    payments text, shop text, attempt_key text, order_number text, request_sha256 bytea,
    amount numeric, currency text, content bytea, wire_key text, claimer text,
    lease_for interval, journey text, input bytea, effect text, ordinal text, request bytea,
    resolve_in interval
) RETURNS TABLE (lease bigint, run_id bigint, arrivals bigint, seen_as bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    place bigint;
BEGIN
    INSERT INTO attempts AS a (wire_key, connection, shop, attempt_key, order_number,
                               request_sha256, state, amount, currency, "order")
    VALUES (wire_key, payments, shop, attempt_key, order_number, request_sha256, 'started',
            amount, currency, content)
    ON CONFLICT DO NOTHING
    RETURNING a.xmin::text::bigint INTO seen_as;
    IF seen_as IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO subjects AS s (subject, arrivals) VALUES (order_number, 1)
    ON CONFLICT ON CONSTRAINT subjects_pkey DO UPDATE SET arrivals = s.arrivals + 1
    RETURNING s.arrivals INTO arrivals;
    INSERT INTO lanes AS l (subject, target, sequence, lease, holder, lease_until, claims, wake_at)
    VALUES (order_number, payments, 1, 1, claimer, now() + lease_for, 1, now() + lease_for)
    ON CONFLICT ON CONSTRAINT lanes_pkey DO UPDATE
        SET sequence = l.sequence + 1, lease = l.lease + 1, holder = claimer,
            lease_until = now() + lease_for, claims = l.claims + 1, wake_at = now() + lease_for
        WHERE l.lease_until IS NULL OR l.lease_until <= now()
    RETURNING l.lease, l.sequence INTO lease, place;
    IF lease IS NULL THEN
        RAISE EXCEPTION 'somebody holds the lane' USING ERRCODE = 'TB001';
    END IF;
    INSERT INTO runs (subject, target, sequence, journey, input, state, wake_at)
    VALUES (order_number, payments, place, journey, input, 'ready', now())
    RETURNING runs.id INTO run_id;
    INSERT INTO effects (key, connection, subject, effect, ordinal, state, run_id, step, lease,
                         request, intended_at, resolve_after)
    VALUES (wire_key, payments, order_number, effect, ordinal, 'intended', run_id, effect, lease,
            request, now(), now() + resolve_in);
    RETURN NEXT;
END $$;
