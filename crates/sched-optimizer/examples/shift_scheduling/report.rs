//! What a solve says of itself, as one JSON object.

use sched_optimizer::{Outcome, Progress, Status};
use serde_json::{Value, json};

/// Improvements of value and bound over time, thinned out where there are many.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    points: Vec<Point>,
    last: Option<(Option<i64>, i64)>,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    seconds: f64,
    value: Option<i64>,
    bound: i64,
}

const MAX_POINTS: usize = 512;

impl Trace {
    /// Notes `progress`, and says whether value or bound are new.
    pub(crate) fn note(&mut self, progress: &Progress) -> bool {
        self.add(progress.elapsed.as_secs_f64(), progress.value, progress.bound)
    }

    fn add(&mut self, seconds: f64, value: Option<i64>, bound: i64) -> bool {
        let now = (value, bound);
        if self.last.replace(now) == Some(now) {
            return false;
        }
        if self.points.len() >= MAX_POINTS {
            let mut keep = false;
            self.points.retain(|_| {
                keep = !keep;
                keep
            });
        }
        self.points.push(Point { seconds, value, bound });
        true
    }

    fn json(&self) -> Value {
        let point = |p: &Point| json!({"seconds": p.seconds, "value": p.value, "bound": p.bound});
        self.points.iter().map(point).collect()
    }
}

/// The report on one line. `objective` is null when the roster is not legal; `verified` is left out
/// when nobody asked.
pub(crate) fn report(
    instance: &str,
    outcome: &Outcome,
    verified: Option<bool>,
    mut trace: Trace,
) -> String {
    let status = match &outcome.status {
        Status::Optimal => "optimal",
        Status::Legal => "legal",
        Status::Impossible(_) => "impossible",
        _ => "not_legal",
    };
    let objective = outcome.score.is_legal().then_some(outcome.score.soft);
    let stats = &outcome.stats;
    trace.add(stats.elapsed.as_secs_f64(), objective, outcome.bound);
    let mut report = json!({
        "instance": instance,
        "objective": objective,
        "bound": outcome.bound,
        "status": status,
        "seconds": stats.elapsed.as_secs_f64(),
        "first_feasible_seconds": stats.first_legal.map(|time| time.as_secs_f64()),
        "work": stats.work,
        "resampled": stats.resampled,
        "trace": trace.json(),
    });
    if let Some(verified) = verified {
        report["verified"] = verified.into();
    }
    report.to_string()
}
