-- Webhooks that are kept at other systems, and the keys that were made for them.

-- Keys that a connector made with the other system. (What a person sets is in sealed_secrets.)
CREATE TABLE held_keys (
    connection text NOT NULL,
    kind text NOT NULL,
    key_id text NOT NULL,
    sealed text NOT NULL,
    made_at timestamptz NOT NULL,
    expires_at timestamptz, -- the other side stops using it
    good_until timestamptz, -- another took its place: we still take it until then
    PRIMARY KEY (connection, kind, key_id)
);

-- A key was asked for, and no answer is kept: the other side may use one that nobody here knows.
CREATE TABLE asked_keys (
    connection text NOT NULL,
    kind text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (connection, kind)
);

-- One row a connection whose webhooks are kept. Of all processes one looks at a time, under a
-- numbered lease.
CREATE TABLE webhooks (
    connection text PRIMARY KEY,
    lease bigint NOT NULL DEFAULT 1,
    lease_until timestamptz,
    next_at timestamptz NOT NULL DEFAULT now(),
    looked_at timestamptz,
    webhook_id text NOT NULL DEFAULT '',
    url text NOT NULL DEFAULT '',
    telling text NOT NULL DEFAULT 'none',
    telling_since timestamptz NOT NULL DEFAULT now(),
    status text NOT NULL DEFAULT '', -- the other side's word
    events integer NOT NULL DEFAULT 0,
    keys_expire_at timestamptz,
    trouble text NOT NULL DEFAULT '', -- why the last look ended early
    -- Deliveries came that are signed with a key nobody here knows.
    unknown_key_id text NOT NULL DEFAULT '',
    unknown_key_at timestamptz,
    renewed_at timestamptz -- a new key was made for that reason
);
