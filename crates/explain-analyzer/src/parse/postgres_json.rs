//! `EXPLAIN (FORMAT JSON)` of PostgreSQL, `auto_explain` entries included.

use std::borrow::Cow;

use super::json::{Reader, Token};
use crate::Error;
use crate::plan::{
    Actual, Backend, Condition, ConditionRole, Estimate, Node, NodeId, Operation, Plan, Role,
    SortUse, Trigger,
};

/// Reads the output of `EXPLAIN (FORMAT JSON, ...)`, with or without `ANALYZE`.
///
/// Takes the array that PostgreSQL prints, the bare object that `auto_explain` logs, and either of
/// them under the key `QUERY PLAN` as clients export it. Keys that are not known are passed over.
/// When rules turn one statement into several, their plans become several roots and their times are
/// summed. Time and memory are linear in the text; the depth of the plan has no limit.
///
/// # Errors
///
/// [`Error::Syntax`] if the text is not JSON, [`Error::NoPlan`] if no plan is in it.
pub fn postgres_json(text: &str) -> Result<Plan, Error> {
    let mut reader = Reader::new(text.trim_start_matches('\u{feff}'));
    let mut builder = Builder::default();
    while let Some(token) = reader.token()? {
        builder.take(token);
    }
    if builder.plan.nodes.is_empty() { Err(Error::NoPlan) } else { Ok(builder.plan) }
}

/// What an open bracket is about.
#[derive(Clone, Copy)]
enum Frame {
    /// A list of explained statements.
    Statements,
    /// One explained statement.
    Statement,
    /// A node.
    Node(usize),
    /// The children of a node.
    Children(usize),
    /// The sort keys of a node.
    SortKeys(usize),
    /// The workers of a node.
    Workers(usize),
    /// One worker of a node.
    Worker(usize),
    Settings,
    Triggers,
    Trigger,
    /// Something that is not read.
    Ignored,
}

struct Builder<'a> {
    plan: Plan,
    open: Vec<Frame>,
    key: Cow<'a, str>,
}

impl Default for Builder<'_> {
    fn default() -> Self {
        Self { plan: Plan::new(Backend::Postgres), open: Vec::new(), key: Cow::Borrowed("") }
    }
}

impl<'a> Builder<'a> {
    fn take(&mut self, token: Token<'a>) {
        match token {
            Token::Key(key) => self.key = key,
            Token::ObjectStart => {
                let frame = self.object();
                self.open.push(frame);
            }
            Token::ArrayStart => {
                let frame = self.array();
                self.open.push(frame);
            }
            Token::ObjectEnd | Token::ArrayEnd => {
                self.open.pop();
            }
            Token::Text(text) => self.text(text),
            Token::Number(number) => self.number(number),
            Token::Bool(_) | Token::Null => {}
        }
    }

    fn object(&mut self) -> Frame {
        match self.open.last() {
            None | Some(Frame::Statements) => Frame::Statement,
            Some(Frame::Statement) => match &*self.key {
                "Plan" => self.node(None),
                "QUERY PLAN" => Frame::Statement,
                "Settings" => Frame::Settings,
                _ => Frame::Ignored,
            },
            Some(&Frame::Children(parent)) => self.node(Some(parent)),
            Some(&Frame::Workers(node)) => Frame::Worker(node),
            Some(Frame::Triggers) => {
                self.plan.triggers.push(Trigger::default());
                Frame::Trigger
            }
            Some(_) => Frame::Ignored,
        }
    }

    fn array(&self) -> Frame {
        match (self.open.last(), &*self.key) {
            (None, _) | (Some(Frame::Statement), "QUERY PLAN") => Frame::Statements,
            (Some(Frame::Statement), "Triggers") => Frame::Triggers,
            (Some(&Frame::Node(node)), "Plans") => Frame::Children(node),
            (Some(&Frame::Node(node)), "Sort Key") => Frame::SortKeys(node),
            (Some(&Frame::Node(node)), "Workers") => Frame::Workers(node),
            _ => Frame::Ignored,
        }
    }

