//! The one form every plan is read into, whatever database made it.
//!
//! A plan is kept as a flat list in which a parent always stands before its children. Nothing in
//! this crate walks it by recursion, so the depth of a plan is bounded by memory and not by the
//! stack.

/// Which database made a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// PostgreSQL, `EXPLAIN (FORMAT JSON)`.
    Postgres,
    /// SQLite, `EXPLAIN QUERY PLAN`.
    Sqlite,
}

/// A node's place in its [`Plan`]. Meaningless in another plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) usize);

impl NodeId {
    /// The position in [`Plan::nodes`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// A query plan.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// The database that made it.
    pub backend: Backend,
    /// The statement it belongs to, where known. SQLite plans show no conditions, so advice on them
    /// needs it.
    pub statement: Option<String>,
    /// Time spent planning, in milliseconds.
    pub planning_ms: Option<f64>,
    /// Time spent executing, in milliseconds. Only a measured plan has it.
    pub execution_ms: Option<f64>,
    /// Triggers that fired, with their cost. It belongs to no node.
    pub triggers: Vec<Trigger>,
    /// Planner settings that differ from their defaults, as reported.
    pub settings: Vec<(String, String)>,
    pub(crate) nodes: Vec<Node>,
}

impl Plan {
    pub(crate) fn new(backend: Backend) -> Self {
        Self {
            backend,
            statement: None,
            planning_ms: None,
            execution_ms: None,
            triggers: Vec::new(),
            settings: Vec::new(),
            nodes: Vec::new(),
        }
    }

    /// Says which statement the plan belongs to.
    #[must_use]
    pub fn with_statement(mut self, sql: impl Into<String>) -> Self {
        self.statement = Some(sql.into());
        self
    }

    /// All nodes, a parent before its children.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &Node)> + DoubleEndedIterator {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId(index), node))
    }

    /// The node at `id`, or nothing when `id` comes from a larger plan.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }

    /// Nodes without a parent: one in PostgreSQL unless rules rewrite the statement, several in
    /// SQLite.
    pub fn roots(&self) -> impl Iterator<Item = NodeId> {
        self.nodes().filter(|(_, node)| node.parent.is_none()).map(|(id, _)| id)
    }

    /// The children of `id`, in plan order. Looks at every later node: cost is linear.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        self.nodes().skip(id.0).filter(move |(_, node)| node.parent == Some(id)).map(|(id, _)| id)
    }

    /// From the parent of `id` up to its root.
    pub fn ancestors(&self, id: NodeId) -> impl Iterator<Item = (NodeId, &Node)> {
        let mut at = self.node(id).and_then(|node| node.parent);
        std::iter::from_fn(move || {
            let here = at?;
            let node = self.node(here)?;
            at = node.parent;
            Some((here, node))
        })
    }

    /// Whether the plan was measured (`ANALYZE`) and not only estimated.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        self.nodes.iter().any(|node| node.actual.is_some())
    }
}

/// One step of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Node {
    /// The step that consumes this one.
    pub parent: Option<NodeId>,
    /// Steps between this one and its root.
    pub depth: usize,
    /// What the step does, in words common to all databases.
    pub operation: Operation,
    /// What the database calls it.
    pub label: String,
    /// Which role it plays for its parent.
    pub role: Role,
    /// The name of a sub-plan or common table expression that starts here.
    pub subplan: Option<String>,
    /// The table it reads.
    pub relation: Option<Relation>,
    /// The index it uses.
    pub index: Option<String>,
    /// The common table expression it reads.
    pub cte: Option<String>,
    /// Conditions, as the database prints them.
    pub conditions: Vec<Condition>,
    /// What it sorts by, as the database prints it.
    pub sort_keys: Vec<String>,
    /// What the planner expected.
    pub estimate: Option<Estimate>,
    /// What was measured. Absent from a plan that was not run.
    pub actual: Option<Actual>,
    /// Rows read and thrown away, per loop.
    pub removed: Removed,
    /// Parallel workers of a gathering step.
    pub workers: Workers,
    /// Blocks touched by this step and all below it.
    pub buffers: Buffers,
    /// How a sort was carried out.
    pub sort: Option<SortUse>,
    /// Batches of a hash; more than one means that it did not fit in memory.
    pub hash_batches: Option<f64>,
}

impl Node {
    /// The conditions that play `role`.
    pub fn conditions_of(&self, role: ConditionRole) -> impl Iterator<Item = &str> {
        self.conditions.iter().filter(move |each| each.role == role).map(|each| each.text.as_str())
    }

