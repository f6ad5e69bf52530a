-- Orders that several cards pay (split tender): each part is an attempt with a hold of its own.
ALTER TABLE attempts ADD COLUMN part integer NOT NULL DEFAULT 0; -- 0: it pays its order whole
-- Still one live attempt for a debt: the first part is its order's, and each later one, which follows
-- it, the only one for what was owed.
CREATE UNIQUE INDEX one_live_part ON attempts (follows, part)
    WHERE part > 0 AND follows <> '' AND state NOT IN ('declined', 'abandoned', 'reversed');
-- Orders of which only a part is paid.
CREATE INDEX attempts_in_part ON attempts (connection, authorized_at)
    WHERE state = 'partial' AND part = 1;

-- What each hold of such an order gives to one capture.
CREATE TABLE capture_portions (
    effect_key text PRIMARY KEY,
    asked_key text NOT NULL, -- the capture as a flow asks for it
    number integer NOT NULL,
    authorization_id text NOT NULL,
    amount numeric(19, 4) NOT NULL,
    UNIQUE (asked_key, number)
);
