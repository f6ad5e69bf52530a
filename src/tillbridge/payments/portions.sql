-- Statements of portions: what each hold of an order paid in parts gives to one capture.

-- name: is_portion
SELECT EXISTS (SELECT 1 FROM capture_portions WHERE effect_key = $1);

-- name: portions
SELECT effect_key, authorization_id, amount FROM capture_portions WHERE asked_key = $1 ORDER BY number;

-- name: portions_of
SELECT effect_key FROM capture_portions WHERE asked_key = ANY ($1);

-- name: claims_of_parts
SELECT wire_key, claimed FROM attempts WHERE wire_key = ANY ($1);

-- name: add_portion
INSERT INTO capture_portions (effect_key, asked_key, number, authorization_id, amount)
VALUES ($1, $2, $3, $4, $5);

-- name: claim_portion
UPDATE attempts
SET claimed = claimed + $3, claims = claims || jsonb_build_object($2::text, $3::numeric::text)
WHERE wire_key = $1;
