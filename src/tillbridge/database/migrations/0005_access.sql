-- Access: who may steer, and what they did. Tokens are kept as hashes only.

CREATE TABLE operators (
    name text PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('viewer', 'operator')),
    token_sha256 bytea NOT NULL UNIQUE,
    added_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz
);

CREATE TABLE audit (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    who text NOT NULL CHECK (who <> ''),
    action text NOT NULL CHECK (action <> ''),
    subject text NOT NULL,
    why text NOT NULL,
    before jsonb,
    after jsonb
);
CREATE INDEX audit_by_subject ON audit (subject, number);

CREATE FUNCTION refuse_to_change_the_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit only grows: % is refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER the_audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit();
