//! From a node's conditions to the index that would serve them.

use crate::catalog::{Catalog, Table};
use crate::index::{IndexAsk, IndexKey};
use crate::plan::{Backend, ConditionRole, Node, NodeId, Operation, Plan, Role};
use crate::predicate::{ColumnRef, Comparison, Operand, Predicate, Term, Wrapper};
use crate::query::{self, Block, OrderKey};
use crate::rule::Subject;

/// Wider indexes cost more on every write than further columns save on reads.
const MAX_COLUMNS: usize = 4;

/// The table a node reads, if the catalog knows it.
pub(crate) fn table_of<'a>(plan: &Plan, node: &Node, catalog: &'a Catalog) -> Option<&'a Table> {
    let relation = node.relation.as_ref()?;
    if let Some(table) = catalog.table(relation.schema.as_deref(), &relation.name) {
        return Some(table);
    }
    // SQLite prints the alias alone; the statement says what it stands for.
    let blocks = query::blocks(plan.statement.as_deref()?, plan.backend);
    let named = blocks.iter().flat_map(|block| &block.tables);
    let named = named.filter(|named| same(named.called(), &relation.name));
    named.map(|named| catalog.table(None, &named.name)).next()?
}

/// The indexes that would serve the node's conditions.
pub(crate) fn asks(subject: &Subject<'_>) -> Vec<IndexAsk> {
    let (Some(table), Some(relation)) = (subject.table(), &subject.node.relation) else {
        return Vec::new();
    };
    let called = relation.alias.as_deref().unwrap_or(&relation.name);
    // A PostgreSQL node names another table only where that table's row is given to it.
    let given = subject.plan.backend == Backend::Postgres || subject.node.role == Role::Inner;
    let scope = Scope { table, called, given };
    let wish = match subject.plan.backend {
        Backend::Postgres => postgres(subject),
        Backend::Sqlite => sqlite(subject, &scope),
    };
    scope.indexes(&wish)
}

/// What has to hold and in which order the rows are wanted.
#[derive(Default)]
struct Wish {
    conditions: Vec<Predicate>,
    order: Vec<OrderKey>,
}

fn postgres(subject: &Subject<'_>) -> Wish {
    let Subject { node, plan, id, .. } = *subject;
    let own = [ConditionRole::Filter, ConditionRole::Index]
        .into_iter()
        .flat_map(|role| node.conditions_of(role))
        .chain(looked_up(plan, id));
    let conditions = own.map(|text| Predicate::parse(text, plan.backend)).collect();
    Wish { conditions, order: sorted_by(plan, id) }
}

/// The join conditions of the nested loop that looks rows up in `id`.
fn looked_up(plan: &Plan, id: NodeId) -> impl Iterator<Item = &str> {
    let node = plan.node(id).filter(|node| node.role == Role::Inner);
    let join = node.and_then(|node| plan.node(node.parent?));
    join.filter(|join| join.operation == Operation::NestedLoop)
        .into_iter()
        .flat_map(|join| join.conditions_of(ConditionRole::Join))
}

/// The sort right above `id`, seen through the gathering of parallel rows.
fn sorted_by(plan: &Plan, id: NodeId) -> Vec<OrderKey> {
    let above = plan.ancestors(id).find(|(_, node)| node.operation != Operation::Gather);
    let sort = above.filter(|(_, node)| node.operation == Operation::Sort);
    let keys = sort.into_iter().flat_map(|(_, node)| &node.sort_keys);
    keys.map(|key| query::order_key(key, plan.backend)).collect()
}

fn sqlite(subject: &Subject<'_>, scope: &Scope<'_>) -> Wish {
    let sql = subject.plan.statement.as_deref().unwrap_or_default();
    let blocks = query::blocks(sql, subject.plan.backend);
    let block = blocks.into_iter().find(|block| scope.is_named_in(block));
    block.map_or_else(Wish::default, |block| Wish {
        // Only the first table of a join can hand its rows on in order.
        order: if subject.node.role == Role::Outer && block.tables.len() == 1 {
            block.order
        } else {
            Vec::new()
        },
        conditions: block.conditions,
    })
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// One table under the name the statement uses.
struct Scope<'a> {
    table: &'a Table,
    called: &'a str,
    /// Whether the rows of other tables are at hand when this one is read.
    given: bool,
}

