//! The tables found in statements, one line each.

use query_cache::Cache;
use query_cache::sql::Dialect::{self, MySql, Postgres, Sqlite};
use query_cache::sql::{Schema, SqlCache, SqlError, Statement};

pub(crate) fn plain(dialect: Dialect) -> SqlCache {
    SqlCache::new(Cache::builder().build(), Schema::new(dialect))
}

fn refusal(error: &SqlError) -> &'static str {
    match error {
        SqlError::NotParsed { .. } => "not parsed",
        SqlError::NotAQuery { .. } => "no query",
        SqlError::Volatile { .. } => "volatile",
        SqlError::UnknownFunction { .. } => "unknown function",
        _ => "another error",
    }
}

fn read(sql: &SqlCache, text: &str) -> String {
    match sql.tables_read(&Statement::new(text.to_owned())) {
        Ok(tables) => tables.join(" "),
        Err(error) => format!("! {}", refusal(&error)),
    }
}

fn written(sql: &SqlCache, text: &str) -> String {
    let tables = sql.tables_written(&Statement::new(text.to_owned()));
    tables.map_or_else(|| "*".to_owned(), |tables| tables.join(" "))
}

fn check(dialect: Dialect, found: impl Fn(&SqlCache, &str) -> String, lines: &[(&str, &str)]) {
    let sql = plain(dialect);
    let wrong: Vec<_> = (lines.iter().map(|(text, expected)| (text, expected, found(&sql, text))))
        .filter(|(_, expected, found)| **expected != found)
        .collect();
    assert!(wrong.is_empty(), "{dialect:?}: {wrong:#?}");
}

