//! Judges a finished schedule by the clock, rule by rule, without the solver.
//!
//! Works on local times turned into instants by the programme's time zone, so that a night over a
//! daylight-saving change has its 23 or 25 hours. Knows nothing of periods, prices or constraints.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::acgme::{RULES, SEGMENT_DAYS};
use crate::domain::{
    Absence, AbsenceKind, Activity, Assignment, DutyKind, NightKind, PersonIx, Programme, Role,
    RotationIx, Schedule, Slot,
};

/// Minutes since the Unix epoch.
pub type Minute = i64;

/// One stretch of duty of one person.
#[derive(Clone, Copy, Debug)]
pub struct Duty {
    /// When it begins.
    pub start: Minute,
    /// When it ends.
    pub end: Minute,
    /// Minutes at the end that are handover only.
    pub handover: Minute,
    /// What it is.
    pub kind: DutyKind,
    /// The local day on which it begins.
    pub date: Date,
}

/// Days over which duty is averaged for one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First day.
    pub first: Date,
    /// Number of days.
    pub days: usize,
}

/// What one rule found wrong in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The id of the rule.
    pub rule: &'static str,
    /// Where the rule is written.
    pub citation: &'static str,
    /// Id of the person, where the rule is about one.
    pub person: Option<String>,
    /// The first day concerned.
    pub date: Date,
    /// The slot concerned, where there is one.
    pub slot: Option<&'static str>,
    /// What is wrong, with the figures.
    pub text: String,
}

/// The verdict on a schedule.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    /// Everything that is wrong, in the order of the rules.
    pub violations: Vec<Violation>,
    /// For each rule, how many cases it looked at: a rule that looked at none proves nothing.
    pub checks: Vec<Checked>,
}

/// How often a rule was applied.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// The id of the rule.
    pub rule: &'static str,
    /// Where the rule is written.
    pub citation: &'static str,
    /// Cases looked at.
    pub cases: usize,
    /// Violations among them.
    pub violations: usize,
}

impl Audit {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}

/// Judges `schedule` by every rule.
#[must_use]
pub fn audit(programme: &Programme, schedule: &Schedule) -> Audit {
    let case = Case::new(programme, schedule);
    let mut audit = Audit { violations: Vec::new(), checks: Vec::new() };
    for rule in &RULES {
        let mut findings = Findings {
            programme,
            rule: rule.id,
            citation: rule.citation,
            ..Findings::new(programme)
        };
        (rule.audit)(&case, &mut findings);
        audit.checks.push(Checked {
            rule: rule.id,
            citation: rule.citation,
            cases: findings.cases,
            violations: findings.violations.len(),
        });
        audit.violations.append(&mut findings.violations);
    }
    audit
}

/// What one rule reports.
#[derive(Debug)]
pub struct Findings<'a> {
    programme: &'a Programme,
    rule: &'static str,
    citation: &'static str,
    cases: usize,
    violations: Vec<Violation>,
}

impl<'a> Findings<'a> {
    fn new(programme: &'a Programme) -> Self {
        Self { programme, rule: "", citation: "", cases: 0, violations: Vec::new() }
    }

    /// Counts one case that was looked at.
    pub fn looked(&mut self) {
        self.cases += 1;
    }

    /// Reports a violation by one person.
    pub fn person(&mut self, person: PersonIx, date: Date, slot: Option<Slot>, text: String) {
        let id = self.programme.people[person].id.clone();
        self.push(Some(id), date, slot, text);
    }

    /// Reports a violation by a rotation.
    pub fn place(&mut self, date: Date, slot: Slot, text: String) {
        self.push(None, date, Some(slot), text);
    }

    fn push(&mut self, person: Option<String>, date: Date, slot: Option<Slot>, text: String) {
        let slot = slot.map(Slot::word);
        let (rule, citation) = (self.rule, self.citation);
        self.violations.push(Violation { rule, citation, person, date, slot, text });
    }
}

