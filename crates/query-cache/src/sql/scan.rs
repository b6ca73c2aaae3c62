//! What can be known of a statement from its text: the tables it reads and writes, the functions it
//! calls, and whether anything else takes part. Pure.
//!
//! The parser's own visitor is followed, which reaches every name of a relation wherever it stands.
//! What may be missed is only ever what must not be cached: an unfamiliar statement writes anything.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::thread;

use sqlparser::ast::{
    CascadeOption, DataType, Delete, Expr, FromTable, FunctionArguments, Ident, Insert, ObjectName,
    Query, Select, SetExpr, Statement, TableAlias, TableFactor, TableObject, Truncate,
    ValueWithSpan, Visit, Visitor,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::functions::{Class, class, is_clock_word, is_session_word};
use super::table::{Dialect, Table};

/// What a text says.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Every table named, those that are written included.
    pub(crate) reads: BTreeSet<Table>,
    pub(crate) writes: BTreeSet<Table>,
    /// Functions of which nothing is known.
    pub(crate) calls: BTreeSet<Table>,
    /// Why the tables above may not be all.
    pub(crate) unclear: Option<String>,
    /// Why this cannot be cached, whatever its tables are.
    pub(crate) not_a_query: Option<String>,
    /// What else the answer depends on.
    pub(crate) volatile: Option<String>,
    /// Whether texts are taken as times, so that one that is bound may mean the present.
    pub(crate) takes_times: bool,
}

/// Why a text was not read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It never can be.
    Refused(String),
    /// No thread could be started just now.
    NoThread(String),
}

impl From<String> for Unread {
    fn from(reason: String) -> Self {
        Self::Refused(reason)
    }
}

/// The stack of the thread that parses.
const STACK: usize = 64 << 20;

/// Reads `text`, or says why it cannot be read.
///
/// In a thread of its own, for its stack: the parser needs far more for a nested text than the
/// threads of a runtime have, and checks too late. What a thread costs is little beside the parse.
pub(crate) fn scan(dialect: Dialect, text: &str) -> Result<Found, Unread> {
    scan_on(STACK, dialect, text)
}

/// The same on a stack of so many bytes.
pub(crate) fn scan_on(stack: usize, dialect: Dialect, text: &str) -> Result<Found, Unread> {
    thread::scope(|scope| {
        let parser = thread::Builder::new().name("sql-parser".to_owned()).stack_size(stack);
        let found = parser.spawn_scoped(scope, || scan_here(dialect, text));
        let found = found.map_err(|error| Unread::NoThread(error.to_string()))?;
        Ok(found.join().unwrap_or_else(|_| Err("the parser failed".to_owned()))?)
    })
}

fn scan_here(dialect: Dialect, text: &str) -> Result<Found, String> {
    let statements = parse(dialect, text)?;
    let mut scan = Scan::new(dialect);
    let ControlFlow::Continue(()) = statements.visit(&mut scan);
    let mut found = scan.found;
    if statements.len() != 1 {
        found.not_a_query = Some(format!("these are {} statements", statements.len()));
    }
    if statements.is_empty() {
        found.unclear = Some("the text is empty".to_owned());
    }
    // In PostgreSQL a bare literal becomes a time by what it is compared with.
    if found.takes_times || dialect == Dialect::Postgres {
        found.volatile = found.volatile.or(scan.clock_word);
    }
    Ok(found)
}

/// The name of a table or function as written in SQL.
pub(crate) fn parse_name(dialect: Dialect, text: &str) -> Option<Table> {
    let tokens = Tokenizer::new(dialect.grammar(), text).tokenize().ok()?;
    let mut parser = Parser::new(dialect.grammar()).with_tokens(tokens);
    let name = parser.parse_object_name(false).ok()?;
    (parser.peek_token().token == Token::EOF).then(|| Table::from_name(dialect, &name))?
}

/// Tokens a text may have that can make its tree deeper. The parser bounds its own recursion, but
/// chains of operators become trees as deep as they are long, which are dropped by recursion.
const MOST_NESTING: usize = 2_000;

fn parse(dialect: Dialect, text: &str) -> Result<Vec<Statement>, String> {
    if dialect == Dialect::MySql && text.contains("/*!") {
        return Err("a comment may be executed".to_owned());
    }
    let tokens = Tokenizer::new(dialect.grammar(), text).tokenize();
    let tokens = tokens.map_err(|error| error.to_string())?;
    if tokens.iter().filter(|token| may_nest(token)).count() > MOST_NESTING {
        return Err("the text is too long".to_owned());
    }
    let mut parser = Parser::new(dialect.grammar()).with_tokens(tokens);
    parser.parse_statements().map_err(|error| error.to_string())
}

