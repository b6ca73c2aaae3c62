CREATE OR REPLACE FUNCTION {schema}.tell() RETURNS trigger
LANGUAGE plpgsql
-- The writer's path must not decide which functions run here, nor its time zone how keys are written.
SET search_path = pg_catalog, pg_temp
SET TimeZone = 'UTC'
AS $tell$
DECLARE
    names jsonb := jsonb_build_array(jsonb_build_array(TG_TABLE_SCHEMA, TG_TABLE_NAME));
    payload jsonb;
    columns text;
    source text;
    count bigint;
    keys jsonb;
BEGIN
    -- Who reads a parent reads its children and partitions, and a write to the parent writes them.
    IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = TG_RELID OR inhparent = TG_RELID) THEN
        WITH RECURSIVE
        up AS (
            SELECT TG_RELID AS id
            UNION SELECT i.inhparent FROM up JOIN pg_inherits i ON i.inhrelid = up.id),
        down AS (
            SELECT TG_RELID AS id
            UNION SELECT i.inhrelid FROM down JOIN pg_inherits i ON i.inhparent = down.id),
        both_ways AS (SELECT id FROM up UNION SELECT id FROM down)
        SELECT jsonb_agg(jsonb_build_array(n.nspname, c.relname) ORDER BY n.nspname, c.relname)
        INTO names
        FROM both_ways JOIN pg_class c ON c.oid = id JOIN pg_namespace n ON n.oid = c.relnamespace;
    END IF;
    payload := jsonb_build_object('v', 1, 't', names);

    IF TG_NARGS > 0 AND TG_OP <> 'TRUNCATE' THEN
        SELECT count(*) INTO count FROM pg_attribute
        WHERE attrelid = TG_RELID AND attnum > 0 AND NOT attisdropped
            AND attname = ANY (TG_ARGV::name[]);
        -- A column that was renamed must not make writes fail: then no keys are told.
        IF count = TG_NARGS THEN
            source := CASE TG_OP
                WHEN 'INSERT' THEN 'TABLE new_rows'
                WHEN 'DELETE' THEN 'TABLE old_rows'
                ELSE 'SELECT * FROM old_rows UNION ALL SELECT * FROM new_rows' END;
            EXECUTE format('SELECT count(*) FROM (SELECT FROM (%s) r LIMIT 10001) n', source)
            INTO count;
            IF count = 0 THEN
                RETURN NULL;
            END IF;
            IF count <= 10000 THEN
                SELECT string_agg(format('r.%I', name), ', ' ORDER BY place) INTO columns
                FROM unnest(TG_ARGV) WITH ORDINALITY AS argument (name, place);
                EXECUTE format(
                    'SELECT jsonb_agg(key ORDER BY key)
                     FROM (SELECT DISTINCT jsonb_build_array(%s) AS key FROM (%s) r) k',
                    columns, source)
                INTO keys;
                keys := payload || jsonb_build_object('c', to_jsonb(TG_ARGV), 'k', keys);
                -- A notification holds less than 8,000 bytes.
                IF octet_length(keys::text) < 8000 THEN
                    payload := keys;
                END IF;
            END IF;
        END IF;
    END IF;

    IF octet_length(payload::text) >= 8000 THEN
        payload := jsonb_build_object('v', 1, 't', NULL);
    END IF;
    -- Delivered when the transaction commits, equal ones once.
    PERFORM pg_notify({channel}, payload::text);
    RETURN NULL;
END
$tell$
