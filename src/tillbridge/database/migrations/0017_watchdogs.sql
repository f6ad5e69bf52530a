-- Watchdogs: of each flow an event that means nothing, to see whether events come through.
CREATE TABLE watchdogs (
    flow text PRIMARY KEY,
    target text NOT NULL,
    sent bigint NOT NULL DEFAULT 1,
    sent_at timestamptz NOT NULL DEFAULT now(),
    waits_since timestamptz NOT NULL DEFAULT now(), -- the first one sent that was not heard of
    heard bigint NOT NULL DEFAULT 0,
    heard_at timestamptz,
    took_s numeric NOT NULL DEFAULT 0,
    trouble text NOT NULL DEFAULT ''
);