    /// Whether the plan was run and this step was not.
    #[must_use]
    pub fn never_executed(&self) -> bool {
        self.actual.is_some_and(|actual| actual.loops == 0.0)
    }
}

/// What a step does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Reads a table from end to end.
    SeqScan,
    /// Reads a table through an index.
    IndexScan,
    /// Reads an index alone.
    IndexOnlyScan,
    /// Collects row positions from an index.
    BitmapIndexScan,
    /// Reads the rows at collected positions.
    BitmapHeapScan,
    /// Builds an index for this one statement, then reads through it.
    AutomaticIndex,
    /// Runs its inner side once for each row of its outer side.
    NestedLoop,
    /// Joins through a hash table.
    HashJoin,
    /// Joins two sorted inputs.
    MergeJoin,
    /// Builds the hash table of a join.
    Hash,
    /// Sorts.
    Sort,
    /// Groups or aggregates.
    Aggregate,
    /// Stops after a number of rows.
    Limit,
    /// Keeps rows to read them again.
    Materialize,
    /// Brings the rows of parallel workers together.
    Gather,
    /// Reads a common table expression.
    CteScan,
    /// Inserts, updates, deletes or merges.
    ModifyTable,
    /// Anything else; the label says what.
    #[default]
    Other,
}

impl Operation {
    /// Whether the step reads a table.
    #[must_use]
    pub fn reads_table(self) -> bool {
        matches!(
            self,
            Self::SeqScan
                | Self::IndexScan
                | Self::IndexOnlyScan
                | Self::BitmapHeapScan
                | Self::AutomaticIndex
        )
    }
}

/// The role a step plays for its parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// The only input, or the driving side of a join.
    #[default]
    Outer,
    /// The side of a join that is looked up or built.
    Inner,
    /// Run once, on first use.
    InitPlan,
    /// Run whenever its expression is evaluated.
    SubPlan,
    /// One of several inputs that follow each other.
    Member,
}

/// A table as a step names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Relation {
    /// The schema, where the plan shows it.
    pub schema: Option<String>,
    /// The table. SQLite prints the alias here when the statement gives one.
    pub name: String,
    /// The name the statement uses for it, where it differs.
    pub alias: Option<String>,
}

/// A condition of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Condition {
    /// What it is used for.
    pub role: ConditionRole,
    /// The text, as printed.
    pub text: String,
}

/// What a condition is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConditionRole {
    /// Throws rows away after they were read.
    Filter,
    /// Limits what is read from an index.
    Index,
    /// Checked again after a lossy read.
    Recheck,
    /// Decides which pairs of rows join.
    Join,
}

/// What the planner expected of one loop. Costs are in the planner's own unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Estimate {
    /// Cost before the first row.
    pub startup_cost: f64,
    /// Cost of all rows, of this step and all below it.
    pub total_cost: f64,
    /// Rows.
    pub rows: f64,
    /// Bytes in a row.
    pub width: f64,
}

/// What was measured: averages over all loops, so multiply by `loops` for totals.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Actual {
    /// Milliseconds until the first row.
    pub startup_ms: Option<f64>,
    /// Milliseconds until the last row, of this step and all below it. Absent when timing was off.
    pub total_ms: Option<f64>,
    /// Rows of one loop.
    pub rows: f64,
    /// How often the step was run, by all workers together. 0: never.
    pub loops: f64,
}

/// Rows read and thrown away, per loop.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Removed {
    /// By the filter.
    pub filter: f64,
    /// By the join filter.
    pub join_filter: f64,
    /// By checking a lossy index read again.
    pub recheck: f64,
}

/// Parallel workers of a gathering step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Workers {
    /// How many the planner wanted.
    pub planned: f64,
    /// How many were there.
    pub launched: f64,
}

/// Blocks touched, of this step and all below it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Buffers {
    /// Found in the shared cache.
    pub shared_hit: f64,
    /// Read from outside the shared cache.
    pub shared_read: f64,
    /// Temporary blocks read.
    pub temp_read: f64,
    /// Temporary blocks written.
    pub temp_written: f64,
}

/// How a sort was carried out, by all processes together.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SortUse {
    /// The method, as printed.
    pub method: String,
    /// Space used, in kilobytes.
    pub space_kb: f64,
    /// Whether any process sorted on disk.
    pub on_disk: bool,
}

/// A trigger that fired.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Trigger {
    /// Its name, or its constraint's.
    pub name: String,
    /// The table it fired on.
    pub relation: String,
    /// Milliseconds, all calls together.
    pub time_ms: f64,
    /// Calls.
    pub calls: f64,
}
