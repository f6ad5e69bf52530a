-- What goes back to shoppers: each refund of a capture once, and never more than was captured.

-- What is proven to have been refunded of an attempt.
ALTER TABLE attempts ADD COLUMN refunded numeric(19, 4) NOT NULL DEFAULT 0;

-- A row for each refund of one capture: claimed before it is sent, or first heard of when somebody
-- made it elsewhere. Judged and changed only under the lock of its attempt's row.
CREATE TABLE refunds (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wire_key text NOT NULL,                -- of the attempt
    asked_key text NOT NULL DEFAULT '',    -- the effect a flow asked for; '' of one made elsewhere
    effect_key text NOT NULL DEFAULT '',   -- of this part of it: one capture, one part
    keys text[] NOT NULL DEFAULT '{}',     -- it has travelled under, the newest last
    request_id text NOT NULL DEFAULT '',   -- the payment system's; '' while it is not told of
    capture_id text NOT NULL,              -- '' where nobody said
    amount numeric(19, 4) NOT NULL CHECK (amount > 0),
    state text NOT NULL CHECK (state IN ('claimed', 'counted', 'undone', 'released')),
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refunds_of_attempt ON refunds (wire_key, number);
CREATE UNIQUE INDEX refunds_by_effect ON refunds (effect_key) WHERE effect_key <> '';
