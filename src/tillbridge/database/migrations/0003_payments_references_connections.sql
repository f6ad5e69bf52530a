-- Payments, their attempts and what was observed; references between systems; gates.

-- One debt: an order at one payment connection.
CREATE TABLE attempts (
    wire_key text PRIMARY KEY,
    connection text NOT NULL,
    shop text NOT NULL,
    attempt_key text NOT NULL,
    order_number text NOT NULL,
    request_sha256 bytea NOT NULL,
    state text NOT NULL,
    amount numeric(19, 4) NOT NULL,
    currency char(3) NOT NULL,
    captured numeric(19, 4) NOT NULL DEFAULT 0,
    reversed numeric(19, 4) NOT NULL DEFAULT 0,
    authorization_id text NOT NULL DEFAULT '',
    approval_code text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    review text NOT NULL DEFAULT '',
    token text NOT NULL DEFAULT '',
    card jsonb NOT NULL DEFAULT '{}',
    held boolean NOT NULL DEFAULT false,
    -- What captures have claimed of the amount, and every claim by effect key ("0" for a
    -- reversal): captured never more than held, and never while it is being reversed.
    claimed numeric(19, 4) NOT NULL DEFAULT 0 CHECK (claimed BETWEEN 0 AND amount),
    claims jsonb NOT NULL DEFAULT '{}',
    "order" bytea NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    authorized_at timestamptz,
    asked_at timestamptz,
    UNIQUE (shop, attempt_key)
);
CREATE INDEX attempts_by_order ON attempts (order_number, started_at);
CREATE INDEX attempts_by_authorization ON attempts (authorization_id) WHERE authorization_id <> '';
-- At most one live attempt for a debt, whatever else goes wrong.
CREATE UNIQUE INDEX one_live_attempt ON attempts (connection, order_number)
    WHERE state NOT IN ('declined', 'abandoned', 'reversed');
CREATE INDEX attempts_in_review ON attempts (started_at) WHERE state = 'in_review';

CREATE TABLE observations (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection text NOT NULL,
    request_id text NOT NULL,
    operation text NOT NULL,
    verdict text NOT NULL,
    source text NOT NULL,
    order_number text NOT NULL,
    wire_key text NOT NULL,
    echo_key text NOT NULL, -- the key we sent with it, as the payment system echoes it
    parent_id text NOT NULL,
    amount numeric(19, 4),
    currency text NOT NULL DEFAULT '',
    reason text NOT NULL,
    occurred_at timestamptz NOT NULL,
    observed_at timestamptz NOT NULL DEFAULT now(),
    meaning text NOT NULL,
    UNIQUE (connection, request_id, operation, verdict)
);
CREATE INDEX observations_by_order ON observations (order_number, number);
CREATE INDEX observations_by_parent ON observations (connection, parent_id)
    WHERE operation IN ('review', 'void');
CREATE INDEX observations_by_echo ON observations (connection, echo_key)
    WHERE operation IN ('capture', 'void');

CREATE TABLE external_references (
    subject text NOT NULL,
    system text NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subject, system, kind, id)
);
CREATE INDEX external_references_by_id ON external_references (id);

-- One gate a connection, shared by all workers.
CREATE TABLE gates (
    connection text PRIMARY KEY,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'tripped', 'paused')),
    reason text NOT NULL DEFAULT '',
    failures integer NOT NULL DEFAULT 0,
    trips integer NOT NULL DEFAULT 0,
    closed_until timestamptz,
    probe_until timestamptz,
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text NOT NULL DEFAULT ''
);

-- Connection secrets, sealed; the key stands apart from them.
CREATE TABLE sealed_secrets (
    name text PRIMARY KEY,
    sealed text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL
);
