//! Ways to look for better rosters.

pub(crate) mod noise;
pub(crate) mod plan;
pub(crate) mod rows;
mod tolls;
