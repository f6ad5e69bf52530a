-- Flows: every published version, and which one is active.

-- A flow has exactly one active version: `flows` names one of its own versions, and a version
-- belongs to a flow. Both directions are checked at commit.
CREATE TABLE flows (
    name text PRIMARY KEY,
    active_version text NOT NULL,
    activated_at timestamptz NOT NULL,
    activated_by text NOT NULL,
    retired_at timestamptz
);

CREATE TABLE flow_versions (
    flow text NOT NULL REFERENCES flows DEFERRABLE INITIALLY DEFERRED,
    version text NOT NULL CHECK (version ~ '^[0-9a-f]{64}$'),
    bundle text NOT NULL,
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    PRIMARY KEY (flow, version),
    CHECK (version = encode(sha256(convert_to(bundle, 'UTF8')), 'hex'))
);

ALTER TABLE flows ADD FOREIGN KEY (name, active_version)
    REFERENCES flow_versions (flow, version) DEFERRABLE INITIALLY DEFERRED;

-- A published version is never changed and never removed: runs are pinned to it.
CREATE FUNCTION refuse_to_change_a_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'version % of the flow % is published and stays as it is',
        OLD.version, OLD.flow;
END $$;
CREATE TRIGGER versions_stay BEFORE UPDATE OR DELETE ON flow_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_a_version();
