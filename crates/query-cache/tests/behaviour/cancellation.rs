//! Each public async function is dropped after each number of polls, on a store that is slow, fails or is
//! silent. After that the cache answers right, an invalidation that was begun takes effect, a load or a
//! `set` that was begun is kept, and nothing hangs.

use std::pin::{Pin, pin};
use std::sync::Arc;

use futures::poll;
#[cfg(feature = "sql")]
use query_cache::sql::{Dialect, Schema, SqlCache, Statement};
use query_cache::{Cache, Cached, Job, Key, Loaded, Policy, Tag, Warmer, template};
use tokio::time::{sleep, timeout};

use crate::support::{Down, Mode, Source, TestStore, ask, key, minute, ms, relaxed, strict, until};

/// One cache that has a value, another one that has none, and their store.
struct Stage {
    store: Arc<TestStore>,
    cache: Cache<Arc<TestStore>>,
    empty: Cache<Arc<TestStore>>,
    source: Source,
    /// Those of the value.
    tags: Vec<Tag>,
    #[cfg(feature = "sql")]
    sql: SqlCache<Arc<TestStore>>,
}

/// What is so after a call was polled at least once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// The value is what it was.
    Same,
    /// It is gone.
    Gone,
    /// It is the one that was set.
    Set,
    /// One load brings the value of another key.
    Loaded,
}

