//! What comes back is what was written, or nothing is.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Debug;
use std::net::Ipv4Addr;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

const FORMATS: &[Format] = &[
    Format::Json,
    #[cfg(feature = "msgpack")]
    Format::MessagePack,
];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Shift {
    person: u64,
    hours: f64,
    share: f32,
    note: Option<String>,
    kind: Kind,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    tags: Vec<String>,
    #[serde(flatten)]
    more: BTreeMap<String, Either>,
    pair: (i8, char),
    wide: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Off,
    Night(u8),
    Split { first: i16, second: i16 },
    Pair(bool, u32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Text(String),
    List(Vec<Self>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value")]
enum Tagged {
    One(u32),
    Two { name: String },
}

fn eithers() -> impl Strategy<Value = Either> {
    let leaf = prop_oneof![any::<i64>().prop_map(Either::Number), ".*".prop_map(Either::Text)];
    leaf.prop_recursive(3, 8, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Either::List))
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Off),
        any::<u8>().prop_map(Kind::Night),
        any::<(i16, i16)>().prop_map(|(first, second)| Kind::Split { first, second }),
        any::<(bool, u32)>().prop_map(|(a, b)| Kind::Pair(a, b)),
    ]
}

prop_compose! {
    fn shifts()(
        person: u64, hours in finite(), share in any::<f32>().prop_filter("finite", |x| x.is_finite()),
        note: Option<String>, kind in kinds(), tags: Vec<String>,
        more in prop::collection::btree_map("x[a-z]{0,4}", eithers(), 0..4), pair: (i8, char), wide: i64,
    ) -> Shift {
        Shift { person, hours, share, note, kind, tags, more, pair, wide }
    }
}

fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("finite", |number| number.is_finite())
}

fn there_and_back<T>(value: &T) -> Vec<Result<T, Unencodable>>
where
    T: Serialize + DeserializeOwned,
{
    let encode = |format: &Format| {
        let bytes = format.encode(value, usize::MAX)?;
        Ok(format.decode(&bytes).expect("was read before"))
    };
    FORMATS.iter().map(encode).collect()
}

#[track_caller]
fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    for (format, back) in FORMATS.iter().zip(there_and_back(value)) {
        assert_eq!(back.as_ref(), Ok(value), "{format:?}");
    }
}

#[track_caller]
fn is_not_stored<T: Serialize + DeserializeOwned>(value: &T) {
    for (format, back) in FORMATS.iter().zip(there_and_back(value)) {
        assert_eq!(back.err(), Some(Unencodable::Unfaithful), "{format:?}");
    }
}

proptest! {
    #[test]
    fn any_value_comes_back(shift in shifts(), list in prop::collection::vec(finite(), 0..9)) {
        for back in there_and_back(&(shift.clone(), list.clone())) {
            prop_assert_eq!(back, Ok((shift.clone(), list.clone())));
        }
    }

    #[test]
    fn a_limit_is_kept(text in ".{0,60}", limit in 0usize..80) {
        for format in FORMATS {
            let whole = format.encode(&text, usize::MAX).expect("text");
            let expected =
                if whole.len() <= limit { Ok(whole) } else { Err(Unencodable::TooLong { limit }) };
            prop_assert_eq!(format.encode(&text, limit), expected);
        }
    }

    #[test]
    fn bytes_behind_the_value_are_refused(value: (u32, Option<bool>), rest in 1u8..) {
        for format in FORMATS {
            let mut bytes = format.encode(&value, usize::MAX).expect("numbers");
            bytes.push(rest);
            let is_space = *format == Format::Json && b" \t\r\n".contains(&rest);
            prop_assert_eq!(format.decode::<(u32, Option<bool>)>(&bytes).is_some(), is_space);
        }
    }
}

#[test]
fn kinds_of_types_come_back() {
    comes_back(&Tagged::One(7));
    comes_back(&vec![Tagged::Two { name: "a".into() }]);
    comes_back(&Some(Either::Text(String::new())));
    comes_back(&(u128::MAX, i128::MIN, u64::MAX, i64::MIN));
    comes_back(&(f64::MIN_POSITIVE, -0.0f64, 5e-324, f64::MAX, 0.1 + 0.2));
    comes_back(&((), [0u8; 3], 'ß', "\0\u{10ffff}".to_owned()));
    comes_back(&Ipv4Addr::LOCALHOST);
    comes_back(&serde_json::json!({ "a": [1, -1, 1.5, null, true, { "": "x" }] }));
    comes_back(&Ok::<u8, String>(3));
}

