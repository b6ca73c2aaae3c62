//! What each serializer and each compression makes of the same values, and in what time.
//!
//! Run with `cargo run --release -p query-cache --all-features --example codec_figures`. Needs
//! nothing installed, takes half a minute.
#![expect(clippy::print_stdout, reason = "the figures are its purpose")]

use std::hint::black_box;
use std::time::Instant;

use query_cache::testing::Packer;
use query_cache::{Compression, Dictionary, Format};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Assignment {
    id: String,
    person: String,
    rotation: String,
    block: String,
    person_name: String,
    rotation_name: String,
    date: String,
    shift: String,
    hours: f64,
}

/// Random identifiers of 122 bits, and words from a small stock, as query results have them.
fn schedule(random: &mut fastrand::Rng, assignments: usize) -> Vec<Assignment> {
    let people =
        ["Ada Lovelace", "Alan Turing", "Grace Hopper", "Edsger Dijkstra", "Barbara Liskov"];
    let rotations = ["Intensive care", "Outpatient clinic", "General ward", "Night float"];
    let word =
        |random: &mut fastrand::Rng, words: &[&str]| words[random.usize(..words.len())].to_owned();
    (0..assignments)
        .map(|_| Assignment {
            id: uuid(random),
            person: uuid(random),
            rotation: uuid(random),
            block: uuid(random),
            person_name: word(random, &people),
            rotation_name: word(random, &rotations),
            date: format!("2025-{:02}-{:02}", random.u8(1..13), random.u8(1..29)),
            shift: word(random, &["day", "night", "call"]),
            hours: f64::from(random.u8(8..50)) / 2.0,
        })
        .collect()
}

fn uuid(random: &mut fastrand::Rng) -> String {
    let hex = format!("{:032x}", random.u128(..));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Nanoseconds of CPU time are not to be had everywhere: the least of many short runs stands for
/// them.
fn least_nanos(rounds: usize, work: impl Fn()) -> f64 {
    let once = || {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e9
    };
    (0..rounds).map(|_| once()).fold(f64::INFINITY, f64::min)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut random = fastrand::Rng::with_seed(7);
    let typical: Vec<_> = (0..2000).map(|i| schedule(&mut random, 1 + i % 8)).collect();
    let dictionary = Dictionary::train(&typical, Format::Json)?;
    let packers = [
        ("gzip", Packer::new(Compression::Gzip)),
        ("zstd", Packer::new(Compression::Zstd)),
        ("zstd, dictionary", Packer::with_dictionary(dictionary)),
        ("lz4", Packer::new(Compression::Lz4)),
    ];
    formats(&typical);
    println!("| compression | JSON, bytes | ratio | in, ns/byte | out, ns/byte |");
    println!("|---|---|---|---|---|");
    for assignments in [1, 3, 30, 300] {
        let values: Vec<_> = (0..20).map(|_| schedule(&mut random, assignments)).collect();
        let texts = values.iter().map(serde_json::to_vec).collect::<Result<Vec<_>, _>>()?;
        let total: usize = texts.iter().map(Vec::len).sum();
        for (name, packer) in &packers {
            report(name, packer, &texts, total);
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a few values")]
fn formats(values: &[Vec<Assignment>]) {
    println!(
        "| format | bytes | of JSON | written and read back, ns/byte of JSON | read, ns/byte of JSON |"
    );
    println!("|---|---|---|---|---|");
    let encoded = |format| {
        let encode = |value| Packer::encode(format, value).expect("comes back");
        values.iter().map(encode).collect::<Vec<_>>()
    };
    let json: usize = encoded(Format::Json).iter().map(Vec::len).sum();
    for format in [Format::Json, Format::MessagePack] {
        let texts = encoded(format);
        let total: usize = texts.iter().map(Vec::len).sum();
        let write = least_nanos(30, || drop(black_box(encoded(format))));
        let read = least_nanos(30, || {
            let decode = |text: &Vec<u8>| Packer::decode::<Vec<Assignment>>(format, text);
            texts.iter().for_each(|text| drop(black_box(decode(text)).expect("comes back")));
        });
        let json = json as f64;
        println!(
            "| {format:?} | {} | {:.2} | {:.2} | {:.2} |",
            total / texts.len(),
            total as f64 / json,
            write / json,
            read / json,
        );
    }
    println!();
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a few values")]
fn report(name: &str, packer: &Packer, texts: &[Vec<u8>], total: usize) {
    let packed: Option<Vec<_>> = texts.iter().map(|text| packer.compress(text)).collect();
    let size = total / texts.len();
    let Some(packed) = packed else {
        println!("| {name} | {size} | saves no tenth | | |");
        return;
    };
    let small: usize = packed.iter().map(query_cache::testing::Packed::len).sum();
    let rounds = 2_000_000 / size.max(1_000);
    let compress = least_nanos(rounds, || {
        texts.iter().for_each(|text| _ = black_box(packer.compress(black_box(text))));
    });
    let expand = least_nanos(rounds, || {
        for (packed, text) in packed.iter().zip(texts) {
            assert_eq!(
                black_box(packer.expand(packed, text.len())).map(|t| t.len()),
                Some(text.len())
            );
        }
    });
    let (total, small) = (total as f64, small as f64);
    println!(
        "| {name} | {size} | {:.2} | {:.2} | {:.2} |",
        total / small,
        compress / total,
        expand / total
    );
}
