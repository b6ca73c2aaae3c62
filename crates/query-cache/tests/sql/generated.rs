//! Statements nobody thought of: whatever is generated, its tables are found, and nothing panics.

use std::collections::BTreeSet;
use std::fmt::Write;

use query_cache::sql::{Dialect, Statement};

use crate::found::plain;

const DIALECTS: [Dialect; 3] = [Dialect::Postgres, Dialect::Sqlite, Dialect::MySql];

/// Choices, made by the fuzzer.
struct Tape<'a>(&'a [u8]);

impl Tape<'_> {
    /// One of `count`; the first when the tape has ended, so that every text ends.
    fn choose(&mut self, count: u8) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first % count
    }
}

/// A text being written, and the tables that are in it.
struct Writer<'a> {
    tape: Tape<'a>,
    text: String,
    tables: BTreeSet<String>,
    /// Names of queries that hide tables here, the innermost scope last.
    named: Vec<String>,
    depth: u8,
}

impl<'a> Writer<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (tape, tables) = (Tape(bytes), BTreeSet::new());
        Self { tape, text: String::new(), tables, named: Vec::new(), depth: 0 }
    }

    fn put(&mut self, text: &str) {
        const BETWEEN: [&str; 4] = [" ", "\n", " /* FROM hidden */ ", " -- FROM hidden\n"];
        let between = BETWEEN[usize::from(self.tape.choose(4))];
        self.text.push_str(between);
        self.text.push_str(text);
    }

    fn name(&mut self) -> String {
        ["a", "b", "c", "d"][usize::from(self.tape.choose(4))].to_owned()
    }

    /// `name` in one of its spellings.
    fn put_name(&mut self, name: &str) {
        let spelled = match self.tape.choose(3) {
            0 => name.to_owned(),
            1 => name.to_uppercase(),
            _ => format!("\"{name}\""),
        };
        self.put(&spelled);
    }

    /// A table that is read, or a query of that name.
    fn relation(&mut self) {
        let name = self.name();
        if self.tape.choose(4) == 1 {
            self.put("s.");
            self.put_name(&name);
            self.tables.insert(format!("s.{name}"));
        } else {
            self.put_name(&name);
            if !self.named.contains(&name) {
                self.tables.insert(name);
            }
        }
    }

    fn factor(&mut self) {
        self.depth += 1;
        match if self.depth > 4 { 0 } else { self.tape.choose(4) } {
            1 => {
                self.put("(");
                self.query();
                self.put(")");
            }
            2 => {
                self.put("(");
                self.factor();
                self.put("CROSS JOIN");
                self.factor();
                self.put(")");
                self.depth -= 1;
                return;
            }
            _ => self.relation(),
        }
        let alias = self.name();
        write!(self.text, " AS {alias}{}", self.text.len()).unwrap();
        self.depth -= 1;
    }

    fn condition(&mut self) {
        self.depth += 1;
        match if self.depth > 4 { 0 } else { self.tape.choose(5) } {
            1 => {
                self.put("EXISTS (");
                self.query();
                self.put(")");
            }
            2 => {
                self.put("n NOT IN (");
                self.query();
                self.put(")");
            }
            3 => {
                self.put("coalesce(lower(name), (");
                self.query();
                self.put(")) > 'FROM hidden'");
            }
            4 => {
                self.condition();
                self.put("AND CASE WHEN");
                self.condition();
                self.put("THEN n = 1 ELSE (");
                self.query();
                self.put(") = 2 END");
            }
            _ => self.put("n = 1"),
        }
        self.depth -= 1;
    }

    fn select(&mut self) {
        self.put("SELECT 1");
        if self.tape.choose(4) == 1 {
            self.put(", CASE WHEN");
            self.condition();
            self.put("THEN 1 END");
        }
        self.put("FROM");
        self.factor();
        for _ in 0..self.tape.choose(3) {
            let join = ["JOIN", "LEFT JOIN"][usize::from(self.tape.choose(2))];
            self.put(join);
            self.factor();
            self.put("ON");
            self.condition();
        }
        self.put("WHERE");
        self.condition();
        if self.tape.choose(4) == 1 {
            self.put("GROUP BY n HAVING");
            self.condition();
        }
    }

    /// A query, perhaps with names of its own, which are known to its end and no further.
    fn query(&mut self) {
        self.depth += 1;
        let outside = self.named.len();
        let names = if self.depth > 3 { 0 } else { self.tape.choose(3) };
        for at in 0..names {
            self.put(if at == 0 { "WITH" } else { "," });
            let name = self.name();
            self.put_name(&name);
            self.put("AS (");
            self.query();
            self.put(")");
            self.named.push(name);
        }
        self.select();
        if self.depth < 4 && self.tape.choose(3) == 1 {
            self.put("UNION ALL");
            self.select();
        }
        self.named.truncate(outside);
        self.depth -= 1;
    }

    /// A statement that writes one table, which it adds to `written`.
    fn change(&mut self, written: &mut BTreeSet<String>) {
        let target = self.name();
        match self.tape.choose(3) {
            0 => {
                self.put("INSERT INTO");
                self.put_name(&target);
                self.query();
            }
            1 => {
                self.put("UPDATE");
                self.put_name(&target);
                self.put("SET n = (");
                self.query();
                self.put(") WHERE");
                self.condition();
            }
            _ => {
                self.put("DELETE FROM");
                self.put_name(&target);
                self.put("WHERE");
                self.condition();
            }
        }
        written.insert(target);
    }

    /// Up to three statements that write, all but the last as queries of a name.
    fn changes(&mut self) -> BTreeSet<String> {
        let mut written = BTreeSet::new();
        let names = self.tape.choose(3);
        for at in 0..names {
            self.put(if at == 0 { "WITH" } else { "," });
            write!(self.text, " x{at} AS (").unwrap();
            self.change(&mut written);
            self.put("RETURNING n )");
        }
        if names > 0 && self.tape.choose(2) == 1 {
            self.select();
        } else {
            self.change(&mut written);
        }
        written
    }
}

