-- Alerts: what people have to be told of, from when it is found until it is found no more.
CREATE TABLE alerts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    condition text NOT NULL,
    about text NOT NULL, -- which target, class or connection it holds of
    level text NOT NULL,
    title text NOT NULL,
    content text NOT NULL,
    began_at timestamptz NOT NULL,
    found_at timestamptz NOT NULL, -- last
    told text[] NOT NULL DEFAULT '{}', -- the channels that have heard of it
    acknowledged_at timestamptz,
    acknowledged_by text NOT NULL DEFAULT '',
    why text NOT NULL DEFAULT '',
    ended_at timestamptz
);
CREATE UNIQUE INDEX one_open_alert ON alerts (condition, about) WHERE ended_at IS NULL;

-- Holds that nothing has been captured of yet, by their age.
CREATE INDEX attempts_holding ON attempts (authorized_at)
    WHERE state IN ('authorized', 'in_review') AND held;

-- Deliveries that came again under their id with another meaning.
CREATE INDEX deliveries_altered ON deliveries (source) WHERE altered > 0;

-- The trace that all work of a subject belongs to; kept only while traces are on.
CREATE TABLE trace_parents (
    subject text PRIMARY KEY,
    traceparent text NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX trace_parents_by_age ON trace_parents USING brin (kept_at);
