use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits { compress_from: 512, largest: 1 << 20 };

fn header() -> Header {
    Header {
        fresh: Duration::from_millis(1500),
        stale: Duration::from_millis(250),
        versions: [(Name::from_bytes([0xab; 32]), Version::from_bytes([0xcd; 16]))].into(),
    }
}

/// Bytes written by any released version must be read for ever, or be refused by their format
/// number.
#[test]
fn the_envelope_has_these_bytes() {
    let packed = pack(&header(), br#"{"a":1}"#, LIMITS).expect("small enough");
    let hex: String = packed.iter().map(|byte| format!("{byte:02x}")).collect();
    let (content, sum) = hex.split_at(hex.len() - 16);
    assert_eq!(
        content,
        concat!(
            "5143",
            "01",
            "00",
            "00000000000005dc",
            "00000000000000fa",
            "0001",
            "abababababababababababababababababababababababababababababababab",
            "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
            "0000000000000007",
            "7b2261223a317d",
        )
    );
    assert_eq!(sum, "cec9b98156972175");
    assert_eq!(unpack(&packed, LIMITS), Ok((header(), br#"{"a":1}"#.to_vec())));
}

/// As written by another program: gzip is gzip, whatever wrote it.
#[cfg(feature = "gzip")]
#[test]
fn a_compressed_envelope_from_elsewhere_is_read() {
    let hex = concat!(
        "5143010100000000000005dc00000000000000fa0001abababababababababababababababababab",
        "ababababababababababababababcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd00000000000000211f8b",
        "08000000000004038b56cacb4ccf2851d2c141c7020007239d8a210000009be2343cbccb81ce",
    );
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    let payload = br#"["night","night","night","night"]"#.to_vec();
    assert_eq!(unpack(&bytes, LIMITS), Ok((header(), payload)));
}

proptest! {
    #[test]
    fn what_is_packed_is_unpacked(payload in prop::collection::vec(0u8..4, 0..4000)) {
        let packed = pack(&header(), &payload, LIMITS).expect("small enough");
        prop_assert_eq!(unpack(&packed, LIMITS), Ok((header(), payload)));
    }

    #[test]
    fn any_damage_is_noticed(
        payload in prop::collection::vec(any::<u8>(), 0..2000), at: prop::sample::Index, bit in 0u8..8,
    ) {
        let mut packed = pack(&header(), &payload, LIMITS).expect("small enough");
        let at = at.index(packed.len());
        packed[at] ^= 1u8 << bit;
        prop_assert_eq!(unpack(&packed, LIMITS), Err(Unreadable));
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(unpack(&bytes, LIMITS), Err(Unreadable));
    }

    #[test]
    fn every_prefix_is_refused(cut: prop::sample::Index) {
        let packed = pack(&header(), &[7; 2000], LIMITS).expect("small enough");
        prop_assert_eq!(unpack(&packed[..cut.index(packed.len())], LIMITS), Err(Unreadable));
    }
}

/// An envelope with a right checksum whose inside is hostile.
fn sealed(mut content: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&content);
    content.extend_from_slice(&sum);
    content
}

#[test]
fn an_unknown_format_or_codec_is_refused() {
    let packed = pack(&header(), b"{}", LIMITS).expect("small enough");
    let content = &packed[..packed.len() - CHECKSUM];
    for at in [2, 3] {
        let mut changed = content.to_vec();
        changed[at] = 99;
        assert_eq!(unpack(&sealed(changed), LIMITS), Err(Unreadable));
    }
}

#[test]
fn payloads_over_the_limit_are_neither_written_nor_read() {
    let small = Limits { largest: 10, ..LIMITS };
    assert_eq!(pack(&header(), &[0; 11], small), None);
    let packed = pack(&header(), &[0; 11], LIMITS).expect("small enough");
    assert_eq!(unpack(&packed, small), Err(Unreadable));
}

#[cfg(feature = "gzip")]
#[test]
fn a_payload_that_unpacks_to_more_than_it_says_is_refused() {
    let bomb = gzip::compress(&vec![0; 1 << 20]).expect("compresses well");
    let mut content = pack(&header(), b"", LIMITS).expect("small enough");
    content.truncate(content.len() - CHECKSUM - 8);
    content[3] = GZIP;
    content.extend_from_slice(&100u64.to_be_bytes());
    content.extend_from_slice(&bomb);
    assert_eq!(unpack(&sealed(content), LIMITS), Err(Unreadable));
}

#[cfg(feature = "gzip")]
#[test]
fn only_payloads_that_gain_from_it_are_compressed() {
    let noise: Vec<u8> = (0..2000u32).flat_map(|i| Sha256::digest(i.to_be_bytes())).collect();
    let codec = |payload: &[u8]| pack(&header(), payload, LIMITS).expect("small enough")[3];
    assert_eq!(codec(&noise), PLAIN);
    assert_eq!(codec(&[7; 511]), PLAIN);
    assert_eq!(codec(&[7; 512]), GZIP);
}
