//! Envelopes under every compression: what was packed comes back, and nothing else does.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::envelope::{CHECKSUM, checksum};
use super::*;
use crate::name::{Name, Version};

mod fuzz;
mod golden;
#[cfg(feature = "gzip")]
mod gzip;

const LARGEST: usize = 1 << 20;

pub(super) fn header() -> Header {
    Header {
        created: Duration::from_millis(40),
        fresh: Duration::from_millis(1500),
        stale: Duration::from_millis(250),
        versions: [(Name::from_bytes([0xab; 32]), Version::from_bytes([0xcd; 16]))].into(),
    }
}

pub(super) fn codec(compression: Compression) -> Codec {
    let limits = Limits { compress_from: Some(512), largest: LARGEST };
    Codec::new(&Settings { compression, limits, ..Settings::default() })
}

/// One of each kind.
fn codecs() -> Vec<Codec> {
    vec![
        codec(Compression::None),
        #[cfg(feature = "gzip")]
        codec(Compression::Gzip),
        #[cfg(feature = "lz4")]
        codec(Compression::Lz4),
        #[cfg(feature = "zstd")]
        codec(Compression::Zstd),
        #[cfg(feature = "zstd")]
        with_dictionary(&[golden::dictionary()]),
    ]
}

#[cfg(feature = "zstd")]
fn with_dictionary(dictionaries: &[Dictionary]) -> Codec {
    let limits = Limits { compress_from: Some(16), largest: LARGEST };
    let (compression, dictionaries) = (Compression::Zstd, dictionaries.to_vec());
    Codec::new(&Settings { compression, dictionaries, limits, ..Settings::default() })
}

pub(super) fn unpack(codec: &Codec, bytes: &[u8]) -> Result<(Header, Vec<u8>), Unreadable> {
    let envelope = codec.open(bytes.to_vec())?;
    let payload = codec.payload(&envelope)?.into_owned();
    Ok((envelope.header, payload))
}

/// An envelope with a right checksum around what need not make sense.
pub(super) fn sealed(mut content: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&content);
    content.extend_from_slice(&sum);
    content
}

/// Text that compresses, or bytes that do not.
fn payloads() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(0u8..4, 0..4000),
        prop::collection::vec(any::<u8>(), 0..2000),
        "([a-z]{1,9},){0,300}".prop_map(String::into_bytes),
        (0usize..200_000, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]),
    ]
}

proptest! {
    #[test]
    fn what_is_packed_is_unpacked_by_all(payload in payloads()) {
        for codec in codecs() {
            let packed = codec.pack(&header(), &payload).expect("few versions");
            let unpacked = unpack(&codec, &packed);
            prop_assert_eq!(unpacked, Ok((header(), payload.clone())));
            prop_assert!(packed.len() <= payload.len() + 52 + 48 + CHECKSUM);
        }
    }

    #[test]
    fn any_damage_is_noticed(payload in payloads(), at: prop::sample::Index, change in 1u8..) {
        for codec in codecs() {
            let mut packed = codec.pack(&header(), &payload).expect("few versions");
            let at = at.index(packed.len());
            packed[at] ^= change;
            prop_assert!(codec.open(packed).is_err());
        }
    }

    #[test]
    fn every_prefix_is_refused(payload in payloads(), cut: prop::sample::Index) {
        for codec in codecs() {
            let packed = codec.pack(&header(), &payload).expect("few versions");
            prop_assert!(codec.open(packed[..cut.index(packed.len())].to_vec()).is_err());
        }
    }
}

#[test]
fn states_that_are_used_again_remember_nothing() {
    let payload = |i: usize| format!("[{i},").repeat(200 + 7 * (i % 900)).into_bytes();
    for codec in codecs() {
        for i in 0..200 {
            let packed = codec.pack(&header(), &payload(i)).expect("few versions");
            // In between, something that fails half way.
            let torn = sealed(packed[..packed.len() - CHECKSUM - 3].to_vec());
            assert!(unpack(&codec, &torn).is_err(), "{i}");
            assert_eq!(unpack(&codec, &packed), Ok((header(), payload(i))), "{i}");
            let again = codec.pack(&header(), &payload(i));
            assert_eq!(again, Some(packed), "the same bytes each time, {i}");
        }
    }
}

