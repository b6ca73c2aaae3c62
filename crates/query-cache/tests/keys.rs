//! Keys: equal exactly when their parts are, and named the same for ever.

use std::borrow::Cow;
use std::sync::Arc;

use proptest::prelude::*;
use query_cache::{Key, KeyPart, PartWriter, Tenant};

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Bytes(Vec<u8>),
    Integer(i128),
    Flag(bool),
    Maybe(Option<i64>),
    List(Vec<String>),
}

impl KeyPart for Part {
    fn write(&self, part: &mut PartWriter<'_>) {
        match self {
            Self::Text(text) => text.write(part),
            Self::Bytes(bytes) => bytes.as_slice().write(part),
            Self::Integer(number) => number.write(part),
            Self::Flag(flag) => flag.write(part),
            Self::Maybe(maybe) => maybe.write(part),
            Self::List(list) => part.list(list),
        }
    }
}

fn part() -> impl Strategy<Value = Part> {
    // Small on purpose: what is to be found are lists that nearly meet.
    prop_oneof![
        "[ab]{0,3}".prop_map(Part::Text),
        prop::collection::vec(0u8..3, 0..3).prop_map(Part::Bytes),
        (-2i128..3).prop_map(Part::Integer),
        any::<bool>().prop_map(Part::Flag),
        prop::option::of(0i64..2).prop_map(Part::Maybe),
        prop::collection::vec("[ab]{0,2}", 0..3).prop_map(Part::List),
    ]
}

fn key(tenant: Option<&str>, namespace: &str, parts: &[Part]) -> Key {
    let key = match tenant {
        Some(tenant) => Tenant::new(tenant).key(namespace),
        None => Key::new(namespace),
    };
    parts.iter().fold(key, |key, part| key.part(part))
}

fn described() -> impl Strategy<Value = (Option<String>, String, Vec<Part>)> {
    (prop::option::of("[ab]{0,2}"), "[ab]{0,2}", prop::collection::vec(part(), 0..4))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn keys_are_equal_exactly_when_their_descriptions_are(a in described(), b in described()) {
        let (key_a, key_b) = (key(a.0.as_deref(), &a.1, &a.2), key(b.0.as_deref(), &b.1, &b.2));
        prop_assert_eq!(key_a == key_b, a == b, "{:?} {:?}", key_a, key_b);
        prop_assert_eq!(key_a.name() == key_b.name(), a == b);
    }

    #[test]
    fn the_namespace_of_a_key_is_the_one_it_was_made_in(a in described()) {
        let namespace = key(a.0.as_deref(), &a.1, &a.2).namespace();
        prop_assert_eq!(key(a.0.as_deref(), &a.1, &[]), Key::scoped(namespace));
    }
}

/// Names are kept in stores: another version of this crate must find what this one wrote.
#[test]
fn names_do_not_change() {
    let key = Key::new("schedule").part("2026-07").part(7u32).part([1u8, 2]).part(None::<u8>);
    assert_eq!(
        key.as_bytes().escape_ascii().to_string(),
        concat!(
            r"\x00\x00\x00\x00\x00\x00\x00\x00\x08schedule",
            r"\x02\x00\x00\x00\x00\x00\x00\x00\x072026-07",
            r"\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07",
            r"\x03\x00\x00\x00\x00\x00\x00\x00\x02\x01\x02",
            r"\x07",
        )
    );
    assert_eq!(
        key.name().to_string(),
        "8adb7e42436fbbe7c6ad79a5b19e8f9860e4503eb504275280fecd9ccf72533b"
    );
}

#[test]
fn the_width_of_an_integer_does_not_count_but_its_kind_does() {
    assert_eq!(Key::new("k").part(7u8), Key::new("k").part(7i64));
    assert_eq!(Key::new("k").part(7usize), Key::new("k").part(7i128));
    assert_ne!(Key::new("k").part(7u8), Key::new("k").part("7"));
    assert_ne!(Key::new("k").part(1u8), Key::new("k").part(true));
}

#[test]
fn lists_keep_their_borders() {
    let two =
        |a: &[&str], b: &[&str]| Key::new("k").parts(a.iter().copied()).parts(b.iter().copied());
    assert_ne!(two(&["a"], &["b", "c"]), two(&["a", "b"], &["c"]));
}

#[test]
fn a_number_beyond_the_others_is_itself() {
    let of = |number: u128| Key::new("k").part(number);
    assert_eq!(of(7), Key::new("k").part(7u8));
    assert_eq!(of(i128::MAX as u128), Key::new("k").part(i128::MAX));
    assert_ne!(of(u128::MAX), Key::new("k").part(-1i8));
    assert_ne!(of(u128::MAX), of(u128::MAX - 1));
    assert_ne!(of(u128::MAX), Key::new("k").part(u128::MAX.to_be_bytes()));
}

#[test]
fn a_text_is_the_same_however_it_is_held() {
    let text = Key::new("k").part("a");
    assert_eq!(text, Key::new("k").part('a'));
    assert_eq!(text, Key::new("k").part(Arc::<str>::from("a")));
    assert_eq!(text, Key::new("k").part(Box::<str>::from("a")));
    assert_eq!(text, Key::new("k").part(Cow::Borrowed("a")));
    assert_eq!(Key::new("k").part(vec![1u8, 2]), Key::new("k").part([1u8, 2]));
}

#[test]
fn a_tuple_keeps_its_borders() {
    assert_ne!(Key::new("k").part((1, 2)).part(3), Key::new("k").part(1).part((2, 3)));
    assert_ne!(Key::new("k").part((1, 2)), Key::new("k").part(1).part(2));
    assert_ne!(Key::new("k").part((1,)), Key::new("k").part(1));
    assert_eq!(Key::new("k").part((1, 2)), Key::new("k").parts([1, 2]));
    assert_eq!(Key::new("k").part((1, "a", true, 'b')), Key::new("k").part((1u64, "a", true, "b")));
}

#[cfg(feature = "uuid")]
#[test]
fn a_uuid_is_its_bytes() {
    let id = uuid::Uuid::from_u128(7);
    assert_eq!(Key::new("k").part(id), Key::new("k").part(7u128.to_be_bytes()));
    assert_ne!(Key::new("k").part(id), Key::new("k").part(id.to_string()));
}
