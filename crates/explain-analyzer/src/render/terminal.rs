//! A tree for a terminal, with the findings below it.

use std::fmt::Write as _;

use crate::advice::Advice;
use crate::facts::NodeFacts;
use crate::plan::{Node, NodeId};
use crate::report::Report;
use crate::rule::Finding;
use crate::verify::Verification;

/// The report as plain text without colour. See [`Terminal`].
#[must_use]
pub fn terminal(report: &Report) -> String {
    Terminal::default().render(report)
}

/// How a report is laid out for a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Terminal {
    /// Marks findings and advice with ANSI colours. Default: no.
    pub color: bool,
}

impl Terminal {
    /// Sets [`color`](Self::color).
    #[must_use]
    pub fn color(mut self, color: bool) -> Self {
        self.color = color;
        self
    }

    /// The plan as a tree, a line for each node, then the findings and the indexes to create.
    ///
    /// Control characters that come from the plan are replaced, so names cannot steer the terminal.
    #[must_use]
    pub fn render(self, report: &Report) -> String {
        let mut out = String::new();
        for (id, node) in report.plan.nodes() {
            let marks = marks(report, id);
            out.push_str(&"  ".repeat(node.depth.min(MAX_INDENT)));
            push_clean(&mut out, &title(node));
            out.push_str(&numbers(node, report.facts.get(id)));
            if !marks.is_empty() {
                out.push_str(&self.paint(RED, &format!("  <- {marks}")));
            }
            out.push('\n');
        }
        self.findings(&mut out, &report.findings);
        self.advice(&mut out, &report.advice);
        out
    }

    fn findings(self, out: &mut String, findings: &[Finding]) {
        if findings.is_empty() {
            out.push_str("\nNothing found.\n");
            return;
        }
        out.push_str("\nFindings\n");
        for (position, finding) in findings.iter().enumerate() {
            out.push_str(&self.paint(RED, &format!("  {}. {}: ", position + 1, finding.rule)));
            push_clean(out, &finding.summary);
            out.push_str("\n     ");
            let evidence: Vec<String> = finding
                .evidence
                .iter()
                .map(|each| format!("{}: {}", each.name, each.value))
                .collect();
            push_clean(out, &evidence.join("; "));
            out.push('\n');
        }
    }

    fn advice(self, out: &mut String, advice: &[Advice]) {
        if advice.is_empty() {
            return;
        }
        out.push_str("\nAdvice\n");
        for each in advice {
            let mut statement = String::new();
            push_clean(&mut statement, &each.statement);
            out.push_str(&self.paint(GREEN, &format!("  {statement};")));
            let asked: Vec<String> = each.findings.iter().map(|at| (at + 1).to_string()).collect();
            let _ = write!(out, "\n     for {}", asked.join(", "));
            if each.verification != Verification::NotTried {
                let _ = write!(out, "; {}", each.verification);
            }
            if !each.replaces.is_empty() {
                push_clean(out, &format!("; may replace {}", each.replaces.join(", ")));
            }
            out.push('\n');
        }
    }

    fn paint(self, color: &str, text: &str) -> String {
        if self.color { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

const RED: &str = "31";
const GREEN: &str = "32";

/// Deeper nodes are drawn at this depth: a line of nothing but space helps nobody.
const MAX_INDENT: usize = 60;

fn marks(report: &Report, id: NodeId) -> String {
    let here = report.findings.iter().enumerate().filter(|(_, finding)| finding.node == id);
    here.map(|(position, _)| (position + 1).to_string()).collect::<Vec<_>>().join(", ")
}

fn title(node: &Node) -> String {
    let mut title = node.label.clone();
    // SQLite's labels already say all of this.
    if node.estimate.is_some() {
        if let Some(index) = &node.index {
            let _ = write!(title, " using {index}");
        }
        if let Some(relation) = &node.relation {
            let _ = write!(title, " on {}", relation.name);
            if let Some(alias) = &relation.alias {
                let _ = write!(title, " {alias}");
            }
        }
        for condition in &node.conditions {
            let _ = write!(title, " [{}]", condition.text);
        }
    }
    title
}

fn numbers(node: &Node, facts: Option<&NodeFacts>) -> String {
    let Some(facts) = facts else { return String::new() };
    if facts.never_executed {
        return "  (never executed)".to_owned();
    }
    let mut parts = Vec::new();
    match (facts.time_ms, facts.own_ms) {
        (Some(time), Some(own)) => parts.push(format!("{time:.3} ms, own {own:.3} ms")),
        _ => parts.extend(node.estimate.map(|estimate| format!("cost {:.2}", estimate.total_cost))),
    }
    let planned = node.estimate.map(|estimate| estimate.rows);
    match (node.actual, planned) {
        // Of one loop on both sides, or they could not be compared.
        (Some(actual), Some(planned)) => {
            parts.push(format!("rows {:.0}, planned {planned:.0}", actual.rows))
        }
        (None, Some(planned)) => parts.push(format!("rows {planned:.0} planned")),
        _ => {}
    }
    if let Some(actual) = node.actual.filter(|actual| actual.loops > 1.0) {
        parts.push(format!("loops {:.0}", actual.loops));
    }
    if parts.is_empty() { String::new() } else { format!("  ({})", parts.join("; ")) }
}

fn push_clean(out: &mut String, text: &str) {
    out.extend(text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }));
}