/// Everything but the parts of plain lists of values.
fn may_nest(token: &Token) -> bool {
    !matches!(
        token,
        Token::Comma
            | Token::Whitespace(_)
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::Placeholder(_)
            | Token::LParen
            | Token::RParen
    )
}

struct Scan {
    dialect: Dialect,
    /// The queries around the present place, the innermost last.
    scopes: Vec<Scope>,
    /// The next relation is the name of a function.
    in_call: bool,
    clock_word: Option<String>,
    found: Found,
}

/// The names a query gives to queries of its own.
struct Scope {
    names: Vec<(String, *const Query)>,
    /// How many of them, from the first, are known at the present place. A table of the same name
    /// hides behind those only: `WITH t AS (SELECT * FROM t)` reads the table `t`.
    known: usize,
    knows_itself: bool,
}

impl Visitor for Scan {
    type Break = Infallible;

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<Infallible> {
        if !matches!(statement, Statement::Query(_)) {
            self.found.not_a_query.get_or_insert_with(|| "it writes".to_owned());
        }
        match statement {
            Statement::Query(_) => (),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.targets(&update.table),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Merge(merge) => self.targets(&merge.table),
            Statement::Truncate(truncate) => self.truncate(truncate),
            _ => self.unclear("it is no query and changes more than rows"),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Infallible> {
        self.enter_named(query, |scope, at| at + usize::from(scope.knows_itself));
        self.scopes.push(Scope::of(self.dialect, query));
        if !query.locks.is_empty() {
            self.found.not_a_query.get_or_insert_with(|| "it locks rows".to_owned());
        }
        if has_bare_table(&query.body) {
            // The parser loses the words behind it.
            self.unclear("TABLE stands for a query");
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<Infallible> {
        self.scopes.pop();
        self.enter_named(query, |_, at| at + 1);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Infallible> {
        if select.into.is_some() {
            self.found.not_a_query.get_or_insert_with(|| "it makes a table".to_owned());
            self.unclear("it makes a table");
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Infallible> {
        match factor {
            TableFactor::Table { name, args: Some(args), .. } => {
                self.call(name, args.args.len());
                self.in_call = true;
            }
            TableFactor::Table { name, alias, sample, .. } => {
                self.only(name, alias.as_ref());
                if sample.is_some() {
                    self.volatile("TABLESAMPLE");
                }
            }
            TableFactor::Function { name, args, .. } => self.call(name, args.len()),
            _ => (),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<Infallible> {
        if std::mem::take(&mut self.in_call) {
            return ControlFlow::Continue(());
        }
        match Table::from_name(self.dialect, name) {
            None => self.unclear("the name of a table is computed"),
            Some(table) if self.is_named_query(&table) => (),
            Some(table) => {
                if is_catalogue(self.dialect, &table) {
                    self.volatile(&table.to_string());
                }
                self.found.reads.insert(table);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Infallible> {
        match expr {
            Expr::Function(function) => self.call(&function.name, count(&function.args)),
            Expr::Identifier(word) if word.quote_style.is_none() => self.word(word),
            Expr::Cast { data_type, .. } => self.found.takes_times |= is_time(data_type),
            Expr::TypedString(typed) => self.found.takes_times |= is_time(&typed.data_type),
            _ => (),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<Infallible> {
        if let Some(text) = value.value.clone().into_string()
            && is_clock_word(self.dialect, &text)
        {
            self.clock_word = Some(format!("'{text}'"));
        }
        ControlFlow::Continue(())
    }
}

impl Scan {
    fn new(dialect: Dialect) -> Self {
        let (scopes, found) = (Vec::new(), Found::default());
        Self { dialect, scopes, in_call: false, clock_word: None, found }
    }

    fn unclear(&mut self, why: &str) {
        self.found.unclear.get_or_insert_with(|| why.to_owned());
    }

    fn volatile(&mut self, what: &str) {
        self.found.volatile.get_or_insert_with(|| what.to_owned());
    }

    fn write(&mut self, name: &ObjectName) {
        match Table::from_name(self.dialect, name) {
            Some(table) => _ = self.found.writes.insert(table),
            None => self.unclear("the name of a table is computed"),
        }
    }

    fn insert(&mut self, insert: &Insert) {
        match &insert.table {
            TableObject::TableName(name) if insert.multi_table_into_clauses.is_empty() => {
                self.write(name);
            }
            _ => self.unclear("it does not name one table to insert into"),
        }
    }

    fn delete(&mut self, delete: &Delete) {
        delete.tables.iter().for_each(|name| self.write(name));
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        self.targets(from);
        // There the tables before USING may be aliases of those behind it.
        if let (Dialect::MySql, Some(using)) = (self.dialect, &delete.using) {
            self.targets(using);
        }
    }

    fn truncate(&mut self, truncate: &Truncate) {
        truncate.table_names.iter().for_each(|target| self.write(&target.name));
        if truncate.cascade == Some(CascadeOption::Cascade) {
            self.unclear("TRUNCATE ... CASCADE empties other tables");
        }
    }

    /// Every relation inside `place` is written, as far as the text tells.
    fn targets(&mut self, place: &impl Visit) {
        let mut names = Relations::default();
        let ControlFlow::Continue(()) = place.visit(&mut names);
        names.0.iter().for_each(|name| self.write(name));
        if names.0.is_empty() {
            self.unclear("it names no table that it writes");
        }
    }

    fn call(&mut self, name: &ObjectName, arguments: usize) {
        let Some(function) = Table::from_name(self.dialect, name) else {
            return self.unclear("the name of a function is computed");
        };
        let known = match function.parts() {
            [name] => class(self.dialect, name, arguments),
            [schema, name] if schema == "pg_catalog" => class(self.dialect, name, arguments),
            _ => Class::Unknown,
        };
        match known {
            Class::Pure => (),
            Class::Time => self.found.takes_times = true,
            Class::Volatile => self.volatile(&function.to_string()),
            Class::Unknown => _ = self.found.calls.insert(function),
        }
    }

    fn word(&mut self, word: &Ident) {
        let is_variable = self.dialect == Dialect::MySql && word.value.starts_with('@');
        if is_variable || is_session_word(self.dialect, &word.value.to_ascii_lowercase()) {
            self.volatile(&word.value);
        }
    }

    /// `FROM ONLY t` is taken for a table `only` under the name `t`.
    fn only(&mut self, name: &ObjectName, alias: Option<&TableAlias>) {
        let [part] = name.0.as_slice() else { return };
        let is_only =
            |ident: &Ident| ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("only");
        if part.as_ident().is_some_and(is_only)
            && let Some(alias) = alias
        {
            self.found.reads.insert(Table::single(self.dialect.fold(&alias.name)));
            self.unclear("ONLY is not understood");
        }
    }

    fn is_named_query(&self, table: &Table) -> bool {
        let [name] = table.parts() else { return false };
        let known =
            |scope: &Scope| scope.names[..scope.known].iter().any(|(known, _)| known == name);
        self.scopes.iter().any(known)
    }

    /// Notes how many names are known, when `query` is one that the query around it names.
    fn enter_named(&mut self, query: &Query, known: impl Fn(&Scope, usize) -> usize) {
        let Some(scope) = self.scopes.last_mut() else { return };
        if let Some(at) = scope.names.iter().position(|(_, named)| std::ptr::eq(*named, query)) {
            scope.known = known(scope, at);
        }
    }
}

impl Scope {
    fn of(dialect: Dialect, query: &Query) -> Self {
        let with = query.with.as_ref();
        let named = with.iter().flat_map(|with| &with.cte_tables);
        Self {
            names: named
                .map(|named| (dialect.fold(&named.alias.name), &raw const *named.query))
                .collect(),
            known: 0,
            // SQLite takes a query for recursive as soon as it names itself.
            knows_itself: dialect == Dialect::Sqlite || with.is_some_and(|with| with.recursive),
        }
    }
}

/// All names of relations.
#[derive(Default)]
struct Relations(Vec<ObjectName>);

impl Visitor for Relations {
    type Break = Infallible;

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<Infallible> {
        self.0.push(name.clone());
        ControlFlow::Continue(())
    }
}

fn count(arguments: &FunctionArguments) -> usize {
    match arguments {
        FunctionArguments::None => 0,
        FunctionArguments::Subquery(_) => 1,
        FunctionArguments::List(list) => list.args.len(),
    }
}

fn is_time(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Date
            | DataType::Time(..)
            | DataType::Datetime(_)
            | DataType::Timestamp(..)
            | DataType::TimestampNtz(_)
            | DataType::Custom(..)
    )
}

/// Whether the table describes the database itself, and changes with everything.
fn is_catalogue(dialect: Dialect, table: &Table) -> bool {
    let is_one = |name: &String| match dialect {
        Dialect::Postgres => name.starts_with("pg_") || name == "information_schema",
        Dialect::Sqlite => name.starts_with("sqlite_") || name.starts_with("pragma_"),
        Dialect::MySql => {
            ["information_schema", "performance_schema", "mysql", "sys"].contains(&name.as_str())
        }
    };
    match table.parts() {
        [name] if dialect == Dialect::MySql => name.is_empty(),
        parts => parts.iter().any(is_one),
    }
}

/// Whether a part of the query is `TABLE name`. A chain of UNIONs leans to the left.
fn has_bare_table(mut body: &SetExpr) -> bool {
    loop {
        match body {
            SetExpr::Table(_) => return true,
            SetExpr::SetOperation { left, right, .. } => {
                if has_bare_table(right) {
                    return true;
                }
                body = left;
            }
            _ => return false,
        }
    }
}
