-- Statements of the room `alerts`.

-- name: find_alert
-- A condition that holds: a new alert, or the open one of it, found again with newer words.
INSERT INTO alerts (condition, about, level, title, content, began_at, found_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
ON CONFLICT (condition, about) WHERE ended_at IS NULL
DO UPDATE SET found_at = $6, level = $3, title = $4, content = $5;

-- name: end_alerts
-- What has not been found for so long is over.
UPDATE alerts SET ended_at = $1 WHERE ended_at IS NULL AND found_at < $2;

-- name: untold_alerts
-- What a channel has not heard of, and nobody has taken up, oldest first.
SELECT id, condition, about, level, title, content, began_at, found_at, told, acknowledged_at,
       acknowledged_by, why, ended_at
FROM alerts
WHERE ended_at IS NULL AND acknowledged_at IS NULL AND $1 <> ALL (told) ORDER BY id LIMIT $2;

-- name: told
UPDATE alerts SET told = array_append(told, $2) WHERE id = $1 AND $2 <> ALL (told);

-- name: open_alerts
SELECT id, condition, about, level, title, content, began_at, found_at, told, acknowledged_at,
       acknowledged_by, why, ended_at
FROM alerts WHERE ended_at IS NULL ORDER BY id DESC LIMIT $1;

-- name: newest_alerts
SELECT id, condition, about, level, title, content, began_at, found_at, told, acknowledged_at,
       acknowledged_by, why, ended_at
FROM alerts WHERE id < $1 ORDER BY id DESC LIMIT $2;

-- name: alert
SELECT id, condition, about, level, title, content, began_at, found_at, told, acknowledged_at,
       acknowledged_by, why, ended_at
FROM alerts WHERE id = $1;

-- name: acknowledge
UPDATE alerts SET acknowledged_at = $2, acknowledged_by = $3, why = $4
WHERE id = $1 AND acknowledged_at IS NULL AND ended_at IS NULL
RETURNING id, condition, about, level, title, content, began_at, found_at, told, acknowledged_at,
          acknowledged_by, why, ended_at;

-- name: count_open_alerts
SELECT condition, count(*) AS count FROM alerts WHERE ended_at IS NULL GROUP BY condition;
