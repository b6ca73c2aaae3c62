//! The programs that are measured.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::{
    cargo::{self, BENCHES},
    goals::Goal,
};

/// Programs by the name of their target; of a bench, that is its area.
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
    Ok(read(&messages(&mut command)?, "bench"))
}

/// Builds an example as it is meant to run.
pub(super) fn example(package: &str, name: &str) -> anyhow::Result<PathBuf> {
    let mut command = cargo::cargo();
    command.args(["build", "--release", "--package", package, "--example", name]);
    command.args(["--message-format", "json"]).stderr(Stdio::inherit());
    let mut programs = read(&messages(&mut command)?, "example");
    programs.remove(name).with_context(|| format!("cargo built no example {name}"))
}

fn messages(command: &mut Command) -> anyhow::Result<String> {
    let shown = cargo::show(command);
    println!("$ {shown}");
    let output = command.output().with_context(|| format!("cannot run {shown}"))?;
    if !output.status.success() {
        bail!("{shown}: {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// One message a line; what is no message of a built target of that kind is passed over.
fn read(messages: &str, kind: &str) -> Programs {
    let parsed = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let programs = parsed.filter_map(|message| {
        let target = message.target.filter(|target| target.kind.iter().any(|its| its == kind));
        Some((target?.name, message.executable?))
    });
    programs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_one_kind_are_found_among_other_messages() {
        let messages = r#"
            {"reason":"compiler-artifact","target":{"name":"cache","kind":["bench"]},"executable":"/t/cache-1"}
            {"reason":"compiler-artifact","target":{"name":"roster","kind":["example"]},"executable":"/t/roster"}
            {"reason":"compiler-artifact","target":{"name":"moka","kind":["lib"]},"executable":null}
            {"reason":"build-finished","success":true}
            not a message"#;
        let one = |name: &str, path: &str| Programs::from([(name.to_owned(), path.into())]);
        assert_eq!(read(messages, "bench"), one("cache", "/t/cache-1"));
        assert_eq!(read(messages, "example"), one("roster", "/t/roster"));
    }
}
