-- Statements of watchdogs: events that mean nothing, sent to see whether they come through.

-- name: send_watchdogs
-- As any event arrives: its subject is counted up, its lane is due, the bell rings with the commit.
WITH sent AS (
    INSERT INTO watchdogs (flow, target) SELECT flow, target FROM unnest($1::text[], $2::text[]) AS w (flow, target)
    ON CONFLICT (flow) DO UPDATE
        SET target = EXCLUDED.target, sent = watchdogs.sent + 1, sent_at = now(),
            waits_since = CASE WHEN watchdogs.heard < watchdogs.sent THEN watchdogs.waits_since ELSE now() END
    RETURNING flow, target
), arrived AS (
    INSERT INTO subjects (subject, arrivals) SELECT $3 || flow, 1 FROM sent ORDER BY flow
    ON CONFLICT (subject) DO UPDATE SET arrivals = subjects.arrivals + 1
), due AS (
    INSERT INTO lanes (subject, target, wake_at) SELECT $3 || flow, target, now() FROM sent ORDER BY flow
    ON CONFLICT (subject, target) DO UPDATE
        SET wake_at = LEAST(coalesce(lanes.wake_at, 'infinity'), now())
    RETURNING target
)
SELECT count(*), ring() FROM due;

-- name: hear_watchdog
UPDATE watchdogs SET heard = sent, heard_at = now(), trouble = '', took_s = extract(epoch FROM now() - waits_since)
WHERE flow = $1 AND heard < sent;

-- name: trouble_of_watchdog
UPDATE watchdogs SET trouble = $2 WHERE flow = $1;

-- name: all_watchdogs
SELECT flow, sent_at, heard_at, took_s::float8 AS took_s, trouble,
       CASE WHEN heard < sent THEN extract(epoch FROM now() - waits_since) ELSE 0 END::float8 AS silent_s
FROM watchdogs ORDER BY flow;
