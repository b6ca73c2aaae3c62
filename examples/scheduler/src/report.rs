//! The terminal report.

use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use explain_analyzer::{SlowStatement, render};
use sched_optimizer::{Outcome, Pruned, Status};

use crate::audit::Audit;
use crate::db::Written;
use crate::domain::{Programme, Schedule};
use crate::figures::{self, Burden, Spread};
use crate::parts::{Held, Parts};
use crate::rehearsal::Day;

/// Violations shown before the rest is only counted.
const SHOWN: usize = 20;

/// A schedule with what the audit says of it.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The schedule.
    pub schedule: Arc<Schedule>,
    /// The audit.
    pub audit: Arc<Audit>,
}

/// How the roster was come by.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    value: i64,
    bound: Option<i64>,
    proved: bool,
    first_legal: Option<Duration>,
    took: Duration,
    resampled: u64,
    legal: bool,
}

impl Search {
    /// Taken from an earlier run.
    #[must_use]
    pub fn remembered(value: i64) -> Self {
        let took = Duration::ZERO;
        Self {
            value,
            bound: None,
            proved: false,
            first_legal: None,
            took,
            resampled: 0,
            legal: true,
        }
    }

    /// Found now.
    #[must_use]
    pub fn made(outcome: &Outcome) -> Self {
        Self {
            value: outcome.score.soft,
            bound: Some(outcome.bound),
            proved: outcome.status == Status::Optimal,
            first_legal: outcome.stats.first_legal,
            took: outcome.stats.elapsed,
            resampled: outcome.stats.resampled,
            legal: outcome.score.is_legal(),
        }
    }
}

/// Time per stage that is not told elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stages {
    /// Stating the problem.
    pub stated: Duration,
    /// Pruning.
    pub pruned: Duration,
    /// Auditing.
    pub audited: Duration,
}

/// Everything that the report tells. A part that is missing did not happen.
#[derive(Debug)]
pub struct Report {
    started: Instant,
    waited: Duration,
    fence: dist_lock::FencingToken,
    /// The import.
    pub imported: Written,
    /// Time per stage.
    pub stages: Stages,
    /// What pruning removed.
    pub pruned: Option<Pruned>,
    /// The search.
    pub search: Option<Search>,
    /// The schedule and its audit.
    pub verdict: Option<Verdict>,
    /// The publication.
    pub published: Option<Written>,
    /// The rehearsed day of use.
    pub day: Option<Day>,
    /// The files written.
    pub outputs: Vec<PathBuf>,
    /// The background jobs.
    pub jobs: Option<async_utils::QueueStats>,
    /// The lock.
    pub lock: Option<dist_lock::Stats>,
    /// The cache.
    pub cache: Option<query_cache::Stats>,
    /// The slowest statement and its plan.
    pub slowest: Option<(SlowStatement, explain_analyzer::Report)>,
    /// What failed beside the publication, and why.
    pub failed: Vec<String>,
}

impl Report {
    /// Nothing but the lease so far.
    #[must_use]
    pub fn new(held: &Held) -> Self {
        Self {
            started: Instant::now(),
            waited: held.waited,
            fence: held.guard.fence(),
            imported: Written::default(),
            stages: Stages::default(),
            pruned: None,
            search: None,
            verdict: None,
            published: None,
            day: None,
            outputs: Vec::new(),
            jobs: None,
            lock: None,
            cache: None,
            slowest: None,
            failed: Vec::new(),
        }
    }

    /// The value, or a line in the report that says what failed and why.
    pub fn unless_failed<T>(&mut self, what: &str, result: anyhow::Result<T>) -> Option<T> {
        result.map_err(|error| self.failed.push(format!("{what}: {error:#}"))).ok()
    }

    /// Takes the counts of the parts.
    pub fn count(&mut self, parts: &Parts) {
        self.jobs = Some(parts.jobs.stats());
        self.lock = Some(parts.lock.stats());
        self.cache = Some(parts.cache.stats());
    }

    /// The report as text.
    #[must_use]
    pub fn told(&self, programme: &Programme) -> String {
        Telling { report: self, programme }.to_string()
    }
}

struct Telling<'a> {
    report: &'a Report,
    programme: &'a Programme,
}

