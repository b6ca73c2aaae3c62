//! What a rule is, and what it is given.

use std::sync::Arc;

use crate::catalog::{Catalog, Table};
use crate::facts::{Facts, NodeFacts};
use crate::index::IndexAsk;
use crate::plan::{Node, NodeId, Operation, Plan};

/// Looks at one node at a time and says what is wrong with it, if anything.
///
/// A closure `Fn(&Subject) -> Option<Finding>` is a rule. A rule is not asked about nodes that were
/// never run.
///
/// ```
/// use explain_analyzer::{Analyzer, Catalog, Finding, Rule, Subject, parse};
///
/// /// Distrusts every function that is asked for rows.
/// struct FunctionScan;
///
/// impl Rule for FunctionScan {
///     fn check(&self, subject: &Subject<'_>) -> Option<Finding> {
///         let heavy = subject.node.label == "Function Scan" && subject.is_heavy();
///         heavy.then(|| Finding::new("function-scan", subject, "the planner cannot see inside"))
///     }
/// }
///
/// # fn main() -> Result<(), explain_analyzer::Error> {
/// let text = r#"{"Plan": {"Node Type": "Function Scan", "Total Cost": 10.0}}"#;
/// let plan = parse::postgres_json(text)?;
/// let report = Analyzer::empty().rule(FunctionScan).analyze(plan, &Catalog::default());
/// assert_eq!(report.findings.len(), 1);
/// # Ok(())
/// # }
/// ```
pub trait Rule: Send + Sync {
    /// The finding about this node.
    fn check(&self, subject: &Subject<'_>) -> Option<Finding>;
}

impl<F> Rule for F
where
    F: Fn(&Subject<'_>) -> Option<Finding> + Send + Sync,
{
    fn check(&self, subject: &Subject<'_>) -> Option<Finding> {
        self(subject)
    }
}

impl<R: Rule + ?Sized> Rule for Arc<R> {
    fn check(&self, subject: &Subject<'_>) -> Option<Finding> {
        R::check(self, subject)
    }
}

/// When a node is worth a word. Small plans are full of sequential scans that are right.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Thresholds {
    /// Least part of the plan's time or cost, 0 to 1. Default 0.1.
    pub share: f64,
    /// Least time of a measured node with all below it, in milliseconds. Default 5.
    pub time_ms: f64,
    /// Least rows of a table for an index on it to be worth it. Default 500.
    pub table_rows: f64,
    /// Least part of the rows read that a filter throws away, 0 to 1. Default 0.9.
    pub removed: f64,
    /// Least factor between estimated and real rows. Default 10.
    pub row_error: f64,
    /// Least number of rows, estimated or real, for a wrong estimate to matter. Default 1000.
    pub row_error_rows: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            share: 0.1,
            time_ms: 5.0,
            table_rows: 500.0,
            removed: 0.9,
            row_error: 10.0,
            row_error_rows: 1000.0,
        }
    }
}

impl Thresholds {
    /// Sets [`share`](Self::share).
    #[must_use]
    pub fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// Sets [`time_ms`](Self::time_ms).
    #[must_use]
    pub fn time_ms(mut self, time_ms: f64) -> Self {
        self.time_ms = time_ms;
        self
    }

    /// Sets [`table_rows`](Self::table_rows).
    #[must_use]
    pub fn table_rows(mut self, rows: f64) -> Self {
        self.table_rows = rows;
        self
    }
}

/// One node, with all that is known around it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Subject<'a> {
    /// The node asked about.
    pub id: NodeId,
    /// The node itself.
    pub node: &'a Node,
    /// What follows from its numbers.
    pub facts: &'a NodeFacts,
    /// The plan it stands in.
    pub plan: &'a Plan,
    /// The facts of all nodes.
    pub all_facts: &'a Facts,
    /// The tables.
    pub catalog: &'a Catalog,
    /// When a node is worth a word.
    pub thresholds: &'a Thresholds,
}

impl<'a> Subject<'a> {
    /// Another node of the same plan.
    #[must_use]
    pub fn at(&self, id: NodeId) -> Option<Self> {
        Some(Self { id, node: self.plan.node(id)?, facts: self.all_facts.get(id)?, ..*self })
    }

    /// The only input of the node, seen through the gathering of parallel rows.
    pub(crate) fn below(&self) -> Option<Self> {
        let mut id = self.id;
        loop {
            let mut inputs = self.plan.children(id);
            id = inputs.next().filter(|_| inputs.next().is_none())?;
            let below = self.at(id)?;
            if below.node.operation != Operation::Gather {
                return Some(below);
            }
        }
    }

    /// The table the node reads, if the catalog knows it.
    #[must_use]
    pub fn table(&self) -> Option<&'a Table> {
        crate::ask::table_of(self.plan, self.node, self.catalog)
    }

    /// Whether the node, with all below it, holds enough of the plan to be worth a word. Where the
    /// plan has neither time nor cost there is nothing to hold against it.
    #[must_use]
    pub fn is_heavy(&self) -> bool {
        let limits = self.thresholds;
        self.facts.share.is_none_or(|share| share >= limits.share)
            && self.facts.time_ms.is_none_or(|time| time >= limits.time_ms)
    }

    /// The indexes that would serve this node's conditions, best guess first. Empty when none
    /// would.
    #[must_use]
    pub fn index_asks(&self) -> Vec<IndexAsk> {
        crate::ask::asks(self)
    }
}

/// Something a rule found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule, as a short name with hyphens.
    pub rule: &'static str,
    /// The node it is about.
    pub node: NodeId,
    /// How much of the plan it concerns, 0 to 1. Findings are listed by it.
    pub weight: f64,
    /// One sentence: what is so, and what to do.
    pub summary: String,
    /// The numbers it rests on.
    pub evidence: Vec<Evidence>,
    /// Indexes that would help.
    pub indexes: Vec<IndexAsk>,
}

impl Finding {
    /// A finding about `subject`, weighed by its share of the plan.
    #[must_use]
    pub fn new(rule: &'static str, subject: &Subject<'_>, summary: impl Into<String>) -> Self {
        Self {
            rule,
            node: subject.id,
            weight: subject.facts.share.unwrap_or_default(),
            summary: summary.into(),
            evidence: Vec::new(),
            indexes: Vec::new(),
        }
    }

    /// Adds a number the finding rests on.
    #[must_use]
    pub fn evidence(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.evidence.push(Evidence { name, value: value.to_string() });
        self
    }

    /// Sets [`weight`](Self::weight).
    #[must_use]
    pub fn weight(mut self, weight: f64) -> Self {
        self.weight = weight;
        self
    }

    /// Sets [`indexes`](Self::indexes).
    #[must_use]
    pub fn indexes(mut self, indexes: Vec<IndexAsk>) -> Self {
        self.indexes = indexes;
        self
    }
}

/// One number a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// What is counted, with its unit.
    pub name: &'static str,
    /// How much.
    pub value: String,
}
