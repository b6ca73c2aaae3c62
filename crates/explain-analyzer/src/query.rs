//! What a statement asks of each table it names.
//!
//! SQLite's plans show no filters, so the conditions are taken from the statement itself.

use sqlparser::ast::{
    Delete, Expr, FromTable, JoinConstraint, JoinOperator, OrderBy, OrderByExpr, OrderByKind,
    OrderBySort, Query, Select, SetExpr, Statement, TableFactor, TableWithJoins, Update,
};

use sqlparser::tokenizer::Token;

use crate::plan::Backend;
use crate::predicate::{ColumnRef, Operand, Predicate, convert, with_parser};

/// One block of a statement: tables that share their conditions.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) tables: Vec<NamedTable>,
    pub(crate) conditions: Vec<Predicate>,
    pub(crate) order: Vec<OrderKey>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NamedTable {
    pub(crate) name: String,
    pub(crate) alias: Option<String>,
}

impl NamedTable {
    /// The name by which the rest of the statement, and SQLite's plan, calls it.
    pub(crate) fn called(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// A key to sort by; without a column where it is an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderKey {
    pub(crate) column: Option<ColumnRef>,
    pub(crate) descending: bool,
}

/// The blocks of a statement, outer ones first. Empty when the statement cannot be read.
pub(crate) fn blocks(sql: &str, backend: Backend) -> Vec<Block> {
    let blocks = with_parser(sql, backend, |parser| {
        let mut collector = Collector::default();
        let statements = parser.parse_statements().ok()?;
        statements.iter().for_each(|statement| collector.statement(statement));
        Some(collector.blocks)
    });
    blocks.unwrap_or_default()
}

/// Sort keys as a plan prints them, one text a key.
pub(crate) fn order_key(text: &str, backend: Backend) -> OrderKey {
    let (text, descending) = match text.strip_suffix(" DESC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let column = with_parser(text, backend, |parser| {
        let expr = parser.parse_expr().ok()?;
        // What is left over (a collation, a place for NULLs) is not what an index does by default.
        (parser.peek_token().token == Token::EOF).then(|| plain(&expr))?
    });
    OrderKey { column, descending }
}

fn plain(expr: &Expr) -> Option<ColumnRef> {
    convert::column(expr).and_then(|(column, wrapper)| wrapper.is_none().then_some(column))
}

/// The parser limits how deep queries nest, so walking them by recursion is bounded.
#[derive(Default)]
struct Collector {
    blocks: Vec<Block>,
}

impl Collector {
    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Query(query) => self.query(query),
            Statement::Insert(insert) => insert.source.iter().for_each(|query| self.query(query)),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            _ => {}
        }
    }

    fn update(&mut self, update: &Update) {
        let mut block = Block::default();
        self.from(&mut block, &update.table);
        self.finish(block, update.selection.as_ref());
    }

    fn delete(&mut self, delete: &Delete) {
        let mut block = Block::default();
        let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
        for table in tables.iter().chain(delete.using.iter().flatten()) {
            self.from(&mut block, table);
        }
        self.finish(block, delete.selection.as_ref());
    }

    fn query(&mut self, query: &Query) {
        self.set(&query.body, query.order_by.as_ref());
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.query(&cte.query);
        }
    }

    fn set(&mut self, body: &SetExpr, order: Option<&OrderBy>) {
        match body {
            SetExpr::Select(select) => self.select(select, order),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, right, .. } => {
                self.set(left, None);
                self.set(right, None);
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement) => {
                self.statement(statement);
            }
            _ => {}
        }
    }

    fn select(&mut self, select: &Select, order: Option<&OrderBy>) {
        let mut block = Block { order: order.map(keys).unwrap_or_default(), ..Block::default() };
        for table in &select.from {
            self.from(&mut block, table);
        }
        self.finish(block, select.selection.as_ref());
    }

    fn finish(&mut self, mut block: Block, selection: Option<&Expr>) {
        block.conditions.extend(selection.map(convert::predicate));
        self.blocks.push(block);
        if let Some(selection) = selection {
            self.subqueries(selection);
        }
    }

    fn from(&mut self, block: &mut Block, from: &TableWithJoins) {
        self.factor(block, &from.relation);
        for join in &from.joins {
            self.factor(block, &join.relation);
            match constraint(&join.join_operator) {
                Some(JoinConstraint::On(expr)) => block.conditions.push(convert::predicate(expr)),
                Some(JoinConstraint::Using(names)) => {
                    let names =
                        names.iter().filter_map(|name| Some(&name.0.last()?.as_ident()?.value));
                    block.conditions.extend(names.map(|name| same_column(name)));
                }
                _ => {}
            }
        }
    }

    fn factor(&mut self, block: &mut Block, factor: &TableFactor) {
        match factor {
            TableFactor::Table { name, alias, .. } => {
                if let Some(name) = name.0.last().and_then(|part| part.as_ident()) {
                    let alias = alias.as_ref().map(|alias| alias.name.value.clone());
                    block.tables.push(NamedTable { name: name.value.clone(), alias });
                }
            }
            TableFactor::Derived { subquery, .. } => self.query(subquery),
            TableFactor::NestedJoin { table_with_joins, .. } => self.from(block, table_with_joins),
            _ => {}
        }
    }

    /// Queries inside a condition, where they stand as a part of an AND or OR chain.
    fn subqueries(&mut self, condition: &Expr) {
        let mut rest = convert::bare(condition);
        while let Expr::BinaryOp { left, right, .. } = rest {
            self.subqueries(right);
            rest = convert::bare(left);
        }
        match rest {
            Expr::InSubquery { subquery, .. }
            | Expr::Exists { subquery, .. }
            | Expr::Subquery(subquery) => {
                self.query(subquery);
            }
            Expr::UnaryOp { expr, .. } => self.subqueries(expr),
            _ => {}
        }
    }
}

fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    match operator {
        JoinOperator::Join(on)
        | JoinOperator::Inner(on)
        | JoinOperator::Left(on)
        | JoinOperator::LeftOuter(on)
        | JoinOperator::Right(on)
        | JoinOperator::RightOuter(on)
        | JoinOperator::FullOuter(on)
        | JoinOperator::CrossJoin(on) => Some(on),
        _ => None,
    }
}

/// `USING (name)` compares the column with its namesake, whichever side is read first.
fn same_column(name: &str) -> Predicate {
    let column = ColumnRef { qualifier: None, name: name.to_owned() };
    Predicate::equal(column.clone(), Operand::Column(column))
}

fn keys(order: &OrderBy) -> Vec<OrderKey> {
    let OrderByKind::Expressions(keys) = &order.kind else { return Vec::new() };
    keys.iter().map(written_key).collect()
}

/// An index keeps NULLs where the database puts them by default, so a key that moves them is none
/// of its columns.
fn written_key(key: &OrderByExpr) -> OrderKey {
    let is_default = key.options.nulls_first.is_none() && key.with_fill.is_none();
    let descending = matches!(key.options.sort, Some(OrderBySort::Desc));
    OrderKey { column: if is_default { plain(&key.expr) } else { None }, descending }
}
