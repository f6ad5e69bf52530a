-- Statements of history: whatever somebody holds in hand leads to an order.

-- name: subjects_with
-- By any name but those that are recorded references. Indexes that begin with who gave the name are entered once for each
-- of those few.
WITH RECURSIVE sources AS (
    (SELECT source AS name FROM events ORDER BY source LIMIT 1)
    UNION ALL
    SELECT (SELECT e.source FROM events AS e WHERE e.source > sources.name ORDER BY e.source LIMIT 1)
    FROM sources WHERE sources.name IS NOT NULL
), shops AS (
    (SELECT shop AS name FROM attempts ORDER BY shop LIMIT 1)
    UNION ALL
    SELECT (SELECT a.shop FROM attempts AS a WHERE a.shop > shops.name ORDER BY a.shop LIMIT 1)
    FROM shops WHERE shops.name IS NOT NULL
), payments AS (
    (SELECT connection AS name FROM observations ORDER BY connection LIMIT 1)
    UNION ALL
    SELECT (SELECT o.connection FROM observations AS o WHERE o.connection > payments.name
            ORDER BY o.connection LIMIT 1)
    FROM payments WHERE payments.name IS NOT NULL
), found AS (
    SELECT subject FROM effects WHERE key = $1
    UNION
    SELECT order_number FROM attempts WHERE wire_key = $1
    UNION
    SELECT order_number FROM attempts WHERE authorization_id = $1 AND authorization_id <> ''
    UNION
    SELECT a.order_number FROM shops JOIN attempts AS a ON a.shop = shops.name AND a.attempt_key = $1
    UNION
    SELECT e.subject FROM sources JOIN events AS e ON e.source = sources.name AND e.event_id = $1
    UNION
    SELECT o.order_number FROM payments
    JOIN observations AS o ON o.connection = payments.name AND o.request_id = $1
    UNION
    SELECT o.order_number FROM payments
    JOIN observations AS o ON o.connection = payments.name AND o.echo_key = $1
        AND o.operation IN ('capture', 'void')
)
SELECT subject FROM found WHERE subject <> '' ORDER BY subject LIMIT $2;

-- name: is_subject
SELECT EXISTS (SELECT 1 FROM subjects WHERE subject = $1)
    OR EXISTS (SELECT 1 FROM attempts WHERE order_number = $1)
    OR EXISTS (SELECT 1 FROM runs WHERE subject = $1)
    OR EXISTS (SELECT 1 FROM past WHERE subject = $1);

-- name: names_of_subjects
-- What some subjects are known by; of a subject that gathers thousands, some of each kind.
SELECT wanted.subject, array_agg(DISTINCT named.name) AS names
FROM unnest($1::text[]) AS wanted (subject)
CROSS JOIN LATERAL (
    (SELECT id AS name FROM external_references WHERE subject = wanted.subject LIMIT 200)
    UNION ALL
    (SELECT key FROM effects WHERE subject = wanted.subject LIMIT 200)
    UNION ALL
    (SELECT event_id FROM events WHERE subject = wanted.subject LIMIT 200)
    UNION ALL
    (SELECT unnest(array[wire_key, attempt_key, authorization_id]) FROM attempts
     WHERE order_number = wanted.subject LIMIT 200)
    UNION ALL
    (SELECT unnest(array[request_id, echo_key]) FROM observations
     WHERE order_number = wanted.subject LIMIT 200)
) AS named
WHERE named.name NOT IN ('', wanted.subject)
GROUP BY wanted.subject;

-- name: versions_of_runs
SELECT id, flow_version FROM runs WHERE id = ANY ($1);

-- name: standing_of_subject
-- What of a subject stands before people: its newest letter, a call without an answer, a question.
SELECT (SELECT max(d.run_id) FROM runs AS r JOIN dead_letters AS d ON d.run_id = r.id
        WHERE r.subject = $1 AND d.resolved_at IS NULL) AS letter,
       (SELECT min(e.connection) FROM effects AS e
        WHERE e.subject = $1 AND e.state IN ('intended', 'unknown')) AS unknown,
       (SELECT max(a.id) FROM runs AS r JOIN approvals AS a ON a.run_id = r.id
        WHERE r.subject = $1 AND r.state IN ('ready', 'waiting') AND a.answer = 'open') AS question;

-- name: later_rounds
SELECT subject, key, round FROM effects WHERE round > 0 ORDER BY intended_at DESC LIMIT $1;
