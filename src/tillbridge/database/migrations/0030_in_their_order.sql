-- While a run of a flow fails and is tried again, or its effect is unknown, a later one of the same
-- flow and lane does not begin: it would overtake it. So the turn is told of both.

DROP FUNCTION claim_lanes(text, interval, text[], integer[]);

-- Due lanes under new leases, so many for each target at most, with the open runs that can go on:
-- at most 100 that are ready or due (the lane is due again for the rest), and all that wait for an
-- event, with what their steps have answered and the effects they have begun. Beside them the first
-- 100 that are tried again later, and those that are ready and wait behind these: they go on in the
-- turn that ends such a try. Several statements: the later ones see the lanes as they are once they
-- are locked.
CREATE FUNCTION claim_lanes(claimer text, lease_for interval, targets text[], free integer[])
RETURNS TABLE (
    subject text, target text, lease bigint, claims integer, suspect bigint, arrivals bigint,
    id bigint, journey text, flow text, flow_version text, event_number bigint, input bytea,
    state text, waits text[], waiting_for text, tries integer, replay_of bigint,
    started_at timestamptz, wait_s float8, step_names text[], step_outcomes bytea[],
    begun text[], sequence bigint
) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
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
            claims = l.claims + (l.claims < 2 OR l.advancing IS NOT NULL)::int,
            suspect = CASE WHEN l.claims > 0 THEN coalesce(l.advancing, l.suspect) END,
            advancing = NULL, wake_at = now() + lease_for
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
           extract(epoch FROM r.wake_at - now())::float8, kept.names, kept.outcomes, made.keys,
           r.sequence
    FROM unnest(held) AS h
    LEFT JOIN subjects AS s ON s.subject = h.subject
    LEFT JOIN LATERAL (
        (SELECT o.* FROM runs AS o
         WHERE o.subject = h.subject AND o.target = h.target AND o.state IN ('ready', 'waiting')
           AND (o.wake_at <= now() OR o.wake_at IS NULL AND o.state = 'ready')
         ORDER BY o.sequence, o.id LIMIT 100)
        UNION ALL
        (SELECT o.* FROM runs AS o
         WHERE h.waits <> '{}' AND o.subject = h.subject AND o.target = h.target
           AND o.state = 'waiting' AND o.waits <> '{}' AND (o.wake_at > now()) IS NOT FALSE)
        UNION ALL
        (SELECT o.* FROM runs AS o
         WHERE o.subject = h.subject AND o.target = h.target AND o.state IN ('ready', 'waiting')
           AND o.wake_at > now() AND o.waits = '{}'
           AND (o.state = 'ready' OR o.failing_since IS NOT NULL)
         ORDER BY o.sequence, o.id LIMIT 100)
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
