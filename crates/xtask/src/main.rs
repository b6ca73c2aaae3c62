//! The tasks of this workspace, run as `cargo xtask TASK`.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod cargo;
mod checklist;
mod features;
mod goals;
mod install;
mod licences;
mod outside;
mod ratios;
mod servers;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The tasks of this workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs every test, those against real PostgreSQL and Redis too, and counts them.
    ///
    /// Servers come from TEST_DATABASE_URL and TEST_REDIS_URL, else from binaries on this machine,
    /// else (as root, with apt) from an installation that starts no system service.
    Test(test::Options),
    /// Keeps a PostgreSQL and a Redis running and prints their URLs, until Ctrl-C.
    Servers(servers::Options),
    /// Measures our benches beside their peers and fails when a goal of benches/goals.toml is missed.
    Ratios(ratios::Options),
    /// Prints the names of the libraries, one a line.
    Libraries,
    /// Checks each library without features and with each of its features alone.
    Features,
    /// Checks the licence and the source of every dependency against .cargo/deny.toml.
    Licences,
    /// Builds a crate outside the workspace against each library alone.
    Outside,
    /// Checks that every test, bench and file cited by docs/checklist.md exists.
    Checklist,
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().task {
        Task::Test(options) => test::run(&options),
        Task::Servers(options) => servers::run(&options),
        Task::Ratios(options) => ratios::run(&options),
        Task::Libraries => libraries(),
        Task::Features => features::run(),
        Task::Licences => licences::run(),
        Task::Outside => outside::run(),
        Task::Checklist => checklist::run(),
    }
}

fn libraries() -> anyhow::Result<ExitCode> {
    for library in cargo::Metadata::of_workspace()?.libraries() {
        println!("{}", library.name);
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_of_all_tasks_are_consistent() {
        Arguments::command().debug_assert();
    }
}