    fn node(&mut self, parent: Option<usize>) -> Frame {
        let depth = parent.and_then(|at| self.plan.nodes.get(at)).map_or(0, |node| node.depth + 1);
        self.plan.nodes.push(Node { parent: parent.map(NodeId), depth, ..Node::default() });
        Frame::Node(self.plan.nodes.len() - 1)
    }

    fn text(&mut self, text: Cow<'a, str>) {
        let Self { plan, key, open } = self;
        match open.last() {
            Some(&Frame::Node(at)) => with(plan, at, |node| node_text(node, key, text)),
            Some(&Frame::SortKeys(at)) => {
                with(plan, at, |node| node.sort_keys.push(text.into_owned()))
            }
            Some(&Frame::Worker(at)) => with(plan, at, |node| sort_text(node, key, text)),
            Some(Frame::Statement) if key == "Query Text" => {
                plan.statement = Some(text.into_owned())
            }
            Some(Frame::Settings) => plan.settings.push((key.to_string(), text.into_owned())),
            Some(Frame::Trigger) => trigger_text(plan, key, text),
            _ => {}
        }
    }

    fn number(&mut self, number: f64) {
        let Self { plan, key, open } = self;
        match open.last() {
            Some(&Frame::Node(at)) => with(plan, at, |node| node_number(node, key, number)),
            Some(&Frame::Worker(at)) if key == "Sort Space Used" => {
                with(plan, at, |node| sort(node).space_kb += number);
            }
            Some(Frame::Statement) => match &**key {
                "Planning Time" => *plan.planning_ms.get_or_insert(0.0) += number,
                "Execution Time" => *plan.execution_ms.get_or_insert(0.0) += number,
                _ => {}
            },
            Some(Frame::Trigger) => trigger_number(plan, key, number),
            _ => {}
        }
    }
}

fn with(plan: &mut Plan, at: usize, change: impl FnOnce(&mut Node)) {
    if let Some(node) = plan.nodes.get_mut(at) {
        change(node);
    }
}

fn node_text(node: &mut Node, key: &str, text: Cow<'_, str>) {
    match key {
        "Node Type" => {
            node.operation = operation(&text);
            node.label = text.into_owned();
        }
        "Parent Relationship" => node.role = role(&text),
        "Subplan Name" => node.subplan = Some(text.into_owned()),
        "Relation Name" => node.relation.get_or_insert_default().name = text.into_owned(),
        // Functions have a schema too; only after the name of a table does it belong to a table.
        "Schema" => {
            if let Some(relation) = &mut node.relation {
                relation.schema = Some(text.into_owned());
            }
        }
        "Alias" => alias(node, text),
        "Index Name" => node.index = Some(text.into_owned()),
        "CTE Name" => node.cte = Some(text.into_owned()),
        "Sort Method" | "Sort Space Type" => sort_text(node, key, text),
        _ => {
            if let Some(role) = condition(key) {
                node.conditions.push(Condition { role, text: text.into_owned() });
            }
        }
    }
}

/// Functions and sub-queries have an alias too, but only a table becomes a relation.
fn alias(node: &mut Node, text: Cow<'_, str>) {
    if let Some(relation) = &mut node.relation
        && relation.name != text
    {
        relation.alias = Some(text.into_owned());
    }
}

fn sort(node: &mut Node) -> &mut SortUse {
    node.sort.get_or_insert_default()
}

fn sort_text(node: &mut Node, key: &str, text: Cow<'_, str>) {
    match key {
        "Sort Method" => sort(node).method = text.into_owned(),
        "Sort Space Type" => sort(node).on_disk |= text == "Disk",
        _ => {}
    }
}

