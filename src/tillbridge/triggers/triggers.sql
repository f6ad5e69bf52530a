-- Statements of the room `triggers`.

-- name: know_schedule
-- A flow that is seen for the first time: nothing before now is owed.
INSERT INTO schedules (flow, considered_until) VALUES ($1, $2) ON CONFLICT (flow) DO NOTHING;

-- name: lock_schedule
-- Of all workers one considers a flow's times; the others skip it.
SELECT considered_until FROM schedules WHERE flow = $1 FOR UPDATE SKIP LOCKED;

-- name: consider
UPDATE schedules SET considered_until = $2 WHERE flow = $1 AND considered_until < $2;

-- name: fire
-- Each planned time once, whatever considered it before; answers those that are new.
INSERT INTO firings (flow, planned_at, fired, considered_at)
SELECT $1, planned.at, planned.fired, $4 FROM unnest($2::timestamptz[], $3::bool[]) AS planned (at, fired)
ON CONFLICT (flow, planned_at) DO NOTHING
RETURNING planned_at, fired;

-- name: newest_firings
SELECT planned_at, fired, considered_at FROM firings WHERE flow = $1
ORDER BY planned_at DESC LIMIT $2;

-- name: cursor_of
SELECT cursor FROM cursors WHERE flow = $1;

-- name: move_cursor
-- From where it was read to where it is now: of two who polled at the same time, one moves it.
INSERT INTO cursors (flow, cursor, moved_at)
SELECT $1, $3, $4
WHERE $2 = '' OR EXISTS (SELECT 1 FROM cursors WHERE flow = $1)
ON CONFLICT (flow) DO UPDATE SET cursor = $3, moved_at = $4 WHERE cursors.cursor = $2
RETURNING flow;

-- name: collect
-- Into the open window of the key; the first event opens one.
INSERT INTO windows (flow, key, closes_at, count) VALUES ($1, $2, $3, 1)
ON CONFLICT (flow, key) WHERE closed_at IS NULL DO UPDATE SET count = windows.count + 1
RETURNING id, count;

-- name: keep_in_window
INSERT INTO window_events (window_id, envelope) VALUES ($1, $2);

-- name: due_windows
SELECT id FROM windows WHERE closed_at IS NULL AND closes_at <= $1 ORDER BY closes_at LIMIT $2;

-- name: close_window
UPDATE windows SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL
RETURNING id, flow, key, opened_at, count;

-- name: take_window_events
WITH taken AS (DELETE FROM window_events WHERE window_id = $1 RETURNING number, envelope)
SELECT envelope FROM taken ORDER BY number;
