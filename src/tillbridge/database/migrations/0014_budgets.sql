-- Budgets: what connections may be asked is handed out in slices, so that a call needs no statement.
-- Gates: a numbered probe; and who may enter while those that waited at a closed gate are let in.

ALTER TABLE gates
    ADD COLUMN probe bigint NOT NULL DEFAULT 0,
    -- Runs started later wait behind those that are parked; null when none is.
    ADD COLUMN let_in timestamptz,
    -- Runs that ended in a second, as it was counted last.
    ADD COLUMN pace float8 NOT NULL DEFAULT 0,
    -- What the other side said that it still takes, and when.
    ADD COLUMN told_requests integer,
    ADD COLUMN told_busy_ms bigint,
    ADD COLUMN told_ms bigint;

-- Which gate a waiting run is parked at; '' for those that wait for something else.
ALTER TABLE runs ADD COLUMN gate text NOT NULL DEFAULT '';
CREATE INDEX runs_parked ON runs (gate, started_at, id) WHERE state = 'waiting' AND gate <> '';

-- Who takes part, until when, and how many requests it may have in flight. The share of a process
-- that dies comes back with its lease.
CREATE TABLE slices (
    connection text NOT NULL,
    holder text NOT NULL,
    until_ms bigint NOT NULL,
    at_once integer NOT NULL,
    wanted integer NOT NULL,
    in_flight integer NOT NULL,
    PRIMARY KEY (connection, holder)
);

-- What was handed out, and is counted as spent until it is handed back, by pieces of each span.
CREATE TABLE spends (
    connection text NOT NULL,
    span_ms integer NOT NULL,
    piece bigint NOT NULL,
    work integer NOT NULL DEFAULT 0,
    checkout integer NOT NULL DEFAULT 0,
    busy_ms bigint NOT NULL DEFAULT 0,
    ended integer NOT NULL DEFAULT 0,
    PRIMARY KEY (connection, span_ms, piece)
);

CREATE TYPE asked AS (
    connection text, work integer, checkout integer, spent integer, busy_ms bigint, ended integer,
    busy_each_ms float8, wanted integer, in_flight integer,
    back_ms bigint[], back_work integer[], back_checkout integer[],
    span_ms integer[], requests_max integer[], busy_max_ms bigint[],
    at_once_max integer, checkout_percent integer, kept_back integer, life_ms integer,
    lease_ms integer, told_requests integer, told_busy_ms bigint
);
COMMENT ON TYPE asked IS
    'What one process wants of one connection, what it has spent unasked, and what it hands back.';

-- The longest piece of a span: permits of a slice live no longer, so that what a span is counted too
-- long by is small.
CREATE FUNCTION piece_ms(span_ms integer) RETURNS integer LANGUAGE sql IMMUTABLE
    RETURN GREATEST(50, LEAST(1000, span_ms / 20));

-- What is left of one span for everybody, and for work beside checkouts. A permit handed out in a
-- piece may be used until its slice's end, so a piece is counted for that much longer.
CREATE FUNCTION left_of(
    ask asked, number integer, now_ms bigint, OUT for_all bigint, OUT for_work bigint,
    OUT free_ms bigint
) LANGUAGE plpgsql AS $$
DECLARE
    span integer := ask.span_ms[number];
    step integer := piece_ms(ask.span_ms[number]);
    counted_ms bigint := span + ask.life_ms + step / 2;
    most bigint := ask.requests_max[number];
    all_work bigint;
    all_spent bigint;
    all_busy bigint;
    oldest bigint;
    since_spent bigint;
    since_busy bigint;
    told gates;
BEGIN
    DELETE FROM spends AS s
    WHERE s.connection = ask.connection AND s.span_ms = span
      AND s.piece < (now_ms - counted_ms) / step;
    SELECT coalesce(sum(s.work), 0), coalesce(sum(s.work + s.checkout), 0),
           coalesce(sum(s.busy_ms), 0),
           min(s.piece) FILTER (WHERE s.work + s.checkout > 0 OR s.busy_ms > 0)
    INTO all_work, all_spent, all_busy, oldest
    FROM spends AS s WHERE s.connection = ask.connection AND s.span_ms = span;
    IF most > 0 THEN
        most := most - LEAST(ask.kept_back, most / 20); -- the probe's
        for_all := most - all_spent;
        for_work := LEAST(for_all, most * (100 - ask.checkout_percent) / 100 - all_work);
    END IF;
    IF ask.busy_max_ms[number] > 0 THEN
        for_all := LEAST(for_all, floor((ask.busy_max_ms[number] - all_busy)
                                        / GREATEST(ask.busy_each_ms, 1.0)));
        for_work := LEAST(for_work, for_all);
    END IF;
    SELECT * INTO told FROM gates AS g WHERE g.connection = ask.connection;
    IF number = 1 AND now_ms - told.told_ms < span THEN
        -- Others use this account too: what it has left grows as the span goes on.
        SELECT coalesce(sum(s.work + s.checkout), 0), coalesce(sum(s.busy_ms), 0)
        INTO since_spent, since_busy FROM spends AS s
        WHERE s.connection = ask.connection AND s.span_ms = span
          AND s.piece >= told.told_ms / step;
        for_all := LEAST(
            for_all,
            told.told_requests + nullif(most, 0) * (now_ms - told.told_ms) / span - since_spent,
            (told.told_busy_ms + nullif(ask.busy_max_ms[number], 0) * (now_ms - told.told_ms) / span
             - since_busy) / GREATEST(ask.busy_each_ms, 1.0));
        for_work := LEAST(for_work, for_all);
    END IF;
    free_ms := CASE WHEN for_work <= 0
                    THEN GREATEST((coalesce(oldest, now_ms / step) + 1) * step + counted_ms
                                  - now_ms, step) ELSE 0 END;
