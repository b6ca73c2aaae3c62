//! The programme as a rostering problem: 28 days of three periods, one line a person.
//!
//! [`Draft`] lays out periods, activities and times; the rules of [`crate::acgme`] and the goals of
//! [`crate::wishes`] state the rest; [`Model`] turns rosters into schedules and back.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::{Date, DateTime, Time};
use sched_optimizer::{
    ActivityId, Duty, PeriodId, Problem, ProblemBuilder, ProblemError, Roster, Rule, Shift, Span,
    WorkerId,
};

use crate::acgme::{RULES, SEGMENT_DAYS};
use crate::domain::{
    AbsenceKind, Activity, Assignment, CONFERENCE, DEFAULT_BORDERS, DutyKind, DutyRecord, Hours,
    NightKind, PersonIx, Programme, RotationIx, Schedule, Slot,
};

/// How far before the block history and leave are known.
const HISTORY_DAYS: usize = 28;

/// A programme stated as a problem, with the way back.
#[derive(Debug)]
pub struct Model {
    /// What the solver is given.
    pub problem: Problem,
    cells: Cells,
}

/// Which periods and activities stand for which cells.
#[derive(Clone, Debug)]
struct Cells {
    /// By day, then by slot.
    periods: Vec<[PeriodId; 3]>,
    off: ActivityId,
    leave: ActivityId,
    conference: ActivityId,
    /// By rotation.
    work: Vec<ActivityId>,
    night: Vec<ActivityId>,
    attend: Vec<ActivityId>,
}

impl Model {
    /// States `programme` with every rule and every goal.
    ///
    /// # Errors
    /// Names each contradiction that can be seen without a search: somebody who may do nothing in
    /// some slot, a demand above what is possible.
    pub fn new(programme: &Programme) -> Result<Self, ProblemError> {
        let mut draft = Draft::new(programme);
        for rule in &RULES {
            (rule.constrain)(&mut draft);
        }
        crate::wishes::state(&mut draft);
        let Draft { builder, cells, .. } = draft;
        Ok(Self { problem: builder.build()?, cells })
    }

    /// The schedule that a roster stands for.
    #[must_use]
    pub fn schedule(&self, programme: &Programme, roster: &Roster) -> Schedule {
        let mut assignments = Vec::new();
        for person in 0..programme.people.len() {
            for (day, periods) in self.cells.periods.iter().enumerate() {
                for (slot, period) in Slot::ALL.into_iter().zip(periods) {
                    let activity = roster.get(WorkerId::new(person), *period);
                    let duty = activity.and_then(|a| self.cells.duty(programme, a, slot));
                    let date = programme.block.date(day);
                    assignments.extend(duty.map(|d| cell(programme, person, date, slot, d)));
                }
            }
        }
        Schedule { assignments }
    }

    /// The roster that a schedule stands for; cells it does not name are off.
    ///
    /// Returns `None` when it names a cell that this problem does not have.
    #[must_use]
    pub fn roster(&self, programme: &Programme, schedule: &Schedule) -> Option<Roster> {
        let periods = self.cells.periods.len() * 3;
        let mut lines = vec![vec![self.cells.off; periods]; programme.people.len()];
        for a in &schedule.assignments {
            let day = programme.block.day(a.date)?;
            let period = self.cells.periods.get(day)?.get(place(a.slot))?;
            *lines.get_mut(a.person)?.get_mut(period.index())? = self.cells.activity(a.duty);
        }
        Roster::from_lines(periods, &lines)
    }

    /// The first period that an absence from `date` on can change: the night before, which would run
    /// into it.
    #[must_use]
    pub fn first_touched(&self, programme: &Programme, date: Date) -> Option<PeriodId> {
        let day = programme.block.day(date)?;
        let eve = day.checked_sub(1).and_then(|eve| self.cells.periods.get(eve));
        eve.map(|slots| slots[place(Slot::Night)]).or_else(|| Some(self.cells.periods.first()?[0]))
    }
}

impl Cells {
    fn activity(&self, duty: Activity) -> ActivityId {
        match duty {
            Activity::Work(r) => self.work[r],
            Activity::Call(r) | Activity::Night(r) => self.night[r],
            Activity::Attend(r) => self.attend[r],
            Activity::Conference => self.conference,
            Activity::Leave => self.leave,
        }
    }

