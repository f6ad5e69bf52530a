-- Statements of the journeys: what one commit needs, in one trip (migration 0007).

-- name: settle_answer
SELECT own, round FROM settle_answer($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: receive_delivery
SELECT repeats, altered FROM receive_delivery($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: begin_checkout
SELECT lease, run_id, arrivals, seen_as
FROM begin_checkout($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17);

-- name: due_to_lapse
-- Orders of which only a part is paid, whose time is over ($2) or which the shop has cancelled; not
-- while a shopper's answer is being waited for.
SELECT a.wire_key FROM attempts a
WHERE a.connection = $1 AND a.state = 'partial' AND a.part = 1
  AND (a.authorized_at < $2 OR EXISTS (
      SELECT 1 FROM events e
      WHERE e.subject = a.order_number AND e.kind = 'order.cancelled' AND e.kept_at >= a.started_at))
  AND NOT EXISTS (SELECT 1 FROM attempts o WHERE o.follows = a.wire_key AND o.follows <> ''
                  AND o.state = 'started')
ORDER BY a.authorized_at LIMIT $3;

-- name: unreleased
-- A hold that was told of an attempt which was over, and whose release is not done yet.
SELECT o.request_id FROM observations AS o
WHERE o.order_number = $1 AND o.wire_key = ANY ($2) AND o.meaning = 'stray'
  AND NOT EXISTS (SELECT 1 FROM effects AS e
                  WHERE e.subject = o.order_number AND e.connection = o.connection
                    AND e.effect = 'reversal' AND e.ordinal = o.request_id AND e.state = 'done')
LIMIT 1;
