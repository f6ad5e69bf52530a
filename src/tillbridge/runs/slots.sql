-- Statements of slots: leave to advance one run of a flow that has a limit.

-- name: lock_slots
-- Those who want a slot of one flow queue here, so that each sees what the one before took.
SELECT pg_advisory_xact_lock(hashtextextended($1, 7111));

-- name: take_slot
-- Our own slot, or one that is free: its lane is held by nobody, or under another lease by now.
WITH held AS (
    SELECT slots.slot, slots.subject, slots.target FROM slots
    JOIN lanes ON lanes.subject = slots.subject AND lanes.target = slots.target
        AND lanes.lease = slots.lease AND lanes.lease_until > now()
    WHERE slots.flow = $1
), free AS (
    SELECT number FROM generate_series(1, $2::int) AS number
    WHERE NOT EXISTS (SELECT 1 FROM held WHERE held.slot = number
                      AND NOT (held.subject = $3 AND held.target = $4))
    ORDER BY EXISTS (SELECT 1 FROM held WHERE held.slot = number) DESC, number LIMIT 1
)
INSERT INTO slots (flow, slot, subject, target, lease)
SELECT $1, number, $3, $4, $5 FROM free
ON CONFLICT (flow, slot) DO UPDATE SET subject = $3, target = $4, lease = $5
RETURNING slot;

-- name: free_slot
DELETE FROM slots WHERE flow = $1 AND subject = $2 AND target = $3 AND lease = $4;