fn node_number(node: &mut Node, key: &str, number: f64) {
    match key {
        "Startup Cost" => estimate(node).startup_cost = number,
        "Total Cost" => estimate(node).total_cost = number,
        "Plan Rows" => estimate(node).rows = number,
        "Plan Width" => estimate(node).width = number,
        "Actual Startup Time" => actual(node).startup_ms = Some(number),
        "Actual Total Time" => actual(node).total_ms = Some(number),
        "Actual Rows" => actual(node).rows = number,
        "Actual Loops" => actual(node).loops = number,
        "Rows Removed by Filter" => node.removed.filter = number,
        "Rows Removed by Join Filter" => node.removed.join_filter = number,
        "Rows Removed by Index Recheck" => node.removed.recheck = number,
        "Workers Planned" => node.workers.planned = number,
        "Workers Launched" => node.workers.launched = number,
        "Shared Hit Blocks" => node.buffers.shared_hit = number,
        "Shared Read Blocks" => node.buffers.shared_read = number,
        "Temp Read Blocks" => node.buffers.temp_read = number,
        "Temp Written Blocks" => node.buffers.temp_written = number,
        "Sort Space Used" => sort(node).space_kb += number,
        "Hash Batches" | "HashAgg Batches" => node.hash_batches = Some(number),
        _ => {}
    }
}

fn estimate(node: &mut Node) -> &mut Estimate {
    node.estimate.get_or_insert_default()
}

fn actual(node: &mut Node) -> &mut Actual {
    node.actual.get_or_insert_default()
}

fn trigger_text(plan: &mut Plan, key: &str, text: Cow<'_, str>) {
    let Some(trigger) = plan.triggers.last_mut() else { return };
    match key {
        // A foreign key's internal trigger has a name nobody chose; its constraint is what a reader
        // knows.
        "Constraint Name" => trigger.name = text.into_owned(),
        "Trigger Name" if trigger.name.is_empty() => trigger.name = text.into_owned(),
        "Relation" => trigger.relation = text.into_owned(),
        _ => {}
    }
}

fn trigger_number(plan: &mut Plan, key: &str, number: f64) {
    let Some(trigger) = plan.triggers.last_mut() else { return };
    match key {
        "Time" => trigger.time_ms = number,
        "Calls" => trigger.calls = number,
        _ => {}
    }
}

fn operation(label: &str) -> Operation {
    match label {
        "Seq Scan" => Operation::SeqScan,
        "Index Scan" => Operation::IndexScan,
        "Index Only Scan" => Operation::IndexOnlyScan,
        "Bitmap Index Scan" => Operation::BitmapIndexScan,
        "Bitmap Heap Scan" => Operation::BitmapHeapScan,
        "Nested Loop" => Operation::NestedLoop,
        "Hash Join" => Operation::HashJoin,
        "Merge Join" => Operation::MergeJoin,
        "Hash" => Operation::Hash,
        "Sort" | "Incremental Sort" => Operation::Sort,
        "Aggregate" | "Group" => Operation::Aggregate,
        "Limit" => Operation::Limit,
        "Materialize" => Operation::Materialize,
        "Gather" | "Gather Merge" => Operation::Gather,
        "CTE Scan" => Operation::CteScan,
        "ModifyTable" => Operation::ModifyTable,
        _ => Operation::Other,
    }
}

fn role(text: &str) -> Role {
    match text {
        "Inner" => Role::Inner,
        "InitPlan" => Role::InitPlan,
        "SubPlan" => Role::SubPlan,
        "Member" => Role::Member,
        _ => Role::Outer,
    }
}

fn condition(key: &str) -> Option<ConditionRole> {
    match key {
        "Filter" | "One-Time Filter" => Some(ConditionRole::Filter),
        "Index Cond" => Some(ConditionRole::Index),
        "Recheck Cond" => Some(ConditionRole::Recheck),
        "Hash Cond" | "Merge Cond" | "Join Filter" => Some(ConditionRole::Join),
        _ => None,
    }
}
