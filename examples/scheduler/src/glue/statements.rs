//! Every read query that a run makes, remembered for explain-analyzer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use explain_analyzer::SlowLog;

/// The statements of a run, with the values of each one's slowest call.
#[derive(Debug)]
pub struct Statements {
    log: SlowLog,
    slow: Duration,
    echo: bool,
    slowest: Mutex<HashMap<&'static str, Call>>,
}

/// One call of a statement.
#[derive(Clone, Debug)]
pub struct Call {
    /// The values bound, in order.
    pub values: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl Statements {
    /// Nothing so far. Statements slower than `slow` are warned of; `echo` logs each one.
    #[must_use]
    pub fn new(slow: Duration, echo: bool) -> Self {
        Self { log: SlowLog::default(), slow, echo, slowest: Mutex::default() }
    }

    /// Remembers one call.
    pub fn record(&self, sql: &'static str, values: &[&str], took: Duration, rows: usize) {
        self.log.record(sql, took, u64::try_from(rows).unwrap_or(u64::MAX));
        if self.echo {
            tracing::info!(?took, rows, sql, "statement");
        }
        if took > self.slow {
            tracing::warn!(?took, rows, sql, "SLOW QUERY");
        }
        let mut slowest = self.slowest.lock().unwrap_or_else(PoisonError::into_inner);
        let call =
            slowest.entry(sql).or_insert_with(|| Call { values: Vec::new(), took: Duration::ZERO });
        if took >= call.took {
            *call = Call { values: values.iter().map(|v| (*v).to_owned()).collect(), took };
        }
    }

    /// The log itself.
    #[must_use]
    pub fn log(&self) -> &SlowLog {
        &self.log
    }

    /// The slowest call of a statement.
    #[must_use]
    pub fn call(&self, sql: &str) -> Option<Call> {
        self.slowest.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned()
    }
}
