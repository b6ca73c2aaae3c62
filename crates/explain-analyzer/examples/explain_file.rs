//! Prints the tree and the findings of a PostgreSQL plan.
//!
//! `psql -XqAt -c "EXPLAIN (ANALYZE, FORMAT JSON) SELECT ..." | cargo run -p explain-analyzer
//! --example explain_file`, or with the name of a file as its argument.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::io::Read as _;

use explain_analyzer::{Catalog, analyze, parse, render};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = match std::env::args().nth(1) {
        Some(path) => std::fs::read_to_string(path)?,
        None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        }
    };
    // Without a catalog the findings still hold; advice on indexes needs the columns of the tables.
    let report = analyze(parse::postgres_json(&text)?, &Catalog::default());
    print!("{}", render::terminal(&report));
    Ok(())
}
