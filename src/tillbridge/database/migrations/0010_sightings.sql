-- Card data that came by: where, never what.

-- Counted by day, so that a shop that sends cards all day is one row.
CREATE TABLE sightings (
    way text NOT NULL,
    place text NOT NULL,
    ending text NOT NULL CHECK (ending IN ('refused', 'masked')),
    seen_on date NOT NULL,
    times bigint NOT NULL DEFAULT 1,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (way, place, ending, seen_on)
);

CREATE INDEX sightings_by_time ON sightings (last_at DESC);
