//! Hostile bytes, by a generator that a fuzzer can drive.

use super::*;

/// As the store may answer, whatever has happened to it.
#[test]
fn no_bytes_make_it_panic() {
    let codecs = codecs();
    bolero::check!().with_iterations(5_000).with_max_len(400).for_each(|bytes: &[u8]| {
        for codec in &codecs {
            assert!(unpack(codec, bytes).is_err(), "nobody guesses a checksum");
        }
    });
}

/// Behind a right checksum: the header and the compressed stream are made up, as by somebody who
/// may write to the store.
#[test]
fn no_sealed_bytes_make_it_panic_or_unpack_more_than_the_limit() {
    let codecs = codecs();
    bolero::check!().with_iterations(10_000).with_max_len(400).for_each(|bytes: &[u8]| {
        let (claim, rest) = bytes.split_at(bytes.len().min(4));
        let compression = claim.first().map_or(0, |byte| byte % 5);
        let mut content = b"QC\x02\x01".to_vec();
        content.extend_from_slice(&[compression, 16]);
        match claim {
            // A whole header, with a length near the truth or far from it, then any stream.
            [_, shift, low, high] if shift % 4 != 0 => {
                content.extend_from_slice(&[0; 4 + 3 * 8 + 2]);
                let length = u64::from(u16::from_be_bytes([*high, *low])) << (shift % 64);
                content.extend_from_slice(&length.to_be_bytes());
            }
            _ => (),
        }
        content.extend_from_slice(rest);
        let content = sealed(content);
        for codec in &codecs {
            if let Ok((_, payload)) = unpack(codec, &content) {
                assert!(payload.len() <= LARGEST);
            }
        }
    });
}

/// Streams that were right once, then changed behind the checksum's back.
#[test]
fn no_changed_stream_makes_it_panic_or_unpack_more_than_the_limit() {
    let codecs = codecs();
    let payload = br#"["night","day","night","late"]"#.repeat(40);
    let packed = |codec: &Codec| codec.pack(&header(), &payload).expect("few versions");
    let packed: Vec<_> = codecs.iter().map(packed).collect();
    let check = bolero::check!().with_iterations(5_000).with_type::<Vec<(u16, u8)>>();
    check.for_each(|changes| {
        for (codec, packed) in codecs.iter().zip(&packed) {
            let mut content = packed[..packed.len() - CHECKSUM].to_vec();
            for (at, change) in changes {
                let at = usize::from(*at) % content.len();
                content[at] ^= change;
            }
            if let Ok((_, payload)) = unpack(codec, &sealed(content)) {
                assert!(payload.len() <= LARGEST);
            }
        }
    });
}

/// What comes out of a hostile envelope goes to the serializer.
#[test]
fn no_payload_makes_a_serializer_panic() {
    type Value = (Vec<Option<String>>, std::collections::BTreeMap<String, f64>, Vec<(u64, i8)>);
    let check = bolero::check!().with_iterations(10_000).with_max_len(200);
    check.for_each(|bytes: &[u8]| {
        _ = Format::Json.decode::<Value>(bytes);
        _ = Format::Json.decode::<serde_json::Value>(bytes);
        #[cfg(feature = "msgpack")]
        {
            _ = Format::MessagePack.decode::<Value>(bytes);
            _ = Format::MessagePack.decode::<serde_json::Value>(bytes);
        }
    });
}
