//! A plan with all that was found in it.

use std::fmt;

use crate::advice::{Advice, advise};
use crate::catalog::Catalog;
use crate::facts::Facts;
use crate::plan::Plan;
use crate::rule::{Finding, Rule, Subject, Thresholds};
use crate::rules;

/// A plan with all that was found in it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The plan.
    pub plan: Plan,
    /// What follows from its numbers.
    pub facts: Facts,
    /// What is wrong with it, worst first.
    pub findings: Vec<Finding>,
    /// Indexes to create, in the order of the findings that ask for them.
    pub advice: Vec<Advice>,
}

/// Applies all rules of this crate with the default thresholds. See [`Analyzer`].
#[must_use]
pub fn analyze(plan: Plan, catalog: &Catalog) -> Report {
    Analyzer::default().analyze(plan, catalog)
}

/// Rules and the thresholds they are held to.
pub struct Analyzer {
    rules: Vec<Box<dyn Rule>>,
    thresholds: Thresholds,
}

impl Default for Analyzer {
    /// All rules of this crate.
    fn default() -> Self {
        Self { rules: rules::all(), thresholds: Thresholds::default() }
    }
}

impl fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Analyzer")
            .field("rules", &self.rules.len())
            .field("thresholds", &self.thresholds)
            .finish()
    }
}

impl Analyzer {
    /// No rules at all.
    #[must_use]
    pub fn empty() -> Self {
        Self { rules: Vec::new(), thresholds: Thresholds::default() }
    }

    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: impl Rule + 'static) -> Self {
        self.rules.push(Box::new(rule));
        self
    }

    /// Sets the thresholds.
    #[must_use]
    pub fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.thresholds = thresholds;
        self
    }

    /// Applies the rules to every node that was run. The same plan and catalog give the same
    /// report. Cost: the nodes times the rules.
    #[must_use]
    pub fn analyze(&self, plan: Plan, catalog: &Catalog) -> Report {
        let facts = Facts::of(&plan);
        let mut findings = self.findings(&plan, &facts, catalog);
        findings.sort_by(|a, b| {
            b.weight
                .total_cmp(&a.weight)
                .then_with(|| a.node.cmp(&b.node))
                .then_with(|| a.rule.cmp(b.rule))
        });
        let advice = advise(&findings, catalog);
        tracing::debug!(
            nodes = plan.nodes.len(),
            findings = findings.len(),
            advice = advice.len(),
            "analyzed"
        );
        Report { plan, facts, findings, advice }
    }

    fn findings(&self, plan: &Plan, facts: &Facts, catalog: &Catalog) -> Vec<Finding> {
        let thresholds = &self.thresholds;
        let subjects = plan.nodes().filter_map(|(id, node)| {
            let own = facts.get(id).filter(|facts| !facts.never_executed)?;
            Some(Subject { id, node, facts: own, plan, all_facts: facts, catalog, thresholds })
        });
        subjects
            .flat_map(|subject| self.rules.iter().filter_map(move |rule| rule.check(&subject)))
            .collect()
    }
}
