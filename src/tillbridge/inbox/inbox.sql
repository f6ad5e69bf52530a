-- Statements of the room `inbox`.

-- name: keep
-- Once by (source, its own id). A repeat is counted; a repeat that means another thing is an alert
-- and keeps its body too.
WITH kept AS (
    INSERT INTO deliveries (source, delivery_id, meaning_sha256, received_at, kept_back)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (source, delivery_id) DO UPDATE
        SET repeats = deliveries.repeats + 1,
            altered = deliveries.altered + (deliveries.meaning_sha256 <> EXCLUDED.meaning_sha256)::int
    RETURNING repeats, meaning_sha256 <> $3 AS altered
), body AS (
    INSERT INTO delivery_bodies (source, delivery_id, headers, body, card_data_masked, received_at)
    SELECT $1, $2, $6, $7, $8, $4 FROM kept WHERE repeats = 0 OR altered
)
SELECT repeats, altered FROM kept;

-- name: counts
SELECT count(*) AS deliveries, coalesce(sum(repeats), 0)::bigint AS repeats,
       coalesce(sum(altered), 0)::bigint AS altered,
       count(*) FILTER (WHERE kept_back <> '') AS kept_back
FROM deliveries;

-- name: kept_back
SELECT source, delivery_id, received_at, kept_back FROM deliveries WHERE kept_back <> ''
ORDER BY received_at DESC LIMIT $1;

-- name: forget
-- What is older than the given number of days; never what is younger than 180.
WITH old AS (SELECT now() - make_interval(days => GREATEST($1, 180)) AS moment),
bodies AS (DELETE FROM delivery_bodies USING old WHERE received_at < moment)
DELETE FROM deliveries USING old WHERE received_at < moment;