    fn duty(&self, programme: &Programme, activity: ActivityId, slot: Slot) -> Option<Activity> {
        let at = |list: &[ActivityId]| list.iter().position(|a| *a == activity);
        if activity == self.leave {
            return Some(Activity::Leave);
        }
        if activity == self.conference {
            return (slot != Slot::Night).then_some(Activity::Conference);
        }
        let night = |r: RotationIx| match programme.rotations[r].night_kind {
            NightKind::Call => Activity::Call(r),
            NightKind::None | NightKind::Shift => Activity::Night(r),
        };
        let day =
            at(&self.work).map(Activity::Work).or_else(|| at(&self.attend).map(Activity::Attend));
        day.or_else(|| at(&self.night).map(night))
    }
}

/// A problem under construction, in the words of the programme.
#[derive(Debug)]
pub struct Draft<'p> {
    /// The programme that is stated.
    pub programme: &'p Programme,
    /// The problem so far, for rules that need more than the words below.
    pub builder: ProblemBuilder,
    cells: Cells,
    offered: BTreeSet<(Slot, ActivityId)>,
    origin: i64,
}

/// A span of days over which one average is taken.
#[derive(Clone, Debug)]
pub struct Average {
    /// From midnight to midnight.
    pub span: Span,
    /// The periods of the block inside it.
    pub periods: Range<usize>,
    /// Days in it that are not leave.
    pub days_present: i32,
    /// The average counts only for who works one of these inside the span; `None`: for everybody.
    pub only_for: Option<Vec<ActivityId>>,
}

impl<'p> Draft<'p> {
    fn new(programme: &'p Programme) -> Self {
        let mut builder = Problem::builder();
        let origin = instant(programme, programme.block.first.to_datetime(Time::midnight()));
        let [noon, evening] = DEFAULT_BORDERS;
        let noon = earliest(programme, |r| r.pm, noon);
        let evening = earliest(programme, |r| r.night, evening);
        let periods = (0..programme.block.days).map(|day| {
            let date = programme.block.date(day);
            let at = |date: Date, time| local(programme, origin, date.to_datetime(time));
            let bounds = [
                at(date, Time::midnight()),
                at(date, noon),
                at(date, evening),
                at(crate::audit::plus(date, 1), Time::midnight()),
            ];
            [0, 1, 2].map(|slot| {
                let name = format!("{date} {}", Slot::ALL[slot].word());
                builder.period(name, Span::new(bounds[slot], bounds[slot + 1]))
            })
        });
        let periods = periods.collect();
        let cells = Cells::declare(&mut builder, programme, periods);
        let mut draft = Self { programme, builder, cells, offered: BTreeSet::new(), origin };
        draft.offer();
        draft.staff();
        draft
    }

    /// Residents, by index.
    #[must_use]
    pub fn residents(&self) -> Vec<PersonIx> {
        self.programme.residents().map(|(ix, _)| ix).collect()
    }

