//! A day of use, rehearsed on a copy of what was published.
//!
//! Everybody opens their schedule and hours, the chief opens everything, somebody falls ill, the mended
//! schedule is published, and all look again. The copy is removed at the end.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use async_utils::{Job, KeyedLimiter, Parallel, Priority, Quota};
use query_cache::sql::SqlError;

use crate::db::{Edition, schedule_rows};
use crate::domain::{Block, Programme, Role, Schedule};
use crate::parts::Parts;
use crate::readings::Readings;
use crate::replan::{self, Mended};
use crate::settings::Settings;

/// Calls of each side when the cached read is set against its query.
const SAMPLES: usize = 101;

/// What a day of use amounted to.
#[derive(Debug)]
pub struct Day {
    /// Reads answered.
    pub reads: usize,
    /// Reads refused because somebody read more in a minute than the settings allow.
    pub refused: usize,
    /// The illness and how it was mended, if a legal plan was found.
    pub mended: Option<Mended>,
    /// Queries before the change, in the same number of reads as after it.
    pub queries_before: u64,
    /// Queries after the change: those whose answer it touched.
    pub queries_after: u64,
    /// Read models that the change touched.
    pub touched: usize,
    /// Median time of a cached read.
    pub cached: Duration,
    /// Median time of the query that it saves.
    pub queried: Duration,
}

/// Rehearses a day of use of `edition`, on a copy that stays until [`clear`].
///
/// # Errors
/// The database or the cache failed.
pub async fn day_of_use(
    settings: &Settings,
    options: &crate::cli::Options,
    parts: &Parts,
    edition: Edition<'_>,
    programme: &Arc<Programme>,
    schedule: &Arc<Schedule>,
) -> Result<Day> {
    let block = Block { id: copy_of(edition), ..programme.block.clone() };
    let copy = Edition { block: &block.id, follows: 0, learnt: None, ..edition };
    parts.writes.forget(&block.id).await?;
    publish(parts, copy, programme, schedule).await?;

    let morning = Visitors::new(settings, parts, programme, &block)?;
    let loads = || parts.cache.stats().loads;
    let before = loads();
    morning.visit(true).await?;
    let queries_before = loads() - before;
    let evening_copy = Edition { follows: 1, ..copy };
    let (mended, touched) = fall_ill(options, parts, evening_copy, programme, schedule).await?;
    // Hours later nobody's allowance for a minute is used up any more.
    let evening = Visitors::new(settings, parts, programme, &block)?;
    let before = loads();
    evening.visit(false).await?;
    let queries_after = loads() - before;

    let person = &programme.people[0].id;
    let cached = evening.timed(&parts.readings, person).await?;
    let queried = evening.timed(&parts.readings.uncached(), person).await?;
    let (reads, refused) =
        (morning.reads() + evening.reads(), morning.refused() + evening.refused());
    Ok(Day { reads, refused, mended, queries_before, queries_after, touched, cached, queried })
}

/// Removes the copy.
///
/// # Errors
/// The database cannot be written; the next run removes it then.
pub async fn clear(parts: &Parts, edition: Edition<'_>) -> Result<()> {
    parts.writes.forget(&copy_of(edition)).await
}

fn copy_of(edition: Edition<'_>) -> String {
    format!("{}/rehearsal", edition.block)
}

async fn fall_ill(
    options: &crate::cli::Options,
    parts: &Parts,
    copy: Edition<'_>,
    programme: &Arc<Programme>,
    schedule: &Arc<Schedule>,
) -> Result<(Option<Mended>, usize)> {
    let Some(illness) = replan::someone_sick(programme, schedule) else { return Ok((None, 0)) };
    let (known, old, seed) = (Arc::clone(programme), Arc::clone(schedule), options.seed);
    let mend = tokio::task::spawn_blocking(move || {
        replan::mend(&known, &old, illness, replan::TIME, seed)
    });
    let mended = mend.await??;
    if !mended.audit.is_clean() {
        return Ok((Some(mended), 0));
    }
    let touched = publish(parts, copy, &mended.programme, &mended.schedule).await?;
    Ok((Some(mended), touched))
}

