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
    /// Nothing so far. Each statement is warned of once, when a call takes longer than `slow`; `echo`
    /// logs every call.
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
        if self.keep(sql, values, took) {
            tracing::warn!(?took, rows, sql, "SLOW QUERY, told once for all its calls");
        }
    }

    /// Keeps the call when it is the statement's slowest; whether it is the first slow one.
    fn keep(&self, sql: &'static str, values: &[&str], took: Duration) -> bool {
        let mut slowest = self.slowest.lock().unwrap_or_else(PoisonError::into_inner);
        let call =
            slowest.entry(sql).or_insert_with(|| Call { values: Vec::new(), took: Duration::ZERO });
        let first = took > self.slow && call.took <= self.slow;
        if took >= call.took {
            *call = Call { values: values.iter().map(|v| (*v).to_owned()).collect(), took };
        }
        first
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek};
    use std::sync::Arc;

    #[test]
    fn a_slow_statement_is_warned_of_once() {
        let mut log = tempfile::tempfile().unwrap();
        let writer = Arc::new(log.try_clone().unwrap());
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(writer).finish();
        let statements = Statements::new(Duration::from_millis(10), false);
        tracing::subscriber::with_default(lines, || {
            for millis in [10, 11, 30, 20] {
                statements.record("SELECT 1", &["a"], Duration::from_millis(millis), 1);
                statements.record("SELECT 2", &[], Duration::from_millis(millis), 1);
            }
        });
        let mut told = String::new();
        log.rewind().unwrap();
        log.read_to_string(&mut told).unwrap();
        assert_eq!(told.matches("SLOW QUERY").count(), 2, "{told}");
        assert_eq!(told.matches("took=11ms").count(), 2, "{told}");
        assert_eq!(statements.call("SELECT 1").unwrap().took, Duration::from_millis(30));
    }
}