END $$;

-- The right to have requests in flight: what the others left over, or a fair part of it when one of
-- them has less than it wants. What is in flight already is there, whatever anybody says.
CREATE FUNCTION join_in(taker text, ask asked, now_ms bigint, OUT live integer, OUT at_once integer)
LANGUAGE plpgsql AS $$
DECLARE
    most integer := ask.at_once_max;
    others integer;
    starving boolean;
BEGIN
    DELETE FROM slices AS s WHERE s.connection = ask.connection AND s.until_ms <= now_ms;
    SELECT count(*) + 1, coalesce(sum(s.at_once), 0), coalesce(bool_or(s.wanted > s.at_once), false)
    INTO live, others, starving
    FROM slices AS s WHERE s.connection = ask.connection AND s.holder <> taker;
    IF most > 0 THEN
        most := most - (most >= 10)::int; -- one is the probe's
        IF ask.checkout = 0 THEN
            most := GREATEST(1, most * (100 - ask.checkout_percent) / 100);
        END IF;
        at_once := LEAST(ask.wanted, most - others);
        IF starving THEN
            at_once := LEAST(at_once, GREATEST(1, most / live));
        END IF;
        at_once := GREATEST(at_once, ask.in_flight, 0);
    ELSE
        at_once := ask.wanted;
    END IF;
    INSERT INTO slices AS s (connection, holder, until_ms, at_once, wanted, in_flight)
    VALUES (ask.connection, taker, now_ms + ask.lease_ms, at_once, ask.wanted, ask.in_flight)
    ON CONFLICT (connection, holder) DO UPDATE
        SET until_ms = EXCLUDED.until_ms, at_once = EXCLUDED.at_once, wanted = EXCLUDED.wanted,
            in_flight = EXCLUDED.in_flight;
END $$;

-- Slices for one process, one statement for all its connections: what it has spent without leave and
-- what it hands back is noted first. The gate's row is the lock under which budgets are shared out.
CREATE FUNCTION take_slices(taker text, asks asked[])
RETURNS TABLE (connection text, taken_ms bigint, work integer, checkout integer, at_once integer,
               free_in_ms bigint)
LANGUAGE plpgsql AS $$
DECLARE
    ask asked;
    now_ms bigint;
    live integer;
    room record;
    all_left bigint;
    work_left bigint;
    pace_now float8;
BEGIN
    FOREACH ask IN ARRAY asks LOOP
        PERFORM 1 FROM gates AS g WHERE g.connection = ask.connection FOR UPDATE;
        IF NOT FOUND THEN
            CONTINUE;
        END IF;
        now_ms := extract(epoch FROM clock_timestamp())::float8 * 1000;
        IF ask.told_requests IS NOT NULL THEN
            UPDATE gates AS g
            SET told_requests = ask.told_requests, told_busy_ms = ask.told_busy_ms, told_ms = now_ms
            WHERE g.connection = ask.connection;
        END IF;
        SELECT j.live, j.at_once INTO live, at_once FROM join_in(taker, ask, now_ms) AS j;
        all_left := ask.work + ask.checkout;
        work_left := ask.work;
        free_in_ms := 0;
        FOR number IN 1..cardinality(ask.span_ms) LOOP
            UPDATE spends AS s
            SET work = s.work - back.work, checkout = s.checkout - back.checkout
            FROM (SELECT b.ms / piece_ms(ask.span_ms[number]) AS piece, sum(b.work) AS work,
                         sum(b.checkout) AS checkout
                  FROM unnest(ask.back_ms, ask.back_work, ask.back_checkout)
                      AS b (ms, work, checkout) GROUP BY 1) AS back
            WHERE s.connection = ask.connection AND s.span_ms = ask.span_ms[number]
              AND s.piece = back.piece;
            INSERT INTO spends AS s (connection, span_ms, piece, work, busy_ms, ended)
            VALUES (ask.connection, ask.span_ms[number], now_ms / piece_ms(ask.span_ms[number]),
                    ask.spent, ask.busy_ms, ask.ended)
            ON CONFLICT ON CONSTRAINT spends_pkey DO UPDATE
                SET work = s.work + EXCLUDED.work, busy_ms = s.busy_ms + EXCLUDED.busy_ms,
                    ended = s.ended + EXCLUDED.ended;
            room := left_of(ask, number, now_ms);
            all_left := LEAST(all_left, ceil(room.for_all / live::float8));
            work_left := LEAST(work_left, ceil(room.for_work / live::float8));
            free_in_ms := GREATEST(free_in_ms, room.free_ms);
        END LOOP;
        checkout := GREATEST(0, LEAST(ask.checkout, all_left));
        work := GREATEST(0, LEAST(work_left, all_left - checkout));
        UPDATE spends AS s SET work = s.work + take_slices.work,
                               checkout = s.checkout + take_slices.checkout
        WHERE s.connection = ask.connection AND s.span_ms = ANY (ask.span_ms)
          AND s.piece = now_ms / piece_ms(s.span_ms);
        SELECT sum(s.ended) * 1000.0 / GREATEST(now_ms - min(s.piece) * piece_ms(s.span_ms), 1000)
        INTO pace_now FROM spends AS s
        WHERE s.connection = ask.connection
          AND s.span_ms = (SELECT coalesce(max(ms) FILTER (WHERE ms <= 60000), min(ms))
                           FROM unnest(ask.span_ms) AS ms) GROUP BY s.span_ms;
        IF pace_now > 0 THEN
            UPDATE gates AS g SET pace = pace_now WHERE g.connection = ask.connection;
        END IF;
        connection := ask.connection;
        taken_ms := now_ms;
        RETURN NEXT;
    END LOOP;
END $$;
