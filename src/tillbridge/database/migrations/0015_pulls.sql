-- Pulls: looking at a payment system for what its webhooks have lost.

-- One row a connection that is pulled. Of all workers one looks at a time, under a numbered lease;
-- the cursor moves page by page, after what was found on the page is kept.
CREATE TABLE pulls (
    connection text PRIMARY KEY,
    cursor text NOT NULL DEFAULT '',
    lease bigint NOT NULL DEFAULT 1,
    lease_until timestamptz,
    next_at timestamptz NOT NULL DEFAULT now(),
    began_at timestamptz NOT NULL DEFAULT now(),
    looked_at timestamptz, -- a page was read and taken in
    -- The window of time that was looked at last, and what was in it.
    since timestamptz,
    until timestamptz,
    is_whole boolean NOT NULL DEFAULT false,
    pages integer NOT NULL DEFAULT 0,
    listed integer NOT NULL DEFAULT 0,
    unheard integer NOT NULL DEFAULT 0,
    settled_until timestamptz, -- all windows before are whole
    trouble text NOT NULL DEFAULT ''
);

-- What pulls found that nobody had told us of, or that fits no payment of ours, each once.
CREATE TABLE finds (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection text NOT NULL,
    request_id text NOT NULL,
    -- unread: listed, and not proven yet. unplaced: fits nothing of ours; set_aside: a person knows
    -- it. Others: what it meant when it was taken in (`observations.meaning`).
    meaning text NOT NULL,
    operation text NOT NULL DEFAULT '',
    verdict text NOT NULL DEFAULT '',
    order_number text NOT NULL DEFAULT '',
    amount numeric(19, 4),
    currency text NOT NULL DEFAULT '',
    occurred_at timestamptz,
    found_at timestamptz NOT NULL DEFAULT now(),
    why text NOT NULL DEFAULT '',
    tries integer NOT NULL DEFAULT 0,
    again_at timestamptz,
    UNIQUE (connection, request_id)
);
CREATE INDEX finds_open ON finds (meaning, connection, found_at) WHERE meaning IN ('unread', 'unplaced');
CREATE INDEX finds_again ON finds (connection, again_at) WHERE meaning = 'unread';
