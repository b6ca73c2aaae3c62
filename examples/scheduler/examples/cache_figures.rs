//! What the cache saves the application: the same reads with it and without it, in turn, each answer
//! compared. `cargo run --release -p scheduler --example cache_figures` on SQLite; with `servers`
//! after `--` on PostgreSQL and Redis too, which it starts for itself.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use dist_lock::Guard;
use fastrand::Rng;
use scheduler::cli::Cli;
use scheduler::db::models::{DayMinutes, PersonCard, PersonCell, Presence, WishRow};
use scheduler::db::schedule_rows;
use scheduler::domain::{Programme, Schedule};
use scheduler::import::{self, Source};
use scheduler::model::Model;
use scheduler::parts::Parts;
use scheduler::readings::Readings;
use scheduler::readings::duty::DutyHours;
use scheduler::settings::Settings;
use scheduler::{replan, solve};

/// Parts of a pattern, with a re-plan between each and the next.
const PARTS: usize = 10;

/// Reads in a part of the skewed pattern.
const SKEWED: usize = 2000;

/// One page that somebody opens.
#[derive(Clone, Debug)]
enum Page {
    Schedule(String),
    Hours(String),
    Workload(String),
    Coverage(String),
    Person(String),
    Wishes(String),
}

#[derive(Debug, PartialEq)]
enum Answer {
    Schedule(Arc<Vec<PersonCell>>),
    Hours(Arc<Vec<DayMinutes>>),
    Workload(Arc<DutyHours>),
    Coverage(Arc<Vec<Presence>>),
    Person(Arc<Vec<PersonCard>>),
    Wishes(Arc<Vec<WishRow>>),
}

async fn read(readings: &Readings, programme: &Programme, page: &Page) -> Result<Answer> {
    let (block, days) = (&programme.block, &programme.block.span());
    Ok(match page {
        Page::Schedule(id) => Answer::Schedule(readings.schedule(block, id, days).await?),
        Page::Hours(id) => Answer::Hours(readings.hours(block, id, days).await?),
        Page::Workload(id) => Answer::Workload(readings.workload(block, id, block.last()).await?),
        Page::Coverage(id) => Answer::Coverage(readings.coverage(block, id, days).await?),
        Page::Person(id) => Answer::Person(readings.person(block, id).await?),
        Page::Wishes(id) => Answer::Wishes(readings.wishes(block, id).await?),
    })
}

/// What everybody opens of their own, then what the chief opens: every page of the programme once or
/// twice.
fn round(programme: &Programme) -> Vec<Page> {
    let mut pages = Vec::new();
    for person in &programme.people {
        let own = [Page::Person, Page::Schedule, Page::Hours];
        pages.extend(own.map(|page| page(person.id.clone())));
    }
    for (_, resident) in programme.residents() {
        let own = [Page::Workload, Page::Wishes, Page::Schedule, Page::Workload];
        pages.extend(own.map(|page| page(resident.id.clone())));
    }
    pages.extend(programme.rotations.iter().map(|rotation| Page::Coverage(rotation.id.clone())));
    pages
}

/// Pages drawn by Zipf's law with exponent 1, in an order of popularity drawn before.
fn skewed(programme: &Programme, random: &mut Rng) -> Vec<Page> {
    let mut pages = round(programme);
    pages.sort_by_key(|page| format!("{page:?}"));
    pages.dedup_by_key(|page| format!("{page:?}"));
    Rng::with_seed(3).shuffle(&mut pages);
    let mut sum = 0.0;
    let ranks = (1..).map(f64::from).take(pages.len());
    let reach: Vec<f64> = ranks
        .map(|rank| {
            sum += 1.0 / rank;
            sum
        })
        .collect();
    let draw = |_| {
        let at = random.f64() * sum;
        pages[reach.partition_point(|reach| *reach < at).min(pages.len() - 1)].clone()
    };
    (0..SKEWED).map(draw).collect()
}

/// A database with a published schedule, and one that was mended after an illness.
struct Stage {
    programme: Programme,
    schedules: [Schedule; 2],
    settings: Settings,
    parts: Parts,
    guard: Guard,
    version: i64,
}

impl Stage {
    async fn open(settings: Settings, schedules: &[Schedule; 2]) -> Result<Self> {
        let programme = import::load(&Source::Bundled)?;
        let parts = Parts::connect(&settings, &programme.block.id).await?;
        let guard = parts.hold(Duration::ZERO).await?.context("the block is held")?.guard;
        parts.writes.import(&programme).await?;
        let schedules = schedules.clone();
        let mut stage = Self { programme, schedules, settings, parts, guard, version: 0 };
        stage.publish(0).await?;
        Ok(stage)
    }

    async fn publish(&mut self, which: usize) -> Result<()> {
        let edition = self.parts.edition(&self.programme, self.guard.fence(), self.version);
        let rows = schedule_rows(&self.programme, edition.block, &self.schedules[which % 2]);
        self.version = self.parts.writes.publish(edition, &rows).await?.version;
        Ok(())
    }

