use super::*;

fn sql() -> SqlCache {
    SqlCache::new(Cache::builder().build(), Schema::new(Dialect::Postgres))
}

#[test]
fn a_text_is_parsed_once_whatever_is_bound() {
    let sql = sql();
    let of = |person: i64| Statement::new("SELECT * FROM shifts WHERE person = $1").bind(person);
    let clone = sql.clone();
    assert!(Arc::ptr_eq(&sql.effects(&of(7)), &clone.effects(&of(8))));
    let named = sql.database("north");
    assert!(named.parsed.lock().is_ok_and(|parsed| parsed.is_empty()), "tags of another name");
}

#[test]
fn the_memory_of_texts_is_bounded() {
    let sql = sql();
    for number in 0..TEXTS_KEPT.get() + 10 {
        sql.effects(&Statement::new(format!("SELECT {number}")));
    }
    sql.effects(&Statement::new(format!("SELECT '{}'", "x".repeat(LONGEST_KEPT))));
    let parsed = lock(&sql.parsed);
    assert_eq!(parsed.len(), TEXTS_KEPT.get());
    assert!(parsed.iter().all(|(text, _)| text.len() <= LONGEST_KEPT));
}

#[test]
fn a_text_that_no_thread_could_parse_is_parsed_the_next_time() {
    const TOO_MUCH: usize = 1 << 60;
    let (sql, text) = (sql(), "SELECT * FROM shifts");
    let scan = scan::scan_on(TOO_MUCH, Dialect::Postgres, text);
    let effects = sql.learn(text, scan);
    assert!(matches!(effects.reads(), Err(SqlError::NoThread { .. })), "{effects:?}");
    assert!(effects.writes().is_none(), "what is not known may write anything");
    assert_eq!(sql.tables_read(&Statement::new(text)).unwrap(), ["shifts"]);
}
