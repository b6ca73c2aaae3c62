//! Where one statement ends and the next begins.

use std::ops::Range;

use crate::config::BatchConfig;
use crate::error::Error;
use crate::limits::Limits;

use super::Shape;

/// How much one statement carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    rows: usize,
    bytes: usize,
}

impl Cut {
    pub(crate) fn new(config: &BatchConfig, limits: Limits, shape: &Shape) -> Result<Self, Error> {
        let (columns, limit) = (shape.columns.len(), limits.max_parameters);
        // A backend that sends columns as arrays spends one parameter a column, however many rows.
        let parameters = columns * limits.parameters_per_value.max(1);
        if parameters > limit {
            return Err(Error::RowTooWide { table: shape.table.name, columns, limit });
        }
        let wanted = config.max_rows.map_or(limits.default_rows, Into::into);
        let fits = match limits.parameters_per_value {
            0 => usize::MAX,
            _ => limit / parameters,
        };
        Ok(Self { rows: wanted.min(fits).max(1), bytes: config.max_bytes.get() })
    }

    /// Rows of a full chunk.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Cuts rows of the given sizes into chunks that follow each other without a gap.
    pub(crate) fn chunks(&self, sizes: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
        let mut chunks = Vec::new();
        let (mut start, mut end, mut bytes) = (0, 0, 0_usize);
        for size in sizes {
            let fits = end - start < self.rows && bytes.saturating_add(size) <= self.bytes;
            if end > start && !fits {
                chunks.push(start..end);
                (start, bytes) = (end, 0);
            }
            end += 1;
            bytes = bytes.saturating_add(size);
        }
        if end > start {
            chunks.push(start..end);
        }
        chunks
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use proptest::prelude::*;

    use super::*;
    use crate::executor::Operation;
    use crate::record::{Column, Table};

    static COLUMNS: [Column; 80] = [Column::i64("c"); 80];

    fn shape(columns: usize) -> Shape {
        let table = Table::new("t", &COLUMNS[..columns]);
        Shape { operation: Operation::Insert, table, columns: COLUMNS[..columns].to_vec() }
    }

    proptest! {
        /// Every row lands in exactly one chunk, in order, and no chunk breaks a bound unless a
        /// single row does.
        #[test]
        fn chunks_tile_the_input(
            sizes in prop::collection::vec(0..300_usize, 0..2_000),
            columns in 1..80_usize,
            max_rows in 1..2_000_usize,
            max_bytes in 1..5_000_usize,
            max_parameters in 1..70_000_usize,
            parameters_per_value in 0..2_usize,
        ) {
            let config = BatchConfig::default()
                .max_rows(NonZeroUsize::new(max_rows).unwrap())
                .max_bytes(NonZeroUsize::new(max_bytes).unwrap());
            let limits = Limits { max_parameters, parameters_per_value, ..Limits::SQLITE };
            let cut = match Cut::new(&config, limits, &shape(columns)) {
                Ok(cut) => cut,
                Err(Error::RowTooWide { .. }) => {
                    prop_assert!(columns > max_parameters);
                    return Ok(());
                }
                Err(other) => return Err(TestCaseError::fail(format!("unexpected {other}"))),
            };
            let mut next = 0;
            for chunk in cut.chunks(sizes.iter().copied()) {
                prop_assert_eq!(chunk.start, next);
                prop_assert!(!chunk.is_empty() && chunk.len() <= max_rows);
                prop_assert!(chunk.len() * columns * parameters_per_value <= max_parameters);
                let bytes: usize = sizes[chunk.clone()].iter().sum();
                prop_assert!(bytes <= max_bytes || chunk.len() == 1);
                next = chunk.end;
            }
            prop_assert_eq!(next, sizes.len());
        }
    }
}
