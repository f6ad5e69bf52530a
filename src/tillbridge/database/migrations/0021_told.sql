-- What the other side says of its own count is set beside ours: who else uses the account takes from
-- it too, and our clock sees the way there and back as its work.

ALTER TABLE gates
    -- Requests of others with the same account, as far as they are more than what blurs any count.
    ADD COLUMN foreign_requests integer NOT NULL DEFAULT 0,
    -- Its working time for each second that we have waited.
    ADD COLUMN busy_ratio float8 NOT NULL DEFAULT 1.0;

-- Notes what the other side says is left, beside what is left by our own count.
CREATE FUNCTION hear_what_is_left(ask asked, own_left bigint, own_busy bigint)
RETURNS gates LANGUAGE plpgsql AS $$
DECLARE
    heard gates;
    blur bigint := ask.requests_max[1] / 20;
    busy_max bigint := ask.busy_max_ms[1];
BEGIN
    UPDATE gates AS g
    SET foreign_requests = GREATEST(0, own_left - ask.told_requests - blur),
        busy_ratio = CASE WHEN ask.told_busy_ms IS NOT NULL AND own_busy > busy_max / 100
            THEN LEAST(50.0, GREATEST(0.02, (busy_max - ask.told_busy_ms) / own_busy::float8))
            ELSE g.busy_ratio END
    WHERE g.connection = ask.connection
    RETURNING g.* INTO heard;
    RETURN heard;
END $$;

-- What is left of one span for everybody, and for work beside checkouts. A permit handed out in a
-- piece may be used until its slice's end, so a piece is counted for that much longer.
CREATE OR REPLACE FUNCTION left_of(
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
    heard gates;
BEGIN
    SELECT * INTO heard FROM gates AS g WHERE g.connection = ask.connection;
    DELETE FROM spends AS s
    WHERE s.connection = ask.connection AND s.span_ms = span
      AND s.piece < (now_ms - counted_ms) / step;
    SELECT coalesce(sum(s.work), 0), coalesce(sum(s.work + s.checkout), 0),
           coalesce(sum(s.busy_ms), 0),
           min(s.piece) FILTER (WHERE s.work + s.checkout > 0 OR s.busy_ms > 0)
    INTO all_work, all_spent, all_busy, oldest
    FROM spends AS s WHERE s.connection = ask.connection AND s.span_ms = span;
    IF number = 1 AND ask.told_requests IS NOT NULL THEN
        heard := hear_what_is_left(ask, most - all_spent, all_busy);
    END IF;
    IF most > 0 THEN
        most := most - LEAST(ask.kept_back, most / 20); -- the probe's
        for_all := most - all_spent;
        IF number = 1 THEN
            for_all := for_all - heard.foreign_requests
                * GREATEST(0, span - (now_ms - coalesce(heard.told_ms, 0))) / span;
        END IF;
        for_work := LEAST(for_all, most * (100 - ask.checkout_percent) / 100 - all_work);
    END IF;
    IF ask.busy_max_ms[number] > 0 THEN
        for_all := LEAST(for_all, floor(
            (ask.busy_max_ms[number] - all_busy * heard.busy_ratio)
            / GREATEST(ask.busy_each_ms * heard.busy_ratio, 0.1)));
        for_work := LEAST(for_work, for_all);
    END IF;
    free_ms := CASE WHEN for_work <= 0
                    THEN GREATEST((coalesce(oldest, now_ms / step) + 1) * step + counted_ms
                                  - now_ms, step) ELSE 0 END;
END $$;
