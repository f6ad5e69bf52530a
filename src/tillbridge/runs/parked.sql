-- Statements of runs that wait at a gate.

-- name: wake_parked
-- The oldest that wait at one gate are due, in order. As with every arrival the subjects come first:
-- whoever is just releasing one of their lanes looks again. One that somebody holds is left for the
-- next time.
WITH oldest AS MATERIALIZED (
    SELECT id, subject, target, started_at,
           row_number() OVER (ORDER BY started_at, id) AS place
    FROM (SELECT id, subject, target, started_at FROM runs
          WHERE state = 'waiting' AND gate = $1 AND gate <> ''
          ORDER BY started_at, id LIMIT $2) AS first
), held AS MATERIALIZED (
    SELECT subject FROM subjects WHERE subject IN (SELECT oldest.subject FROM oldest)
    FOR UPDATE SKIP LOCKED
), told AS (
    UPDATE subjects SET arrivals = arrivals + 1 WHERE subject IN (SELECT held.subject FROM held)
    RETURNING subject
), due AS (
    UPDATE lanes AS l
    SET wake_at = LEAST(coalesce(l.wake_at, 'infinity'),
                        now() + first.place * interval '1 microsecond')
    FROM (SELECT subject, target, min(place) AS place FROM oldest GROUP BY subject, target) AS first
    JOIN told ON told.subject = first.subject
    WHERE l.subject = first.subject AND l.target = first.target
    RETURNING l.subject, l.target
), woken AS (
    UPDATE runs AS r SET wake_at = now(), gate = ''
    FROM oldest JOIN due ON due.subject = oldest.subject AND due.target = oldest.target
    WHERE r.id = oldest.id AND r.state = 'waiting' AND r.gate = $1
    RETURNING r.started_at
)
SELECT (SELECT count(*) FROM oldest) AS found, (SELECT count(*) FROM woken) AS woken,
       (SELECT max(woken.started_at) FROM woken) AS until, ring();

-- name: gates_with_parked
-- One index probe for each.
WITH RECURSIVE known AS (
    (SELECT gate FROM runs WHERE state = 'waiting' AND gate <> '' ORDER BY gate LIMIT 1)
    UNION ALL
    SELECT (SELECT runs.gate FROM runs
            WHERE state = 'waiting' AND runs.gate <> '' AND runs.gate > known.gate
            ORDER BY runs.gate LIMIT 1)
    FROM known WHERE known.gate IS NOT NULL
)
SELECT gate FROM known WHERE gate IS NOT NULL;
