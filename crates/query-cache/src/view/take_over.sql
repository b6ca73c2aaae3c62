-- Statements that give one relation the owner, grants and comment of another.
WITH old AS (SELECT * FROM pg_class WHERE oid = {old}::regclass)
SELECT statement FROM (
    SELECT 1, format('ALTER TABLE %s OWNER TO %I', {new}, pg_get_userbyid(relowner))
    FROM old WHERE relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)
    UNION ALL
    -- Default privileges may have given more than the old one had.
    SELECT 2, format('REVOKE ALL ON %s FROM %s', {new},
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
    FROM pg_class c CROSS JOIN aclexplode(c.relacl) a
    WHERE c.oid = {new}::regclass AND a.grantee <> c.relowner
    UNION ALL
    SELECT 3, format('GRANT %s ON %s TO %s%s', a.privilege_type, {new},
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
        CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM old CROSS JOIN aclexplode(old.relacl) a
    WHERE a.grantee <> old.relowner
    UNION ALL
    SELECT 4, format('GRANT %s (%I) ON %s TO %s%s', a.privilege_type, o.attname, {new},
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
        CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_attribute o CROSS JOIN aclexplode(o.attacl) a
    JOIN pg_attribute n ON n.attrelid = {new}::regclass AND n.attname = o.attname
    WHERE o.attrelid = {old}::regclass AND o.attnum > 0 AND NOT o.attisdropped
    UNION ALL
    SELECT 5, format('COMMENT ON %s %s IS %L',
        CASE (SELECT relkind FROM pg_class WHERE oid = {new}::regclass)
            WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
        {new}, obj_description(oid, 'pg_class'))
    FROM old WHERE obj_description(oid, 'pg_class') IS NOT NULL
) AS statements (place, statement)
ORDER BY place