#[test]
fn every_table_of_a_generated_query_is_found_and_no_other() {
    bolero::check!().with_iterations(1500).with_max_len(300).for_each(|bytes: &[u8]| {
        let mut writer = Writer::new(bytes);
        writer.query();
        // SQLite refuses a query that names itself, so a table of that name is none there.
        let statement = Statement::new(writer.text);
        let expected = writer.tables;
        let postgres = plain(Dialect::Postgres);
        let found: BTreeSet<_> = postgres.tables_read(&statement).unwrap().into_iter().collect();
        assert_eq!(found, expected, "{}", statement.text());
        let found = plain(Dialect::Sqlite).tables_read(&statement).unwrap();
        assert!(found.iter().all(|table| expected.contains(table)), "{}", statement.text());
    });
}

#[test]
fn every_table_a_generated_statement_writes_is_found_and_no_other() {
    bolero::check!().with_iterations(1500).with_max_len(300).for_each(|bytes: &[u8]| {
        let mut writer = Writer::new(bytes);
        let expected = writer.changes();
        let statement = Statement::new(writer.text);
        let sql = plain(Dialect::Postgres);
        let found =
            sql.tables_written(&statement).unwrap_or_else(|| panic!("{}", statement.text()));
        let found: BTreeSet<_> = found.into_iter().collect();
        assert_eq!(found, expected, "{}", statement.text());
        assert!(sql.tables_read(&statement).is_err(), "{}", statement.text());
    });
}

fn look_at(text: &str) {
    for dialect in DIALECTS {
        let sql = plain(dialect);
        let statement = Statement::new(text.to_owned());
        let (read, written) = (sql.tables_read(&statement), sql.tables_written(&statement));
        // What cannot be read as a query is never taken for a change of nothing.
        assert!(written != Some(Vec::new()) || read.is_ok() || is_query(text), "{text}");
    }
}