/// A schedule laid out for judging: one timeline a person.
#[derive(Debug)]
pub struct Case<'a> {
    /// The programme that the schedule is for.
    pub programme: &'a Programme,
    /// The schedule itself.
    pub schedule: &'a Schedule,
    timelines: Vec<Vec<Duty>>,
}

impl<'a> Case<'a> {
    /// Lays out history, outside duty and the schedule on one clock.
    #[must_use]
    pub fn new(programme: &'a Programme, schedule: &'a Schedule) -> Self {
        let mut timelines = vec![Vec::new(); programme.people.len()];
        for record in programme.history.iter().chain(&programme.outside) {
            timelines[record.person].push(Duty {
                start: minute(programme, record.start),
                end: minute(programme, record.end),
                handover: record.handover_minutes.into(),
                kind: record.kind,
                date: record.start.date(),
            });
        }
        for cell in schedule.assignments.iter().filter(|a| a.duty.is_duty()) {
            timelines[cell.person].push(Duty {
                start: minute(programme, cell.start),
                end: minute(programme, cell.end),
                handover: cell.handover_minutes.into(),
                kind: kind(programme, cell),
                date: cell.date,
            });
        }
        for line in &mut timelines {
            line.sort_by_key(|d| (d.start, d.end));
        }
        Self { programme, schedule, timelines }
    }

    /// All duty of a person, in order of time.
    #[must_use]
    pub fn timeline(&self, person: PersonIx) -> &[Duty] {
        &self.timelines[person]
    }

    /// Residents, the only people whom the duty-hour rules bind.
    pub fn residents(&self) -> impl Iterator<Item = PersonIx> {
        self.programme.residents().map(|(ix, _)| ix)
    }

    /// The cells of one person, in order of time.
    pub fn cells(&self, person: PersonIx) -> impl Iterator<Item = &Assignment> {
        self.schedule.assignments.iter().filter(move |a| a.person == person)
    }

    /// The instant at which a local day begins.
    #[must_use]
    pub fn midnight(&self, date: Date) -> Minute {
        minute(self.programme, date.to_datetime(jiff::civil::Time::midnight()))
    }

    /// First and last instant of a span of days.
    #[must_use]
    pub fn bounds(&self, span: Span) -> (Minute, Minute) {
        (self.midnight(span.first), self.midnight(plus(span.first, span.days)))
    }

    /// Whether a blocking leave or sickness covers the day.
    #[must_use]
    pub fn on_leave(&self, person: PersonIx, date: Date) -> bool {
        self.programme.absences.iter().any(|a| is_leave(a, person, date))
    }

    /// Days of the span that are not leave.
    pub fn present(&self, person: PersonIx, span: Span) -> impl Iterator<Item = Date> {
        let days = (0..span.days).map(move |d| plus(span.first, d));
        days.filter(move |day| !self.on_leave(person, *day))
    }

    /// How many days of the span are not leave: the divisor of every average.
    #[must_use]
    pub fn days_present(&self, person: PersonIx, span: Span) -> usize {
        self.present(person, span).count()
    }

    /// Minutes of duty of any kind between the midnights of a day.
    #[must_use]
    pub fn minutes_on(&self, person: PersonIx, day: Date) -> Minute {
        let (from, to) = (self.midnight(day), self.midnight(plus(day, 1)));
        let inside = |d: &Duty| (d.end.min(to) - d.start.max(from)).max(0);
        self.timelines[person].iter().map(inside).sum()
    }

    /// The spans over which a resident's duty is averaged: the block, or each two weeks spent on a
    /// rotation of two weeks.
    #[must_use]
    pub fn averages(&self, person: PersonIx) -> Vec<Span> {
        let block = &self.programme.block;
        let whole = Span { first: block.first, days: block.days };
        let mut spans = Vec::new();
        for start in (0..block.days).step_by(SEGMENT_DAYS) {
            let days = SEGMENT_DAYS.min(block.days - start);
            let segment = Span { first: block.date(start), days };
            let short = |r: RotationIx| self.programme.rotations[r].weeks * 7 < 28;
            if self.rotations_in(person, segment).into_iter().any(short) {
                spans.push(segment);
            }
        }
        if spans.iter().map(|s| s.days).sum::<usize>() < whole.days {
            spans.push(whole);
        }
        spans
    }