#[test]
fn tables_read_in_postgres() {
    check(
        Postgres,
        read,
        &[
            ("SELECT 1", ""),
            ("SELECT * FROM shifts", "shifts"),
            ("SELECT * FROM shifts;", "shifts"),
            ("select a from Shifts s where s.person = $1", "shifts"),
            (r#"SELECT * FROM "Shifts""#, "Shifts"),
            (r#"SELECT * FROM "a ""b""""#, r#"a "b""#),
            ("SELECT * FROM ward.shifts", "ward.shifts"),
            (r#"SELECT * FROM db."Ward".SHIFTS"#, "db.Ward.shifts"),
            ("SELECT ward.shifts.a FROM ward.shifts", "ward.shifts"),
            ("SELECT * FROM a, b AS x, LATERAL (SELECT * FROM c WHERE c.i = x.i) y", "a b c"),
            ("SELECT * FROM a JOIN b USING (i) LEFT JOIN (c CROSS JOIN d) ON true", "a b c d"),
            ("SELECT (SELECT max(i) FROM b) FROM a WHERE EXISTS (SELECT 1 FROM c)", "a b c"),
            ("SELECT * FROM a WHERE i IN (SELECT i FROM b) AND j = ANY (SELECT j FROM c)", "a b c"),
            ("SELECT CASE WHEN a.i > (SELECT avg(i) FROM b) THEN 1 END FROM a", "a b"),
            ("SELECT i FROM a GROUP BY i HAVING count(*) > (SELECT max(n) FROM b)", "a b"),
            ("SELECT i FROM a ORDER BY (SELECT n FROM b) LIMIT (SELECT m FROM c)", "a b c"),
            (
                "SELECT sum(n) FILTER (WHERE i IN (SELECT i FROM b)) OVER (PARTITION BY j) FROM a",
                "a b",
            ),
            ("SELECT array(SELECT i FROM b) FROM a", "a b"),
            (
                "SELECT * FROM a UNION SELECT * FROM b INTERSECT (SELECT * FROM c EXCEPT TABLE_d)",
                "! not parsed",
            ),
            ("SELECT * FROM a UNION ALL SELECT * FROM b EXCEPT (SELECT * FROM c)", "a b c"),
            (
                "SELECT * FROM a UNION (SELECT * FROM b UNION (SELECT * FROM c ORDER BY 1 LIMIT 1))",
                "a b c",
            ),
            ("VALUES (1), ((SELECT i FROM a))", "a"),
            // Names of queries are no tables, where they are known.
            ("WITH x AS (SELECT * FROM a) SELECT * FROM x JOIN b USING (i)", "a b"),
            ("WITH a AS (SELECT * FROM a) SELECT * FROM a", "a"),
            ("WITH x AS (SELECT * FROM y), y AS (SELECT * FROM a) SELECT * FROM x, y", "a y"),
            ("WITH x AS (SELECT * FROM a), y AS (SELECT * FROM x) SELECT * FROM y", "a"),
            (
                "WITH RECURSIVE x AS (SELECT * FROM a UNION ALL SELECT x.* FROM x JOIN b ON true) SELECT * FROM x",
                "a b",
            ),
            ("SELECT * FROM (WITH x AS (SELECT * FROM a) SELECT * FROM x) q, x", "a x"),
            ("WITH x AS (WITH y AS (SELECT * FROM a) SELECT * FROM y) SELECT * FROM x, y", "a y"),
            ("WITH x AS (SELECT * FROM a) SELECT * FROM s.x", "a s.x"),
            (r#"WITH x AS (SELECT * FROM a) SELECT * FROM "X", X"#, "X a"),
            (
                "WITH x AS MATERIALIZED (SELECT * FROM a) SELECT * FROM b WHERE i IN (SELECT i FROM x)",
                "a b",
            ),
            // Functions.
            ("SELECT * FROM generate_series(1, 9) AS g(i) JOIN a ON a.i = g.i", "a"),
            ("SELECT * FROM a, unnest(a.list) AS item", "a"),
            ("SELECT * FROM a, LATERAL jsonb_array_elements(a.doc) e", "a"),
            ("SELECT lower(name), date_trunc('day', at), a.n::text FROM a", "a"),
            ("SELECT pg_catalog.lower(name) FROM a", "a"),
            (
                "SELECT extract(year FROM at), substring(name FROM 2), trim(BOTH ' ' FROM name) FROM a",
                "a",
            ),
            ("SELECT * FROM hours_of(7)", "! unknown function"),
            ("SELECT * FROM a, LATERAL hours_of(a.i)", "! unknown function"),
            ("SELECT hours_of(i) FROM a", "! unknown function"),
            ("SELECT s.lower(name) FROM a", "! unknown function"),
            ("SELECT query_to_xml('SELECT * FROM b', true, true, '')", "! unknown function"),
            // Text that looks like SQL.
            ("SELECT 'FROM b', $$ FROM c $$, E'\\' FROM d', \"FROM e\" FROM a -- FROM f", "a"),
            ("SELECT 1 /* FROM b /* FROM c */ */ FROM a", "a"),
            // What changes by itself, writes, locks or is not understood.
            ("SELECT * FROM a WHERE at > now()", "! volatile"),
            ("SELECT * FROM a WHERE day = CURRENT_DATE", "! volatile"),
            ("SELECT * FROM a WHERE day = 'today'", "! volatile"),
            ("SELECT * FROM a WHERE day > date 'yesterday'", "! volatile"),
            ("SELECT * FROM a ORDER BY random()", "! volatile"),
            ("SELECT nextval('i')", "! volatile"),
            ("SELECT * FROM a WHERE owner = current_user", "! volatile"),
            ("SELECT * FROM a WHERE s = current_schema", "! volatile"),
            ("SELECT * FROM a TABLESAMPLE BERNOULLI (10)", "! volatile"),
            ("SELECT * FROM pg_catalog.pg_class", "! volatile"),
            ("SELECT * FROM a FOR UPDATE", "! no query"),
            ("SELECT * FROM (SELECT * FROM a FOR SHARE) x", "! no query"),
            ("WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x", "! no query"),
            ("SELECT * INTO b FROM a", "! no query"),
            ("SELECT 1; SELECT 2", "! no query"),
            ("EXPLAIN SELECT * FROM a", "! no query"),
            ("", "! no query"),
            ("SELECT * FROM ONLY a", "! not parsed"),
            ("TABLE a", "! not parsed"),
            ("SELECT * FROM b UNION TABLE a", "! not parsed"),
            ("SELEKT", "! not parsed"),
        ],
    );
}

#[test]
fn tables_written_in_postgres() {
    check(
        Postgres,
        written,
        &[
            ("INSERT INTO shifts VALUES (1)", "shifts"),
            ("INSERT INTO Ward.Shifts AS s DEFAULT VALUES", "ward.shifts"),
            (r#"INSERT INTO "Shifts" (a) VALUES ((SELECT max(i) FROM b))"#, "Shifts"),
            ("INSERT INTO a SELECT * FROM b RETURNING i", "a"),
            (
                "INSERT INTO a VALUES (1) ON CONFLICT (i) DO UPDATE SET n = excluded.n WHERE a.i IN (SELECT i FROM b)",
                "a",
            ),
            ("INSERT INTO a VALUES (now(), nextval('x')) ON CONFLICT DO NOTHING", "a"),
            ("UPDATE a SET n = 1", "a"),
            ("UPDATE a AS x SET n = b.n FROM b JOIN c USING (i) WHERE b.i = x.i", "a"),
            ("DELETE FROM a", "a"),
            ("DELETE FROM a AS x USING b, c WHERE b.i = x.i RETURNING *", "a"),
            (
                "MERGE INTO a AS t USING b AS s ON t.i = s.i WHEN MATCHED THEN UPDATE SET n = s.n WHEN NOT MATCHED THEN INSERT (i) VALUES (s.i)",
                "a",
            ),
            ("TRUNCATE a, b", "a b"),
            ("TRUNCATE TABLE ONLY a RESTART IDENTITY", "a"),
            ("TRUNCATE a CASCADE", "*"),
            (
                "WITH x AS (INSERT INTO a VALUES (1) RETURNING *), y AS (UPDATE b SET n = 1 RETURNING *) SELECT * FROM x, y, c",
                "a b",
            ),
            ("WITH x AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM x", "a b"),
            ("WITH a AS (SELECT 1) INSERT INTO a SELECT * FROM a", "a"),
            ("INSERT INTO a VALUES (1); DELETE FROM b", "a b"),
            ("SELECT * FROM a FOR UPDATE", ""),
            ("SELECT assign_shift(7)", "*"),
            ("INSERT INTO a SELECT * FROM hours_of(7)", "*"),
            ("UPDATE ONLY a SET n = 1", "*"),
            ("DELETE FROM ONLY a", "*"),
            ("SELECT * INTO b FROM a", "*"),
            ("CREATE TABLE a (i int)", "*"),
            ("CREATE INDEX x ON a (i)", "*"),
            ("ALTER TABLE a RENAME TO b", "*"),
            ("DROP TABLE a", "*"),
            ("REFRESH MATERIALIZED VIEW a", "*"),
            ("COPY a FROM STDIN", "*"),
            ("CALL assign(7)", "*"),
            ("DO $$ BEGIN DELETE FROM a; END $$", "*"),
            ("EXPLAIN ANALYZE DELETE FROM a", "*"),
            ("SET search_path TO other", "*"),
            ("COMMIT", "*"),
            ("", "*"),
            ("no SQL at all", "*"),
        ],
    );
}

#[test]
fn tables_in_sqlite() {
    check(
        Sqlite,
        read,
        &[
            (r#"SELECT * FROM "Shifts" JOIN [Wards] JOIN `People` ON 1"#, "people shifts wards"),
            ("SELECT * FROM main.SHIFTS WHERE a = ?1 AND b = :b AND c = @c", "main.shifts"),
            (
                "WITH n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n, a WHERE i < 9) SELECT * FROM n",
                "a",
            ),
            ("SELECT * FROM a, json_each(a.doc)", "a"),
            ("SELECT date(at, '+1 day'), strftime('%Y', at) FROM a", "a"),
            ("SELECT 1 /* /* */ , i FROM a -- */", "a"),
            ("SELECT user, 'now' FROM a", "a"),
            ("SELECT date('now') FROM a", "! volatile"),
            ("SELECT date() FROM a", "! volatile"),
            ("SELECT * FROM a WHERE at < CURRENT_TIMESTAMP", "! volatile"),
            ("SELECT last_insert_rowid()", "! volatile"),
            ("SELECT * FROM sqlite_master", "! volatile"),
            ("SELECT * FROM pragma_table_info('a')", "! unknown function"),
            ("PRAGMA table_info(a)", "! not parsed"),
        ],
    );
    check(
        Sqlite,
        written,
        &[
            ("INSERT OR REPLACE INTO Shifts VALUES (1)", "shifts"),
            ("REPLACE INTO shifts VALUES (1)", "shifts"),
            ("UPDATE OR IGNORE a SET n = (SELECT n FROM b)", "a"),
            ("UPDATE a SET n = b.n FROM b WHERE a.i = b.i RETURNING i", "a"),
            ("WITH x AS (SELECT i FROM b) DELETE FROM a WHERE i IN (SELECT i FROM x)", "a"),
            ("ATTACH DATABASE 'x' AS y", "*"),
            ("VACUUM", "*"),
        ],
    );
}

#[test]
fn tables_in_mysql() {
    check(
        MySql,
        read,
        &[
            ("SELECT * FROM `Shifts` s FORCE INDEX (x), `db`.`Wards`", "db.wards shifts"),
            (r#"SELECT "FROM b", 'it\'s FROM c' FROM a # FROM d"#, "a"),
            ("SELECT if(i > 0, date_add(day, INTERVAL 1 DAY), group_concat(n)) FROM a", "a"),
            ("SELECT unix_timestamp(at) FROM a", "a"),
            ("SELECT unix_timestamp() FROM a", "! volatile"),
            ("SELECT @x := i FROM a", "! volatile"),
            ("SELECT curdate() FROM a", "! volatile"),
            ("SELECT * FROM information_schema.tables", "! volatile"),
            ("SELECT 1 /*! , i FROM a */", "! not parsed"),
        ],
    );
    check(
        MySql,
        written,
        &[
            ("INSERT IGNORE INTO a SET i = 1", "a"),
            ("INSERT INTO a (i) VALUES (1) ON DUPLICATE KEY UPDATE n = VALUES(n)", "a"),
            ("UPDATE a JOIN b ON a.i = b.i SET a.n = b.n, b.m = 1", "a b"),
            ("DELETE x FROM a AS x JOIN b ON x.i = b.i", "a b x"),
            ("DELETE FROM x USING a AS x JOIN b ON x.i = b.i", "a b x"),
            ("TRUNCATE TABLE a", "a"),
            ("LOAD DATA INFILE 'x' INTO TABLE a", "*"),
            ("/*! DELETE FROM a */", "*"),
        ],
    );
}

/// What a text that is bound may mean to the clock.
#[test]
fn a_bound_word_for_the_present_is_volatile_where_texts_are_taken_as_times() {
    let refused = |dialect, text: &'static str| {
        plain(dialect).tables_read(&Statement::new(text).bind("now")).is_err()
    };
    assert!(refused(Sqlite, "SELECT * FROM a WHERE day = date(?)"));
    assert!(refused(Postgres, "SELECT * FROM a WHERE day = $1::date"));
    assert!(!refused(Sqlite, "SELECT * FROM a WHERE name = ?"));
    assert!(!refused(Postgres, "SELECT * FROM a WHERE name = $1"));
}

#[test]
fn the_callers_word_is_taken() {
    let sql = plain(Postgres);
    let dice = Statement::new("SELECT random() FROM a").accept_volatile();
    assert_eq!(sql.tables_read(&dice).unwrap(), ["a"]);
    let strange = Statement::new("SELEKT").tables(["b", "S.a"]);
    assert_eq!(sql.tables_read(&strange).unwrap(), ["b", "s.a"]);
    assert_eq!(sql.tables_written(&strange).unwrap(), ["b", "s.a"]);
    let locks = Statement::new("SELECT * FROM a FOR UPDATE").accept_volatile();
    assert!(matches!(sql.tables_read(&locks), Err(SqlError::NotAQuery { .. })));
    let misnamed = Statement::new("SELECT 1").tables(["no name"]);
    assert!(matches!(sql.tables_read(&misnamed), Err(SqlError::BadName { .. })));
    assert_eq!(sql.tables_written(&misnamed), None);
}

#[test]
fn what_the_text_does_not_show_is_declared_once() {
    let schema = Schema::new(Postgres)
        .view("on_call", &["shifts", "names"])
        .and_then(|schema| schema.view("names", &["hr.people"]))
        .and_then(|schema| schema.also("people", &["shifts"]))
        .and_then(|schema| schema.also("shifts", &["audit"]))
        .and_then(|schema| schema.function("hours_of", &["shifts"], &[]))
        .and_then(|schema| schema.function("assign", &[], &["shifts"]))
        .and_then(|schema| schema.function("similarity", &[], &[]))
        .unwrap();
    let sql = SqlCache::new(Cache::builder().build(), schema);
    assert_eq!(read(&sql, "SELECT * FROM public.on_call"), "hr.people names public.on_call shifts");
    assert_eq!(read(&sql, "SELECT * FROM hours_of(7)"), "shifts");
    assert_eq!(read(&sql, "SELECT similarity(a, b) FROM t"), "t");
    assert_eq!(read(&sql, "SELECT assign(7)"), "! no query");
    assert_eq!(written(&sql, "SELECT assign(7)"), "audit shifts");
    assert_eq!(written(&sql, "DELETE FROM hr.people"), "audit hr.people shifts");
    assert_eq!(written(&sql, "UPDATE on_call SET n = 1"), "audit hr.people names on_call shifts");
    assert!(matches!(Schema::new(Postgres).view("a b", &[]), Err(SqlError::BadName { .. })));
}
