//! Bytes that were written once, by other programs: what has been written by any version is read
//! for ever, or refused by its format number.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::*;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).expect("the file is there")
}

#[cfg(feature = "zstd")]
pub(super) fn dictionary() -> Dictionary {
    Dictionary::from_bytes(bytes("dictionary.bin")).expect("a dictionary")
}

/// Reads any compression.
fn reader(format: Format) -> Codec {
    Codec::new(&Settings {
        format,
        #[cfg(feature = "zstd")]
        dictionaries: vec![dictionary()],
        ..Settings::default()
    })
}

fn nights(codec: &Codec, name: &str) {
    let envelope = codec.open(bytes(name)).expect(name);
    assert_eq!(envelope.header, header(), "{name}");
    let value = codec.decode(&envelope, Shape::of::<Vec<String>>()).expect(name);
    let value = value.downcast::<Vec<String>>().expect("the shape's type");
    assert_eq!(*value, vec!["night"; 64], "{name}");
}

#[test]
fn what_was_written_is_read_or_refused_on_purpose() {
    let json = reader(Format::Json);
    nights(&json, "format-2-json.bin");
    #[cfg(feature = "gzip")]
    nights(&json, "format-2-json-gzip.bin");
    #[cfg(feature = "lz4")]
    nights(&json, "format-2-json-lz4.bin");
    #[cfg(feature = "zstd")]
    nights(&json, "format-2-json-zstd.bin");
    #[cfg(feature = "zstd")]
    nights(&json, "format-2-json-zstd-dictionary.bin");
    #[cfg(feature = "msgpack")]
    nights(&reader(Format::MessagePack), "format-2-msgpack.bin");
    let refused = |name: &str| json.open(bytes(name)).expect_err(name);
    assert_eq!(refused("format-2-msgpack.bin"), Unreadable::Serializer(2));
    assert_eq!(refused("format-1.bin"), Unreadable::Format(1));
    assert_eq!(refused("format-1-gzip.bin"), Unreadable::Format(1));
    assert_eq!(refused("dictionary.bin"), Unreadable::Foreign);
}

#[cfg(feature = "msgpack")]
#[test]
fn another_serializer_is_refused_in_both_directions() {
    let refused =
        reader(Format::MessagePack).open(bytes("format-2-json.bin")).expect_err("of JSON");
    assert_eq!(refused, Unreadable::Serializer(1));
}

/// What is written plainly has to be those very bytes.
#[test]
fn the_envelope_has_these_bytes() {
    let payload = serde_json::to_vec(&vec!["night"; 64]).expect("JSON");
    let packed = codec(Compression::None).pack(&header(), &payload);
    assert_eq!(packed, Some(bytes("format-2-json.bin")));
}

#[test]
fn every_file_is_looked_at() {
    let source = include_str!("golden.rs");
    let files: BTreeSet<_> = fs::read_dir(folder())
        .expect("the folder is there")
        .map(|file| file.expect("readable").file_name().into_string().expect("plain"))
        .collect();
    assert!(files.len() >= 9);
    for file in files {
        assert!(source.contains(&format!("\"{file}\"")), "{file} is not tested");
    }
}
