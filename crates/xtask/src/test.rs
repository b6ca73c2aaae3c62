//! Every test of the workspace, counted.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, ExitCode, ExitStatus, Stdio},
};

use anyhow::{Context, bail};
use test_servers::Durability;

use crate::{
    cargo::{self, BENCHES, Metadata, Package, SERVER_TESTS},
    servers::Servers,
};

/// The arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leaves out the tests that need servers; the last line says how many.
    #[arg(long)]
    no_servers: bool,
    /// Further arguments of `cargo test`: `-p CRATE`, a filter, `-- --nocapture`.
    #[arg(last = true)]
    extra: Vec<String>,
}

/// What the test binaries reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
    ignored: u64,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let metadata = Metadata::of_workspace()?;
    let packages = selected(&metadata, &options.extra);
    let mut command = cargo::cargo();
    // Goes on after a failure: one run tells all.
    command.args(["test", "--no-fail-fast"]);
    if packages_named(&options.extra).is_empty() {
        command.args(packages.iter().flat_map(|package| ["-p", &package.name]));
    }
    let servers = if options.no_servers {
        command.args(["--features", &features_without_servers(&packages)]);
        None
    } else {
        command.arg("--all-features");
        Some(Servers::obtain(Durability::Fast)?)
    };
    command.envs(servers.iter().flat_map(Servers::variables)).args(&options.extra);
    let (count, status) = counted(&mut command)?;
    drop(servers);
    report(count);
    if options.no_servers {
        println!("SKIPPED {} tests that need servers", count_server_tests(&packages)?);
    }
    Ok(exit_code(status))
}

fn report(count: Count) {
    let Count { passed, failed, ignored } = count;
    if failed > 0 {
        println!("{failed} tests failed");
    }
    if ignored > 0 {
        println!("{ignored} tests ignored");
    }
    println!("{passed} tests passed");
}

/// The packages named by `-p` in `extra`, else all whose tests belong here.
fn selected<'a>(metadata: &'a Metadata, extra: &[String]) -> Vec<&'a Package> {
    let named = packages_named(extra);
    let wanted = |package: &&Package| {
        if named.is_empty() {
            package.name != BENCHES
        } else {
            named.contains(&package.name.as_str())
        }
    };
    metadata.packages.iter().filter(wanted).collect()
}

fn packages_named(extra: &[String]) -> Vec<&str> {
    let mut named = Vec::new();
    let mut words = extra.iter().map(String::as_str).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        match word {
            "-p" | "--package" => named.extend(words.next()),
            _ => named.extend(word.strip_prefix("--package=").or(word.strip_prefix("-p"))),
        }
    }
    named
}

/// Every feature but the one that builds server tests, as `package/feature`.
fn features_without_servers(packages: &[&Package]) -> String {
    let features = packages.iter().flat_map(|package| {
        let names = package.features.keys().filter(|name| *name != SERVER_TESTS);
        names.map(|feature| format!("{}/{feature}", package.name))
    });
    features.collect::<Vec<_>>().join(",")
}

/// Runs the tests, passes their output on, and counts by the harness's last lines.
fn counted(command: &mut Command) -> anyhow::Result<(Count, ExitStatus)> {
    println!("$ {}", cargo::show(command));
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot run cargo test")?;
    let output = child.stdout.take().context("cargo test has no output")?;
    let mut count = Count::default();
    let mut terminal = std::io::stdout().lock();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        terminal.write_all(&line)?;
        terminal.write_all(b"\n")?;
        count.add(&String::from_utf8_lossy(&line));
    }
    Ok((count, child.wait()?))
}

impl Count {
    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; …`; others change
    /// nothing.
    fn add(&mut self, line: &str) {
        let Some((_, result)) = line.split_once("test result: ") else { return };
        for part in result.split([';', '.']) {
            let mut words = part.split_whitespace();
            let Some(number) = words.next().and_then(|word| word.parse::<u64>().ok()) else {
                continue;
            };
            match words.next() {
                Some("passed") => self.passed += number,
                Some("failed") => self.failed += number,
                Some("ignored") => self.ignored += number,
                _ => {}
            }
        }
    }
}

/// Lists, without running them, the tests that were left out.
fn count_server_tests(packages: &[&Package]) -> anyhow::Result<usize> {
    let left_out: Vec<_> = packages.iter().filter(|package| !targets(package).is_empty()).collect();
    let mut total = 0;
    for package in left_out {
        let mut command = cargo::cargo();
        command.args(["test", "--quiet", "--all-features", "-p", &package.name]);
        for target in targets(package) {
            command.args(["--test", target]);
        }
        let output = command.args(["--", "--list", "--format", "terse"]).output()?;
        if !output.status.success() {
            bail!("{}: {}", cargo::show(&command), String::from_utf8_lossy(&output.stderr));
        }
        let names = String::from_utf8_lossy(&output.stdout);
        total += names.lines().filter(|line| line.ends_with(": test")).count();
    }
    Ok(total)
}

fn targets(package: &Package) -> Vec<&str> {
    let needs = |features: &[String]| features.iter().any(|feature| feature == SERVER_TESTS);
    let targets = package.targets.iter().filter(|target| needs(&target.required_features));
    targets.map(|target| target.name.as_str()).collect()
}

/// The code of the child; 1 when a signal ended it.
fn exit_code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_binaries_add_up_and_other_lines_do_not_count() {
        let mut count = Count::default();
        count.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out");
        count.add("test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out");
        count.add("9 passed; 9 failed");
        count.add("all doctests ran in 0.61s; merged doctests compilation took 0.51s");
        assert_eq!(count, Count { passed: 5, failed: 4, ignored: 1 });
    }

    #[test]
    fn packages_are_read_from_the_arguments_of_cargo_alone() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(packages_named(&words("-p a --package b --package=c filter")), ["a", "b", "c"]);
        assert_eq!(packages_named(&words("filter -- -p a")), [""; 0]);
    }
}
