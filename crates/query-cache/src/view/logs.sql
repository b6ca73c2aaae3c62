SELECT statement FROM (
    SELECT 1, p.proname::text, format('DROP FUNCTION %I.%I CASCADE', n.nspname, p.proname)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = $1 AND starts_with(p.proname::text, $2)
    UNION ALL
    SELECT 2, c.relname::text, format('DROP TABLE %I.%I', n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND starts_with(c.relname::text, $2) AND c.relkind = 'r'
) AS old (place, name, statement)
WHERE $3::text IS NULL OR NOT starts_with(name, $3)
ORDER BY place, name
