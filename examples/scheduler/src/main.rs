//! Plans a residency block. Needs nothing installed; `--help` says what else it does.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use sched_optimizer::ProblemError;
use scheduler::bad_input::BadInput;
use scheduler::cli::{Cli, Command};
use scheduler::import::{Faults, Source};
use scheduler::plan::{self, Ending};
use scheduler::settings::{Settings, SettingsError};
use scheduler::{import, replan};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let ended = run(Cli::parse()).await.and_then(|(text, ending)| show(&text).map(|()| ending));
    match ended {
        Ok(ending) => ExitCode::from(ending.code()),
        Err(error) => {
            eprintln!("scheduler: {error:#}");
            if is_input(&error) { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn is_input(error: &anyhow::Error) -> bool {
    error.is::<Faults>()
        || error.is::<SettingsError>()
        || error.is::<ProblemError>()
        || error.is::<BadInput>()
}

async fn run(cli: Cli) -> anyhow::Result<(String, Ending)> {
    // A variable that is not Unicode is none of ours.
    let readable = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let settings = Settings::read(&std::env::vars_os().filter_map(readable).collect())?;
    log(settings.echo);
    if matches!(cli.command, Some(Command::Settings)) {
        return Ok((settings.to_string(), Ending::Done));
    }
    let source = cli.options.data.clone().map_or(Source::Bundled, Source::Folder);
    let programme = import::load(&source)?;
    match cli.command {
        Some(Command::Audit { file }) => plan::judge(&cli.options, &programme, &file),
        Some(Command::Replan { person, from, to, why }) => {
            let absence = replan::absence(&programme, &person, from, to, why)?;
            replan::replan(&settings, &cli.options, programme, absence).await
        }
        _ => plan::generate(&settings, &cli.options, programme).await,
    }
}

/// Warnings, and with `DB_ECHO` each query; `RUST_LOG` decides otherwise. In colour only where somebody
/// looks on, and not with `NO_COLOR`.
fn log(echo: bool) {
    let level = if echo { LevelFilter::INFO } else { LevelFilter::WARN };
    let filter = EnvFilter::builder().with_default_directive(level.into()).from_env_lossy();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = io::stderr().is_terminal() && !plain;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour);
    log.with_writer(io::stderr).init();
}

/// Prints; a reader that has seen enough and closed the pipe is no error.
fn show(text: &str) -> anyhow::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