    /// Reads the pages of each part without the cache and with it, in turn, a re-plan in between.
    async fn measure(&mut self, what: &str, parts: &[Vec<Page>]) -> Result<()> {
        let uncached = self.parts.readings.uncached();
        let other = Parts::connect(&self.settings, "a block of nobody").await?;
        let mut times = Times::default();
        let before = self.parts.cache.stats();
        for (n, pages) in parts.iter().enumerate() {
            self.publish(n).await?;
            let (expected, without) = self.timed(&uncached, pages).await?;
            let (found, with) = self.timed(&self.parts.readings, pages).await?;
            ensure!(found == expected, "the cache answers otherwise");
            times.add("the query each time", without, without, pages.len());
            times.add("the cache", with, without, pages.len());
            if self.settings.redis.is_some() {
                let (found, with) = self.timed(&other.readings, pages).await?;
                ensure!(found == expected, "the cache of another process answers otherwise");
                times.add("another process on the same Redis", with, without, pages.len());
            }
        }
        let stats = self.parts.cache.stats();
        let (hits, queries) =
            (stats.hits() - before.hits(), stats.total_queries() - before.total_queries());
        println!(
            "{what}: {queries} reads, {PARTS} publications, {:.1} % hits",
            percent(hits, queries)
        );
        times.print();
        Ok(())
    }

    async fn timed(&self, readings: &Readings, pages: &[Page]) -> Result<(Vec<Answer>, Duration)> {
        let mut answers = Vec::with_capacity(pages.len());
        let started = Instant::now();
        for page in pages {
            answers.push(read(readings, &self.programme, page).await?);
        }
        Ok((answers, started.elapsed()))
    }
}

/// Time of each side, and by how much it is less than that of the queries, part by part.
#[derive(Default)]
struct Times(BTreeMap<&'static str, (Duration, usize, Vec<f64>)>);

impl Times {
    fn add(&mut self, side: &'static str, took: Duration, without: Duration, reads: usize) {
        let sums = self.0.entry(side).or_default();
        sums.0 += took;
        sums.1 += reads;
        sums.2.push(100.0 * (1.0 - took.as_secs_f64() / without.as_secs_f64()));
    }

    fn print(self) {
        for (side, (took, reads, mut saved)) in self.0 {
            saved.sort_unstable_by(f64::total_cmp);
            let each =
                took.as_secs_f64() * 1e6 / f64::from(u32::try_from(reads).unwrap_or(u32::MAX));
            let (least, most) = (saved[0], saved[saved.len() - 1]);
            let median = saved[saved.len() / 2];
            println!(
                "  {side:<34} {each:>7.1} us a read, {median:.0} % less time ({least:.0} to {most:.0})"
            );
        }
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    let number = |n| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    100.0 * number(part) / number(whole.max(1))
}

/// A legal schedule, and the same mended after five days of illness.
async fn schedules() -> Result<[Schedule; 2]> {
    let programme = import::load(&Source::Bundled)?;
    let model = Arc::new(Model::new(&programme)?);
    let options = Cli::parse_from(["scheduler", "--quiet", "--seconds", "2"]).options;
    let outcome = solve::solve(&model, &options).await?;
    let schedule = model.schedule(&programme, &outcome.roster);
    let illness = replan::someone_sick(&programme, &schedule).context("nobody can fall ill")?;
    let mended = replan::mend(&programme, &schedule, illness, replan::TIME, 1)?;
    Ok([schedule, Schedule::clone(&mended.schedule)])
}

async fn run(name: &str, environment: &[(&str, String)], schedules: &[Schedule; 2]) -> Result<()> {
    println!("\n{name}");
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let settings = Settings::read(&environment.collect())?;
    let mut stage = Stage::open(settings, schedules).await?;
    let rounds = vec![round(&stage.programme); PARTS];
    stage.measure("everybody opens their pages, the chief all", &rounds).await?;
    let mut random = Rng::with_seed(5);
    let drawn: Vec<_> = (0..PARTS).map(|_| skewed(&stage.programme, &mut random)).collect();
    stage.measure("pages by Zipf's law", &drawn).await?;
    stage.guard.release().await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let schedules = schedules().await?;
    let folder = tempfile::tempdir()?;
    let file = format!("sqlite://{}", folder.path().join("figures.db").display());
    run("SQLite, cache in the process", &[("DATABASE_URL", file)], &schedules).await?;
    if std::env::args().any(|argument| argument == "servers") {
        let (postgres, redis) =
            (test_servers::OwnPostgres::start(), test_servers::OwnRedis::start());
        let urls = [("DATABASE_URL", postgres.url()), ("REDIS_URL", redis.url())];
        run("PostgreSQL, cache in the process and in Redis", &urls, &schedules).await?;
    }
    Ok(())
}
