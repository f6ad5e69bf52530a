-- Statements of the room `inbox`.

-- name: keep
SELECT repeats, altered FROM keep_delivery($1, $2, $3, $4, $5, $6, $7, $8);

-- name: counts
SELECT count(*) AS deliveries, coalesce(sum(repeats), 0)::bigint AS repeats,
       coalesce(sum(altered), 0)::bigint AS altered,
       count(*) FILTER (WHERE kept_back <> '') AS kept_back
FROM deliveries;

-- name: kept_back
SELECT source, delivery_id, received_at, kept_back FROM deliveries WHERE kept_back <> ''
ORDER BY received_at DESC LIMIT $1;

-- name: forget
-- So many of the ids older than the given number of days; never what is younger than 180, and never
-- one whose body is still here.
DELETE FROM deliveries WHERE (source, delivery_id) IN (
    SELECT d.source, d.delivery_id FROM deliveries AS d
    WHERE d.received_at < now() - make_interval(days => GREATEST($1, 180))
      AND NOT EXISTS (SELECT 1 FROM delivery_bodies AS b
                      WHERE b.source = d.source AND b.delivery_id = d.delivery_id)
    LIMIT $2);

-- name: note_sighting
INSERT INTO sightings (way, place, ending, seen_on, last_at) VALUES ($1, $2, $3, (now() AT TIME ZONE 'UTC')::date, now())
ON CONFLICT (way, place, ending, seen_on)
DO UPDATE SET times = sightings.times + 1, last_at = excluded.last_at;

-- name: sightings
SELECT way, place, ending, seen_on, times, last_at FROM sightings ORDER BY last_at DESC LIMIT $1;
