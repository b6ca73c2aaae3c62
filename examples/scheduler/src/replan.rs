//! One more absence, the fewest changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::civil::Date;
use sched_optimizer::{Budget, Options, ReplanOptions, Status, Until};

use crate::audit::{Audit, audit};
use crate::bad_input::BadInput;
use crate::cli::{self, Why};
use crate::db::{AddedAbsence, Database, Edition, rows, schedule_rows};
use crate::domain::{
    Absence, AbsenceKind, Activity, Assignment, PersonIx, Programme, Schedule, Slot,
};
use crate::model::Model;
use crate::outputs;
use crate::parts::Parts;
use crate::plan::Ending;
use crate::report::{self, Verdict};
use crate::settings::Settings;

/// Time for fewer changes when the user says nothing; the first legal plan comes much earlier.
pub const TIME: Duration = Duration::from_millis(600);

/// As long as this a legal plan is looked for, where the time above is not enough.
const PATIENCE: Duration = Duration::from_secs(20);

/// Changed cells told before the rest is only counted.
const SHOWN: usize = 20;

/// A schedule mended.
#[derive(Clone, Debug)]
pub struct Mended {
    /// The programme with the absence.
    pub programme: Arc<Programme>,
    /// The new schedule.
    pub schedule: Arc<Schedule>,
    /// Its audit.
    pub audit: Arc<Audit>,
    /// Half-days and nights of other people that changed: what was done there, and what is now.
    pub changes: Vec<Change>,
    /// All half-days and nights of other people.
    pub of: usize,
    /// People for whom what is settled before the absence leaves no legal line, whatever others do:
    /// then nothing could be mended.
    pub stuck: Vec<PersonIx>,
    /// How long it took, audit included.
    pub took: Duration,
}

impl Mended {
    /// Why there is no legal schedule.
    #[must_use]
    pub fn failure(&self) -> String {
        if self.stuck.is_empty() {
            return "no legal schedule was found in the time; --seconds gives more".to_owned();
        }
        let ids: Vec<_> = self.stuck.iter().map(|&p| &*self.programme.people[p].id).collect();
        let ids = ids.join(", ");
        format!("what {ids} did before the absence breaks a rule after it, whatever others do")
    }
}

/// One cell of somebody else that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Who.
    pub person: PersonIx,
    /// When.
    pub date: Date,
    /// Which part of the day.
    pub slot: Slot,
    /// What was done; `None`: off.
    pub before: Option<Activity>,
    /// What is done now; `None`: off.
    pub after: Option<Activity>,
}

/// The absence that the command line asks for.
///
/// # Errors
/// [`BadInput`]: the person is unknown, or the days do not lie in the block or meet another absence.
pub fn absence(
    programme: &Programme,
    person: &str,
    first: Date,
    last: Date,
    why: Why,
) -> Result<Absence, BadInput> {
    let ix = programme.people.iter().position(|p| p.id == person);
    let unknown = || format!("--person: nobody has the id \"{person}\"; the ids are in people.csv");
    let person = ix.ok_or_else(|| BadInput(unknown()))?;
    if first > last {
        return Err(BadInput(format!("--from {first} comes after --to {last}")));
    }
    let (begins, ends) = (programme.block.first, programme.block.last());
    if first < begins || ends < last {
        let text = format!("--from {first} --to {last}: the block goes from {begins} to {ends}");
        return Err(BadInput(text));
    }
    let kind = match why {
        Why::Sick => AbsenceKind::Sick,
        Why::Leave => AbsenceKind::Leave,
        Why::Conference => AbsenceKind::Conference,
    };
    let absence = Absence { person, first, last, kind, blocking: true };
    apart(programme, &absence)?;
    Ok(absence)
}

/// Refuses a second absence on days of a first.
fn apart(programme: &Programme, absence: &Absence) -> Result<(), BadInput> {
    let other = meets(programme, absence.person, absence.first, absence.last);
    other.map_or(Ok(()), |other| {
        let (id, first, last) = (&programme.people[other.person].id, other.first, other.last);
        Err(BadInput(format!("{id} is already away from {first} to {last}")))
    })
}

fn meets(programme: &Programme, person: PersonIx, first: Date, last: Date) -> Option<&Absence> {
    let mut absences = programme.absences.iter().filter(|a| a.blocking && a.person == person);
    absences.find(|a| a.first <= last && first <= a.last)
}

