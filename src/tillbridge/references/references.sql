-- Statements of the room `references`.

-- name: record
INSERT INTO external_references (subject, system, kind, id)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[])
ON CONFLICT DO NOTHING;

-- name: subjects_of_id
SELECT subject FROM external_references WHERE id = $1
UNION SELECT subject FROM external_references WHERE subject = $1
LIMIT $2;

-- name: of_subject
SELECT system, kind, id, recorded_at FROM external_references
WHERE subject = $1 ORDER BY recorded_at, system, kind;
