-- A source, its partitions and its heirs, as far as they lack a trigger.
WITH RECURSIVE tree AS (
    SELECT $1::regclass::oid AS id
    UNION
    SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.id
)
SELECT format('%I.%I', n.nspname, c.relname)
FROM tree JOIN pg_class c ON c.oid = tree.id JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE $3 > (SELECT count(*) FROM pg_trigger t
    WHERE t.tgrelid = tree.id AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
        AND t.tgfoid = to_regproc($2))
ORDER BY 1
