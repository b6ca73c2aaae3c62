//! Findings to statements that create the fewest indexes.

use crate::catalog::{Catalog, Index, Table};
use crate::index::{IndexAsk, IndexKey};
use crate::layout::Layout;
use crate::rule::Finding;
use crate::verify::Verification;

/// An index to create.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Advice {
    /// The schema of the table, where known.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// Its columns in order.
    pub columns: Vec<IndexKey>,
    /// The name the statement gives it.
    pub name: String,
    /// The statement that creates it. It does not ask for `CONCURRENTLY`: on a table in use,
    /// PostgreSQL needs that word added and the statement run outside a transaction.
    pub statement: String,
    /// Existing indexes that the new one makes superfluous, by their columns. Check before dropping
    /// one.
    pub replaces: Vec<String>,
    /// The positions, in the report's findings, that asked for it.
    pub findings: Vec<usize>,
    /// What was done to make sure.
    pub verification: Verification,
}

/// The indexes that `findings` ask for: merged where one serves several, without those that exist
/// in `catalog`, in the order of the findings.
#[must_use]
pub fn advise(findings: &[Finding], catalog: &Catalog) -> Vec<Advice> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for (position, finding) in findings.iter().enumerate() {
        for ask in finding.indexes.iter().filter(|ask| !exists(ask, catalog)) {
            add(&mut wanted, Wanted::of(ask, position));
        }
    }
    wanted.into_iter().map(|wanted| wanted.advice(catalog)).collect()
}

fn exists(ask: &IndexAsk, catalog: &Catalog) -> bool {
    let table = catalog.table(ask.schema.as_deref(), &ask.table);
    ask.keys().next().is_none()
        || table.is_some_and(|table| table.indexes.iter().any(|index| ask.is_served_by(index)))
}

/// An index that some findings ask for.
struct Wanted {
    schema: Option<String>,
    table: String,
    layout: Layout,
    findings: Vec<usize>,
}

/// A merged one may fit another that neither of its parts did, so it goes through the list again.
fn add(wanted: &mut Vec<Wanted>, mut new: Wanted) {
    while let Some((at, merged)) =
        wanted.iter().enumerate().find_map(|(at, other)| Some((at, other.merged(&new)?)))
    {
        wanted.remove(at);
        new = merged;
    }
    let at = wanted.partition_point(|other| other.findings.first() <= new.findings.first());
    wanted.insert(at, new);
}

impl Wanted {
    fn of(ask: &IndexAsk, position: usize) -> Self {
        Self {
            schema: ask.schema.clone(),
            table: ask.table.clone(),
            layout: Layout::of(ask),
            findings: vec![position],
        }
    }

    fn merged(&self, other: &Self) -> Option<Self> {
        if self.schema != other.schema || self.table != other.table {
            return None;
        }
        let layout = self.layout.merged(&other.layout)?;
        let mut findings = [self.findings.as_slice(), &other.findings].concat();
        findings.sort_unstable();
        findings.dedup();
        Some(Self { schema: self.schema.clone(), table: self.table.clone(), layout, findings })
    }

    fn advice(self, catalog: &Catalog) -> Advice {
        let Self { schema, table, layout, findings } = self;
        let columns = layout.keys();
        let name = name(&table, &columns, catalog);
        let statement = statement(&name, schema.as_deref(), &table, &columns);
        let replaces = replaced(catalog.table(schema.as_deref(), &table), &columns);
        let verification = Verification::NotTried;
        Advice { schema, table, columns, name, statement, replaces, findings, verification }
    }
}

fn statement(name: &str, schema: Option<&str>, table: &str, columns: &[IndexKey]) -> String {
    let schema = schema.map_or_else(String::new, |schema| format!("{}.", quote(schema)));
    let keys: Vec<String> = columns
        .iter()
        .map(|key| format!("{}{}", quote(&key.column), if key.descending { " DESC" } else { "" }))
        .collect();
    format!("CREATE INDEX {} ON {schema}{} ({})", quote(name), quote(table), keys.join(", "))
}

/// Complete indexes on the first of the columns, which enforce nothing.
fn replaced(table: Option<&Table>, columns: &[IndexKey]) -> Vec<String> {
    let first = |index: &Index| {
        index.columns.len() <= columns.len()
            && index.columns.iter().zip(columns).all(|(there, key)| *there == key.column)
    };
    let existing = table.into_iter().flat_map(|table| &table.indexes);
    existing
        .filter(|each| !each.unique && !each.partial && each.ordered && !each.columns.is_empty())
        .filter(|each| first(each))
        .map(|each| each.name.clone())
        .collect()
}

/// PostgreSQL cuts names after 63 bytes.
const MAX_NAME: usize = 63;

fn name(table: &str, columns: &[IndexKey], catalog: &Catalog) -> String {
    let columns: Vec<&str> = columns.iter().map(|key| key.column.as_str()).collect();
    let mut base = format!("{table}_{}_idx", columns.join("_"));
    shorten(&mut base, MAX_NAME);
    let taken = |name: &str| {
        catalog
            .tables()
            .iter()
            .flat_map(|table| &table.indexes)
            .any(|each| each.name.eq_ignore_ascii_case(name))
    };
    if !taken(&base) {
        return base;
    }
    shorten(&mut base, MAX_NAME - 4);
    (1..).map(|n| format!("{base}{n}")).find(|name| !taken(name)).unwrap_or(base)
}

fn shorten(name: &mut String, limit: usize) {
    name.truncate(name.floor_char_boundary(limit));
}

/// A name that both databases read as it is: quoted unless it is lower-case letters, digits and
/// underscores. Words with a meaning in SQL cannot be told by their letters, so the common ones are
/// quoted as well.
fn quote(name: &str) -> String {
    const RESERVED: [&str; 22] = [
        "all", "and", "as", "asc", "case", "check", "column", "desc", "end", "from", "group", "in",
        "index", "limit", "not", "offset", "on", "or", "order", "select", "table", "user",
    ];
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !RESERVED.contains(&name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
