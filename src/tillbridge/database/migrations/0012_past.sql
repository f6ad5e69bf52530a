-- The past: what has ended leaves the tables that work is done over, by month, and later the
-- database. What says "this was done before" stays where it is: ids of deliveries and events, keys
-- of effects and attempts, observations, references; only the contents they carry leave.

CREATE TABLE past_months (
    month date PRIMARY KEY CHECK (month = date_trunc('month', month)),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'sealed', 'archived', 'dropped')),
    parts bigint NOT NULL DEFAULT 0, -- counted when it is archived
    folder text NOT NULL DEFAULT '',
    host text NOT NULL DEFAULT '',
    manifest_sha256 text NOT NULL DEFAULT '',
    archived_at timestamptz,
    dropped_at timestamptz
);

-- One part: a run with all it did, an event, a delivery's body, a notice, ..., as JSON that says what
-- it is. Listed by month, so that a month leaves without a single row being deleted.
CREATE TABLE past (
    month date NOT NULL,
    subject text NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    at timestamptz NOT NULL,
    content jsonb NOT NULL,
    PRIMARY KEY (subject, kind, id, month)
) PARTITION BY LIST (month);
CREATE INDEX past_runs ON past ((id::bigint)) WHERE kind = 'run';

-- How far the keeper has looked through a table.
CREATE TABLE keepings (
    name text PRIMARY KEY,
    position bigint NOT NULL
);

-- A run that was replayed leaves after its replays: few runs are such.
CREATE INDEX runs_replays ON runs (replay_of) WHERE replay_of IS NOT NULL;

-- The month that takes what ended at a moment: its own, or the present one when its own is sealed
-- (the present one never is: see the statement that seals).
CREATE FUNCTION month_of(moment timestamptz) RETURNS date LANGUAGE sql STABLE
SET timezone = 'UTC' AS $$
    SELECT CASE WHEN EXISTS (SELECT 1 FROM past_months
                             WHERE month = date_trunc('month', moment)::date AND state <> 'open')
           THEN date_trunc('month', now())::date ELSE date_trunc('month', moment)::date END
$$;

-- That month, made when it is not there yet, and held open until the caller's commit.
CREATE FUNCTION open_month(moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    own date := month_of(moment);
BEGIN
    PERFORM 1 FROM past_months WHERE month = own AND state = 'open' FOR SHARE;
    IF FOUND THEN
        RETURN;
    END IF;
    INSERT INTO past_months (month) VALUES (own) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the month % was sealed just now', own USING ERRCODE = 'serialization_failure';
    END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF past FOR VALUES IN (%L)',
                   'past_' || to_char(own, 'YYYY_MM'), own);
END $$;

-- The files of a month were written, read back and compared: its rows leave in one commit.
CREATE FUNCTION drop_month(own date) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE past_months SET state = 'dropped', dropped_at = now() WHERE month = own AND state = 'archived';
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %I', 'past_' || to_char(own, 'YYYY_MM'));
    RETURN true;
END $$;

