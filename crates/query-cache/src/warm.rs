//! Values that are there before they are asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{self, BoxFuture};
use futures::{FutureExt, StreamExt, stream};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::cache::Cache;
use crate::clock::LONGEST;
use crate::key::Key;
use crate::store::{Backend, NoStore};
use crate::tally::Tally;

use self::budget::{Budget, Pace};
use self::job::{Piece, Warmed};

mod budget;
mod job;
mod progress;
mod trigger;

pub use self::job::Job;
pub use self::progress::{JobProgress, Progress, Warming};
pub use self::trigger::Trigger;

/// Loads what will be asked for: at the start, on a schedule, after an invalidation.
///
/// It works through [`Job`]s, those of the highest priority first, one after another. What is fresh is
/// skipped, what is [due](crate::Policy::refresh_ahead) or stale is refreshed, what somebody is loading
/// already is waited for: a load is never begun twice, nor stopped. A job that fails is counted and named
/// in the [`Progress`], and the others go on. Warming counts in [`Stats::loads`](crate::Stats::loads) and
/// not as a query.
///
/// ```
/// use query_cache::{Cache, Job, Policy, Warmer, template};
/// use std::num::NonZeroU32;
/// use std::time::Duration;
///
/// # async fn query(person: u32, week: u32) -> Result<String, std::io::Error> { Ok(format!("{person}/{week}")) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cache = Cache::builder().build();
/// let by_week = template!("schedule/{person}/{week}", person: u32, week: u32);
/// let schedule = cache.wrap(by_week, Policy::ttl(Duration::from_secs(3600)), query);
///
/// let weeks_ahead = || async { Ok::<_, std::io::Error>((27..31).map(|week| (7, week))) };
/// let warmer = Warmer::new(&cache)
///     .job(Job::of("weeks ahead", &schedule, weeks_ahead).priority(10))
///     .per_second(NonZeroU32::new(50).ok_or("zero")?);
/// let progress = warmer.run().await;
/// assert_eq!((progress.loaded(), progress.failed()), (4, 0));
/// # Ok(())
/// # }
/// ```
pub struct Warmer<S = NoStore> {
    cache: Cache<S>,
    jobs: Vec<Arc<Job<S>>>,
    at_once: NonZeroUsize,
    per_second: Option<NonZeroU32>,
    limits: Limits,
    every: Option<Duration>,
    trigger: Option<Trigger>,
    gate: Option<Gate>,
}

/// Whether a pass may begin.
type Gate = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// After what a pass begins nothing more.
#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    keys: Option<usize>,
    weight: Option<u64>,
    time: Option<Duration>,
}

impl<S: Backend> Warmer<S> {
    /// Warms `cache`; has no jobs yet.
    pub fn new(cache: &Cache<S>) -> Self {
        Self {
            cache: cache.clone(),
            jobs: Vec::new(),
            at_once: NonZeroUsize::MIN,
            per_second: None,
            limits: Limits::default(),
            every: None,
            trigger: None,
            gate: None,
        }
    }

    /// Adds a job. Of two with one priority the one added first comes first.
    #[must_use]
    pub fn job(mut self, job: Job<S>) -> Self {
        self.jobs.push(Arc::new(job));
        self.jobs.sort_by_key(|job| std::cmp::Reverse(job.priority));
        self
    }

    /// So many loads run at a time; a load of many keys is one. Default 1.
    #[must_use]
    pub fn at_once(mut self, loads: NonZeroUsize) -> Self {
        self.at_once = loads;
        self
    }

    /// So many keys a second are looked for in the store or loaded, evenly spread. Default: no limit.
    #[must_use]
    pub fn per_second(mut self, keys: NonZeroU32) -> Self {
        self.per_second = Some(keys);
        self
    }

    /// A pass loads at most so many keys. Those that are fresh do not count.
    #[must_use]
    pub fn at_most_keys(mut self, keys: usize) -> Self {
        self.limits.keys = Some(keys);
        self
    }

    /// A pass begins no load once what it has loaded weighs so much: in bytes where the cache has a
    /// [byte budget](crate::CacheBuilder::local_bytes), otherwise in entries.
    #[must_use]
    pub fn at_most_weight(mut self, weight: u64) -> Self {
        self.limits.weight = Some(weight);
        self
    }

    /// A pass begins no load after so long. Those under way are finished.
    #[must_use]
    pub fn at_most_time(mut self, time: Duration) -> Self {
        self.limits.time = Some(time.min(LONGEST));
        self
    }

    /// Once [started](Self::start), a pass begins each `period` after the beginning of the last one; one
    /// that takes longer leaves out those it overlaps. To keep values warm, the period should be shorter
    /// than their policy's [`refresh_ahead`](crate::Policy::refresh_ahead).
    #[must_use]
    pub fn every(mut self, period: Duration) -> Self {
        self.every = Some(period.clamp(Duration::from_millis(1), LONGEST));
        self
    }

    /// Once [started](Self::start), a pass begins when `trigger` says so.
    #[must_use]
    pub fn on(mut self, trigger: &Trigger) -> Self {
        self.trigger = Some(trigger.clone());
        self
    }

