//! Frames that other programs read and write.

use std::io::{Read, Write};

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::*;
use crate::codec::gzip::Gzip;

fn text(length: usize) -> Vec<u8> {
    let words = ["night", "day", "ICU", "ward"].into_iter().cycle();
    words.flat_map(str::bytes).take(length).collect()
}

#[test]
fn what_is_compressed_is_gzip_to_others() {
    let (gzip, payload) = (Gzip::new(), text(5000));
    let frame = gzip.compress(&payload).expect("compresses");
    let mut read = Vec::new();
    GzDecoder::new(&frame[..]).read_to_end(&mut read).expect("gzip");
    assert_eq!(read, payload);
}

#[test]
fn what_others_compress_is_read() {
    let (gzip, payload) = (Gzip::new(), text(5000));
    for _ in 0..3 {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&payload).expect("to memory");
        let theirs = encoder.finish().expect("to memory");
        assert_eq!(gzip.expand(&theirs, payload.len()), Some(payload.clone()));
    }
}

#[test]
fn a_payload_that_unpacks_to_more_than_it_says_is_refused() {
    let gzip = Gzip::new();
    let bomb = gzip.compress(&vec![0; LARGEST]).expect("compresses");
    assert!(bomb.len() < LARGEST / 50);
    assert_eq!(gzip.expand(&bomb, 100), None);
    assert_eq!(gzip.expand(&bomb, LARGEST - 1), None);
    assert_eq!(gzip.expand(&bomb, LARGEST + 1), None);
    assert_eq!(gzip.expand(&bomb, usize::MAX), None, "no room is made for what cannot be");
    assert_eq!(gzip.expand(&bomb, LARGEST).map(|payload| payload.len()), Some(LARGEST));
}

#[test]
fn bytes_after_the_stream_are_refused() {
    let (gzip, payload) = (Gzip::new(), text(5000));
    let mut frame = gzip.compress(&payload).expect("compresses");
    let at = frame.len() - 8;
    frame.insert(at, 0);
    assert_eq!(gzip.expand(&frame, payload.len()), None);
}