-- Bytes as people read them: text, byte for byte, or base64 of what is no text.
CREATE FUNCTION legible(bytes bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN to_jsonb(convert_from(bytes, 'UTF8'));
EXCEPTION WHEN data_exception THEN
    RETURN jsonb_build_object('base64', translate(encode(bytes, 'base64'), E'\n', ''));
END $$;

-- Bytes again.
CREATE FUNCTION bytes_of(told jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(told)
           WHEN 'string' THEN convert_to(told #>> '{}', 'UTF8')
           WHEN 'object' THEN decode(told ->> 'base64', 'base64') END
$$;

CREATE TYPE kept_away AS (
    moved bigint, last bigint, is_end boolean, moved_flows text[], ended_flows text[]
);
COMMENT ON TYPE kept_away IS
    'A look through a part of a table: what it moved, how far it got, whether it got to what is
     too young; of runs, the flow of each that was moved and of each that has ended.';

-- Of the next so many runs after a number, those that ended before their flow's moment (some flows
-- have one of their own), and so many more of a flow as it has to spare: each with steps, effects,
-- letter and patches in one part. Stays: what is open, what is on the desk, what has an effect without
-- an outcome, and what a run replays that is still here.
CREATE FUNCTION put_away_runs(
    after bigint, most integer, before timestamptz, own_flows text[], own_before timestamptz[],
    to_spare bigint[], spare_before timestamptz
) RETURNS kept_away LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
    ids bigint[];
    answer kept_away;
BEGIN
    WITH looked AS (
        SELECT r.id, r.flow, r.started_at, r.ended_at, r.state, own.spare,
               coalesce(own.before, put_away_runs.before) AS until
        FROM runs AS r
        LEFT JOIN unnest(own_flows, own_before, to_spare) AS own (flow, before, spare) USING (flow)
        WHERE r.id > after ORDER BY r.id LIMIT most
    ), ended AS (
        SELECT looked.id, looked.ended_at, looked.flow,
               CASE WHEN row_number() OVER (PARTITION BY looked.flow ORDER BY looked.id) <= spare
                    THEN GREATEST(until, spare_before) ELSE until END AS until
        FROM looked WHERE looked.state IN ('done', 'dead', 'cancelled')
    ), free AS (
        SELECT ended.id FROM ended
        WHERE ended.ended_at < ended.until
          AND NOT EXISTS (SELECT 1 FROM dead_letters AS d WHERE d.run_id = ended.id
                          AND (d.resolved_at IS NULL OR d.resolved_at >= ended.until))
          AND NOT EXISTS (SELECT 1 FROM effects AS e WHERE e.run_id = ended.id
                          AND e.state IN ('intended', 'unknown'))
          AND NOT EXISTS (SELECT 1 FROM runs AS again WHERE again.replay_of = ended.id)
    )
    SELECT (SELECT array_agg(id ORDER BY id) FROM free), max(id),
           count(*) < most OR (cardinality(own_flows) = 0
                               AND max(started_at) >= put_away_runs.before),
           (SELECT array_agg(ended.flow) FROM ended)
    INTO ids, answer.last, answer.is_end, answer.ended_flows FROM looked;
    SELECT array_agg(locked.id), array_agg(locked.flow) INTO ids, answer.moved_flows FROM (
        SELECT r.id, r.flow FROM runs AS r WHERE r.id = ANY (ids)
        ORDER BY r.id FOR UPDATE SKIP LOCKED
    ) AS locked;
    answer.moved := coalesce(cardinality(ids), 0);
    IF answer.moved = 0 THEN
        RETURN answer;
    END IF;
    PERFORM open_month(begun.moment) FROM (
        SELECT DISTINCT date_trunc('month', ended_at) AS moment FROM runs
        WHERE id = ANY (ids)
    ) AS begun;
    INSERT INTO past (month, subject, kind, id, at, content)
    SELECT month_of(r.ended_at), r.subject, 'run', r.id::text, r.ended_at,
           to_jsonb(r) || jsonb_build_object(
               'input', legible(r.input), 'steps', steps.told, 'effects', effects.told,
               'letter', (SELECT to_jsonb(d) FROM dead_letters AS d WHERE d.run_id = r.id),
               'patches', patches.told)
    FROM runs AS r
    CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_agg(to_jsonb(s) - 'run_id' || jsonb_build_object(
            'outcome', legible(s.outcome)) ORDER BY s.done_at, s.name), '[]') AS told
        FROM steps AS s WHERE s.run_id = r.id
    ) AS steps
    CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_agg(to_jsonb(e) || jsonb_build_object(
            'request', legible(e.request), 'outcome', legible(e.outcome)) ORDER BY e.intended_at),
            '[]') AS told
        FROM effects AS e WHERE e.run_id = r.id
    ) AS effects
    CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_agg(to_jsonb(p) || jsonb_build_object(
            'before', legible(p.before), 'after', legible(p.after)) ORDER BY p.number), '[]') AS told
        FROM patches AS p WHERE p.run_id = r.id
    ) AS patches
    WHERE r.id = ANY (ids);
    UPDATE effects SET request = '' WHERE run_id = ANY (ids)
        AND state NOT IN ('intended', 'unknown') AND request <> '';
    DELETE FROM steps WHERE run_id = ANY (ids);
    DELETE FROM patches WHERE run_id = ANY (ids);
    DELETE FROM dead_letters WHERE run_id = ANY (ids);
    DELETE FROM runs WHERE id = ANY (ids);
    RETURN answer;
