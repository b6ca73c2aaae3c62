//! The names that docs/checklist.md cites.

use std::{collections::HashSet, fs, path::Path, process::ExitCode};

use anyhow::Context;

use crate::cargo;

const FILE: &str = "docs/checklist.md";

/// Folders a cited path begins with; other text between backticks is not a citation.
const FOLDERS: [&str; 6] = ["crates/", "examples/", "benches/", "docs/", ".ci/", ".github/"];

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let text = fs::read_to_string(cargo::root().join(FILE)).with_context(|| FILE.to_owned())?;
    let faults = faults(&text, &cargo::root());
    for fault in &faults {
        println!("{FILE}: {fault}");
    }
    let open = rows(&text).filter(Row::is_open).count();
    let partly = rows(&text).filter(Row::is_partly_open).count();
    let all = rows(&text).count();
    println!("{all} rows, {open} open, {partly} in part, {} faults", faults.len());
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One line of a table: what must hold, and what shows it.
struct Row<'a> {
    id: &'a str,
    shown_by: &'a str,
}

impl Row<'_> {
    fn is_open(&self) -> bool {
        self.shown_by == "open"
    }

    /// What is missing stands behind the citations.
    fn is_partly_open(&self) -> bool {
        self.shown_by.contains("; open: ")
    }
}

fn rows(text: &str) -> impl Iterator<Item = Row<'_>> {
    text.lines().filter_map(|line| {
        let line = line.strip_prefix('|')?.strip_suffix('|')?;
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let &[id, _, shown_by] = cells.as_slice() else { return None };
        (id != "id" && !id.starts_with("--")).then_some(Row { id, shown_by })
    })
}

fn faults(text: &str, root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    for row in rows(text) {
        let Row { id, shown_by } = row;
        if !seen.insert(id) {
            faults.push(format!("{id} stands twice"));
        }
        let cited = citations(shown_by);
        let refused = shown_by.strip_prefix("refused: ").is_some_and(|reason| !reason.is_empty());
        if cited.is_empty() && !refused && !row.is_open() {
            faults.push(format!("{id} is neither shown, nor open, nor refused with a reason"));
        }
        let missing = cited.iter().filter(|name| !exists(name, root));
        faults.extend(missing.map(|name| format!("{id} cites {name}, which does not exist")));
    }
    faults
}

fn citations(cell: &str) -> Vec<&str> {
    let between_backticks = cell.split('`').skip(1).step_by(2);
    between_backticks.filter(|name| FOLDERS.iter().any(|folder| name.starts_with(folder))).collect()
}

/// `path` must be there, `path::name` must also define the test or function `name`, and
/// `path#text` must hold `text` (the id of a bench or a goal).
fn exists(name: &str, root: &Path) -> bool {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    if let Some((path, function)) = name.split_once("::") {
        return ["(", "<"].iter().any(|end| read(path).contains(&format!("fn {function}{end}")));
    }
    if let Some((path, id)) = name.split_once('#') {
        return read(path).contains(&format!("\"{id}\""));
    }
    root.join(name).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_the_checklist_cites_exists() {
        let text = fs::read_to_string(cargo::root().join(FILE)).unwrap();
        assert!(rows(&text).count() > 100, "the table is not where it was");
        assert_eq!(faults(&text, &cargo::root()), [""; 0]);
    }

    fn faults_of(rows: &str) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("crates/a/tests")).unwrap();
        fs::write(root.path().join("crates/a/tests/b.rs"), "fn works() {}\n\"read/ours\"").unwrap();
        faults(&format!("| id | holds | shown by |\n|---|---|---|\n{rows}"), root.path())
    }

    #[test]
    fn a_test_must_be_defined_under_its_whole_name() {
        assert_eq!(faults_of("| A-1 | x | `crates/a/tests/b.rs::works` |"), [""; 0]);
        assert_eq!(faults_of("| A-1 | x | `crates/a/tests/b.rs::work` |").len(), 1);
        assert_eq!(faults_of("| A-1 | x | `crates/a/tests/c.rs::works` |").len(), 1);
    }

    #[test]
    fn a_bench_id_and_a_file_can_be_cited() {
        assert_eq!(faults_of("| A-1 | x | `crates/a/tests/b.rs#read/ours`, `crates/a` |"), [""; 0]);
        assert_eq!(faults_of("| A-1 | x | `crates/a/tests/b.rs#write/ours` |").len(), 1);
        assert_eq!(faults_of("| A-1 | x | `crates/b` |").len(), 1);
    }

    #[test]
    fn a_row_is_shown_open_or_refused_and_stands_once() {
        assert_eq!(faults_of("| A-1 | x | open |\n| A-2 | x | refused: not ours |"), [""; 0]);
        assert_eq!(faults_of("| A-1 | x | later |").len(), 1);
        assert_eq!(faults_of("| A-1 | x | refused: |").len(), 1);
        assert_eq!(faults_of("| A-1 | x | open |\n| A-1 | x | open |").len(), 1);
    }
}
