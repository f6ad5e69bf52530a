-- A fence whose answer is lost, or that is overtaken by the word of a worker that wakes late and has
-- sent nothing, has burnt its key all the same: what is sent under it later is undone at once.

-- The newest round for which a fence may have been sent.
ALTER TABLE effects ADD COLUMN fenced_round integer;

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
            resolved_by = '',
            round = e.round + (e.state = 'fenced' OR coalesce(e.fenced_round = e.round, false))::int
        WHERE e.state IN ('planned', 'refused', 'fenced')
           OR (wish.may_resend AND e.state IN ('intended', 'unknown') AND e.resolve_after <= now())
    RETURNING e.round INTO own_round;
    RETURN own_round;
END $$;