impl fmt::Display for Telling<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { report, programme } = self;
        heading(f, programme)?;
        if let Some(verdict) = &report.verdict {
            f.write_str(&self::verdict(&verdict.audit))?;
            quality(f, programme, &verdict.schedule)?;
        }
        report.effort(f)?;
        report.services(f)?;
        report.slow(f)?;
        for (n, path) in report.outputs.iter().enumerate() {
            line(f, if n == 0 { "Files" } else { "" }, path.display())?;
        }
        for failed in &report.failed {
            line(f, "FAILED", failed)?;
        }
        let took = seconds(report.started.elapsed());
        line(f, "Total", format_args!("{took} under the lease"))
    }
}

fn heading(f: &mut fmt::Formatter<'_>, programme: &Programme) -> fmt::Result {
    let Programme { block, rotations, .. } = programme;
    let (residents, faculty) = (programme.residents().count(), programme.faculty().count());
    writeln!(f, "{}, block {}, {} to {}", block.programme, block.id, block.first, block.last())?;
    writeln!(f, "{residents} residents, {faculty} faculty, {} rotations\n", rotations.len())
}

impl Report {
    fn effort(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Written { rows, took, .. } = self.imported;
        line(
            f,
            "Imported",
            format_args!("{rows} rows in {} ({})", seconds(took), rate(rows, took)),
        )?;
        if let Some(pruned) = &self.pruned {
            let removed = pruned.before - pruned.after;
            let share = percent(removed, pruned.before);
            let took = seconds(self.stages.pruned);
            line(
                f,
                "Pruned",
                format_args!("{removed} of {} choices ({share}) in {took}", pruned.before),
            )?;
            line(f, "", reasons(pruned))?;
        }
        if let Some(search) = &self.search {
            line(f, "Solved", Told(search))?;
        }
        let (stated, audited) = (seconds(self.stages.stated), seconds(self.stages.audited));
        line(f, "Stages", format_args!("stated in {stated}, audited in {audited}"))?;
        let Some(w) = &self.published else { return line(f, "Published", "nothing") };
        let counts = format!(
            "{} inserted, {} updated, {} unchanged, {} deleted",
            w.inserted, w.updated, w.unchanged, w.deleted
        );
        line(
            f,
            "Published",
            format_args!("{counts} in {} ({})", seconds(w.took), rate(w.rows, w.took)),
        )
    }

    fn services(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(day) = &self.day {
            use_of_day(f, day)?;
        }
        if let Some(cache) = &self.cache {
            let rate = cache.hit_rate() * 100.0;
            line(
                f,
                "Cache",
                format_args!(
                    "{rate:.1} % hits of {} reads, {} loads, {} coalesced, {} invalidations",
                    cache.total_queries(),
                    cache.loads,
                    cache.coalesced,
                    cache.invalidations
                ),
            )?;
        }
        if let Some(lock) = &self.lock {
            let (waited, fence) = (seconds(self.waited), self.fence.get());
            line(
                f,
                "Lock",
                format_args!("waited {waited}, fence {fence}, {} renewals", lock.renewals),
            )?;
        }
        if let Some(jobs) = &self.jobs {
            line(f, "Jobs", format_args!("{} done, {} failed", jobs.completed, jobs.failed))?;
        }
        Ok(())
    }

    fn slow(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((statement, report)) = &self.slowest else { return Ok(()) };
        let (longest, calls) = (seconds(statement.longest), statement.calls);
        line(
            f,
            "Slowest",
            format_args!("{longest} the longest of {calls} calls: {}", statement.normalized),
        )?;
        for text in render::terminal(report).lines() {
            line(f, "", text)?;
        }
        Ok(())
    }
}

/// Why choices were removed, the most frequent reasons first.
fn reasons(pruned: &Pruned) -> String {
    let mut reasons: Vec<_> = pruned.by_reason().into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let most = reasons.iter().take(5).map(|(reason, count)| format!("{reason} {count}"));
    let mut told = most.collect::<Vec<_>>().join(", ");
    if let Some(more) = reasons.len().checked_sub(5).filter(|n| *n > 0) {
        told.push_str(&format!(", {more} more reasons"));
    }
    told
}

struct Told<'a>(&'a Search);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Search { value, bound, proved, first_legal, took, resampled, legal } = self.0;
        if !legal {
            let took = seconds(*took);
            return write!(f, "no legal schedule in {took}: {resampled} lines tried");
        }
        write!(f, "value {value}")?;
        let Some(bound) = bound else { return f.write_str(", remembered from an earlier run") };
        write!(f, ", bound {bound}{}", if *proved { ", proved best" } else { "" })?;
        if let Some(first) = first_legal {
            write!(f, ", first legal after {}", seconds(*first))?;
        }
        write!(f, ", {resampled} lines in {}", seconds(*took))
    }
}

