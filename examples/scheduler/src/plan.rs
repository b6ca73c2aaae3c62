//! The end-to-end path on one page: import, solve, audit, publish, serve, explain.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};
use sched_optimizer::{Analysis, Pruned, Roster, Status, WorkerId, prune};

use crate::audit::audit;
use crate::cli::Options;
use crate::db::{Edition, schedule_rows};
use crate::domain::Programme;
use crate::glue::explain;
use crate::glue::solutions::{self, Asked};
use crate::model::Model;
use crate::parts::Parts;
use crate::report::{self, Report, Search, Verdict};
use crate::settings::Settings;
use crate::{export, outputs, rehearsal, replan, solve};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Done.
    Done,
    /// A rule is broken, there is no legal schedule, or something failed beside a publication.
    NotLegal,
    /// Another process holds the block.
    Held,
}

impl Ending {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::NotLegal => 1,
            Self::Held => 3,
        }
    }
}

/// Makes, audits, publishes and serves a schedule; the report and how it ended.
///
/// # Errors
/// Something outside failed. What was published before is whole.
pub async fn generate(
    settings: &Settings,
    options: &Options,
    mut programme: Programme,
) -> Result<(String, Ending)> {
    // Contradictions in the input are found before anything is stored.
    Model::new(&programme)?;
    outputs::prepare(options)?;
    let parts = Parts::connect(settings, &programme.block.id).await?;
    let before = parts.published(&programme).await?;
    let Some(held) = parts.hold(options.wait).await? else {
        return Ok(("Nothing was generated: the block is held.\n".to_owned(), Ending::Held));
    };
    let mut report = Report::new(&held);
    let fence = held.guard.fence();
    let work = async {
        let after = parts.published(&programme).await?;
        if let Some(newer) = after.as_ref().filter(|_| after != before) {
            let holder = &newer.holder;
            let text = format!("Nothing was generated: {holder} published the block meanwhile.\n");
            return Ok((text, Ending::Done));
        }
        parts.recover(&programme, after.as_ref()).await?;
        let added = parts.database.added_absences(&programme.block.id).await?;
        replan::learn(&mut programme, added);
        let (programme, follows) = (Arc::new(programme), after.map_or(0, |p| p.version));
        let edition = parts.edition(&programme, fence, follows);
        let ending =
            under_lease(settings, options, &parts, edition, &programme, &mut report).await?;
        Ok((report.told(&programme), ending))
    };
    held.run(work).await
}

async fn under_lease(
    settings: &Settings,
    options: &Options,
    parts: &Parts,
    edition: Edition<'_>,
    programme: &Arc<Programme>,
    report: &mut Report,
) -> Result<Ending> {
    let started = Instant::now();
    let model = Arc::new(Model::new(programme)?);
    report.stages.stated = started.elapsed();
    report.imported = parts.writes.import(programme).await?;
    let roster = search(options, parts, &model, report).await?;

    let started = Instant::now();
    let schedule = Arc::new(model.schedule(programme, &roster));
    let audit = Arc::new(audit(programme, &schedule));
    report.stages.audited = started.elapsed();
    let verdict = Verdict { schedule, audit };
    report.verdict = Some(verdict.clone());
    let clean = verdict.audit.is_clean();
    if clean {
        let rows = schedule_rows(programme, edition.block, &verdict.schedule);
        let publication = parts.writes.publish(edition, &rows).await?;
        report.published = Some(publication.written);
    }
    // From here on the schedule is out: what fails is told beside it, not instead of it.
    let written = outputs::write(parts, options, programme, &verdict).await;
    report.outputs = report.unless_failed("files", written).unwrap_or_default();
    if clean {
        let schedule = &verdict.schedule;
        let day =
            rehearsal::day_of_use(settings, options, parts, edition, programme, schedule).await;
        report.day = report.unless_failed("day of use", day);
        let slowest = explain::slowest(&parts.database, &parts.statements).await;
        report.slowest = report.unless_failed("plan of the slowest query", slowest).flatten();
        let cleared = rehearsal::clear(parts, edition).await;
        report.unless_failed("end of the rehearsal", cleared);
    }
    report.count(parts);
    Ok(if clean && report.failed.is_empty() { Ending::Done } else { Ending::NotLegal })
}

/// A remembered solution of the same problem, or a search.
async fn search(
    options: &Options,
    parts: &Parts,
    model: &Arc<Model>,
    report: &mut Report,
) -> Result<Roster> {
    let started = Instant::now();
    let pruning = Arc::clone(model);
    let pruned = tokio::task::spawn_blocking(move || prune(&pruning.problem)).await?;
    report.stages.pruned = started.elapsed();
    let time = u64::try_from(solve::time(options).as_millis()).unwrap_or(u64::MAX);
    let asked = Asked { seed: options.seed, millis: time };
    if let Some(roster) = solutions::find(&parts.cache, &model.problem, asked).await {
        let score = Analysis::new(&model.problem, &roster)?.score;
        if score.is_legal() {
            report.pruned = Some(pruned);
            report.search = Some(Search::remembered(score.soft));
            return Ok(roster);
        }
    }
    let outcome = solve::solve(model, options).await?;
    if let Status::Impossible(people) = &outcome.status {
        let why: Vec<_> = people.iter().map(|w| impossible(model, &pruned, *w)).collect();
        bail!("no schedule can be legal:\n{}", why.join("\n"));
    }
    if outcome.score.is_legal() {
        let kept = solutions::keep(&parts.cache, &model.problem, asked, &outcome.roster).await;
        report.unless_failed("remembering the solution", kept.map_err(Into::into));
    }
    report.pruned = Some(pruned);
    report.search = Some(Search::made(&outcome));
    Ok(outcome.roster)
}

/// Why somebody has no legal line, by what rules out most of their choices.
fn impossible(model: &Model, pruned: &Pruned, worker: WorkerId) -> String {
    let own = pruned.removed.iter().filter(|(triple, _)| triple.worker == worker);
    let mut reasons = BTreeMap::<&str, usize>::new();
    for (_, reason) in own {
        *reasons.entry(reason).or_default() += 1;
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let named: Vec<_> = reasons.iter().take(4).map(|(r, n)| format!("{r} ({n} choices)")).collect();
    let name = model.problem.worker_name(worker);
    format!(
        "  {name}: absences, history and outside duty leave no legal line; {}",
        named.join(", ")
    )
}

/// Judges a schedule from a file by every rule. A verdict that cannot be kept is told all the same.
///
/// # Errors
/// The file cannot be read as a schedule of this programme.
pub fn judge(options: &Options, programme: &Programme, file: &Path) -> Result<(String, Ending)> {
    let schedule = export::read_schedule_file(programme, file)?;
    let audit = audit(programme, &schedule);
    let written = outputs::prepare(options).map_err(anyhow::Error::from);
    let written = written.and_then(|()| outputs::write_audit(options, file, &audit));
    let clean = audit.is_clean() && written.is_ok();
    let (name, kept) = match written {
        Ok(path) => ("Verdict", path.display().to_string()),
        Err(error) => ("FAILED", format!("verdict: {error:#}")),
    };
    let ending = if clean { Ending::Done } else { Ending::NotLegal };
    Ok((format!("{}{name:<11}{kept}\n", report::verdict(&audit)), ending))
}
