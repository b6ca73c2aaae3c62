//! Adapters between the crates: the only place where two of them meet.

pub mod cache;
pub mod coverage;
pub mod explain;
pub mod fill_lock;
pub mod hear;
pub mod leases;
pub mod retry;
pub mod solutions;
pub mod statements;
pub mod writes;