    /// The rotations worked inside a span, in order of first day, each once.
    #[must_use]
    pub fn rotations_in(&self, person: PersonIx, span: Span) -> Vec<RotationIx> {
        let last = plus(span.first, span.days);
        let mut found = Vec::new();
        for cell in self.cells(person).filter(|c| span.first <= c.date && c.date < last) {
            if let Some(rotation) = cell.duty.rotation().filter(|r| !found.contains(r)) {
                found.push(rotation);
            }
        }
        found
    }

    /// Whether somebody is a resident.
    #[must_use]
    pub fn is_resident(&self, person: PersonIx) -> bool {
        matches!(self.programme.people[person].role, Role::Resident(_))
    }
}

/// `date` and `days` more.
#[must_use]
pub fn plus(date: Date, days: usize) -> Date {
    date.saturating_add(jiff::Span::new().days(i64::try_from(days).unwrap_or(i64::MAX)))
}

/// The date `days` before `date`.
#[must_use]
pub fn minus(date: Date, days: usize) -> Date {
    date.saturating_sub(jiff::Span::new().days(i64::try_from(days).unwrap_or(i64::MAX)))
}

/// `1234` as `20 h 34`.
#[must_use]
pub fn clock(minutes: Minute) -> String {
    match minutes % 60 {
        0 => format!("{} h", minutes / 60),
        rest => format!("{} h {rest:02}", minutes / 60),
    }
}

/// Minutes of duty in a cell, over a change of the clock too; none on leave.
#[must_use]
pub fn minutes(programme: &Programme, cell: &Assignment) -> Minute {
    if cell.duty.is_duty() {
        minute(programme, cell.end) - minute(programme, cell.start)
    } else {
        0
    }
}

/// Duty periods: stretches of duty whose pauses are no longer than `pause` minutes.
#[must_use]
pub fn periods(timeline: &[Duty], pause: Minute) -> Vec<Vec<Duty>> {
    let mut periods: Vec<Vec<Duty>> = Vec::new();
    let mut reach = Minute::MIN;
    for duty in timeline.iter().filter(|d| in_house(d.kind)) {
        match periods.last_mut() {
            Some(open) if duty.start - reach <= pause => open.push(*duty),
            _ => periods.push(vec![*duty]),
        }
        reach = reach.max(duty.end);
    }
    periods
}

fn in_house(kind: DutyKind) -> bool {
    !matches!(kind, DutyKind::Moonlighting | DutyKind::Home)
}

fn is_leave(absence: &Absence, person: PersonIx, date: Date) -> bool {
    absence.person == person
        && absence.blocking
        && absence.kind != AbsenceKind::Conference
        && (absence.first..=absence.last).contains(&date)
}

/// What a cell is, by its slot and rotation: the word that a file uses for it does not decide.
fn kind(programme: &Programme, cell: &Assignment) -> DutyKind {
    match (cell.duty, cell.duty.rotation().map(|r| programme.rotations[r].night_kind)) {
        (Activity::Attend(_), _) => DutyKind::Attending,
        (Activity::Conference, _) => DutyKind::Conference,
        (_, Some(NightKind::Call)) if cell.slot == Slot::Night => DutyKind::Call,
        (_, Some(_)) if cell.slot == Slot::Night => DutyKind::Night,
        _ => DutyKind::Day,
    }
}

fn minute(programme: &Programme, local: DateTime) -> Minute {
    instant(&programme.block.zone, local)
}

/// A local time as minutes since the Unix epoch.
#[must_use]
pub fn instant(zone: &TimeZone, local: DateTime) -> Minute {
    // A local time that a change of the clock skips or repeats is read as RFC 5545 demands.
    match zone.to_ambiguous_timestamp(local).compatible() {
        Ok(instant) => instant.as_second().div_euclid(60),
        Err(_) => Minute::MAX,
    }
}
