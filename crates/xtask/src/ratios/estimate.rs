//! What criterion measured.

use std::{fs, path::Path};

use anyhow::Context;
use serde::Deserialize;

/// The part of criterion's `estimates.json` that is used.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// The median time of one iteration, in nanoseconds.
pub(super) fn median(file: &Path) -> anyhow::Result<f64> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("no bench of that name wrote {}", file.display()))?;
    let estimates: Estimates =
        serde_json::from_str(&text).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(estimates.median.point_estimate)
}

/// The median; of an even number, the mean of the two in the middle; of none, not a number.
pub(super) fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => f64::midpoint(sorted[half - 1], sorted[half]),
        _ => sorted[half],
    }
}

/// Nanoseconds in the unit that reads best.
pub(super) fn show(nanoseconds: f64) -> String {
    let units = [("s", 1e9), ("ms", 1e6), ("µs", 1e3)];
    let unit = units.into_iter().find(|(_, size)| nanoseconds >= *size);
    let (name, size) = unit.unwrap_or(("ns", 1.0));
    format!("{:.2} {name}", nanoseconds / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        assert!((middle(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((middle(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(middle(&[]).is_nan());
    }

    #[test]
    fn times_are_shown_in_a_unit_that_reads_well() {
        assert_eq!(show(12.345), "12.35 ns");
        assert_eq!(show(1_500.0), "1.50 µs");
        assert_eq!(show(2_000_000_000.0), "2.00 s");
    }
}
