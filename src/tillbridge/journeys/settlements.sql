-- Statements of reading settlements.

-- name: told_operation
-- Whose operation it is, as it was told when it was taken; a sale is a capture as well.
SELECT order_number, parent_id FROM observations
WHERE connection = $1 AND request_id = $2 AND order_number <> ''
  AND (operation = $3 OR (operation = 'sale' AND $3 = 'capture'))
ORDER BY number LIMIT 1;
