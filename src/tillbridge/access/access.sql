-- Statements of the room `access`.

-- name: lock_operators
-- Two first starts at once make one first operator.
LOCK TABLE operators IN SHARE ROW EXCLUSIVE MODE;

-- name: operators_exist
SELECT EXISTS (SELECT FROM operators);

-- name: add_operator
INSERT INTO operators (name, role, token_sha256) VALUES ($1, $2, $3);

-- name: operator_by_token
SELECT name, role, added_at, closed_at FROM operators
WHERE token_sha256 = $1 AND closed_at IS NULL;

-- name: renew_token
UPDATE operators SET token_sha256 = $2 WHERE name = $1 AND closed_at IS NULL;

-- name: close_operator
UPDATE operators SET closed_at = now() WHERE name = $1 AND closed_at IS NULL;

-- name: operators
SELECT name, role, added_at, closed_at FROM operators ORDER BY name;

-- name: record
INSERT INTO audit (who, action, subject, why, before, after) VALUES ($1, $2, $3, $4, $5, $6);

-- name: entries
SELECT number, at, who, action, subject, why, before, after FROM audit
WHERE ($1::text IS NULL OR subject = $1) AND ($2::bigint IS NULL OR number < $2)
ORDER BY number DESC LIMIT $3;
