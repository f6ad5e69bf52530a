-- Statements of the room `rates`.

-- name: keep_rates
-- Adds what is new or corrected; a rate that stands there already adds nothing.
INSERT INTO rates (connection, rated_on, base, currency, received_at, rate, source)
SELECT $1, given.rated_on, given.base, given.currency, $2, given.rate, given.source
FROM unnest($3::date[], $4::text[], $5::text[], $6::numeric[], $7::text[])
    AS given (rated_on, base, currency, rate, source)
WHERE given.rate IS DISTINCT FROM (
    SELECT rates.rate FROM rates
    WHERE rates.connection = $1 AND rates.rated_on = given.rated_on
        AND rates.base = given.base AND rates.currency = given.currency
    ORDER BY rates.received_at DESC LIMIT 1
)
ON CONFLICT DO NOTHING;

-- name: note_asked
-- A source that is asked again knows at least what it knew.
INSERT INTO rate_sources (connection, known_from, asked_at) VALUES ($1, $2, $3)
ON CONFLICT (connection) DO UPDATE
    SET known_from = least(rate_sources.known_from, excluded.known_from),
        asked_at = greatest(rate_sources.asked_at, excluded.asked_at);

-- name: asked
SELECT known_from, asked_at FROM rate_sources WHERE connection = $1;

-- name: rates_between
-- The newest row of each pair and day, for pairs with one of the currencies in them.
SELECT DISTINCT ON (rated_on, base, currency) rated_on, base, currency, rate, source
FROM rates
WHERE connection = $1 AND rated_on BETWEEN $2 AND $3
    AND (base = ANY ($4::text[]) OR currency = ANY ($4::text[]))
ORDER BY rated_on, base, currency, received_at DESC;

-- name: pinned
-- What a step of the runs that this one replays was done with, the latest of them first.
WITH RECURSIVE chain AS (
    SELECT replay_of FROM runs WHERE id = $1
    UNION ALL
    SELECT runs.replay_of FROM runs JOIN chain ON runs.id = chain.replay_of
)
SELECT outcome FROM steps
WHERE run_id IN (SELECT replay_of FROM chain) AND name = $2
ORDER BY run_id DESC LIMIT 1;
