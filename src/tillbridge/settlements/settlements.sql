-- Statements of the room `settlements`.

-- name: register_reports
-- What is ready, once; one whose version is another is read again.
INSERT INTO settlement_reports AS known (connection, report, source, version, name, title, since, until, fields)
SELECT $1, given.report, $2, given.version, given.name, given.title, given.since, given.until, given.fields
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
    AS given (report, version, name, title, since, until, fields)
ON CONFLICT (connection, report) DO UPDATE
    SET version = excluded.version, fields = excluded.fields, state = 'waiting', tries = 0,
        again_at = now()
    WHERE known.version <> excluded.version;

-- name: due_reports
SELECT report, version, fields, tries FROM settlement_reports
WHERE connection = $1 AND source = $2 AND state = 'waiting' AND again_at <= now()
ORDER BY again_at, report LIMIT $3;

-- name: keep_lines
-- A row that says what it said before adds nothing; one that says something else is its next
-- version, and the one before it stays.
INSERT INTO settlement_lines (connection, report, line, version, digest, stage, kind, amount, currency,
                              owed, request_id, order_number, reference, batch_id, funding_id,
                              merchant_id, occurred_at, settled_on, funded_on, due_on, method, last4,
                              service, fee_type, reason, other)
SELECT $1, given.report, given.line, coalesce(known.version, 0) + 1, given.digest, given.stage,
       given.kind, given.amount, given.currency, given.owed, given.request_id, given.order_number,
       given.reference, given.batch_id, given.funding_id, given.merchant_id, given.occurred_at,
       given.settled_on, given.funded_on, given.due_on, given.method, given.last4, given.service,
       given.fee_type, given.reason, given.other
FROM unnest($2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::numeric[], $8::text[],
            $9::numeric[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
            $15::text[], $16::timestamptz[], $17::date[], $18::date[], $19::date[], $20::text[],
            $21::text[], $22::text[], $23::text[], $24::text[], $25::text[])
    AS given (report, line, digest, stage, kind, amount, currency, owed, request_id, order_number,
              reference, batch_id, funding_id, merchant_id, occurred_at, settled_on, funded_on, due_on,
              method, last4, service, fee_type, reason, other)
LEFT JOIN LATERAL (
    SELECT version, digest FROM settlement_lines l
    WHERE l.connection = $1 AND l.report = given.report AND l.line = given.line
    ORDER BY version DESC LIMIT 1
) known ON true
WHERE known.digest IS DISTINCT FROM given.digest
ON CONFLICT DO NOTHING;

-- name: end_reading
UPDATE settlement_reports
SET state = 'read', lines = $4, read_at = now(), trouble = '', tries = 0
WHERE connection = $1 AND report = $2 AND version = $3;

-- name: put_off
-- It could not be read now: later, each time twice as long.
UPDATE settlement_reports
SET trouble = $4, tries = tries + 1,
    again_at = now() + make_interval(secs => LEAST($5 * 2 ^ LEAST(tries, 20), $6))
WHERE connection = $1 AND report = $2 AND version = $3 AND state = 'waiting';

-- name: refuse_report
UPDATE settlement_reports SET state = 'refused', trouble = $4
WHERE connection = $1 AND report = $2 AND version = $3 AND state = 'waiting';

-- name: read_again
UPDATE settlement_reports SET state = 'waiting', tries = 0, again_at = now()
WHERE connection = $1 AND report = $2 AND state <> 'waiting'
RETURNING report;

-- name: newest_reports
SELECT connection, report, source, name, title, since, until, state, lines, found_at, read_at, tries,
       trouble
FROM settlement_reports WHERE ($1 = '' OR connection = $1)
ORDER BY found_at DESC, connection, report LIMIT $2;

-- name: lines_of_report
SELECT DISTINCT ON (line) * FROM settlement_lines
WHERE connection = $1 AND report = $2
ORDER BY line, version DESC LIMIT $3;

-- name: lines_of_order
SELECT * FROM settlement_lines l
WHERE order_number = $1 AND $1 <> ''
  AND NOT EXISTS (SELECT 1 FROM settlement_lines n
                  WHERE n.connection = l.connection AND n.report = l.report AND n.line = l.line
                    AND n.version > l.version)
ORDER BY occurred_at NULLS LAST, known_at, line LIMIT $2;

-- name: sums_of_report
-- What the newest versions of a report's lines come to.
SELECT stage, kind, currency, count(*) AS count, sum(amount) AS amount, sum(owed) AS owed
FROM (
    SELECT DISTINCT ON (line) stage, kind, currency, amount, owed FROM settlement_lines
    WHERE connection = $1 AND report = $2 ORDER BY line, version DESC
) newest
GROUP BY stage, kind, currency ORDER BY stage, kind, currency;