/// Their order differs from one to the next, which is no difference.
#[test]
fn sets_and_maps_without_an_order_come_back() {
    comes_back(&(0..500).map(|i| (i.to_string(), i)).collect::<HashMap<_, _>>());
    comes_back(&(0..500).collect::<HashSet<u32>>());
    comes_back(&vec![Some(
        (0..50).map(|i| (i, HashSet::from([i, i + 1]))).collect::<HashMap<u8, _>>(),
    )]);
}

#[test]
fn what_would_come_back_as_another_value_is_not_stored() {
    is_not_stored(&Some(None::<u8>));
    is_not_stored(&vec![Some(Some(1)), Some(None)]);
    is_not_stored(&Some(()));

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Ambiguous {
        Narrow(u8),
        Wide(u64),
    }
    is_not_stored(&Ambiguous::Wide(5));
    is_not_stored(&HashMap::from([(1, Ambiguous::Wide(5))]));
    for format in FORMATS {
        assert!(format.encode(&Ambiguous::Narrow(5), 9).is_ok());
        assert!(format.encode(&Ambiguous::Wide(500), 9).is_ok());
    }
}

#[test]
fn what_could_not_be_read_is_not_stored() {
    #[derive(Serialize, Deserialize)]
    struct OneWay {
        #[serde(skip_serializing)]
        #[expect(dead_code, reason = "only serde looks at it")]
        needed: u8,
    }
    is_not_stored(&OneWay { needed: 1 });

    // Its key comes twice, once by hand and once by `flatten`.
    #[derive(Serialize, Deserialize)]
    struct Twice {
        a: u8,
        #[serde(flatten)]
        more: BTreeMap<String, u8>,
    }
    is_not_stored(&Twice { a: 1, more: BTreeMap::from([("a".to_owned(), 2)]) });
}

#[test]
fn json_does_not_store_what_it_has_no_words_for() {
    let unfaithful = Err(Unencodable::Unfaithful);
    assert_eq!(Format::Json.encode(&f64::NAN, 99), unfaithful);
    assert_eq!(Format::Json.encode(&Some(f64::INFINITY), 99), unfaithful);
    let keys = BTreeMap::from([((1, 2), 3)]);
    assert_eq!(Format::Json.encode(&keys, 99), Err(Unencodable::Refused));
}

#[cfg(feature = "msgpack")]
#[test]
fn message_pack_has_words_for_more_and_takes_fewer_bytes() {
    let back = |value: f64| {
        Format::MessagePack
            .decode::<f64>(&Format::MessagePack.encode(&value, 99).expect("a number"))
    };
    assert!(back(f64::NAN).is_some_and(f64::is_nan));
    assert_eq!(back(f64::NEG_INFINITY), Some(f64::NEG_INFINITY));
    let keys = BTreeMap::from([((1, 2), 3)]);
    assert!(Format::MessagePack.encode(&keys, 99).is_ok());
    let rows: Vec<_> = (0..100u64).map(|i| (i * 1_000_003, i.is_multiple_of(2))).collect();
    let length = |format: Format| format.encode(&rows, usize::MAX).expect("numbers").len();
    assert!(length(Format::MessagePack) < length(Format::Json));
}

/// A field that was added, taken away or moved is noticed by its name.
#[test]
fn another_struct_never_reads_the_wrong_fields() {
    #[derive(Serialize, Deserialize)]
    struct Old {
        from: u32,
        to: u32,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Turned {
        to: u32,
        from: u32,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Renamed {
        start: u32,
        to: u32,
    }
    for format in FORMATS {
        let bytes = format.encode(&Old { from: 1, to: 2 }, 99).expect("numbers");
        assert_eq!(format.decode(&bytes), Some(Turned { to: 2, from: 1 }));
        assert_eq!(format.decode::<Renamed>(&bytes), None);
    }
}
