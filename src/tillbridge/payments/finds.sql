-- Statements of finds: what pulls found at a payment system that nobody had told us of.

-- name: unheard
-- Of the operations of one page: those nobody told of, and those told of that fit nothing of ours
-- and stand on no list yet. A review tells of a decision, not of the operation it is about. A void
-- or reversal of which nobody said what it undoes is asked for.
SELECT asked.id, EXISTS (SELECT 1 FROM observations o
                         WHERE o.connection = $1 AND o.request_id = asked.id
                           AND o.operation <> 'review'
                           AND (o.parent_id <> '' OR o.operation NOT IN ('void', 'reversal')))
       AS is_told
FROM unnest($2::text[]) WITH ORDINALITY AS asked (id, place)
WHERE NOT EXISTS (SELECT 1 FROM finds f WHERE f.connection = $1 AND f.request_id = asked.id)
  AND NOT EXISTS (SELECT 1 FROM observations o
                  WHERE o.connection = $1 AND o.request_id = asked.id
                    AND o.operation <> 'review' AND o.meaning <> 'unmatched')
ORDER BY asked.place;

-- name: keep_find
-- As its newest observation has it.
INSERT INTO finds (connection, request_id, meaning, operation, verdict, order_number, amount,
                   currency, occurred_at)
SELECT connection, request_id, CASE meaning WHEN 'unmatched' THEN 'unplaced' ELSE meaning END,
       operation, verdict, order_number, amount, currency, occurred_at
FROM observations
WHERE connection = $1 AND request_id = $2 AND operation <> 'review'
ORDER BY number DESC LIMIT 1
ON CONFLICT (connection, request_id) DO UPDATE
    SET meaning = EXCLUDED.meaning, operation = EXCLUDED.operation, verdict = EXCLUDED.verdict,
        order_number = EXCLUDED.order_number, amount = EXCLUDED.amount,
        currency = EXCLUDED.currency, occurred_at = EXCLUDED.occurred_at, why = '', again_at = NULL
    WHERE finds.meaning = 'unread'
RETURNING number;

-- name: keep_unread
INSERT INTO finds (connection, request_id, meaning, why, tries, again_at)
VALUES ($1, $2, 'unread', $3, 1, now() + make_interval(secs => $4))
ON CONFLICT (connection, request_id) DO UPDATE
    SET why = EXCLUDED.why, tries = finds.tries + 1,
        again_at = now() + make_interval(secs => LEAST($4 * 2 ^ LEAST(finds.tries, 20), $5))
    WHERE finds.meaning = 'unread';

-- name: unread_again
SELECT request_id FROM finds
WHERE connection = $1 AND meaning = 'unread' AND again_at <= now() ORDER BY again_at LIMIT $2;

-- name: newest_finds
SELECT number, connection, request_id, meaning, operation, verdict, order_number, amount, currency,
       occurred_at, found_at, why, tries
FROM finds WHERE number < $1 ORDER BY number DESC LIMIT $2;

-- name: open_finds
-- What a person has to look at: unread or unplaced, oldest first.
SELECT number, connection, request_id, meaning, operation, verdict, order_number, amount, currency,
       occurred_at, found_at, why, tries
FROM finds WHERE meaning IN ('unread', 'unplaced') ORDER BY meaning, connection, found_at LIMIT $1;

-- name: count_open_finds
SELECT connection, meaning, count(*) AS count,
       extract(epoch FROM now() - min(found_at))::float8 AS oldest_s
FROM finds WHERE meaning IN ('unread', 'unplaced') GROUP BY meaning, connection
ORDER BY connection, meaning;

-- name: set_aside
UPDATE finds SET meaning = 'set_aside', why = $2, again_at = NULL
WHERE number = $1 AND meaning IN ('unread', 'unplaced')
RETURNING number, connection, request_id, meaning, operation, verdict, order_number, amount,
          currency, occurred_at, found_at, why, tries;
