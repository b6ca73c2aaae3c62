WITH RECURSIVE wanted AS (
    SELECT name, place, to_regclass(name)::oid AS id
    FROM unnest($1::text[]) WITH ORDINALITY AS argument (name, place)
), tree AS (
    SELECT place, id FROM wanted
    UNION
    SELECT tree.place, i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.id
)
SELECT tree.place, n.nspname::text, c.relname::text, c.relkind::text, ARRAY(
    SELECT t.tgname::text
    FROM pg_trigger t
    JOIN pg_proc p ON p.oid = t.tgfoid
    JOIN pg_namespace s ON s.oid = p.pronamespace
    WHERE t.tgrelid = tree.id AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
        AND s.nspname = $2 AND p.proname = 'tell'
) AS triggers
FROM tree
LEFT JOIN pg_class c ON c.oid = tree.id
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY tree.place, n.nspname, c.relname