fn is_query(text: &str) -> bool {
    let upper = text.to_uppercase();
    ["SELECT", "VALUES", "WITH"].iter().any(|word| upper.contains(word))
}

#[test]
fn no_text_panics() {
    bolero::check!().with_iterations(3000).with_max_len(200).for_each(|bytes: &[u8]| {
        look_at(&String::from_utf8_lossy(bytes));
    });
}

/// Words of SQL in any order come further into the parser than bytes do.
#[test]
fn no_mixture_of_words_panics() {
    const WORDS: &str = "SELECT FROM WHERE a b . , ( ) * 1 'x' \"y\" WITH AS UNION ALL INSERT INTO VALUES \
        UPDATE SET = DELETE USING MERGE ON WHEN MATCHED THEN TRUNCATE TABLE JOIN LATERAL EXISTS NOT IN \
        CASE END NULL $1 ? :: date CAST [ ] ; -- /* */ RETURNING CONFLICT DO ORDER BY LIMIT OVER \
        PARTITION ONLY FOR INTERVAL - + AND OR IS BETWEEN LIKE now() count( RECURSIVE @v # \\ E' $$";
    let words: Vec<_> = WORDS.split_ascii_whitespace().collect();
    bolero::check!().with_iterations(3000).with_max_len(60).for_each(|bytes: &[u8]| {
        let chosen: Vec<_> = bytes.iter().map(|at| words[usize::from(*at) % words.len()]).collect();
        look_at(&chosen.join(" "));
    });
}

/// As deep as the parser allows and far deeper, on the small stack of a test.
#[test]
fn no_depth_overflows_the_stack_or_takes_for_ever() {
    const SHAPES: &str = "SELECT 1 |+ 1||
        SELECT |(|1|)
        SELECT |-|1|
        SELECT |NOT|1|
        SELECT |NOT (|1|)
        SELECT |lower(|1|)
        SELECT |CAST(|1|AS int)
        SELECT |CASE WHEN|1|THEN 1 END
        SELECT |a = ANY (|1|)
        SELECT |(SELECT|1|)
        SELECT |array[|1|]
        SELECT |INTERVAL|'1'|
        SELECT 1 |::int||
        SELECT a |[1]||
        SELECT a IN (1 |, 1|)|
        SELECT * FROM |(|a|)
        SELECT * FROM |(a JOIN|a|ON true)
        SELECT * FROM |(SELECT * FROM|a|) x
        SELECT * FROM a WHERE |EXISTS (SELECT * FROM a WHERE|true|)
        SELECT * FROM a |JOIN a ON true||
        SELECT * FROM a |, LATERAL (SELECT 1) x||
        SELECT 1 |UNION SELECT 1||
        SELECT 1 |UNION (SELECT 1||)
        |WITH x AS (|SELECT 1|) SELECT 1
        |WITH x AS (DELETE FROM a WHERE i IN (|SELECT 1|)) SELECT 1";
    for shape in SHAPES.lines() {
        let parts: Vec<_> = shape.trim().split('|').collect();
        for times in [10, 24, 45, 1_900, 2_100] {
            let [before, open, inside, close] = parts[..] else { panic!("{shape}") };
            let (open, close) =
                (format!("{open} ").repeat(times), format!("{close} ").repeat(times));
            look_at(&format!("{before} {open}{inside} {close}"));
        }
    }
}

/// A long list of values is no deep tree, and a bulk insert is understood.
#[test]
fn long_lists_are_understood() {
    let sql = plain(Dialect::Postgres);
    let rows = vec!["($1, 'x', 1)"; 20_000].join(",");
    let insert = Statement::new(format!("INSERT INTO a VALUES {rows}"));
    assert_eq!(sql.tables_written(&insert).unwrap(), ["a"]);
    let list = vec!["1"; 50_000].join(",");
    let read = Statement::new(format!("SELECT * FROM a WHERE i IN ({list})"));
    assert_eq!(sql.tables_read(&read).unwrap(), ["a"]);
}
