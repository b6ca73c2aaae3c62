//! A medical residency scheduler: reads a programme, plans a block under the ACGME duty-hour rules,
//! audits it, publishes it and serves it, with all six Rounds crates.
//!
//! [`plan`] is the whole path on one page. The rules of the domain are here, the mechanisms in the
//! crates, and where two crates meet is in [`glue`].

pub mod acgme;
pub mod audit;
pub mod bad_input;
pub mod cli;
pub mod db;
pub mod domain;
pub mod export;
pub mod figures;
pub mod glue;
pub mod import;
pub mod model;
pub mod outputs;
pub mod page;
pub mod parts;
pub mod plan;
pub mod readings;
pub mod rehearsal;
pub mod replan;
pub mod report;
pub mod settings;
pub mod solve;
pub mod wishes;
