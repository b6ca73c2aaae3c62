//! The search, on its own threads, with a progress bar.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sched_optimizer::{Budget, CancelToken, Options, Outcome, Progress, Solver, Until};

use crate::cli;
use crate::model::Model;

/// Time for the search when the user says nothing.
const SECONDS: Duration = Duration::from_secs(3);

/// As long as this a legal roster is looked for, however short the time for the best one is.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the search may look for a better roster.
#[must_use]
pub fn time(options: &cli::Options) -> Duration {
    options.seconds.unwrap_or(SECONDS)
}

/// Solves the model: looks for better rosters for the time given, and if none is legal yet, for a legal
/// one for up to a minute. Dropping the future stops the search.
///
/// # Errors
/// The search thread could not be started, or panicked.
pub async fn solve(model: &Arc<Model>, options: &cli::Options) -> Result<Outcome> {
    let cancel = CancelToken::default();
    let on_drop = StopOnDrop(cancel.clone());
    let settings = Options::default()
        .budget(Budget::seconds(time(options).as_secs_f64()))
        .until(Until::Gap(0.0))
        .threads(threads())
        .seed(options.seed)
        .cancel(cancel);
    let bar = bar(options);
    let shown = bar.clone();
    let (model, seconds) = (Arc::clone(model), time(options));
    let (answer, outcome) = tokio::sync::oneshot::channel();
    let search = move || {
        let watch = |progress: &Progress| {
            show(&shown, progress, seconds);
            ControlFlow::Continue(())
        };
        let mut outcome = Solver::new(settings.clone()).solve(&model.problem, watch);
        if !outcome.score.is_legal() {
            let left = PATIENCE.saturating_sub(seconds).as_secs_f64();
            let settings = settings.budget(Budget::seconds(left)).until(Until::Legal);
            outcome = Solver::new(settings).solve_from(&model.problem, &outcome.roster, watch);
        }
        // Nobody listens any more when the lease was lost; the outcome is then not wanted.
        drop(answer.send(outcome));
    };
    std::thread::Builder::new().name("search".to_owned()).spawn(search)?;
    let outcome = outcome.await.context("the search ended without an outcome");
    bar.finish_and_clear();
    drop(on_drop);
    outcome
}

struct StopOnDrop(CancelToken);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn bar(options: &cli::Options) -> ProgressBar {
    let target =
        if options.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(millis(time(options))), target);
    let style = ProgressStyle::with_template("{bar:30} {elapsed} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn show(bar: &ProgressBar, progress: &Progress, seconds: Duration) {
    bar.set_position(millis(progress.elapsed.min(seconds)));
    bar.set_message(match (progress.value, progress.gap) {
        (Some(value), Some(gap)) => {
            format!("value {value}, bound {}, gap {:.1} %", progress.bound, gap * 100.0)
        }
        (Some(value), None) => format!("value {value}, bound {}", progress.bound),
        (None, _) => format!("{} breaches left, bound {}", progress.hard, progress.bound),
    });
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