type Act = fn(Arc<Stage>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// The row of a function: where it is, what it leaves, and how it is called.
macro_rules! row {
    ($name:expr, $after:ident, |$at:ident| $call:expr) => {
        ($name, After::$after, (|$at| Box::pin(async move { _ = $call })) as Act)
    };
}

/// The rows of the calls that may load, on a cache and on one that tells where answers come from.
macro_rules! reads {
    ($module:literal, $many:literal, |$at:ident| $cache:expr) => {
        [
            row!(concat!($module, "::get"), Same, |$at| $cache.get::<u64>(&key()).await),
            row!(concat!($module, "::get_or_load"), Loaded, |$at| {
                let source = $at.source.clone();
                $cache.get_or_load(&missing(), &minute(), || source.load()).await
            }),
            row!(concat!($module, "::get_or_load_with"), Loaded, |$at| {
                let source = $at.source.clone();
                let load = |_: Option<Arc<u64>>| async { source.load().await.map(Loaded::new) };
                $cache.get_or_load_with(&missing(), &minute(), load).await
            }),
            row!(concat!($module, "::get_or_load_optional"), Loaded, |$at| {
                let source = $at.source.clone();
                let load = || async { source.load().await.map(Some) };
                $cache.get_or_load_optional(&missing(), &minute(), load).await
            }),
            row!(concat!($many, "::get_or_load_many"), Loaded, |$at| {
                let source = $at.source.clone();
                let load = |ids: Vec<u64>| async move {
                    let value = source.load().await?;
                    Ok::<_, Down>(ids.into_iter().map(move |id| (id, value)))
                };
                let key = |id: &u64| missing().part(*id);
                $cache.get_or_load_many(&[1, 2], key, |_| minute(), load).await
            }),
        ]
    };
}

fn rows() -> Vec<(&'static str, After, Act)> {
    let mut rows = vec![
        row!("cache::get", Same, |at| at.empty.get::<u64>(&key()).await),
        row!("cache::ttl", Same, |at| at.cache.ttl(&key()).await),
        row!("cache::ttl", Same, |at| at.empty.ttl(&key()).await),
        row!("cache::exists", Same, |at| at.empty.exists(&key()).await),
        row!("cache::close", Same, |at| at.cache.close().await),
        row!("cache::get_or_load", Same, |at| at.ask().await),
        row!("wrap::get", Loaded, |at| at.wrapped().get(7).await),
        row!("wrap::traced", Loaded, |at| at.wrapped().traced(7).await),
        row!("warm::run", Loaded, |at| {
            let list = || async { Ok::<_, Down>([(7,)]) };
            Warmer::new(&at.cache).job(Job::of("one", &at.wrapped(), list)).run().await
        }),
        row!("tally::increment", Same, |at| at.cache.increment(&key(), 1, ms(1000)).await),
        row!("cache::set", Set, |at| at.cache.set(&key(), 3u64, &at.policy()).await),
        row!("invalidate::invalidate", Gone, |at| at.cache.invalidate(&key()).await),
        row!("invalidate::invalidate_tag", Gone, |at| at.cache.invalidate_tag("tag").await),
        row!("invalidate::invalidate_tags", Gone, |at| {
            at.cache.invalidate_tags(["x", "tag"]).await
        }),
        row!("invalidate::clear", Gone, |at| at.cache.clear("q").await),
        row!("invalidate::clear_all", Gone, |at| at.cache.clear_all().await),
        // Without a stale window what is expired is gone.
        row!("invalidate::expire", Gone, |at| at.cache.expire(&key()).await),
        row!("invalidate::expire_tag", Gone, |at| at.cache.expire_tag("tag").await),
        row!("invalidate::expire_tags", Gone, |at| at.cache.expire_tags(["tag"]).await),
        row!("invalidate::expire_namespace", Gone, |at| at.cache.expire_namespace("q").await),
        row!("invalidate::expire_all", Gone, |at| at.cache.expire_all().await),
    ];
    rows.extend(reads!("cache", "many", |at| at.cache));
    rows.extend(reads!("answer", "answer", |at| at.cache.traced()));
    #[cfg(feature = "sql")]
    rows.extend([
        row!("sql::read", Loaded, |at| {
            let source = at.source.clone();
            at.sql.read(shifts(), &minute(), |_| source.load()).await
        }),
        row!("sql::read_optional", Loaded, |at| {
            let source = at.source.clone();
            let load = |_| async { source.load().await.map(Some) };
            at.sql.read_optional(shifts(), &minute(), load).await
        }),
        row!("sql::write", Gone, |at| {
            let committed = async {
                sleep(ms(3)).await;
                Ok::<_, Down>(())
            };
            at.sql.write(&Statement::new("DELETE FROM shifts"), committed).await
        }),
        row!("sql::invalidate_tables", Gone, |at| at.sql.invalidate_tables(&["shifts"]).await),
        row!("sql::change::committed", Gone, |at| {
            let mut change = at.sql.change();
            change.tags(["tag"]);
            change.committed().await
        }),
    ]);
    rows
}

#[cfg(feature = "sql")]
fn shifts() -> Statement {
    Statement::new("SELECT count(*) FROM shifts")
}

fn missing() -> Key {
    key().part("missing")
}

impl Stage {
    async fn new() -> Arc<Self> {
        let (store, source) = (TestStore::slow(1), Source::new(1));
        let (cache, empty) = (relaxed(&store), relaxed(&store));
        #[cfg(feature = "sql")]
        let sql = SqlCache::new(cache.clone(), Schema::new(Dialect::Sqlite));
        let stage = Self {
            store,
            cache,
            empty,
            source,
            #[cfg(not(feature = "sql"))]
            tags: vec!["tag".into()],
            #[cfg(feature = "sql")]
            tags: [vec!["tag".into()], sql.table_tags(&["shifts"]).unwrap()].concat(),
            #[cfg(feature = "sql")]
            sql,
        };
        stage.ask().await;
        // Past the bound, so that a hit has to ask the store.
        sleep(ms(2000)).await;
        stage.source.write(2);
        Arc::new(stage)
    }

    fn policy(&self) -> Policy {
        minute().tags(&self.tags)
    }

    fn wrapped(&self) -> Cached<(u64,), u64, Arc<TestStore>> {
        let (source, template) = (self.source.clone(), template!("missing/{id}", id: u64));
        self.cache.wrap(template, minute(), move |_| source.clone().load())
    }

    async fn ask(&self) -> u64 {
        ask(&self.cache, &self.policy(), &self.source).await.unwrap()
    }

    /// What was promised, and that all goes on.
    async fn check(&self, name: &str, after: After, polls: usize, mode: Mode) {
        let place = format!("{name} after {polls} polls, the store {mode:?}");
        let value = match after {
            After::Gone if polls > 0 => 2,
            After::Set if polls > 0 => 3,
            _ => 1,
        };
        assert_eq!(self.ask().await, value, "{place}");
        if after == After::Loaded && polls > 0 {
            self.cache.close().await.ok();
            assert_eq!(self.source.loads(), 2, "{place}: the first one, and that one");
        }
        self.store.set_mode(Mode::Works);
        until(&format!("{place}: the store was never told"), async || {
            self.cache.stats().unsent == 0
        })
        .await;
        // Until the store is asked again.
        sleep(ms(1500)).await;
        self.cache.close().await.unwrap();
        let got = self.ask().await;
        // What was set while the store was away cannot be proved once it is back.
        let may_be_loaded = after == After::Set && mode != Mode::Works;
        assert!(got == value || (may_be_loaded && got == 2), "{place}: {got}, but it was to stay");
        self.cache.close().await.unwrap();
        for other in [&self.empty, &strict(&self.store)] {
            let got = ask(other, &self.policy(), &self.source).await.unwrap();
            // What the store did not get is loaded.
            assert!(got == value || got == 2, "{place}: elsewhere it is {got}");
        }
        self.source.write(4);
        self.cache.clear_all().await.unwrap();
        assert_eq!(self.ask().await, 4, "{place}: and it can be changed");
    }
}

/// Polls `future` so often, with time for its store calls in between. Whether it ended.
async fn poll_times(future: impl Future<Output = ()>, polls: usize, pause: u64) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        if poll!(future.as_mut()).is_ready() {
            return true;
        }
        sleep(ms(pause)).await;
    }
    false
}

