//! `EXPLAIN QUERY PLAN` of SQLite.

use std::collections::{HashMap, HashSet};

use crate::plan::{
    Backend, Condition, ConditionRole, Node, NodeId, Operation, Plan, Relation, Role,
};

/// One row of `EXPLAIN QUERY PLAN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteRow {
    /// Column `id`.
    pub id: i64,
    /// Column `parent`; 0 is the statement itself.
    pub parent: i64,
    /// Column `detail`.
    pub detail: String,
}

/// Reads the rows of `EXPLAIN QUERY PLAN`.
///
/// SQLite prints neither costs nor filters, so [`Plan::with_statement`] should follow: without the
/// statement the rules can say that a table is scanned, but not what to do about it. A row whose
/// parent did not come before it becomes a root; a detail that is not known becomes
/// [`Operation::Other`]. Linear in the rows.
pub fn sqlite(rows: impl IntoIterator<Item = SqliteRow>) -> Plan {
    let mut plan = Plan::new(Backend::Sqlite);
    let mut places: HashMap<i64, usize> = HashMap::new();
    let mut driving: HashSet<Option<usize>> = HashSet::new();
    for row in rows {
        let parent = places.get(&row.parent).copied();
        let depth = parent.and_then(|at| plan.nodes.get(at)).map_or(0, |node| node.depth + 1);
        places.insert(row.id, plan.nodes.len());
        let mut node = Node { parent: parent.map(NodeId), depth, ..node(row.detail) };
        // Tables under one parent are nested loops, the first one outermost.
        if node.operation.reads_table() && !driving.insert(parent) {
            node.role = Role::Inner;
        }
        plan.nodes.push(node);
    }
    plan
}

fn node(detail: String) -> Node {
    let words = detail.trim();
    let mut node = if let Some(rest) = words.strip_prefix("SCAN ") {
        table(rest, Operation::SeqScan)
    } else if let Some(rest) = words.strip_prefix("SEARCH ") {
        table(rest, Operation::IndexScan)
    } else if words.starts_with("USE TEMP B-TREE FOR ") {
        Node { operation: Operation::Sort, ..Node::default() }
    } else if words.starts_with("MATERIALIZE ") {
        Node { operation: Operation::Materialize, ..Node::default() }
    } else {
        Node::default()
    };
    node.label = detail;
    node
}

/// `[TABLE] name [AS alias] [USING how] [(conditions)]`.
fn table(text: &str, plain: Operation) -> Node {
    let text = text.strip_prefix("TABLE ").unwrap_or(text);
    if text.starts_with('(') || text.ends_with(" CONSTANT ROW") || text.ends_with(" CONSTANT ROWS")
    {
        return Node::default();
    }
    let (name, how) = text.split_once(" USING ").unwrap_or((text, ""));
    let name = name.split(" VIRTUAL TABLE").next().unwrap_or(name);
    let name = name.trim_end_matches(" LEFT-JOIN").trim_end_matches(" EXISTS");
    let (name, alias) =
        name.split_once(" AS ").map_or((name, None), |(name, alias)| (name, Some(alias)));
    let (operation, index, conditions) = access(how, plain);
    Node {
        operation: if text.contains(" VIRTUAL TABLE") { Operation::Other } else { operation },
        relation: Some(Relation {
            schema: None,
            name: name.to_owned(),
            alias: alias.map(str::to_owned),
        }),
        index: index.map(str::to_owned),
        conditions: conditions
            .map(|text| Condition { role: ConditionRole::Index, text: text.to_owned() })
            .into_iter()
            .collect(),
        ..Node::default()
    }
}

/// What follows `USING`: the operation, the index and the conditions inside the last parentheses.
fn access(how: &str, plain: Operation) -> (Operation, Option<&str>, Option<&str>) {
    let how = how.trim_end_matches(" LEFT-JOIN").trim_end_matches(" EXISTS");
    let (how, conditions) = match how.split_once(" (") {
        Some((how, rest)) => (how, rest.strip_suffix(')')),
        None => (how, None),
    };
    if how.starts_with("AUTOMATIC ") {
        (Operation::AutomaticIndex, None, conditions)
    } else if let Some(index) = how.strip_prefix("COVERING INDEX ") {
        (Operation::IndexOnlyScan, Some(index), conditions)
    } else if let Some(index) = how.strip_prefix("INDEX ") {
        (Operation::IndexScan, Some(index), conditions)
    } else {
        (plain, None, conditions)
    }
}
