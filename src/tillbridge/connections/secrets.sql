-- Statements of sealed secrets.

-- name: set_secret
INSERT INTO sealed_secrets (name, sealed, set_by) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET sealed = EXCLUDED.sealed, set_by = EXCLUDED.set_by, set_at = now();

-- name: all_secrets
SELECT name, sealed FROM sealed_secrets;

-- name: list_secrets
SELECT name, set_at, set_by FROM sealed_secrets ORDER BY name;

-- name: drop_secret
DELETE FROM sealed_secrets WHERE name = $1 RETURNING name;
