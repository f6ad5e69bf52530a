-- Statements of the health routes: read only, cheap, over indexes.

-- name: overdue
-- Since when the longest waiting lane is due and held by nobody; NULL when work is taken up.
SELECT min(wake_at) AS since FROM lanes
WHERE wake_at <= now() AND (lease_until IS NULL OR lease_until <= now());

-- name: open_unknowns
SELECT count(*) AS count, min(intended_at) AS oldest FROM effects
WHERE state IN ('intended', 'unknown');

-- name: open_dead_letters
SELECT count(*) AS count, min(opened_at) AS oldest FROM dead_letters WHERE resolved_at IS NULL;

-- name: connected
-- Sessions of this database whose program named itself so.
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1;
