//! A small programme, a schedule for it, and the question to both readings.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Time, date};
use jiff::tz::TimeZone;
use sched_optimizer::Analysis;
use scheduler::audit::audit;
use scheduler::domain::{
    Absence, AbsenceKind, Activity, Block, DutyKind, DutyRecord, Hours, NightKind, Person,
    Programme, Role, Rotation, Schedule, Slot,
};
use scheduler::model::{self, Model};

pub(crate) const LONG: usize = 0;
pub(crate) const SHORT: usize = 1;
pub(crate) const RESIDENT: usize = 0;
pub(crate) const FACULTY: usize = 1;
pub(crate) const COLLEAGUE: usize = 2;

/// One resident, a colleague and an attending; a rotation of four weeks and one of two.
pub(crate) struct Case {
    pub(crate) programme: Programme,
    pub(crate) schedule: Schedule,
}

pub(crate) fn at(hour: i8, minute: i8) -> Time {
    Time::constant(hour, minute, 0, 0)
}

pub(crate) fn hours(start: (i8, i8), end: (i8, i8)) -> Option<Hours> {
    Some(Hours { start: at(start.0, start.1), end: at(end.0, end.1) })
}

pub(crate) fn rotation(id: &str, weeks: u32, night_kind: NightKind) -> Rotation {
    Rotation {
        id: id.to_owned(),
        name: id.to_owned(),
        capacity: 9,
        pgy: (1, 3),
        specialty: None,
        credential: None,
        supervision: 0,
        weeks,
        am: hours((7, 0), (12, 0)),
        pm: hours((12, 0), (17, 0)),
        night: hours((17, 0), (7, 0)),
        night_kind,
        handover_minutes: 0,
    }
}

pub(crate) fn person(id: &str, role: Role) -> Person {
    Person {
        id: id.to_owned(),
        name: id.to_owned(),
        role,
        specialties: Vec::new(),
        credentials: Vec::new(),
    }
}

pub(crate) fn record(start: DateTime, minutes: i64, kind: DutyKind) -> DutyRecord {
    let end = start.saturating_add(jiff::Span::new().minutes(minutes));
    DutyRecord { person: RESIDENT, start, end, kind, handover_minutes: 0 }
}

impl Case {
    /// A block in winter, with no change of the clock.
    pub(crate) fn new() -> Self {
        Self::starting(date(2026, 2, 2))
    }

    pub(crate) fn starting(first: Date) -> Self {
        let block = Block {
            programme: "test".to_owned(),
            id: "block".to_owned(),
            first,
            days: 28,
            zone: TimeZone::get("America/Chicago").unwrap(),
            rest_minutes: 480,
            break_minutes: 60,
            max_consecutive_nights: 6,
            rolling_hours: true,
            faculty_half_days: 10,
        };
        let people = vec![
            person("resident", Role::Resident(2)),
            person("faculty", Role::Faculty),
            person("colleague", Role::Resident(1)),
        ];
        let rotations =
            vec![rotation("long", 4, NightKind::Call), rotation("short", 2, NightKind::Shift)];
        let programme = Programme {
            block,
            people,
            rotations,
            demand: Vec::new(),
            absences: Vec::new(),
            requests: Vec::new(),
            holidays: Vec::new(),
            history: Vec::new(),
            outside: Vec::new(),
        };
        Self { programme, schedule: Schedule::default() }
    }

    pub(crate) fn day(&self, day: i64) -> Date {
        self.programme.block.first.saturating_add(jiff::Span::new().days(day))
    }

    pub(crate) fn cell(
        &mut self,
        person: usize,
        day: i64,
        slot: Slot,
        duty: Activity,
    ) -> &mut Self {
        let cell = model::cell(&self.programme, person, self.day(day), slot, duty);
        self.schedule.assignments.push(cell);
        self
    }

    /// A day of ten hours.
    pub(crate) fn work(&mut self, day: i64, rotation: usize) -> &mut Self {
        self.cell(RESIDENT, day, Slot::Am, Activity::Work(rotation));
        self.cell(RESIDENT, day, Slot::Pm, Activity::Work(rotation))
    }

    pub(crate) fn night(&mut self, day: i64, rotation: usize) -> &mut Self {
        let duty = match self.programme.rotations[rotation].night_kind {
            NightKind::Call => Activity::Call(rotation),
            _ => Activity::Night(rotation),
        };
        self.cell(RESIDENT, day, Slot::Night, duty)
    }

    /// Work from home, which counts for hours alone.
    pub(crate) fn home(&mut self, day: i64, minutes: i64) -> &mut Self {
        let record = record(self.day(day).to_datetime(at(18, 0)), minutes, DutyKind::Home);
        self.programme.outside.push(record);
        self
    }

    pub(crate) fn moonlighting(&mut self, start: DateTime, minutes: i64) -> &mut Self {
        self.programme.outside.push(record(start, minutes, DutyKind::Moonlighting));
        self
    }

    pub(crate) fn history(&mut self, start: DateTime, minutes: i64, kind: DutyKind) -> &mut Self {
        let record = record(start, minutes, kind);
        self.programme.history.push(record);
        self
    }

    pub(crate) fn leave(&mut self, first: i64, last: i64) -> &mut Self {
        self.absence(first, last, AbsenceKind::Leave);
        for day in first..=last {
            for slot in Slot::ALL {
                self.cell(RESIDENT, day, slot, Activity::Leave);
            }
        }
        self
    }

    /// A day of eight hours.
    pub(crate) fn conference(&mut self, day: i64) -> &mut Self {
        self.absence(day, day, AbsenceKind::Conference);
        self.cell(RESIDENT, day, Slot::Am, Activity::Conference);
        self.cell(RESIDENT, day, Slot::Pm, Activity::Conference)
    }

    /// A blocking absence, without the cells that belong to it.
    pub(crate) fn absence(&mut self, first: i64, last: i64, kind: AbsenceKind) -> &mut Self {
        let (first, last) = (self.day(first), self.day(last));
        let absence = Absence { person: RESIDENT, first, last, kind, blocking: true };
        self.programme.absences.push(absence);
        self
    }

    /// The rules that the audit finds broken.
    pub(crate) fn broken(&self) -> BTreeSet<&'static str> {
        let mut schedule = self.schedule.clone();
        schedule.assignments.sort_by_key(|a| (a.person, a.date, a.slot));
        audit(&self.programme, &schedule).violations.iter().map(|v| v.rule).collect()
    }

    /// Whether the solver's rules find anything broken.
    pub(crate) fn refused(&self) -> bool {
        let model = Model::new(&self.programme).unwrap();
        let roster = model.roster(&self.programme, &self.schedule).unwrap();
        !Analysis::new(&model.problem, &roster).unwrap().score.is_legal()
    }

    #[track_caller]
    pub(crate) fn legal(&self) {
        assert_eq!(self.broken(), BTreeSet::new(), "the audit");
        assert!(!self.refused(), "the solver's rules refuse what the audit accepts");
    }

    #[track_caller]
    pub(crate) fn breaks(&self, rule: &'static str) {
        assert_eq!(self.broken(), BTreeSet::from([rule]), "the audit");
        assert!(self.refused(), "the solver's rules accept what the audit refuses");
    }
}

/// 24 days of ten hours and four days off: 240 h of the 320 h that four weeks allow.
pub(crate) fn four_weeks() -> Case {
    let mut case = Case::new();
    for day in (0..28).filter(|day| day % 7 != 6) {
        case.work(day, LONG);
    }
    case
}