#[test]
fn an_unknown_format_serializer_or_compression_is_refused_with_its_reason() {
    let codec = codec(Compression::None);
    let packed = codec.pack(&header(), b"{}").expect("few versions");
    let with = |at: usize, byte: u8| {
        let mut content = packed[..packed.len() - CHECKSUM].to_vec();
        content[at] = byte;
        unpack(&codec, &sealed(content)).expect_err("changed")
    };
    assert_eq!(with(0, b'q'), Unreadable::Foreign);
    assert_eq!(with(2, 1), Unreadable::Format(1));
    assert_eq!(with(2, 99), Unreadable::Format(99));
    assert_eq!(with(3, 99), Unreadable::Serializer(99));
    assert_eq!(with(4, 99), Unreadable::Method { compression: 99, dictionary: 0 });
    assert_eq!(with(5, 24), Unreadable::Damaged, "a version of another size");
    assert_eq!(with(9, 1), Unreadable::Method { compression: 0, dictionary: 1 });
}

#[test]
fn a_length_that_is_not_that_of_the_payload_is_refused() {
    for codec in codecs() {
        for change in [1, -1] {
            let packed = codec.pack(&header(), &[b'a'; 2000]).expect("few versions");
            let mut content = packed[..packed.len() - CHECKSUM].to_vec();
            content[84..92].copy_from_slice(&2000u64.saturating_add_signed(change).to_be_bytes());
            let refused = unpack(&codec, &sealed(content));
            assert_eq!(refused, Err(Unreadable::Payload), "{change} {:?}", codec.compression);
        }
    }
}

#[test]
fn payloads_over_the_limit_are_neither_written_nor_read() {
    let limits = Limits { largest: 10, ..Limits::default() };
    let small = Codec::new(&Settings { limits, ..Settings::default() });
    let value: AnyValue = Arc::new("123456789".to_owned());
    let refused = small.encode(&value, Shape::of::<String>(), usize::MAX);
    assert_eq!(refused, Err(Unencodable::TooLong { limit: 10 }));
    let packed = codec(Compression::None).pack(&header(), &[0; 11]).expect("few versions");
    assert_eq!(unpack(&small, &packed), Err(Unreadable::TooLong(11)));
}

#[test]
fn only_payloads_that_gain_from_it_are_compressed() {
    let method =
        |codec: &Codec, payload: &[u8]| codec.pack(&header(), payload).expect("few versions")[4];
    let noise: Vec<u8> = (0..2000u32).flat_map(|i| checksum(&i.to_be_bytes())).collect();
    for codec in codecs() {
        assert_eq!(method(&codec, &noise), 0);
        assert_eq!(method(&codec, &[7; 15]), 0);
        let compresses = codec.compression != Compression::None;
        assert_eq!(method(&codec, &[7; 512]) != 0, compresses);
    }
    assert_eq!(method(&codec(Compression::default()), &[7; 511]), 0);
}

#[cfg(feature = "zstd")]
#[test]
fn a_dictionary_that_is_not_known_is_a_miss_and_an_earlier_one_is_not() {
    let numbers: Vec<_> = (0..500).map(|i| ("ICU", i, format!("person {}", i * i))).collect();
    let (old, new) = (golden::dictionary(), Dictionary::train(&numbers, Format::Json));
    let new = new.expect("enough samples");
    let payload = br#"["night","night","day","night","late","night"]"#.repeat(3);
    let packed = with_dictionary(std::slice::from_ref(&old)).pack(&header(), &payload);
    let packed = packed.expect("few versions");
    assert_eq!(packed[4], 2, "compressed");
    let both = with_dictionary(&[old.clone(), new.clone()]);
    assert_eq!(unpack(&both, &packed), Ok((header(), payload)));
    let unknown = Unreadable::Method { compression: 2, dictionary: old.id() };
    for codec in [with_dictionary(&[new]), codec(Compression::Zstd), codec(Compression::None)] {
        assert_eq!(unpack(&codec, &packed), Err(unknown));
    }
}
