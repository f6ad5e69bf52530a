-- The inbox: every delivery kept before anything is done with it.

-- Small and never partitioned: it remembers which deliveries were seen, for at least 180 days.
CREATE TABLE deliveries (
    source text NOT NULL,
    delivery_id text NOT NULL,
    meaning_sha256 bytea NOT NULL,
    received_at timestamptz NOT NULL,
    repeats integer NOT NULL DEFAULT 0,
    altered integer NOT NULL DEFAULT 0,
    kept_back text NOT NULL DEFAULT '',
    PRIMARY KEY (source, delivery_id)
);

CREATE INDEX deliveries_kept_back ON deliveries (received_at) WHERE kept_back <> '';
CREATE INDEX deliveries_by_age ON deliveries USING brin (received_at);

-- The raw bytes, masked where they held card data; may be archived.
CREATE TABLE delivery_bodies (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    delivery_id text NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    card_data_masked boolean NOT NULL DEFAULT false,
    received_at timestamptz NOT NULL
);
CREATE INDEX delivery_bodies_by_id ON delivery_bodies (source, delivery_id);

-- For forgetting what is old: bodies come in the order of their age, so a coarse index will do.
CREATE INDEX delivery_bodies_by_age ON delivery_bodies USING brin (received_at);