/// Publishes and drops what it touched; the number of read models that were.
async fn publish(
    parts: &Parts,
    edition: Edition<'_>,
    programme: &Programme,
    schedule: &Schedule,
) -> Result<usize> {
    let rows = schedule_rows(programme, edition.block, schedule);
    let publication = parts.writes.publish(edition, &rows).await?;
    let (people, rotations) = (publication.people(), publication.rotations());
    let residents = programme.residents().filter(|(_, p)| people.contains(p.id.as_str()));
    Ok(people.len() * 2 + residents.count() + rotations.len())
}

/// The people who read schedules.
struct Visitors<'a> {
    parts: &'a Parts,
    programme: &'a Arc<Programme>,
    block: &'a Block,
    parallel: Parallel,
    limiter: Option<KeyedLimiter<String>>,
    reads: AtomicUsize,
    refused: AtomicUsize,
}

impl<'a> Visitors<'a> {
    fn new(
        settings: &Settings,
        parts: &'a Parts,
        programme: &'a Arc<Programme>,
        block: &'a Block,
    ) -> Result<Self> {
        let parallel = NonZeroUsize::new(settings.cache_parallel).unwrap_or(NonZeroUsize::MIN);
        let quota = |n: NonZeroU32| Quota::parse(&format!("{n}/minute"));
        let readers = NonZeroUsize::MIN.saturating_add(programme.people.len());
        let limiter = settings.reads_per_minute.map(quota).transpose()?;
        let limiter = limiter.map(|quota| KeyedLimiter::new(quota, readers));
        let (parallel, zero) = (Parallel::new(parallel), AtomicUsize::default);
        Ok(Self { parts, programme, block, parallel, limiter, reads: zero(), refused: zero() })
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether somebody may read once more now, counted either way.
    fn admitted(&self, reader: &str) -> bool {
        let admitted = self.limiter.as_ref().is_none_or(|limiter| limiter.check(reader).is_ok());
        let counter = if admitted { &self.reads } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
        admitted
    }

    /// The cache is warmed if asked for, everybody looks, then the chief.
    async fn visit(&self, warm: bool) -> Result<()> {
        if warm {
            self.warm().await?;
        }
        self.everyone().await?;
        self.chief().await
    }

    /// A background job fills the cache for the faculty, who look first in the morning.
    async fn warm(&self) -> Result<()> {
        let ids: Vec<_> = self.programme.faculty().map(|(_, p)| p.id.clone()).collect();
        let (readings, block) = (self.parts.readings.clone(), self.block.clone());
        let fill = async move {
            for id in ids {
                readings.schedule(&block, &id, &block.span()).await?;
            }
            Ok::<_, SqlError>(())
        };
        let job = Job::fallible(fill).priority(Priority::Low).name("warm the cache");
        self.parts.jobs.submit(job).await?.await.context("the cache could not be warmed")
    }

    /// Everybody opens their own schedule and hours, a resident the average of the four weeks too.
    async fn everyone(&self) -> Result<()> {
        let (readings, block, days) = (&self.parts.readings, self.block, &self.block.span());
        let open = |(id, role): (String, Role)| async move {
            if self.admitted(&id) {
                readings.schedule(block, &id, days).await?;
            }
            if self.admitted(&id) {
                readings.hours(block, &id, days).await?;
            }
            if matches!(role, Role::Resident(_)) && self.admitted(&id) {
                readings.workload(block, &id, block.last()).await?;
            }
            Ok::<_, SqlError>(())
        };
        let people = self.programme.people.iter().map(|p| (p.id.clone(), p.role));
        self.parallel.try_map(people.collect::<Vec<_>>(), open).await?;
        Ok(())
    }

    /// The chief resident opens every schedule and the coverage of every rotation.
    async fn chief(&self) -> Result<()> {
        let (readings, block, days) = (&self.parts.readings, self.block, &self.block.span());
        for (_, person) in self.programme.residents() {
            if self.admitted("chief") {
                readings.schedule(block, &person.id, days).await?;
            }
        }
        for rotation in &self.programme.rotations {
            if self.admitted("chief") {
                readings.coverage(block, &rotation.id, days).await?;
            }
        }
        Ok(())
    }

    /// The median time of one read.
    async fn timed(&self, readings: &Readings, person: &str) -> Result<Duration> {
        let mut times = Vec::with_capacity(SAMPLES);
        for _ in 0..SAMPLES {
            let started = Instant::now();
            readings.schedule(self.block, person, &self.block.span()).await?;
            times.push(started.elapsed());
        }
        times.sort_unstable();
        Ok(times[times.len() / 2])
    }
}
