//! Reads query plans of PostgreSQL and SQLite into one form and says what to change, with the
//! evidence.
//!
//! A plan becomes a [`Report`]: what is slow in it, which numbers say so, and the fewest indexes
//! that would help. Reading and judging are pure; the features `sqlite` and `postgres` add sources
//! that ask a live database.
//!
//! ```
//! use explain_analyzer::{Catalog, Table, analyze, parse, render};
//!
//! # fn main() -> Result<(), explain_analyzer::Error> {
//! let plan = parse::postgres_json(r#"[{"Plan": {
//!     "Node Type": "Seq Scan", "Relation Name": "shift", "Alias": "shift",
//!     "Startup Cost": 0.0, "Total Cost": 1840.0, "Plan Rows": 12, "Plan Width": 40,
//!     "Filter": "((person = 7) AND (starts >= '2025-07-01'::date))"
//! }}]"#)?;
//! let shifts = Table::new("shift").rows(1e5).column("person", "bigint").column("starts", "date");
//!
//! let report = analyze(plan, &Catalog::default().with(shifts));
//! assert_eq!(report.findings[0].rule, "seqscan-selective");
//! assert_eq!(
//!     report.advice[0].statement,
//!     "CREATE INDEX shift_person_starts_idx ON shift (person, starts)"
//! );
//! print!("{}", render::terminal(&report));
//! # Ok(())
//! # }
//! ```
//!
//! Which statement to explain, a [`SlowLog`] knows: it remembers those that took the most time, in
//! bounded memory.
//!
//! # Guarantees
//!
//! * No input makes a parser panic, and no depth of a plan overflows the stack.
//! * A node that was never executed has no finding. The same plan and catalog give the same report.
//! * A source never runs what it is asked to plan, unless told to measure; then it rolls back, and
//!   refuses writes unless told otherwise again.
//! * No index is proposed that exists, or that another proposed one covers.
//!
//! # Limits
//!
//! * PostgreSQL plans are read as JSON, not as text.
//! * Advice is B-tree indexes on plain columns. A condition on a function or a cast is left alone.
//! * SQLite's plans tell neither rows nor time: the findings rest on the sizes in the [`Catalog`].

mod advice;
mod ask;
mod catalog;
mod error;
mod facts;
mod index;
mod layout;
pub mod parse;
mod plan;
pub mod predicate;
mod query;
pub mod render;
mod report;
mod rule;
pub mod rules;
mod slow;
pub mod source;
mod statement;
mod verify;

pub use advice::{Advice, advise};
pub use catalog::{Catalog, Column, Index, Table};
pub use error::Error;
pub use facts::{Facts, NodeFacts};
pub use index::{IndexAsk, IndexKey};
pub use plan::{
    Actual, Backend, Buffers, Condition, ConditionRole, Estimate, Node, NodeId, Operation, Plan,
    Relation, Removed, Role, SortUse, Trigger, Workers,
};
pub use report::{Analyzer, Report, analyze};
pub use rule::{Evidence, Finding, Rule, Subject, Thresholds};
pub use slow::{SlowLog, SlowStatement, Stats};
pub use source::{AnyPlanError, AnyPlanSource, PlanSource};
pub use statement::{Statement, StatementError};
pub use verify::{Reason, Replan, Verification};
