-- Statements of the room `payments`: shoppers who are being authenticated.

-- name: standing_authentication
SELECT step, page, kept, token_sha256, is_used, asked_at FROM authentications WHERE wire_key = $1;

-- name: keep_authentication
-- Only while its attempt waits for the shopper, and, where it goes on from another, only from that.
INSERT INTO authentications (wire_key, step, page, kept, token_sha256)
SELECT wire_key, $2, $3::jsonb, $4::jsonb, $5 FROM attempts WHERE wire_key = $1 AND state = 'challenge'
ON CONFLICT (wire_key) DO UPDATE
    SET step = EXCLUDED.step, page = EXCLUDED.page, kept = EXCLUDED.kept,
        token_sha256 = EXCLUDED.token_sha256, is_used = false, asked_at = clock_timestamp()
    WHERE $6::timestamptz IS NULL OR authentications.asked_at = $6
RETURNING wire_key;

-- name: use_authentication
-- The attempt goes on to its authorization, once: whoever comes second finds it gone on.
WITH used AS (
    UPDATE authentications SET is_used = true WHERE wire_key = $1 RETURNING wire_key
)
UPDATE attempts SET state = 'started'
WHERE wire_key = (SELECT wire_key FROM used) AND state = 'challenge' AND request_sha256 = $2
RETURNING wire_key;

-- name: forget_authentications
-- A shopper who has not come back for so long does not come back; the tokens of his page are of no
-- use any more.
DELETE FROM authentications WHERE asked_at < now() - $1::interval;
