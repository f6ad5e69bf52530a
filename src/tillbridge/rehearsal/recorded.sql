-- What a real run has left behind: from this a test is made.

-- name: run
SELECT id, subject, flow, journey, state FROM runs WHERE id = $1;

-- name: attempts
SELECT shop, attempt_key, state, reason, review, "order", started_at
FROM attempts WHERE order_number = $1 AND follows = '' ORDER BY started_at;

-- name: events
SELECT envelope, kept_at FROM events WHERE subject = $1 AND envelope <> '' ORDER BY number;

-- name: endings
SELECT runs.flow, runs.state, runs.waiting_for, letter.class, letter.reason, letter.step
FROM runs LEFT JOIN dead_letters AS letter ON letter.run_id = runs.id
WHERE runs.subject = $1 AND runs.journey = 'deliver' ORDER BY runs.id;

-- name: effects
SELECT connection, effect, step, state FROM effects WHERE subject = $1 ORDER BY intended_at;
