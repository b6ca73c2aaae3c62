//! Each feature must build alone: features only add.

use std::process::ExitCode;

use crate::cargo::{self, Metadata, Package, SERVER_TESTS};

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let metadata = Metadata::of_workspace()?;
    for package in metadata.libraries() {
        check(package, None)?;
        let names = package.features.keys().filter(|name| *name != "default");
        for feature in names.filter(|name| *name != SERVER_TESTS) {
            check(package, Some(feature))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check(package: &Package, feature: Option<&str>) -> anyhow::Result<()> {
    let mut command = cargo::cargo();
    // Clippy rather than check: its warnings can be denied without building all dependencies anew.
    command.args(["clippy", "--quiet", "--no-default-features", "-p", &package.name]);
    command.args(feature.iter().flat_map(|name| ["--features", name]));
    cargo::run(command.args(["--", "-D", "warnings"]))
}
