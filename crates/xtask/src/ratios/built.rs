//! The programs of the benches.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    process::Stdio,
};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::{
    cargo::{self, BENCHES},
    goals::Goal,
};

/// A program for each area.
pub(super) type Programs = HashMap<String, PathBuf>;

/// The part of cargo's messages that is used.
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// Builds the benches of `goals`, all before the first is measured: what runs in the end is what
/// was there in the beginning, and never beside the compiler.
pub(super) fn programs(goals: &[Goal]) -> anyhow::Result<Programs> {
    let areas: BTreeSet<_> = goals.iter().map(|goal| goal.area.as_str()).collect();
    let mut command = cargo::cargo();
    command.args(["bench", "--package", BENCHES, "--no-run", "--message-format", "json"]);
    command.args(areas.iter().flat_map(|area| ["--bench", area])).stderr(Stdio::inherit());
    println!("$ {}", cargo::show(&command));
    let output = command.output().context("cannot run cargo bench")?;
    if !output.status.success() {
        bail!("{}: {}", cargo::show(&command), output.status);
    }
    Ok(read(&String::from_utf8_lossy(&output.stdout)))
}

/// One message a line; what is no message of a built bench is passed over.
fn read(messages: &str) -> Programs {
    let parsed = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let benches = parsed.filter_map(|message| {
        let target = message.target.filter(|target| target.kind.iter().any(|kind| kind == "bench"));
        Some((target?.name, message.executable?))
    });
    benches.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_benches_are_found_among_other_messages() {
        let messages = r#"
            {"reason":"compiler-artifact","target":{"name":"cache","kind":["bench"]},"executable":"/t/cache-1"}
            {"reason":"compiler-artifact","target":{"name":"moka","kind":["lib"]},"executable":null}
            {"reason":"build-finished","success":true}
            not a message"#;
        assert_eq!(read(messages), [("cache".to_owned(), "/t/cache-1".into())].into());
    }
}