    /// Days of the block with their dates.
    pub fn days(&self) -> impl Iterator<Item = (usize, Date)> + use<'p> {
        let block = &self.programme.block;
        (0..block.days).map(|day| (day, block.date(day)))
    }

    /// The period of a slot.
    #[must_use]
    pub fn period(&self, day: usize, slot: Slot) -> PeriodId {
        self.cells.periods[day][place(slot)]
    }

    /// What stands for a duty.
    #[must_use]
    pub fn activity(&self, duty: Activity) -> ActivityId {
        self.cells.activity(duty)
    }

    /// What stands for being off.
    #[must_use]
    pub fn off(&self) -> ActivityId {
        self.cells.off
    }

    /// Work and nights of a rotation: whoever does one of these is on the rotation.
    #[must_use]
    pub fn on_rotation(&self, rotation: RotationIx) -> Vec<ActivityId> {
        vec![self.cells.work[rotation], self.cells.night[rotation]]
    }

    /// What residents of a rotation do in one slot.
    #[must_use]
    pub fn on_rotation_in(&self, rotation: RotationIx, slot: Slot) -> ActivityId {
        match slot {
            Slot::Am | Slot::Pm => self.cells.work[rotation],
            Slot::Night => self.cells.night[rotation],
        }
    }

    /// The nights of every rotation of one kind.
    #[must_use]
    pub fn nights(&self, kind: NightKind) -> Vec<ActivityId> {
        let rotations = self.programme.rotations.iter().zip(&self.cells.night);
        rotations.filter(|(r, _)| r.night_kind == kind).map(|(_, a)| *a).collect()
    }

    /// Binds a rule to somebody.
    pub fn rule(&mut self, person: PersonIx, rule: impl Rule + 'static) {
        self.builder.rule(WorkerId::new(person), rule);
    }

    /// Forbids an activity to somebody in every period.
    pub fn forbid(&mut self, person: PersonIx, duty: Activity, reason: &str) {
        for day in 0..self.programme.block.days {
            for slot in Slot::ALL {
                self.forbid_on(person, day, slot, duty, reason);
            }
        }
    }

    /// Forbids an activity to somebody in one period; nothing to do where it is not offered.
    pub fn forbid_on(
        &mut self,
        person: PersonIx,
        day: usize,
        slot: Slot,
        duty: Activity,
        reason: &str,
    ) {
        let (period, activity) = (self.period(day, slot), self.activity(duty));
        if self.offered.contains(&(slot, activity)) {
            self.builder.forbid(WorkerId::new(person), period, activity, reason);
        }
    }

    /// Fixes what somebody does in one period.
    pub fn fix(&mut self, person: PersonIx, day: usize, slot: Slot, duty: Activity, reason: &str) {
        let (period, activity) = (self.period(day, slot), self.activity(duty));
        self.builder.fix(WorkerId::new(person), period, activity, reason);
    }

    /// Keeps somebody off in one period.
    pub fn fix_off(&mut self, person: PersonIx, day: usize, slot: Slot, reason: &str) {
        let period = self.period(day, slot);
        self.builder.fix(WorkerId::new(person), period, self.cells.off, reason);
    }

    /// Lets an activity of somebody cost something in one period, where it is offered.
    pub fn cost(
        &mut self,
        person: PersonIx,
        day: usize,
        slot: Slot,
        activity: ActivityId,
        cost: i64,
    ) {
        if self.offered.contains(&(slot, activity)) {
            self.builder.cost(WorkerId::new(person), self.period(day, slot), activity, cost);
        }
    }

    /// Midnight to midnight.
    #[must_use]
    pub fn span(&self, first: Date, days: usize) -> Span {
        let at =
            |date: Date| local(self.programme, self.origin, date.to_datetime(Time::midnight()));
        Span::new(at(first), at(crate::audit::plus(first, days)))
    }

    /// Whether a blocking leave or sickness covers the date.
    #[must_use]
    pub fn on_leave(&self, person: PersonIx, date: Date) -> bool {
        let leave = |kind| matches!(kind, AbsenceKind::Leave | AbsenceKind::Sick);
        let mut absences = self.programme.absences.iter();
        absences.any(|a| {
            a.person == person && a.blocking && leave(a.kind) && a.first <= date && date <= a.last
        })
    }

    /// Days on which somebody is on leave, as spans; those before the block too.
    #[must_use]
    pub fn leave_spans(&self, person: PersonIx) -> Vec<Span> {
        let block = &self.programme.block;
        let known = crate::audit::minus(block.first, HISTORY_DAYS);
        let days = (0..HISTORY_DAYS + block.days).map(|day| crate::audit::plus(known, day));
        days.filter(|date| self.on_leave(person, *date)).map(|date| self.span(date, 1)).collect()
    }

    /// `days` days from `first`, with the leave of `person` counted out.
    #[must_use]
    pub fn average(&self, person: PersonIx, first: Date, days: usize) -> Average {
        let dates = (0..days).map(|d| crate::audit::plus(first, d));
        let present = dates.filter(|date| !self.on_leave(person, *date)).count();
        let days_present = i32::try_from(present).unwrap_or(i32::MAX);
        let periods = self.day(first) * 3..self.day(crate::audit::plus(first, days)) * 3;
        Average { span: self.span(first, days), periods, days_present, only_for: None }
    }

    /// The spans over which duty is averaged: the block for everybody, and each two weeks for whoever
    /// spends them on a rotation of two weeks.
    #[must_use]
    pub fn averages(&self, person: PersonIx) -> Vec<Average> {
        let block = &self.programme.block;
        let short = |r: &RotationIx| self.programme.rotations[*r].weeks * 7 < 28;
        let short = (0..self.programme.rotations.len()).filter(short);
        let short: Vec<_> = short.flat_map(|r| self.on_rotation(r)).collect();
        let segment = |start| {
            let days = SEGMENT_DAYS.min(block.days - start);
            let average = self.average(person, block.date(start), days);
            Average { only_for: Some(short.clone()), ..average }
        };
        let mut averages: Vec<_> = (0..block.days).step_by(SEGMENT_DAYS).map(segment).collect();
        averages.push(self.average(person, block.first, block.days));
        averages
    }

    /// The day number of a date, held to the block.
    fn day(&self, date: Date) -> usize {
        let block = &self.programme.block;
        if date < block.first { 0 } else { block.day(date).unwrap_or(block.days) }
    }

    /// Declares what may be done when, with the times of each rotation.
    fn offer(&mut self) {
        for (day, date) in self.days() {
            for slot in Slot::ALL {
                self.offer_in(day, slot, self.cells.off, None);
                self.offer_in(day, slot, self.cells.leave, None);
                if let Some(hours) = conference_hours(slot) {
                    let shift = self.shift(hours, date, 0);
                    self.offer_in(day, slot, self.cells.conference, Some(shift));
                }
                for (rotation, place) in self.programme.rotations.iter().enumerate() {
                    let Some(hours) = place.hours(slot) else { continue };
                    let handover = if slot == Slot::Night { place.handover_minutes } else { 0 };
                    let shift = Some(self.shift(hours, date, handover));
                    self.offer_in(day, slot, self.on_rotation_in(rotation, slot), shift);
                    if slot != Slot::Night && place.supervision > 0 {
                        self.offer_in(day, slot, self.cells.attend[rotation], shift);
                    }
                }
            }
        }
    }

    fn offer_in(&mut self, day: usize, slot: Slot, activity: ActivityId, shift: Option<Shift>) {
        self.offered.insert((slot, activity));
        self.builder.offer(self.period(day, slot), activity, shift);
    }

    fn staff(&mut self) {
        for person in &self.programme.people {
            self.builder.worker(person.id.clone());
        }
        for record in self.programme.history.iter().chain(&self.programme.outside) {
            let duty = self.duty(record);
            self.builder.duty(WorkerId::new(record.person), duty);
        }
    }

    fn duty(&self, record: &DutyRecord) -> Duty {
        let at = |time| local(self.programme, self.origin, time);
        let (start, end) = (at(record.start), at(record.end));
        let duty = match record.kind {
            DutyKind::Moonlighting | DutyKind::Home => Duty::elsewhere(start, end),
            _ => Duty::in_house(start, end),
        };
        duty.handover(record.handover_minutes)
    }

    fn shift(&self, hours: Hours, date: Date, handover: i32) -> Shift {
        let (start, end) = hours.on(date);
        let at = |time| local(self.programme, self.origin, time);
        Shift::new(at(start), at(end)).handover(handover)
    }
}

