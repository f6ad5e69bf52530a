-- Adoptions: payments that were made elsewhere, and the orders they are said to pay.
CREATE TABLE adoptions (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection text NOT NULL,
    payment_id text NOT NULL,
    order_number text NOT NULL,
    shop text NOT NULL,
    "order" bytea NOT NULL,
    asked_by text NOT NULL, -- the shop's connection, or a person
    asked_at timestamptz NOT NULL DEFAULT now(),
    -- waiting: the payment system does not show it yet. refused: a person's turn.
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'adopted', 'refused')),
    why text NOT NULL DEFAULT '',
    tries integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    UNIQUE (connection, payment_id, order_number)
);
CREATE INDEX adoptions_due ON adoptions (next_at) WHERE state = 'waiting';
CREATE INDEX adoptions_of_order ON adoptions (order_number);
CREATE UNIQUE INDEX adoptions_once ON adoptions (connection, payment_id) WHERE state = 'adopted';
