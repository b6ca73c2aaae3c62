use super::*;
use proptest::prelude::*;

fn key(statement: &Statement) -> Key {
    statement.key(Namespace::new("sql"))
}

fn text_key(text: &str) -> Key {
    key(&Statement::new(text.to_owned()))
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-2i64..3).prop_map(Value::Integer),
        prop_oneof![Just(0.0), Just(-0.0), Just(1.0)].prop_map(Value::Real),
        "(|1|NULL|real|list|other|a|ab)".prop_map(Value::Text),
        prop::collection::vec(0u8..3, 0..3).prop_map(Value::Bytes),
        ("(|a|date)", "(|a|1)").prop_map(|(kind, text)| Value::other(kind, text)),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::List))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Debug output tells all values apart, the sign of zero included.
    #[test]
    fn statements_share_a_key_exactly_if_their_values_are_the_same(
        left in prop::collection::vec(value(), 0..4), right in prop::collection::vec(value(), 0..4),
    ) {
        let of = |values: &[Value]| {
            let start = Statement::new("SELECT ?");
            key(&values.iter().cloned().fold(start, Statement::bind))
        };
        prop_assert_eq!(of(&left) == of(&right), format!("{left:?}") == format!("{right:?}"));
    }

    /// Only white space is ever taken away, and none of it completely.
    #[test]
    fn texts_that_share_a_key_have_the_same_words(
        left in "[a1'\"$ \t\n/*-]{0,12}", right in "[a1'\"$ \t\n/*-]{0,12}",
    ) {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        if text_key(&left) == text_key(&right) {
            prop_assert_eq!(words(&left), words(&right));
        }
    }
}

#[test]
fn the_type_of_a_value_counts() {
    let bound = |value: Value| key(&Statement::new("SELECT ?").bind(value));
    let keys = [
        bound(1.into()),
        bound("1".into()),
        bound(1.0.into()),
        bound(true.into()),
        bound(b"1".as_slice().into()),
        bound(Value::Null),
        bound("NULL".into()),
        bound(Value::other("date", "2026-07-01")),
        bound("2026-07-01".into()),
        bound(Value::List(vec![1.into()])),
        bound(Value::List(vec![1.0f64.to_bits().cast_signed().into()])),
        bound(Value::List(vec!["date".into(), "2026-07-01".into()])),
        bound(Value::List(vec!["real".into(), 1.into()])),
        bound(Value::List(Vec::new())),
        key(&Statement::new("SELECT ?")),
    ];
    for (at, key) in keys.iter().enumerate() {
        assert!(!keys[..at].contains(key), "{key:?}");
    }
    assert_eq!(bound(None::<i64>.into()), bound(Value::Null));
    assert_eq!(bound(7u8.into()), bound(7i64.into()));
}

/// An array next to a flag looks like nothing else, however they are mixed.
#[test]
fn arrays_and_their_neighbours_stay_apart() {
    let real = || Value::Real(1.0);
    let list = || Value::List(vec!["real".into(), 1i64.into()]);
    let bound = |values: [Value; 3]| {
        key(&values.into_iter().fold(Statement::new("SELECT ?"), Statement::bind))
    };
    assert_ne!(bound([true.into(), real(), list()]), bound([list(), true.into(), real()]));
}

#[test]
fn white_space_is_one_space_until_a_quote_or_comment_may_begin() {
    assert_eq!(text_key("SELECT a\n   FROM t\n"), text_key(" SELECT a FROM t"));
    assert_eq!(
        text_key("SELECT  a FROM t WHERE a = $1"),
        text_key("SELECT a  FROM t  WHERE a = $1")
    );
    assert_ne!(text_key("SELECT ' a  b'"), text_key("SELECT ' a b'"));
    assert_ne!(text_key("SELECT $$a  b$$"), text_key("SELECT $$a b$$"));
    assert_ne!(text_key("SELECT 1 -- a\n, 2"), text_key("SELECT 1 -- a , 2"));
    assert_ne!(text_key("SELECT [a  b]"), text_key("SELECT [a b]"));
    assert_ne!(text_key("SELECT A"), text_key("SELECT a"));
    assert_ne!(text_key("SELECT ab"), text_key("SELECT a b"));
}

#[test]
fn numbers_without_a_sign_are_integers_as_long_as_they_fit() {
    assert_eq!(Value::from(7u64), Value::Integer(7));
    assert_eq!(Value::from(7usize), Value::Integer(7));
    assert_eq!(Value::from(i64::MAX as u64), Value::Integer(i64::MAX));
    assert_eq!(Value::from(u64::MAX), Value::other("numeric", "18446744073709551615"));
}
