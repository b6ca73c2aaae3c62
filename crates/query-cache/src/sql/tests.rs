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