/// Adds to a programme what earlier re-plans learnt of and its files do not know yet.
pub fn learn(programme: &mut Programme, added: Vec<AddedAbsence>) {
    for row in added {
        let Some(absence) = learnt(programme, &row) else { continue };
        if meets(programme, absence.person, absence.first, absence.last).is_none() {
            programme.absences.push(absence);
        }
    }
}

/// `None` for somebody who has left the programme since.
fn learnt(programme: &Programme, row: &AddedAbsence) -> Option<Absence> {
    let kinds = [AbsenceKind::Leave, AbsenceKind::Sick, AbsenceKind::Conference];
    Some(Absence {
        person: programme.people.iter().position(|p| p.id == row.person)?,
        first: row.first_day.parse().ok()?,
        last: row.last_day.parse().ok()?,
        kind: kinds.into_iter().find(|kind| rows::absence_word(*kind) == row.kind)?,
        blocking: true,
    })
}

/// Mends a legal schedule after one more absence. Holds its thread for about `time`, and longer where
/// nothing legal is found by then, unless there is nothing to be found.
///
/// # Errors
/// The schedule names a cell that the programme does not have, or the absence cannot be stated.
pub fn mend(
    programme: &Programme,
    schedule: &Schedule,
    absence: Absence,
    time: Duration,
    seed: u64,
) -> Result<Mended> {
    let started = Instant::now();
    let mut changed = programme.clone();
    let away = absence.person;
    let from = absence.first;
    changed.absences.push(absence);
    let model = Model::new(&changed)?;
    let old =
        model.roster(&changed, schedule).context("the published schedule is of another block")?;
    let search = Options::default().budget(Budget::seconds(time.as_secs_f64())).seed(seed);
    let mut options = ReplanOptions::default().options(search.clone());
    if let Some(first) = model.first_touched(&changed, from) {
        options = options.frozen_until(first);
    }
    let mut replanned = sched_optimizer::replan(&model.problem, &old, &options);
    if replanned.outcome.status == Status::NotLegal {
        let patient = search.budget(Budget::seconds(PATIENCE.as_secs_f64())).until(Until::Legal);
        replanned = sched_optimizer::replan(&model.problem, &old, &options.options(patient));
    }
    let stuck = match &replanned.outcome.status {
        Status::Impossible(workers) => workers.iter().map(|worker| worker.index()).collect(),
        _ => Vec::new(),
    };
    let new = model.schedule(&changed, &replanned.outcome.roster);
    let audit = audit(&changed, &new);
    let changes = differences(schedule, &new, away);
    let of = (changed.people.len() - 1) * changed.block.days * 3;
    Ok(Mended {
        programme: Arc::new(changed),
        schedule: Arc::new(new),
        audit: Arc::new(audit),
        changes,
        of,
        stuck,
        took: started.elapsed(),
    })
}

/// Cells of others that differ, by person and time.
fn differences(old: &Schedule, new: &Schedule, away: PersonIx) -> Vec<Change> {
    let cells = |s: &Schedule| {
        let others = s.assignments.iter().filter(|a| a.person != away);
        others.map(|a| ((a.person, a.date, a.slot), a.duty)).collect::<BTreeMap<_, _>>()
    };
    let (old, new) = (cells(old), cells(new));
    let all: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    let change = |(person, date, slot)| {
        let key = (person, date, slot);
        let (before, after) = (old.get(&key).copied(), new.get(&key).copied());
        (before != after).then_some(Change { person, date, slot, before, after })
    };
    all.into_iter().filter_map(change).collect()
}

