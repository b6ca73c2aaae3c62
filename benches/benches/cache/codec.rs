//! Compression on the way to the store: states used again beside a new encoder for each value.

use std::hint::black_box;
use std::io::Write;

use criterion::Criterion;
use flate2::write::GzEncoder;
use query_cache::Compression;
use query_cache::testing::Packer;
use rounds_benches::pair;

const DOCUMENTS: u64 = 32;

/// A schedule as JSON, of about so many bytes: random identifiers, and words that repeat.
fn schedule(bytes: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut text = String::from("[");
    while text.len() < bytes {
        let separator = if text.len() > 1 { "," } else { "" };
        let (id, person) = (random.u128(..), random.u128(..));
        let rotation = random.choice(["ICU", "Clinic", "Ward", "Night float"]).expect("some");
        let day = random.u32(1..29);
        text += &format!(
            r#"{separator}{{"id":"{id:032x}","person":"{person:032x}","rotation":"{rotation}","date":"2025-07-{day:02}","hours":{}}}"#,
            random.u32(4..25),
        );
    }
    (text + "]").into_bytes()
}

fn new_encoder(document: &[u8]) -> usize {
    let mut encoder =
        GzEncoder::new(Vec::with_capacity(document.len() / 4), flate2::Compression::fast());
    encoder.write_all(document).expect("to memory");
    black_box(encoder.finish().expect("to memory")).len()
}

fn compress(criterion: &mut Criterion, operation: &str, bytes: usize) {
    let documents: Vec<_> = (0..DOCUMENTS).map(|seed| schedule(bytes, seed)).collect();
    let packer = Packer::new(Compression::Gzip);
    let ours = |document: &Vec<u8>| black_box(packer.compress(document)).expect("compresses").len();
    for document in &documents {
        let packed = packer.compress(document).expect("compresses");
        assert_eq!(packer.expand(&packed, document.len()).as_ref(), Some(document));
        // The two may cut blocks in other places, no more.
        assert!(packed.len().abs_diff(new_encoder(document)) < document.len() / 50);
    }
    let is_smaller =
        |compressed: usize, document: &Vec<u8>| usize::from(compressed < document.len());
    pair(
        criterion,
        operation,
        ("ours", || {
            documents.iter().map(|document| is_smaller(ours(document), document)).sum::<usize>()
        }),
        ("new-encoder", || {
            documents.iter().map(|document| is_smaller(new_encoder(document), document)).sum()
        }),
    );
}

pub(super) fn compression(criterion: &mut Criterion) {
    compress(criterion, "compress-1k", 1 << 10);
    compress(criterion, "compress-10k", 10 << 10);
}