impl Scope<'_> {
    fn is_named_in(&self, block: &Block) -> bool {
        block.tables.iter().any(|named| same(named.called(), self.called))
    }

    fn indexes(&self, wish: &Wish) -> Vec<IndexAsk> {
        let conditions: Vec<&Predicate> = wish.conditions.iter().flat_map(Predicate::all).collect();
        let one = self.index(&conditions, &wish.order);
        if one.narrows() {
            return vec![one];
        }
        if let Some(each) = conditions.iter().find_map(|condition| self.one_each(condition)) {
            return each;
        }
        if one.tail.is_empty() { Vec::new() } else { vec![one] }
    }

    /// An index for each arm of an OR: one over all of them could serve none. A single arm without
    /// one spoils it.
    fn one_each(&self, condition: &Predicate) -> Option<Vec<IndexAsk>> {
        let Predicate::Any(arms) = condition else { return None };
        let arms = arms.iter().map(|arm| self.index(&arm.all().collect::<Vec<_>>(), &[]));
        let arms: Vec<IndexAsk> = arms.collect();
        arms.iter().all(IndexAsk::narrows).then_some(arms)
    }

    /// Equality first, then one range or the sort.
    fn index(&self, conditions: &[&Predicate], order: &[OrderKey]) -> IndexAsk {
        let mut ask = IndexAsk::on(self.table);
        for column in conditions.iter().filter_map(|each| self.usable(each, Comparison::Equal)) {
            if !ask.equality.contains(&column) && ask.equality.len() < MAX_COLUMNS {
                ask.equality.push(column);
            }
        }
        let range = conditions.iter().filter_map(|each| self.usable(each, Comparison::Range));
        let range = range.into_iter().find(|column| !ask.equality.contains(column));
        ask.tail = self.sort(order, &ask.equality);
        if let Some(range) = range {
            ask = ask.range(range);
        }
        ask.tail.truncate(MAX_COLUMNS.saturating_sub(ask.equality.len()));
        ask.range &= !ask.tail.is_empty();
        ask
    }

    /// The sort keys after those fixed by equality, or none if one of them is not a column of this
    /// table.
    fn sort(&self, order: &[OrderKey], fixed: &[String]) -> Vec<IndexKey> {
        let keys: Option<Vec<IndexKey>> = order
            .iter()
            .map(|key| {
                let column = self.own(key.column.as_ref()?)?;
                Some(IndexKey { column, descending: key.descending })
            })
            .collect();
        let mut keys = keys.unwrap_or_default();
        keys.retain(|key| !fixed.contains(&key.column));
        // A B-tree is read in both directions: all descending needs no descending index.
        if keys.iter().all(|key| key.descending) {
            keys.iter_mut().for_each(|key| key.descending = false);
        }
        keys
    }

    /// The column of this table that an index could serve `condition` by.
    fn usable(&self, condition: &Predicate, comparison: Comparison) -> Option<String> {
        let Predicate::Term(term) = condition else { return None };
        if term.comparison != comparison || term.operand == Operand::Other {
            return None;
        }
        self.left(term).or_else(|| self.right(term))
    }

    fn left(&self, term: &Term) -> Option<String> {
        let name = self.own(&term.column)?;
        if let Operand::Column(other) = &term.operand
            && !(self.given && self.is_foreign(&term.column, other))
        {
            return None;
        }
        match &term.wrapper {
            None => Some(name),
            Some(Wrapper::Cast(to)) if self.is_relabelled(&name, to) => Some(name),
            Some(_) => None,
        }
    }

    fn right(&self, term: &Term) -> Option<String> {
        let Operand::Column(column) = &term.operand else { return None };
        (self.given && term.wrapper.is_none() && self.own(&term.column).is_none())
            .then(|| self.own(column))?
    }

    /// Whether `other` comes from another table than `column`: two columns of one row are found by
    /// no index. `USING` names the columns of both sides by one name.
    fn is_foreign(&self, column: &ColumnRef, other: &ColumnRef) -> bool {
        let using = column == other && column.qualifier.is_none();
        using || self.own(other).is_none()
    }

    /// The column's name in the catalog, if it belongs to this table.
    fn own(&self, column: &ColumnRef) -> Option<String> {
        let qualified = column.qualifier.as_deref();
        if qualified.is_some_and(|name| !same(name, self.called)) {
            return None;
        }
        self.table.find_column(&column.name).map(|column| column.name.clone())
    }

    /// PostgreSQL prints a cast to `text` around every `varchar` it compares; the index serves it
    /// all the same.
    fn is_relabelled(&self, column: &str, to: &str) -> bool {
        let from = self.table.find_column(column).map_or("", |column| &column.type_name);
        let text = |name: &str| {
            name == "text" || name.starts_with("character varying") || name.starts_with("varchar")
        };
        text(to) && text(&from.to_lowercase())
    }
}