    /// One pass, now. Dropping the future begins no further load; those under way are the cache's, and
    /// are finished.
    pub async fn run(&self) -> Progress {
        let progress = watch::Sender::new(self.unstarted());
        self.pass(&progress).await;
        progress.borrow().clone()
    }

    /// One pass in a task of its own, and further ones as told by [`every`](Self::every) and
    /// [`on`](Self::on): until the handle is dropped or, where neither was given, the pass has ended.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start(self) -> Warming {
        let progress = watch::Sender::new(self.unstarted());
        let watched = progress.subscribe();
        Warming::new(watched, tokio::spawn(async move { self.go_on(&progress).await }))
    }

    async fn go_on(&self, progress: &watch::Sender<Progress>) {
        let mut next = Instant::now();
        loop {
            self.pass(progress).await;
            if let Some(period) = self.every {
                let late = Instant::now().saturating_duration_since(next);
                let periods = late.as_nanos() / period.as_nanos() + 1;
                next += period.saturating_mul(u32::try_from(periods).unwrap_or(u32::MAX));
            }
            let tick = async {
                match self.every {
                    Some(_) => tokio::time::sleep_until(next).await,
                    None => future::pending().await,
                }
            };
            match &self.trigger {
                Some(trigger) => _ = future::select(pin!(tick), pin!(trigger.due())).await,
                None if self.every.is_some() => tick.await,
                None => return,
            }
        }
    }

    /// No pass has begun.
    fn unstarted(&self) -> Progress {
        Progress {
            jobs: self.jobs.iter().map(|job| JobProgress::of(job)).collect(),
            ..Progress::default()
        }
    }

    async fn pass(&self, progress: &watch::Sender<Progress>) {
        if let Some(gate) = &self.gate
            && !gate().await
        {
            progress.send_modify(|progress| progress.elsewhere += 1);
            return;
        }
        let jobs = self.unstarted().jobs;
        progress.send_modify(|progress| progress.jobs = jobs);
        let budget = Budget::new(self.limits, Pace::new(self.per_second));
        for (at, job) in self.jobs.iter().enumerate() {
            let note = |change: &dyn Fn(&mut JobProgress)| {
                progress.send_modify(|progress| change(&mut progress.jobs[at]));
            };
            self.work_off(job, &budget, &note).await;
            note(&|job| job.ended = true);
        }
        progress.send_modify(|progress| progress.passes += 1);
    }

    async fn work_off(
        &self,
        job: &Job<S>,
        budget: &Budget,
        note: &(impl Fn(&dyn Fn(&mut JobProgress)) + Sync),
    ) {
        let listed = AssertUnwindSafe(job.list(&self.cache)).catch_unwind().await;
        let pieces = match listed {
            Ok(Ok(pieces)) => pieces,
            Ok(Err(cause)) => return note(&|job| job.error = Some(cause.to_string())),
            Err(_) => return note(&|job| job.error = Some("listing its keys panicked".to_owned())),
        };
        let total = pieces.iter().map(|piece| piece.keys()).sum();
        note(&|job| job.total = total);
        let work = pieces.into_iter().map(|piece| self.work(piece, budget).boxed());
        stream::iter(work.collect::<Vec<_>>())
            .buffer_unordered(self.at_once.get())
            .for_each(|warmed| async move { note(&|job| job.add(&warmed)) })
            .await;
    }

    async fn work(&self, mut piece: Box<dyn Piece<S>>, budget: &Budget) -> Warmed {
        let fresh = piece.leave_out_fresh(&self.cache);
        let keys = piece.keys();
        if keys == 0 {
            return Warmed { fresh, ..Warmed::default() };
        }
        if !budget.take(keys).await {
            return Warmed { fresh, left_out: keys, ..Warmed::default() };
        }
        let mut warmed = piece.warm(&self.cache).await;
        budget.weighed(warmed.weight);
        warmed.fresh += fresh;
        warmed
    }
}

impl<S: Backend + Tally> Warmer<S> {
    /// Of all processes of the store that warm under this `name`, one begins a pass, and for `hold` from
    /// then on the others leave theirs out: they find in the store what it has loaded. With a schedule, a
    /// little less than its period. While the store does not answer, each process warms for itself.
    #[must_use]
    pub fn one_of_all(mut self, name: &str, hold: Duration) -> Self {
        let (cache, key) = (self.cache.clone(), Key::new("query_cache::warm").part(name));
        self.gate = Some(Arc::new(move || {
            let (cache, key) = (cache.clone(), key.clone());
            async move { cache.increment(&key, 1, hold).await.map_or(true, |sum| sum == 1) }.boxed()
        }));
        self
    }
}

impl<S> fmt::Debug for Warmer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jobs: BTreeMap<_, _> = self.jobs.iter().map(|job| (&job.name, job.priority)).collect();
        f.debug_struct("Warmer")
            .field("jobs", &jobs)
            .field("at_once", &self.at_once)
            .field("per_second", &self.per_second)
            .field("limits", &self.limits)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}
