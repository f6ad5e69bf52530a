-- What reports say became of the money. Nothing is changed: a row that says something else when its
-- report is read again is another version of the line, and the newest one counts.
CREATE TABLE settlement_reports (
    connection text NOT NULL,
    report text NOT NULL,
    source text NOT NULL,
    version text NOT NULL,
    name text NOT NULL,
    title text NOT NULL,
    since text NOT NULL, -- as the report itself says it
    until text NOT NULL,
    fields text NOT NULL, -- what its connection needs to read it, as JSON
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'read', 'refused')),
    lines bigint NOT NULL DEFAULT 0,
    found_at timestamptz NOT NULL DEFAULT now(),
    read_at timestamptz,
    tries integer NOT NULL DEFAULT 0,
    again_at timestamptz NOT NULL DEFAULT now(),
    trouble text NOT NULL DEFAULT '',
    PRIMARY KEY (connection, report)
);
CREATE INDEX settlement_reports_due ON settlement_reports (connection, source, again_at) WHERE state = 'waiting';
CREATE INDEX settlement_reports_newest ON settlement_reports (found_at DESC, connection, report);

CREATE TABLE settlement_lines (
    connection text NOT NULL,
    report text NOT NULL,
    line text NOT NULL,
    version integer NOT NULL,
    digest bytea NOT NULL,
    known_at timestamptz NOT NULL DEFAULT now(),
    stage text NOT NULL,
    kind text NOT NULL,
    amount numeric(19, 4) NOT NULL,
    currency text NOT NULL,
    owed numeric(19, 4) NOT NULL,
    request_id text NOT NULL,
    order_number text NOT NULL,
    reference text NOT NULL,
    batch_id text NOT NULL,
    funding_id text NOT NULL,
    merchant_id text NOT NULL,
    occurred_at timestamptz,
    settled_on date,
    funded_on date,
    due_on date,
    method text NOT NULL,
    last4 text NOT NULL,
    service text NOT NULL,
    fee_type text NOT NULL,
    reason text NOT NULL,
    other text NOT NULL, -- JSON, '' for nothing
    PRIMARY KEY (connection, report, line, version)
);
CREATE INDEX settlement_lines_order ON settlement_lines (order_number) WHERE order_number <> '';