/// What the audit says, violations first.
#[must_use]
pub fn verdict(audit: &Audit) -> String {
    let mut text = String::new();
    let cases: usize = audit.checks.iter().map(|c| c.cases).sum();
    let summary = match audit.violations.len() {
        0 => format!("legal: no violation in {cases} checks of {} rules", audit.checks.len()),
        n => format!("NOT LEGAL: {n} violations in {cases} checks of {} rules", audit.checks.len()),
    };
    push(&mut text, "Audit", &summary);
    for v in audit.violations.iter().take(SHOWN) {
        let who = v.person.as_deref().unwrap_or("-");
        let slot = v.slot.map(|s| format!(" {s}")).unwrap_or_default();
        push(
            &mut text,
            "",
            &format!("{} {who} {}{slot}: {} ({})", v.rule, v.date, v.text, v.citation),
        );
    }
    if let Some(more) = audit.violations.len().checked_sub(SHOWN).filter(|n| *n > 0) {
        push(&mut text, "", &format!("and {more} more, all in the audit file"));
    }
    text
}

fn quality(f: &mut fmt::Formatter<'_>, programme: &Programme, schedule: &Schedule) -> fmt::Result {
    let c = figures::coverage(programme, schedule);
    line(
        f,
        "Coverage",
        format_args!(
            "{} of {} required places filled, {} of {} wanted",
            c.filled, c.required, c.granted, c.wanted
        ),
    )?;
    let granted = figures::requests(programme, schedule).into_iter();
    let granted: Vec<_> =
        granted.map(|(rank, (met, of))| format!("rank {rank}: {met} of {of}")).collect();
    line(f, "Requests", format_args!("granted {}", granted.join(", ")))?;
    for (name, burden) in
        [("Calls", Burden::Calls), ("Nights", Burden::Nights), ("Weekends", Burden::Weekends)]
    {
        let years = figures::spread(programme, schedule, burden).into_iter();
        let years: Vec<_> = years.map(|(year, s)| format!("PGY-{year} {}", shown(s))).collect();
        line(f, name, years.join("; "))?;
    }
    Ok(())
}

fn shown(s: Spread) -> String {
    format!("{} to {} (mean {:.1}, sd {:.1})", s.least, s.most, s.mean, s.deviation)
}

fn use_of_day(f: &mut fmt::Formatter<'_>, day: &Day) -> fmt::Result {
    let refused = format!("{} refused by the rate limit", day.refused);
    line(f, "Day of use", format_args!("{} reads rehearsed on a copy, {refused}", day.reads))?;
    let ratio = day.queried.as_secs_f64() / day.cached.as_secs_f64().max(1e-9);
    line(
        f,
        "",
        format_args!(
            "a cached read takes {:?}, its query {:?}: {ratio:.0} times as long",
            day.cached, day.queried
        ),
    )?;
    match &day.mended {
        Some(mended) if mended.audit.is_clean() => {
            line(f, "", format_args!("five days of illness mended: {mended}"))?;
        }
        Some(mended) => {
            let why = mended.failure();
            line(f, "", format_args!("five days of illness not mended: {why}; nothing changed"))?;
        }
        None => line(f, "", "nobody is free of absences to fall ill; nothing changed")?,
    }
    line(
        f,
        "",
        format_args!(
            "{} queries before the change, {} after it, which touched {} read models",
            day.queries_before, day.queries_after, day.touched
        ),
    )
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, text: impl fmt::Display) -> fmt::Result {
    writeln!(f, "{name:<11}{text}")
}

fn push(text: &mut String, name: &str, what: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{name:<11}{what}");
}

fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s >= 1.0 => format!("{s:.2} s"),
        s => format!("{:.1} ms", s * 1e3),
    }
}

fn rate(rows: usize, took: Duration) -> String {
    let rows = u32::try_from(rows).map_or(f64::MAX, f64::from);
    format!("{:.0} rows/s", rows / took.as_secs_f64().max(1e-9))
}

/// A share in percent.
#[must_use]
pub fn percent(part: usize, whole: usize) -> String {
    let to_f64 = |n: usize| u32::try_from(n).map_or(f64::MAX, f64::from);
    format!("{:.1} %", 100.0 * to_f64(part) / to_f64(whole.max(1)))
}
