//! The rules that come with the crate, one finding a file.

mod automatic_index;
mod inner_seqscan;
mod row_misestimate;
mod seqscan_selective;
mod sort_spill;
mod table_scan;
mod temp_b_tree;

pub use automatic_index::automatic_index;
pub use inner_seqscan::inner_seqscan;
pub use row_misestimate::row_misestimate;
pub use seqscan_selective::seqscan_selective;
pub use sort_spill::sort_spill;
pub use table_scan::table_scan;
pub use temp_b_tree::temp_b_tree;

use crate::rule::Rule;

/// All rules of this crate.
pub(crate) fn all() -> Vec<Box<dyn Rule>> {
    vec![
        Box::new(seqscan_selective),
        Box::new(inner_seqscan),
        Box::new(sort_spill),
        Box::new(row_misestimate),
        Box::new(table_scan),
        Box::new(automatic_index),
        Box::new(temp_b_tree),
    ]
}

/// A weight for plans without time and cost: grows with the rows of the table, 1/2 at ten thousand.
fn size_weight(rows: f64) -> f64 {
    let rows = rows.max(0.0);
    rows / (rows + 10_000.0)
}
