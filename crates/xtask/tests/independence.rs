//! The six libraries know nothing of each other, in their tests neither.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use std::{collections::BTreeSet, fs, path::Path};

use toml::{Table, Value};

const LIBRARIES: [&str; 6] =
    ["async-utils", "batch-ops", "dist-lock", "explain-analyzer", "query-cache", "sched-optimizer"];

/// Members that libraries must not need to build: the application and its like.
const OTHERS: [&str; 3] = ["rounds-benches", "scheduler", "xtask"];

fn manifest(library: &str) -> Table {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path = crates.join(library).join("Cargo.toml");
    fs::read_to_string(&path).unwrap().parse().unwrap()
}

/// The packages named in every table of dependencies at any depth: normal, dev, build, by target.
fn dependencies(table: &Table) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (key, value) in table {
        let Value::Table(inner) = value else { continue };
        if key.ends_with("dependencies") {
            found.extend(inner.iter().map(|(name, value)| package_name(name, value)));
        } else {
            found.extend(dependencies(inner));
        }
    }
    found
}

/// A renamed dependency is known by its `package`.
fn package_name(name: &str, value: &Value) -> String {
    value.get("package").and_then(Value::as_str).unwrap_or(name).to_owned()
}

#[test]
fn no_library_depends_on_another_or_on_the_application() {
    for library in LIBRARIES {
        let found = dependencies(&manifest(library));
        let forbidden = LIBRARIES.iter().chain(&OTHERS);
        let edges: Vec<_> = forbidden.filter(|name| found.contains(**name)).collect();
        assert!(edges.is_empty(), "{library} depends on {edges:?}");
    }
}

#[test]
fn test_servers_is_a_dependency_of_tests_alone() {
    for library in LIBRARIES {
        let table = manifest(library);
        let normal = table.get("dependencies").and_then(Value::as_table).unwrap();
        assert!(!normal.contains_key("test-servers"), "{library}");
    }
}

#[test]
fn a_renamed_or_target_specific_dependency_is_seen() {
    let text = "[target.'cfg(unix)'.dev-dependencies]\n\
                other = { package = \"query-cache\", path = \"../query-cache\" }";
    let table: Table = text.parse().unwrap();
    assert!(dependencies(&table).contains("query-cache"));
}

#[test]
fn every_published_crate_is_named_here() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = fs::read_dir(crates).unwrap().map(|entry| entry.unwrap().file_name());
    let published: BTreeSet<String> = folders
        .map(|name| name.into_string().unwrap())
        .filter(|name| crates.join(name).join("Cargo.toml").exists())
        .filter(|name| manifest(name)["package"].get("publish").is_none())
        .collect();
    let (derive, libraries): (BTreeSet<_>, BTreeSet<_>) =
        published.into_iter().partition(|name| name.ends_with("-derive"));
    assert_eq!(libraries, LIBRARIES.map(str::to_owned).into());
    assert!(derive.iter().all(|name| LIBRARIES.iter().any(|library| name.starts_with(library))));
}
