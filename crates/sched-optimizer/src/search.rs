//! Ways to look for better rosters.

pub(crate) mod noise;
pub(crate) mod plan;
mod pool;
pub(crate) mod rows;
mod tolls;
