-- Statements of the room `flows`.

-- name: publish_flow
-- Keeps a version once and makes it the active one; answers whether anything changed.
WITH kept AS (
    INSERT INTO flow_versions (flow, version, bundle, published_at, published_by)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (flow, version) DO NOTHING
)
INSERT INTO flows (name, active_version, activated_at, activated_by)
VALUES ($1, $2, $4, $5)
ON CONFLICT (name) DO UPDATE
    SET active_version = $2, activated_at = $4, activated_by = $5, retired_at = NULL
    WHERE flows.active_version <> $2 OR flows.retired_at IS NOT NULL
RETURNING name;

-- name: activate_flow
UPDATE flows SET active_version = $2, activated_at = $3, activated_by = $4, retired_at = NULL
WHERE name = $1 AND EXISTS (SELECT 1 FROM flow_versions WHERE flow = $1 AND version = $2)
RETURNING name;

-- name: retire_flow
-- It starts no more runs; runs under way go on with their version.
UPDATE flows SET retired_at = $2, activated_by = $3 WHERE name = $1 AND retired_at IS NULL
RETURNING name;

-- name: active_flows
SELECT flow_versions.flow, flow_versions.version, bundle, published_at, published_by
FROM flows JOIN flow_versions ON flow = name AND version = active_version
WHERE retired_at IS NULL
ORDER BY flow_versions.flow;

-- name: flow_version
SELECT bundle FROM flow_versions WHERE flow = $1 AND version = $2;

-- name: flow_versions
SELECT flow, version, published_at, published_by,
       version = active_version AND retired_at IS NULL AS active
FROM flow_versions JOIN flows ON name = flow
WHERE flow = $1
ORDER BY published_at DESC, version;
