//! JSON for other programs: flat lists, so a deep plan is no deeper than a shallow one.

use serde_json::{Value, json};

use crate::advice::Advice;
use crate::facts::NodeFacts;
use crate::plan::{Node, NodeId};
use crate::report::Report;
use crate::rule::Finding;

/// The report as one JSON object with `statement`, `execution_ms`, `nodes`, `findings` and
/// `advice`.
///
/// Nodes refer to their parent, findings to their node and advice to its findings by position.
#[must_use]
pub fn json(report: &Report) -> String {
    let nodes: Vec<Value> =
        report.plan.nodes().map(|(id, each)| node(id, each, report.facts.get(id))).collect();
    json!({
        "statement": report.plan.statement,
        "execution_ms": report.plan.execution_ms,
        "nodes": nodes,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "advice": report.advice.iter().map(advice).collect::<Vec<_>>(),
    })
    .to_string()
}

fn node(id: NodeId, node: &Node, facts: Option<&NodeFacts>) -> Value {
    let facts = facts.copied().unwrap_or_default();
    json!({
        "id": id.index(),
        "parent": node.parent.map(NodeId::index),
        "label": node.label,
        "table": node.relation.as_ref().map(|relation| &relation.name),
        "index": node.index,
        "conditions": node.conditions.iter().map(|each| &each.text).collect::<Vec<_>>(),
        "planned_rows": node.estimate.map(|estimate| estimate.rows),
        "rows": facts.rows,
        "loops": node.actual.map(|actual| actual.loops),
        "time_ms": facts.time_ms,
        "own_ms": facts.own_ms,
        "share": facts.share,
        "never_executed": facts.never_executed,
    })
}

fn finding(finding: &Finding) -> Value {
    let evidence: serde_json::Map<String, Value> =
        finding.evidence.iter().map(|each| (each.name.to_owned(), json!(each.value))).collect();
    json!({
        "rule": finding.rule,
        "node": finding.node.index(),
        "weight": finding.weight,
        "summary": finding.summary,
        "evidence": evidence,
    })
}

fn advice(advice: &Advice) -> Value {
    json!({
        "statement": advice.statement,
        "findings": advice.findings,
        "replaces": advice.replaces,
        "verification": advice.verification.to_string(),
    })
}
