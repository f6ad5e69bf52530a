-- What a run remembers without changing anything outside travels with its next commit: the answers
-- of its reads, and now also what it tells people on our own desk.

CREATE TYPE noticed AS (
    key text, flow text, subject text, level text, title text, content text
);
COMMENT ON TYPE noticed IS 'A notice for our own desk, once by its key.';

ALTER TYPE intended ADD ATTRIBUTE notices noticed[];
ALTER TYPE ended
    ADD ATTRIBUTE step_names text[], ADD ATTRIBUTE step_kinds text[],
    ADD ATTRIBUTE step_outcomes bytea[], ADD ATTRIBUTE notices noticed[];

-- The room desk ---------------------------------------------------------------------------------

CREATE FUNCTION keep_notices(told noticed[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notices (key, flow, subject, level, title, content)
    SELECT n.key, n.flow, n.subject, n.level, n.title, n.content FROM unnest(told) AS n
    ON CONFLICT (key) DO NOTHING;
END $$;

-- The room runs ---------------------------------------------------------------------------------

-- Steps that were put off, and the notices that are some of them. One that is kept already stays as
-- it is.
CREATE FUNCTION keep_along(
    run bigint, step_names text[], step_kinds text[], step_outcomes bytea[], told noticed[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO steps (run_id, name, kind, outcome)
    SELECT run, s.name, s.kind, s.outcome
    FROM unnest(step_names, step_kinds, step_outcomes) AS s (name, kind, outcome)
    ON CONFLICT (run_id, name) DO NOTHING;
    IF cardinality(told) > 0 THEN
        PERFORM keep_notices(told);
    END IF;
END $$;

-- The intent of an effect; answers its round, or null when it is done, when its outcome is open, or
-- when somebody else holds the lane. One that is proven not to exist may be intended again.
CREATE OR REPLACE FUNCTION intend(wish intended) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    own_round integer;
BEGIN
    PERFORM 1 FROM lanes AS l
    WHERE l.subject = wish.subject AND l.target = wish.target AND l.lease = wish.lease;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF cardinality(wish.step_names) > 0 THEN
        PERFORM keep_along(wish.run_id, wish.step_names, wish.step_kinds, wish.step_outcomes,
                           wish.notices);
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
CREATE OR REPLACE FUNCTION end_turn(turn ended, own_arrivals bigint) RETURNS void LANGUAGE plpgsql AS $$
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
    IF cardinality(turn.step_names) > 0 THEN
        PERFORM keep_along(turn.run_id, turn.step_names, turn.step_kinds, turn.step_outcomes,
                           turn.notices);
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

-- As before (0007); each look finds its own index, also while PostgreSQL has no statistics.
CREATE OR REPLACE FUNCTION tell_payment(fact told, move moved) RETURNS void LANGUAGE plpgsql AS $$
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
          AND o.operation = fact.operation AND o.verdict <> fact.verdict
        UNION ALL
        SELECT 1 FROM observations AS o
        WHERE o.connection = fact.connection AND o.parent_id = fact.request_id
          AND o.operation = 'void'
        UNION ALL
        SELECT 1 FROM observations AS o
        WHERE o.connection = fact.connection AND o.echo_key = fact.echo_key
          AND o.echo_key <> '' AND o.operation IN ('capture', 'void') AND o.operation <> 'capture';
        IF FOUND THEN
            RAISE EXCEPTION 'more is known of this capture' USING ERRCODE = 'TB001';
        END IF;
    END IF;
END $$;

-- While it has none, PostgreSQL takes small tables for cheaper to read from end to end, and keeps to
-- that while they grow.
ALTER FUNCTION claim_lanes(text, interval, text[], integer[])
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off;