END $$;

-- The contents of events of subjects at which nothing is open; the rows stay, and know their ids.
CREATE FUNCTION put_away_events(after bigint, most integer, before timestamptz)
RETURNS kept_away LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
    numbers bigint[];
    answer kept_away;
BEGIN
    WITH looked AS (
        SELECT e.number, e.subject, e.kept_at, e.envelope <> '' AS is_whole
        FROM events AS e WHERE e.number > after ORDER BY e.number LIMIT most
    ), free AS (
        SELECT looked.number FROM looked
        WHERE looked.is_whole AND looked.kept_at < put_away_events.before
          AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.subject = looked.subject
                          AND r.state IN ('ready', 'waiting'))
    )
    SELECT (SELECT array_agg(number) FROM free), max(number),
           count(*) < most OR max(kept_at) >= put_away_events.before
    INTO numbers, answer.last, answer.is_end FROM looked;
    answer.moved := coalesce(cardinality(numbers), 0);
    PERFORM open_month(begun.moment) FROM (
        SELECT DISTINCT date_trunc('month', kept_at) AS moment FROM events
        WHERE number = ANY (numbers)
    ) AS begun;
    INSERT INTO past (month, subject, kind, id, at, content)
    SELECT month_of(e.kept_at), e.subject, 'event', e.number::text, e.kept_at,
           to_jsonb(e) || jsonb_build_object('envelope', legible(e.envelope))
    FROM events AS e
    WHERE e.number = ANY (numbers)
    ON CONFLICT DO NOTHING;
    UPDATE events SET envelope = '' WHERE number = ANY (numbers);
    RETURN answer;
END $$;

-- The raw bodies of deliveries, but those that stand on a desk. Told of the event's subject where a
-- delivery brought one, else of its own id.
CREATE FUNCTION put_away_bodies(after bigint, most integer, before timestamptz)
RETURNS kept_away LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
    numbers bigint[];
    answer kept_away;
BEGIN
    WITH looked AS (
        SELECT b.number, b.delivery_id, b.received_at
        FROM delivery_bodies AS b WHERE b.number > after ORDER BY b.number LIMIT most
    ), free AS (
        SELECT looked.number FROM looked
        WHERE looked.received_at < put_away_bodies.before
          AND NOT EXISTS (SELECT 1 FROM runs AS r JOIN dead_letters AS d ON d.run_id = r.id
                          WHERE r.subject = looked.delivery_id AND d.resolved_at IS NULL)
    )
    SELECT (SELECT array_agg(number) FROM free), max(number),
           count(*) < most OR max(received_at) >= put_away_bodies.before
    INTO numbers, answer.last, answer.is_end FROM looked;
    answer.moved := coalesce(cardinality(numbers), 0);
    PERFORM open_month(begun.moment) FROM (
        SELECT DISTINCT date_trunc('month', received_at) AS moment FROM delivery_bodies
        WHERE number = ANY (numbers)
    ) AS begun;
    INSERT INTO past (month, subject, kind, id, at, content)
    SELECT month_of(b.received_at),
           coalesce((SELECT e.subject FROM events AS e
                     WHERE e.source = b.source AND e.event_id = b.delivery_id), b.delivery_id),
           'delivery', b.number::text, b.received_at,
           to_jsonb(b) || jsonb_build_object('body', legible(b.body))
    FROM delivery_bodies AS b
    WHERE b.number = ANY (numbers);
    DELETE FROM delivery_bodies WHERE number = ANY (numbers);
    RETURN answer;
