CREATE TABLE IF NOT EXISTS {schema}.views (
    view_schema text NOT NULL,
    view_name text NOT NULL,
    kind text NOT NULL,
    definition text NOT NULL,
    -- What makes the definition depend on more than its tables.
    volatile text,
    -- Set while it is refreshed. What counts is who holds the lock: a process that died has left this.
    refreshing_since timestamptz,
    -- The rows are those of this moment.
    as_of timestamptz,
    took interval,
    row_count bigint,
    refreshes bigint NOT NULL DEFAULT 0,
    -- Of the last refresh, if it failed.
    error text,
    PRIMARY KEY (view_schema, view_name)
);
COMMENT ON TABLE {schema}.views IS 'query-cache version 1'
