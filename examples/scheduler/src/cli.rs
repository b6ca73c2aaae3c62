//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

/// Plans a residency block under the ACGME duty-hour rules.
///
/// Without a command it generates: reads the programme, solves it, audits the result, publishes it and
/// reports. Needs nothing installed; set DATABASE_URL and REDIS_URL to use PostgreSQL and Redis.
#[derive(Clone, Debug, Parser)]
#[command(name = "scheduler", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// What all commands share.
    #[command(flatten)]
    pub options: Options,
    /// What to do; generate when left out.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 failed, or a rule is broken; 2 bad input, nothing was stored; \
3 another process holds the block.";

/// What all commands share.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Folder with the programme's CSV files [default: the bundled programme]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Folder for schedule.csv, schedule.ics, schedule.html and audit.json
    #[arg(long, global = true, value_name = "DIR", default_value = "var/out")]
    pub out: PathBuf,
    /// Seed of the search; how far it gets also depends on the time
    #[arg(
        long,
        global = true,
        value_name = "N",
        default_value_t = 1,
        allow_negative_numbers = true
    )]
    pub seed: u64,
    /// Time for the search [default: 3, and 0.6 for replan]; shorter when the best schedule is proved,
    /// longer when no legal one is found yet
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds,
        allow_negative_numbers = true)]
    pub seconds: Option<Duration>,
    /// Longest wait for a block that another process holds; 0 leaves at once
    #[arg(long, global = true, value_name = "SECONDS", default_value = "30", value_parser = seconds,
        allow_negative_numbers = true)]
    pub wait: Duration,
    /// No progress bar
    #[arg(long, global = true)]
    pub quiet: bool,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Make, audit and publish a schedule (the default)
    Generate,
    /// Judge a schedule.csv from anywhere by every rule; publishes nothing, and writes its verdict on
    /// NAME.csv to audit-of-NAME.json in the folder of --out
    Audit {
        /// The file, with the columns of a schedule.csv that `generate` writes
        file: PathBuf,
    },
    /// Mend the published schedule after one more absence, with the fewest changes
    Replan {
        /// Id of the person who will be away
        #[arg(long)]
        person: String,
        /// First day away, such as 2026-11-02
        #[arg(long)]
        from: Date,
        /// Last day away, inclusive
        #[arg(long)]
        to: Date,
        /// Why
        #[arg(long, value_enum, default_value_t = Why::Sick)]
        why: Why,
    },
    /// Show every setting that the environment decides, secrets hidden
    Settings,
}

/// Why somebody will be away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Why {
    /// Ill.
    Sick,
    /// On leave.
    Leave,
    /// At a conference.
    Conference,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let valid = text.parse().ok().filter(|s| (0.0..=86_400.0).contains(s));
    valid.map(Duration::from_secs_f64).ok_or_else(|| "expected seconds, 0 to 86400".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_generates_with_defaults() {
        let cli = Cli::parse_from(["scheduler"]);
        assert!(cli.command.is_none());
        assert_eq!((cli.options.seed, cli.options.seconds), (1, None));
    }

    #[test]
    fn options_may_follow_the_command() {
        let cli = Cli::parse_from(["scheduler", "generate", "--seed", "7", "--wait", "0"]);
        assert_eq!((cli.options.seed, cli.options.wait), (7, Duration::ZERO));
    }

    #[test]
    fn negative_time_is_refused() {
        for time in [&["--seconds=-1"][..], &["--seconds", "-1"], &["--wait", "-0.5"]] {
            let error = Cli::try_parse_from(["scheduler"].iter().chain(time)).unwrap_err();
            assert!(error.to_string().contains("expected seconds, 0 to 86400"), "{error}");
        }
        for time in ["NaN", "inf", "-inf"] {
            assert!(Cli::try_parse_from(["scheduler", &format!("--wait={time}")]).is_err());
        }
    }
}
