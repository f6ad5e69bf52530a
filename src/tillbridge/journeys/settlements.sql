-- Statements of reading settlements.

-- name: told_operation
-- Whose operation it is, as it was told when it was taken.
SELECT order_number, parent_id FROM observations
WHERE connection = $1 AND request_id = $2 AND operation = $3 AND order_number <> ''
ORDER BY number LIMIT 1;
