-- Statements of the journeys: what one commit needs, in one trip (migration 0007).

-- name: settle_answer
SELECT own, round FROM settle_answer($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: receive_delivery
SELECT repeats, altered FROM receive_delivery($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: begin_checkout
SELECT lease, run_id, arrivals, seen_as
FROM begin_checkout($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17);
