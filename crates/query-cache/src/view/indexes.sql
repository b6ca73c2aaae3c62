-- Indexes that others have made on one relation, as statements for another.
SELECT i.relname::text,
    format('CREATE %sINDEX {index} ON %s USING %s', CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END, {new},
        substr(pg_get_indexdef(x.indexrelid), 1 + length(format('CREATE %sINDEX %I ON %I.%I USING ',
            CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END, i.relname, n.nspname, c.relname))))
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE x.indrelid = {old}::regclass AND x.indisvalid
    AND NOT starts_with(i.relname::text, {ours})
ORDER BY i.relname