END $$;

-- What people were told: the rows of notices stay without their words, so that none is told twice.
CREATE FUNCTION put_away_notices(after bigint, most integer, before timestamptz)
RETURNS kept_away LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
    ids bigint[];
    answer kept_away;
BEGIN
    WITH looked AS (
        SELECT n.id, n.noticed_at, n.title FROM notices AS n WHERE n.id > after
        ORDER BY n.id LIMIT most
    )
    SELECT array_agg(id) FILTER (WHERE noticed_at < put_away_notices.before AND title <> ''),
           max(id), count(*) < most OR max(noticed_at) >= put_away_notices.before
    INTO ids, answer.last, answer.is_end FROM looked;
    answer.moved := coalesce(cardinality(ids), 0);
    PERFORM open_month(begun.moment) FROM (
        SELECT DISTINCT date_trunc('month', noticed_at) AS moment FROM notices
        WHERE id = ANY (ids)
    ) AS begun;
    INSERT INTO past (month, subject, kind, id, at, content)
    SELECT month_of(n.noticed_at), n.subject, 'notice', n.id::text, n.noticed_at, to_jsonb(n)
    FROM notices AS n
    WHERE n.id = ANY (ids);
    UPDATE notices SET title = '', content = '' WHERE id = ANY (ids);
    RETURN answer;
END $$;

-- Closed windows, alerts that are over and planned times that were considered: few, and looked for
-- from the oldest on.
CREATE FUNCTION put_away_rest(most integer, before timestamptz)
RETURNS bigint LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
    moved bigint := 0;
    own bigint;
BEGIN
    PERFORM open_month(begun.moment) FROM (
        SELECT DISTINCT date_trunc('month', closed_at) AS moment FROM windows
        WHERE closed_at < put_away_rest.before
        UNION SELECT DISTINCT date_trunc('month', ended_at) FROM alerts
        WHERE ended_at < put_away_rest.before
        UNION SELECT DISTINCT date_trunc('month', considered_at) FROM firings
        WHERE considered_at < put_away_rest.before
    ) AS begun;
    WITH gone AS (
        DELETE FROM windows WHERE id IN (
            SELECT id FROM windows WHERE closed_at < put_away_rest.before ORDER BY id LIMIT most)
        RETURNING *
    )
    INSERT INTO past (month, subject, kind, id, at, content)
    SELECT month_of(closed_at), flow || ' ' || key, 'window', id::text, closed_at, to_jsonb(gone)
    FROM gone;
    GET DIAGNOSTICS own = ROW_COUNT;
    moved := moved + own;
    WITH gone AS (
        DELETE FROM alerts WHERE id IN (
            SELECT id FROM alerts WHERE ended_at < put_away_rest.before ORDER BY id LIMIT most)
        RETURNING *
    )
    INSERT INTO past (month, subject, kind, id, at, content)
    SELECT month_of(ended_at), condition || ' ' || about, 'alert', id::text, ended_at, to_jsonb(gone)
    FROM gone;
    GET DIAGNOSTICS own = ROW_COUNT;
    moved := moved + own;
    WITH gone AS (
        DELETE FROM firings WHERE (flow, planned_at) IN (
            SELECT flow, planned_at FROM firings WHERE considered_at < put_away_rest.before
            ORDER BY flow, planned_at LIMIT most)
        RETURNING *
    )
    INSERT INTO past (month, subject, kind, id, at, content)
    SELECT month_of(considered_at), flow, 'firing',
           flow || ' ' || to_char(planned_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), considered_at,
           to_jsonb(gone)
    FROM gone;
    GET DIAGNOSTICS own = ROW_COUNT;
    RETURN moved + own;
END $$;
