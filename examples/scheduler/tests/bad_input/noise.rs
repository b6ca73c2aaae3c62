//! Laws that hold for any input.

use crate::copy::{Copy, FILES};
use proptest::prelude::*;
use scheduler::import::load;

/// Bytes that look a little like CSV, so that more than the header is reached.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => prop::sample::select(b",\n\r\"-:;0123456789rAMPxe ".to_vec()),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever stands in a file, with or without a good header, loading answers and never panics.
    #[test]
    fn no_bytes_in_any_file_make_it_panic(file in 0..9usize, header: bool, noise in noise()) {
        let copy = Copy::new();
        let mut bytes = Vec::new();
        if header {
            bytes.extend(copy.text(FILES[file]).lines().next().unwrap().bytes());
            bytes.push(b'\n');
        }
        bytes.extend(noise);
        copy.write(FILES[file], bytes);
        _ = load(&copy.source());
    }

    /// One cell changed to anything: the programme loads, or the first fault is in the file changed or
    /// in one that refers to it, and names a line that the file has.
    #[test]
    fn a_changed_cell_is_blamed_on_a_line_that_exists(
        file in 0..9usize, row in any::<prop::sample::Index>(), column in any::<prop::sample::Index>(),
        text in "[ -~é\"]{0,12}",
    ) {
        let copy = Copy::new();
        let old = copy.text(FILES[file]);
        let mut rows: Vec<Vec<String>> =
            old.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
        let row = row.index(rows.len());
        let column = column.index(rows[row].len());
        rows[row][column] = format!("\"{}\"", text.replace('"', "\"\""));
        let lines: Vec<String> = rows.iter().map(|cells| cells.join(",")).collect();
        copy.write(FILES[file], lines.join("\n"));
        if let Err(faults) = load(&copy.source()) {
            for fault in faults.list() {
                let lines = copy.text(&fault.file).lines().count() as u64;
                prop_assert!(fault.line.is_none_or(|line| (1..=lines).contains(&line)), "{fault}");
            }
        }
    }
}
