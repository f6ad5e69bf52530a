-- Exchange rates as they were published. Nothing is changed: a corrected rate is another row, and
-- the newest row of a day is the one that counts. What a run used is pinned in its journal.
CREATE TABLE rates (
    connection text NOT NULL,
    rated_on date NOT NULL,
    base text NOT NULL CHECK (base ~ '^[A-Z]{3}$'),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$' AND currency <> base),
    received_at timestamptz NOT NULL,
    rate numeric NOT NULL CHECK (rate > 0),
    source text NOT NULL,
    PRIMARY KEY (connection, rated_on, base, currency, received_at)
);

-- What is known of each source: everything from `known_from` on, as it was at `asked_at`.
CREATE TABLE rate_sources (
    connection text PRIMARY KEY,
    known_from date NOT NULL,
    asked_at timestamptz NOT NULL
);
