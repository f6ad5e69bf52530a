-- Statements of webhooks that are kept at other systems, and of the keys made for them.

-- name: held_keys
SELECT connection, kind, key_id, sealed, made_at, expires_at, good_until FROM held_keys
ORDER BY connection, kind, key_id;

-- name: asked_keys
SELECT connection, kind FROM asked_keys ORDER BY connection, kind;

-- name: ask_key
INSERT INTO asked_keys (connection, kind) VALUES ($1, $2)
ON CONFLICT (connection, kind) DO UPDATE SET asked_at = now();

-- name: keep_key
INSERT INTO held_keys (connection, kind, key_id, sealed, made_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (connection, kind, key_id) DO UPDATE
    SET sealed = EXCLUDED.sealed, expires_at = EXCLUDED.expires_at, good_until = NULL;

-- name: answer_key
DELETE FROM asked_keys WHERE connection = $1 AND kind = $2;

-- name: replace_keys
-- The others of its kind are taken for a while yet.
UPDATE held_keys SET good_until = $4::timestamptz
WHERE connection = $1 AND kind = $2 AND key_id <> $3
  AND (good_until IS NULL OR good_until > $4::timestamptz);

-- name: drop_keys
DELETE FROM held_keys WHERE connection = $1 AND kind = $2 AND good_until < $3::timestamptz;

-- name: take_webhooks
-- The first look is due at once; of all processes one looks at a time, and its right expires. $3: at
-- any time, not only when it is due. A key that is not known makes it due, once in $4 seconds.
INSERT INTO webhooks (connection, lease_until) VALUES ($1, now() + make_interval(secs => $2))
ON CONFLICT (connection) DO UPDATE
    SET lease = webhooks.lease + 1, lease_until = EXCLUDED.lease_until
    WHERE (webhooks.lease_until IS NULL OR webhooks.lease_until <= now())
      AND ($3 OR webhooks.next_at <= now()
           OR (webhooks.unknown_key_at IS NOT NULL
               AND coalesce(webhooks.renewed_at, '-infinity') <= now() - make_interval(secs => $4)))
RETURNING lease, webhook_id,
    webhooks.unknown_key_at IS NOT NULL
    AND coalesce(webhooks.renewed_at, '-infinity') <= now() - make_interval(secs => $4) AS unknown_key;

-- name: end_webhooks
-- After a whole look. What it was about a key that is not known is answered, if one was made.
UPDATE webhooks
SET lease_until = NULL, next_at = now() + make_interval(secs => $3), looked_at = now(),
    trouble = '', webhook_id = $4, url = $5,
    telling_since = CASE WHEN telling = $6 THEN telling_since ELSE now() END,
    telling = $6, status = $7, events = $8, keys_expire_at = $9,
    renewed_at = CASE WHEN $10 THEN now() ELSE renewed_at END,
    unknown_key_id = CASE WHEN $10 THEN '' ELSE unknown_key_id END,
    unknown_key_at = CASE WHEN $10 THEN NULL ELSE unknown_key_at END
WHERE connection = $1 AND lease = $2;

-- name: fail_webhooks
-- A key may have been made all the same: not one more at each try.
UPDATE webhooks
SET lease_until = NULL, next_at = now() + make_interval(secs => $3), trouble = $4,
    renewed_at = CASE WHEN $5 THEN now() ELSE renewed_at END
WHERE connection = $1 AND lease = $2;

-- name: note_unknown_key
UPDATE webhooks SET unknown_key_id = $2, unknown_key_at = now()
WHERE connection = $1 AND (unknown_key_at IS NULL OR unknown_key_id <> $2);

-- name: all_webhooks
SELECT connection, webhook_id, url, telling, telling_since, status, events, keys_expire_at, trouble,
       looked_at, next_at, unknown_key_id, unknown_key_at,
       extract(epoch FROM now() - telling_since)::float8 AS since_s,
       extract(epoch FROM now() - coalesce(looked_at, telling_since))::float8 AS unseen_s
FROM webhooks ORDER BY connection;
