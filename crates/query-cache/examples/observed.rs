//! Counts by namespace what a cache does, as a metrics library would have it: an `Observer` made once.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use query_cache::{
    Cache, Error, Invalidated, Key, Observer, Origin, Policy, StoreError, Subject, template,
};

/// Counters and times by name and label. An application would hand these on to its metrics library, the
/// namespace as label: `counter!("cache_answers", "namespace" => …, "origin" => …)`.
#[derive(Clone, Default)]
struct Metrics(Arc<Mutex<BTreeMap<String, u64>>>);

impl Metrics {
    fn count(&self, name: &str, labels: impl fmt::Display, by: u64) {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counters.entry(format!("{name}{{{labels}}}")).or_default() += by;
    }
}

impl Observer for Metrics {
    fn answered(&self, key: &Key, origin: Origin) {
        self.count("answers", format_args!("{}, {origin:?}", key.namespace_label()), 1);
    }

    fn missed(&self, key: &Key, error: Option<&Error>) {
        let why = if error.is_some() { "error" } else { "nothing" };
        self.count("unanswered", format_args!("{}, {why}", key.namespace_label()), 1);
    }

    fn load_ended(&self, key: &Key, keys: usize, took: Duration, error: Option<&Error>) {
        let label = key.namespace_label();
        self.count("keys_loaded", label, keys as u64);
        self.count("load_ms", label, u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        self.count("load_errors", label, u64::from(error.is_some()));
    }

    fn invalidated(&self, Invalidated { what, .. }: Invalidated<'_>) {
        let label = match what {
            Subject::Key(key) => key.namespace_label(),
            Subject::Namespace(namespace) => namespace.name(),
            _ => "across namespaces",
        };
        self.count("invalidations", label, 1);
    }

    fn store_failed(&self, _: &StoreError) {
        self.count("store_errors", "", 1);
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Error> {
    let metrics = Metrics::default();
    let cache = Cache::builder().observer(metrics.clone()).build();
    let policy = Policy::ttl(Duration::from_secs(60));
    let hours = cache.wrap(template!("hours/{person}", person: u32), policy, |person| async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if person < 9 { Ok(8 * person) } else { Err(io::Error::other("nobody has this number")) }
    });

    for person in [1, 2, 1, 1, 9] {
        match hours.get(person).await {
            Ok(found) => println!("person {person} works {found} hours"),
            Err(error) => println!("person {person}: {error}"),
        }
    }
    hours.invalidate(1).await?;
    hours.get(1).await?;

    println!("\nwhat was observed:");
    for (name, count) in metrics.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        println!("  {name} {count}");
    }
    Ok(())
}
