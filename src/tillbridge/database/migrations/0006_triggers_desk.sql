-- Triggers: what starts runs besides deliveries. The desk: what stands before people.

-- Up to which moment the planned times of a flow's schedule have been considered. Its row is
-- locked while times are considered, so that of all workers one does it.
CREATE TABLE schedules (
    flow text PRIMARY KEY,
    considered_until timestamptz NOT NULL
);

-- One planned time: fired once, or passed over (missed, and the flow does not want it).
CREATE TABLE firings (
    flow text NOT NULL,
    planned_at timestamptz NOT NULL,
    fired boolean NOT NULL,
    considered_at timestamptz NOT NULL,
    PRIMARY KEY (flow, planned_at)
);

-- Where polling got to; moved in the transaction that takes in what was found.
CREATE TABLE cursors (
    flow text PRIMARY KEY,
    cursor text NOT NULL,
    moved_at timestamptz NOT NULL
);

-- A window: events of a flow gathered until a moment or a count. One of a key is open at a time.
CREATE TABLE windows (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    flow text NOT NULL,
    key text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    closes_at timestamptz NOT NULL,
    count integer NOT NULL,
    closed_at timestamptz
);
CREATE UNIQUE INDEX windows_open_once ON windows (flow, key) WHERE closed_at IS NULL;
CREATE INDEX windows_due ON windows (closes_at) WHERE closed_at IS NULL;

CREATE TABLE window_events (
    window_id bigint NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    envelope bytea NOT NULL,
    PRIMARY KEY (window_id, number)
);

-- A flow paused by hand: what arrives is kept, and its runs wait.
CREATE TABLE flow_pauses (
    flow text PRIMARY KEY,
    paused_at timestamptz NOT NULL DEFAULT now(),
    paused_by text NOT NULL,
    why text NOT NULL
);

-- Leave to advance one run of a flow that has a limit. It is held as long as its lane's lease: a
-- slot whose lane somebody else holds by now, or nobody, is free.
CREATE TABLE slots (
    flow text NOT NULL,
    slot integer NOT NULL,
    subject text NOT NULL,
    target text NOT NULL,
    lease bigint NOT NULL,
    PRIMARY KEY (flow, slot)
);

-- A question to people, asked once for a step of a run. An answer is final.
CREATE TABLE approvals (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL,
    step text NOT NULL,
    flow text NOT NULL,
    subject text NOT NULL,
    question text NOT NULL,
    shows jsonb NOT NULL,
    may text[] NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL,
    answer text NOT NULL DEFAULT 'open'
        CHECK (answer IN ('open', 'approved', 'refused', 'timed_out')),
    answered_at timestamptz,
    answered_by text NOT NULL DEFAULT '',
    why text NOT NULL DEFAULT '',
    UNIQUE (run_id, step),
    CHECK ((answered_at IS NULL) = (answer = 'open'))
);
CREATE INDEX approvals_open ON approvals (asked_at) WHERE answer = 'open';

CREATE FUNCTION refuse_to_change_an_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'approval % is %: an answer is final', OLD.id, OLD.answer
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER an_answer_is_final BEFORE UPDATE OR DELETE ON approvals FOR EACH ROW
    WHEN (OLD.answer <> 'open') EXECUTE FUNCTION refuse_to_change_an_answer();

-- What flows tell people on our own desk; once by the key of its effect.
CREATE TABLE notices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    flow text NOT NULL,
    subject text NOT NULL,
    level text NOT NULL,
    title text NOT NULL,
    content text NOT NULL,
    noticed_at timestamptz NOT NULL DEFAULT now()
);
