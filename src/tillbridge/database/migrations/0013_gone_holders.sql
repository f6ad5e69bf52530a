-- Lanes whose holder is gone, and lanes with very many runs.

-- The holder of this lane has died, or gave it back in the middle of a turn: ready runs that have
-- begun are waiting from now on, so that they come back with their steps, whoever takes the lane,
-- and however often it is freed before they are advanced.
CREATE FUNCTION remember_begun(lane_subject text, lane_target text) RETURNS void
LANGUAGE sql AS $$
    UPDATE runs AS r SET state = 'waiting', wake_at = now(), waiting_for = 'its worker is gone'
    WHERE r.subject = lane_subject AND r.target = lane_target
      AND r.state = 'ready'
      AND (EXISTS (SELECT 1 FROM steps AS s WHERE s.run_id = r.id)
           OR EXISTS (SELECT 1 FROM effects AS e WHERE e.run_id = r.id));
$$;

-- Due lanes under new leases, so many for each target at most, with the open runs that can go on:
-- at most 100 that are ready or due (the lane is due again for the rest), and all that wait for an
-- event, with what their steps have answered and the effects they have begun. Several statements:
-- the later ones see the lanes as they are once they are locked.
CREATE OR REPLACE FUNCTION claim_lanes(claimer text, lease_for interval, targets text[], free integer[])
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
    PERFORM remember_begun(h.subject, h.target) FROM unnest(held) AS h WHERE h.claims > 1;
    RETURN QUERY
    SELECT h.subject, h.target, h.lease, h.claims, h.suspect, s.arrivals,
           r.id, r.journey, r.flow, r.flow_version, r.event_number, r.input, r.state, r.waits,
           r.waiting_for, r.tries, r.replay_of, r.started_at,
           extract(epoch FROM r.wake_at - now())::float8, kept.names, kept.outcomes, made.keys
    FROM unnest(held) AS h
    LEFT JOIN subjects AS s ON s.subject = h.subject
    LEFT JOIN LATERAL (
        (SELECT o.* FROM runs AS o
         WHERE o.subject = h.subject AND o.target = h.target AND o.state IN ('ready', 'waiting')
           AND (o.state = 'ready' OR o.wake_at <= now())
         ORDER BY o.sequence, o.id LIMIT 100)
        UNION ALL
        (SELECT o.* FROM runs AS o
         WHERE h.waits <> '{}' AND o.subject = h.subject AND o.target = h.target
           AND o.state = 'waiting' AND o.waits <> '{}' AND (o.wake_at > now()) IS NOT FALSE)
    ) AS r ON true
    LEFT JOIN LATERAL (
        SELECT array_agg(steps.name) AS names, array_agg(steps.outcome) AS outcomes
        FROM steps WHERE steps.run_id = r.id AND r.state = 'waiting'
    ) AS kept ON true
    LEFT JOIN LATERAL (
        SELECT array_agg(effects.key) AS keys
        FROM effects WHERE effects.run_id = r.id AND r.state = 'waiting'
    ) AS made ON true
    ORDER BY h.subject, h.target, r.sequence, r.id;
END $$;

-- A checkout begins: the attempt, its lane's lease, its run and the intent. Answers no row when the
-- attempt's key is known or the debt has a live attempt; raises TB001 when somebody holds the lane.
CREATE OR REPLACE FUNCTION begin_checkout(
    payments text, shop text, attempt_key text, order_number text, request_sha256 bytea,
    amount numeric, currency text, content bytea, wire_key text, claimer text,
    lease_for interval, journey text, input bytea, effect text, ordinal text, request bytea,
    resolve_in interval
) RETURNS TABLE (lease bigint, run_id bigint, arrivals bigint, seen_as bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    place bigint;
    claims integer;
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
    RETURNING l.lease, l.sequence, l.claims INTO lease, place, claims;
    IF lease IS NULL THEN
        RAISE EXCEPTION 'somebody holds the lane' USING ERRCODE = 'TB001';
    END IF;
    IF claims > 1 THEN
        PERFORM remember_begun(order_number, payments);
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