/// Mends the published schedule and publishes the result.
///
/// # Errors
/// Nothing was published yet, or something outside failed.
pub async fn replan(
    settings: &Settings,
    options: &cli::Options,
    mut programme: Programme,
    absence: Absence,
) -> Result<(String, Ending)> {
    // Connecting would make the database, only to find nothing in it.
    ensure!(Database::exists(settings)?, unpublished(&programme.block.id));
    outputs::prepare(options)?;
    let parts = Parts::connect(settings, &programme.block.id).await?;
    let Some(held) = parts.hold(options.wait).await? else {
        return Ok(("Nothing was changed: the block is held.\n".to_owned(), Ending::Held));
    };
    let fence = held.guard.fence();
    let work = async {
        let block = programme.block.id.clone();
        let last = parts.published(&programme).await?;
        let last = last.with_context(|| unpublished(&block))?;
        parts.recover(&programme, Some(&last)).await?;
        learn(&mut programme, parts.database.added_absences(&block).await?);
        apart(&programme, &absence)?;
        let published = parts.database.assignments(&block).await?;
        let cells = published.iter().map(|row| rows::cell(&programme, row));
        let cells = cells.collect::<Option<Vec<_>>>();
        let assignments = cells.context("the files have changed since; generate it anew")?;
        let row = added(&programme, &absence);
        let (old, time, seed) = (Schedule { assignments }, time(options), options.seed);
        let search =
            tokio::task::spawn_blocking(move || mend(&programme, &old, absence, time, seed));
        let mended = search.await??;
        if mended.audit.is_clean() {
            let edition = parts.edition(&mended.programme, fence, last.version);
            let rows = schedule_rows(&mended.programme, &block, &mended.schedule);
            parts.writes.publish(Edition { learnt: Some(&row), ..edition }, &rows).await?;
        }
        let verdict =
            Verdict { schedule: Arc::clone(&mended.schedule), audit: Arc::clone(&mended.audit) };
        let files = outputs::write(&parts, options, &mended.programme, &verdict).await?;
        Ok(told(&mended, &files))
    };
    held.run(work).await
}

fn time(options: &cli::Options) -> Duration {
    options.seconds.unwrap_or(TIME)
}

fn unpublished(block: &str) -> String {
    format!("block {block} has no published schedule; run `scheduler generate` first")
}

fn added(programme: &Programme, absence: &Absence) -> AddedAbsence {
    AddedAbsence {
        person: programme.people[absence.person].id.clone(),
        first_day: absence.first.to_string(),
        last_day: absence.last.to_string(),
        kind: rows::absence_word(absence.kind).to_owned(),
    }
}

fn told(mended: &Mended, files: &[std::path::PathBuf]) -> (String, Ending) {
    let mut text = format!("{mended}\n");
    let clean = mended.audit.is_clean();
    if clean {
        changes(&mut text, mended);
    } else {
        let _ = writeln!(text, "Not published: {}.", mended.failure());
        text.push_str(&report::verdict(&mended.audit));
    }
    for file in files {
        let _ = writeln!(text, "  {}", file.display());
    }
    (text, if clean { Ending::Done } else { Ending::NotLegal })
}

fn changes(text: &mut String, mended: &Mended) {
    let Programme { people, rotations, .. } = &*mended.programme;
    let word = |duty: Option<Activity>| match (duty, duty.and_then(Activity::rotation)) {
        (Some(duty), Some(rotation)) => format!("{} {}", duty.word(), rotations[rotation].id),
        (Some(duty), None) => duty.word().to_owned(),
        (None, _) => "off".to_owned(),
    };
    for c in mended.changes.iter().take(SHOWN) {
        let (who, before, after) = (&people[c.person].name, word(c.before), word(c.after));
        let _ = writeln!(text, "  {who}, {} {}: {before} -> {after}", c.date, c.slot.word());
    }
    if let Some(more) = mended.changes.len().checked_sub(SHOWN).filter(|n| *n > 0) {
        let _ = writeln!(text, "  and {more} more");
    }
}

impl std::fmt::Display for Mended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { changes, of, took, .. } = self;
        let people: BTreeSet<_> = changes.iter().map(|c| c.person).collect();
        let share = report::percent(changes.len(), *of);
        write!(f, "{} of {of} cells of other people changed ({share}), ", changes.len())?;
        write!(f, "{} people touched, in {:.2} s", people.len(), took.as_secs_f64())
    }
}

/// A five-day illness in the middle of the block, of the resident with the most duty on those days.
#[must_use]
pub fn someone_sick(programme: &Programme, schedule: &Schedule) -> Option<Absence> {
    let free = |ix: &PersonIx| programme.absences.iter().all(|a| a.person != *ix);
    let middle = programme.block.days / 2;
    let (first, last) = (programme.block.date(middle), programme.block.date(middle + 4));
    let works = |ix: &PersonIx| {
        let within = |a: &&Assignment| a.person == *ix && first <= a.date && a.date <= last;
        schedule.assignments.iter().filter(within).count()
    };
    let person = programme.residents().map(|(ix, _)| ix).filter(free).max_by_key(works)?;
    Some(Absence { person, first, last, kind: AbsenceKind::Sick, blocking: true })
}
