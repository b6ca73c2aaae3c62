//! Every fault of a programme is told in one pass, with file, line, column and what was expected.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod borders;
mod copy;
mod files;
mod noise;
mod overlaps;
mod rows;