async fn dropped_everywhere(mode: Mode, pause: u64) {
    for (name, after, act) in rows() {
        for polls in 0.. {
            let stage = Stage::new().await;
            stage.store.set_mode(mode);
            let ended = poll_times(act(Arc::clone(&stage)), polls, pause).await;
            let checked = timeout(ms(60_000), stage.check(name, after, polls, mode)).await;
            checked.unwrap_or_else(|_| panic!("{name} hangs after {polls} polls"));
            if ended {
                let halfway = polls > 1 || mode != Mode::Works || name == "cache::close";
                assert!(halfway, "{name} was never dropped half-way");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_call_may_be_dropped_at_any_point() {
    dropped_everywhere(Mode::Works, 1).await;
}

#[tokio::test(start_paused = true)]
async fn every_call_may_be_dropped_while_the_store_fails() {
    dropped_everywhere(Mode::Fails, 1).await;
}

#[tokio::test(start_paused = true)]
async fn every_call_may_be_dropped_while_the_store_is_silent() {
    dropped_everywhere(Mode::Hangs, 40).await;
}

#[cfg(feature = "sql")]
mod complete {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::rows;

    /// Not functions of a cache: their own tests drop them.
    const ELSEWHERE: [&str; 4] = ["testing", "postgres", "view", "warm::progress"];

    /// These do nothing but call one that has a row.
    const FORWARDING: [&str; 4] =
        ["caches::close", "wrap::clear", "wrap::expire", "wrap::invalidate"];

    #[test]
    fn every_public_async_function_has_a_row() {
        let mut found = BTreeSet::new();
        functions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut found);
        let rows = rows();
        let tried = rows.iter().map(|(name, ..)| *name).chain(FORWARDING);
        let tried: BTreeSet<String> = tried.map(ToOwned::to_owned).collect();
        assert_eq!(found, tried, "left: in the sources; right: tried here");
    }

    /// Adds the public async functions below `folder`, each as `module::function`.
    fn functions(folder: &Path, module: &str, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let module =
                if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") };
            if ELSEWHERE.iter().any(|elsewhere| module.starts_with(elsewhere)) {
                continue;
            }
            if path.is_dir() {
                functions(&path, &module, found);
                continue;
            }
            for line in fs::read_to_string(&path).unwrap().lines() {
                if let Some(function) = line.trim_start().strip_prefix("pub async fn ") {
                    let end = function.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap();
                    found.insert(format!("{module}::{}", &function[..end]));
                }
            }
        }
    }
}