impl Cells {
    fn declare(
        builder: &mut ProblemBuilder,
        programme: &Programme,
        periods: Vec<[PeriodId; 3]>,
    ) -> Self {
        let mut each = |what: &str| {
            let name = |r: &crate::domain::Rotation| builder.activity(format!("{what} {}", r.id));
            programme.rotations.iter().map(name).collect::<Vec<_>>()
        };
        let (work, night, attend) = (each("work"), each("night"), each("attend"));
        let [off, leave, conference] =
            ["off", "leave", "conference"].map(|name| builder.activity(name));
        Self { periods, off, leave, conference, work, night, attend }
    }
}

/// The cell of a schedule in which somebody does something.
#[must_use]
pub fn cell(
    programme: &Programme,
    person: PersonIx,
    date: Date,
    slot: Slot,
    duty: Activity,
) -> Assignment {
    let rotation = duty.rotation().map(|r| &programme.rotations[r]);
    let hours = match duty {
        Activity::Conference => conference_hours(slot),
        _ => rotation.and_then(|r| r.hours(slot)),
    };
    let midnight = date.to_datetime(Time::midnight());
    let (start, end) = hours.map_or((midnight, midnight), |h| h.on(date));
    let handover_minutes = match slot {
        Slot::Night => rotation.map_or(0, |r| r.handover_minutes),
        Slot::Am | Slot::Pm => 0,
    };
    Assignment { person, date, slot, duty, start, end, handover_minutes }
}

fn conference_hours(slot: Slot) -> Option<Hours> {
    CONFERENCE.get(place(slot)).copied()
}

/// The earliest start of a slot over all rotations: the border between two periods.
fn earliest(
    programme: &Programme,
    hours: impl Fn(&crate::domain::Rotation) -> Option<Hours>,
    default: Time,
) -> Time {
    let starts = programme.rotations.iter().filter_map(|r| hours(r).map(|h| h.start));
    starts.min().unwrap_or(default)
}

fn place(slot: Slot) -> usize {
    match slot {
        Slot::Am => 0,
        Slot::Pm => 1,
        Slot::Night => 2,
    }
}

/// Minutes from the origin to a local time, as they really elapse.
fn local(programme: &Programme, origin: i64, time: DateTime) -> i32 {
    let minutes = instant(programme, time).saturating_sub(origin).div_euclid(60);
    i32::try_from(minutes).unwrap_or(if minutes < 0 { i32::MIN } else { i32::MAX })
}

/// Seconds since the Unix epoch.
fn instant(programme: &Programme, time: DateTime) -> i64 {
    time.to_zoned(programme.block.zone.clone()).map_or(i64::MAX, |z| z.timestamp().as_second())
}
