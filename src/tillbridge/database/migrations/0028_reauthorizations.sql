-- Attempts that follow another: what was left of its order is authorized anew, for a later shipment.
ALTER TABLE attempts ADD COLUMN follows text NOT NULL DEFAULT ''; -- the first one's wire_key
CREATE INDEX attempts_following ON attempts (follows) WHERE follows <> '';
-- Still one live attempt for a debt; those that follow it are counted under its lock.
DROP INDEX one_live_attempt;
CREATE UNIQUE INDEX one_live_attempt ON attempts (connection, order_number)
    WHERE state NOT IN ('declined', 'abandoned', 'reversed') AND follows = '';
