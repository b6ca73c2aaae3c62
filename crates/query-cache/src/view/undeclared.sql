-- A table that the probe reads, through views too, and that is not declared.
WITH RECURSIVE read AS (
    SELECT 'pg_temp.query_cache_probe'::regclass::oid AS id
    UNION
    SELECT d.refobjid
    FROM read
    JOIN pg_class c ON c.oid = read.id AND c.relkind = 'v'
    JOIN pg_rewrite r ON r.ev_class = read.id
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> read.id
), declared AS (
    SELECT name::regclass::oid AS id FROM unnest($1::text[]) AS argument (name)
    UNION
    SELECT i.inhrelid FROM declared JOIN pg_inherits i ON i.inhparent = declared.id
)
SELECT format('%I.%I', n.nspname, c.relname)
FROM read JOIN pg_class c ON c.oid = read.id JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'm') AND c.oid NOT IN (SELECT id FROM declared)
ORDER BY 1 LIMIT 1
