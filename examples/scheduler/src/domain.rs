//! The words of a residency programme: people, rotations, demand, absences, wishes, duty already done.
//!
//! Pure data. [`crate::import`] fills it from CSV files and checks it; everything behind may rely on
//! what that check promises: ids resolve, dates lie inside the block (absences perhaps in the 28 days before it), spans are not empty.

use std::ops::RangeInclusive;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// Index of a person in [`Programme::people`].
pub type PersonIx = usize;

/// Index of a rotation in [`Programme::rotations`].
pub type RotationIx = usize;

/// Everything that a block is planned from.
#[derive(Clone, Debug)]
pub struct Programme {
    /// Dates, time zone and house rules.
    pub block: Block,
    /// Residents and faculty, in file order.
    pub people: Vec<Person>,
    /// Rotations, in file order.
    pub rotations: Vec<Rotation>,
    /// How many residents each rotation needs, by kind of day and slot.
    pub demand: Vec<Demand>,
    /// Leave, sickness and conferences.
    pub absences: Vec<Absence>,
    /// Ranked wishes.
    pub requests: Vec<Request>,
    /// Public holidays inside the block.
    pub holidays: Vec<Holiday>,
    /// Duty really done in the 28 days before the block.
    pub history: Vec<DutyRecord>,
    /// Duty inside the block that the plan does not assign: moonlighting, work from home.
    pub outside: Vec<DutyRecord>,
}

/// The block to plan and the house rules that the programme chose.
#[derive(Clone, Debug)]
pub struct Block {
    /// Name of the programme, for the report.
    pub programme: String,
    /// Id under which the block is stored and locked, such as `2026-05`.
    pub id: String,
    /// First day, a Monday.
    pub first: Date,
    /// Number of days: 28, an academic block.
    pub days: usize,
    /// Where the local times of every file are read.
    pub zone: TimeZone,
    /// Free time required between two duty periods, in minutes. At least 480.
    pub rest_minutes: i32,
    /// Longest pause, in minutes, that does not end a duty period (a lunch break).
    pub break_minutes: i32,
    /// Most consecutive nights of night float.
    pub max_consecutive_nights: u32,
    /// Whether the stricter house rule, 80 h in every rolling 28 days, applies.
    pub rolling_hours: bool,
    /// Most half-days a week that a faculty member supervises.
    pub faculty_half_days: u32,
}

/// Resident or faculty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A resident in postgraduate year 1, 2 or 3.
    Resident(u8),
    /// An attending who supervises.
    Faculty,
}

/// A resident or a faculty member.
#[derive(Clone, Debug)]
pub struct Person {
    /// Unique id.
    pub id: String,
    /// Name as printed.
    pub name: String,
    /// Resident with year, or faculty.
    pub role: Role,
    /// What a faculty member may supervise; what a resident trains in.
    pub specialties: Vec<String>,
    /// Certificates held, such as `ACLS`.
    pub credentials: Vec<String>,
}

/// What a rotation asks of its nights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NightKind {
    /// Nobody is in house for this rotation at night.
    None,
    /// In-house call after a day of work.
    Call,
    /// A night shift of its own (night float, emergency nights).
    Shift,
}

/// Start and end on the local clock; an end at or before the start means the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Start on the day of the slot.
    pub start: Time,
    /// End, on the next day when it is not after `start`.
    pub end: Time,
}

/// A place of training with its rules.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// Unique id.
    pub id: String,
    /// Name as printed.
    pub name: String,
    /// Most residents in one half-day.
    pub capacity: u32,
    /// Lowest and highest postgraduate year admitted.
    pub pgy: (u8, u8),
    /// Specialty required of the supervising faculty, if any.
    pub specialty: Option<String>,
    /// Credential required of a resident, if any.
    pub credential: Option<String>,
    /// Residents that one faculty member may supervise in a half-day; 0 when no faculty is needed on site.
    pub supervision: u32,
    /// Length in weeks, 2 or 4: the span over which duty hours are averaged.
    pub weeks: u32,
    /// Hours of the morning, if the rotation has one.
    pub am: Option<Hours>,
    /// Hours of the afternoon, if the rotation has one.
    pub pm: Option<Hours>,
    /// Hours of the night, if the rotation has one.
    pub night: Option<Hours>,
    /// What the night is.
    pub night_kind: NightKind,
    /// Minutes at the end of a night that are handover only.
    pub handover_minutes: i32,
}

/// When a day at a conference counts as duty: its morning and its afternoon.
pub const CONFERENCE: [Hours; 2] = [
    Hours { start: Time::constant(8, 0, 0, 0), end: Time::constant(12, 0, 0, 0) },
    Hours { start: Time::constant(13, 0, 0, 0), end: Time::constant(17, 0, 0, 0) },
];

/// Where morning and afternoon, and afternoon and night, meet when no rotation says otherwise.
pub const DEFAULT_BORDERS: [Time; 2] = [Time::constant(12, 0, 0, 0), Time::constant(17, 0, 0, 0)];

/// A part of a day that is assigned as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// Morning.
    Am,
    /// Afternoon.
    Pm,
    /// Night, which ends on the next day.
    Night,
}

impl Slot {
    /// The three slots of a day, in order of time.
    pub const ALL: [Self; 3] = [Self::Am, Self::Pm, Self::Night];

    /// The word used in every file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Am => "AM",
            Self::Pm => "PM",
            Self::Night => "NIGHT",
        }
    }
}

/// Which days a demand holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Days {
    /// Monday to Friday, holidays excepted.
    Weekday,
    /// Saturday, Sunday and holidays.
    Weekend,
    /// One date, before the two kinds above.
    Only(Date),
}

/// How many residents a rotation needs.
#[derive(Clone, Debug)]
pub struct Demand {
    /// Where.
    pub rotation: RotationIx,
    /// On which days.
    pub days: Days,
    /// In which slot.
    pub slot: Slot,
    /// Fewest residents: a slot below it is unfilled, and the schedule is not legal.
    pub min: u32,
    /// Residents wished for; at least `min`.
    pub wanted: u32,
}

/// Why somebody is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbsenceKind {
    /// Vacation, parental leave and the like: taken out of every average.
    Leave,
    /// Illness: taken out of every average.
    Sick,
    /// A meeting: educational time, counted as duty from 08:00 to 12:00 and 13:00 to 17:00.
    Conference,
}

/// Days away.
#[derive(Clone, Debug)]
pub struct Absence {
    /// Who.
    pub person: PersonIx,
    /// First day, inclusive.
    pub first: Date,
    /// Last day, inclusive.
    pub last: Date,
    /// Why.
    pub kind: AbsenceKind,
    /// A blocking absence is a fact; another is a wish, weighted like one of rank 1.
    pub blocking: bool,
}

/// What is wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// No duty in this slot.
    Off,
    /// Duty on this rotation in this slot.
    On(RotationIx),
}

/// A wish with its rank.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who.
    pub person: PersonIx,
    /// When.
    pub date: Date,
    /// Which part of the day.
    pub slot: Slot,
    /// What.
    pub wish: Wish,
    /// 1 (dearest), 2 or 3.
    pub rank: u8,
}

/// A public holiday.
#[derive(Clone, Debug)]
pub struct Holiday {
    /// When.
    pub date: Date,
    /// Its name.
    pub name: String,
}

/// What kind of duty a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DutyKind {
    /// Work by day.
    Day,
    /// In-house overnight call.
    Call,
    /// A night shift that is no call.
    Night,
    /// Educational time off site.
    Conference,
    /// Moonlighting, inside or outside of the programme.
    Moonlighting,
    /// Clinical work done from home.
    Home,
    /// Supervision by faculty.
    Attending,
}

/// Duty that is a fact: done before the block, or fixed outside of the plan.
#[derive(Clone, Debug)]
pub struct DutyRecord {
    /// Who.
    pub person: PersonIx,
    /// Local start.
    pub start: DateTime,
    /// Local end, after the start.
    pub end: DateTime,
    /// What.
    pub kind: DutyKind,
    /// Minutes at the end that are handover only.
    pub handover_minutes: i32,
}

/// One cell of a schedule: somebody on duty, on leave or at a conference. Cells off are not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Who.
    pub person: PersonIx,
    /// The day of the slot.
    pub date: Date,
    /// Which part of the day.
    pub slot: Slot,
    /// What is done.
    pub duty: Activity,
    /// Local start; equals `end` for leave.
    pub start: DateTime,
    /// Local end.
    pub end: DateTime,
    /// Minutes at the end that are handover only.
    pub handover_minutes: i32,
}

/// What somebody does in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// A resident works by day.
    Work(RotationIx),
    /// A resident is on in-house call.
    Call(RotationIx),
    /// A resident works a night shift.
    Night(RotationIx),
    /// A faculty member supervises.
    Attend(RotationIx),
    /// Away at a conference: educational time.
    Conference,
    /// On leave or sick.
    Leave,
}

impl Activity {
    /// The rotation that the activity belongs to, if any.
    #[must_use]
    pub fn rotation(self) -> Option<RotationIx> {
        match self {
            Self::Work(r) | Self::Call(r) | Self::Night(r) | Self::Attend(r) => Some(r),
            Self::Conference | Self::Leave => None,
        }
    }

    /// The word used in every file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Work(_) => "work",
            Self::Call(_) => "call",
            Self::Night(_) => "night",
            Self::Attend(_) => "attend",
            Self::Conference => "conference",
            Self::Leave => "leave",
        }
    }

    /// Whether the time counts as duty.
    #[must_use]
    pub fn is_duty(self) -> bool {
        self != Self::Leave
    }
}

/// A whole block, one entry for each cell that is not simply off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Ordered by person, date and slot.
    pub assignments: Vec<Assignment>,
}

impl Programme {
    /// The residents, with their index.
    pub fn residents(&self) -> impl Iterator<Item = (PersonIx, &Person)> {
        self.people.iter().enumerate().filter(|(_, p)| p.role != Role::Faculty)
    }

    /// The faculty, with their index.
    pub fn faculty(&self) -> impl Iterator<Item = (PersonIx, &Person)> {
        self.people.iter().enumerate().filter(|(_, p)| p.role == Role::Faculty)
    }

    /// The demand of a rotation on a date: the row for the date itself wins over the kind of day.
    #[must_use]
    pub fn demand_at(&self, rotation: RotationIx, date: Date, slot: Slot) -> Option<&Demand> {
        let rows = || self.demand.iter().filter(|d| d.rotation == rotation && d.slot == slot);
        let kind = if self.is_weekend(date) { Days::Weekend } else { Days::Weekday };
        rows().find(|d| d.days == Days::Only(date)).or_else(|| rows().find(|d| d.days == kind))
    }

    /// Saturdays, Sundays and holidays.
    #[must_use]
    pub fn is_weekend(&self, date: Date) -> bool {
        use jiff::civil::Weekday::{Saturday, Sunday};
        matches!(date.weekday(), Saturday | Sunday) || self.holidays.iter().any(|h| h.date == date)
    }

    /// Whether somebody may be given duty on a rotation, by role, year, specialty and credential.
    #[must_use]
    pub fn eligible(&self, person: PersonIx, rotation: RotationIx) -> bool {
        self.rotations[rotation].admits(&self.people[person])
    }
}

impl Block {
    /// The last day, inclusive.
    #[must_use]
    pub fn last(&self) -> Date {
        self.date(self.days.saturating_sub(1))
    }

    /// All of its days.
    #[must_use]
    pub fn span(&self) -> RangeInclusive<Date> {
        self.first..=self.last()
    }

    /// The date of day `day`, counted from 0.
    #[must_use]
    pub fn date(&self, day: usize) -> Date {
        let days = jiff::Span::new().days(i64::try_from(day).unwrap_or(i64::MAX));
        self.first.saturating_add(days)
    }

    /// The day number of a date, if it lies inside the block.
    #[must_use]
    pub fn day(&self, date: Date) -> Option<usize> {
        let days = self.first.until(date).ok()?.get_days();
        usize::try_from(days).ok().filter(|d| *d < self.days)
    }
}

impl Rotation {
    /// The hours of a slot, if the rotation has it.
    #[must_use]
    pub fn hours(&self, slot: Slot) -> Option<Hours> {
        match slot {
            Slot::Am => self.am,
            Slot::Pm => self.pm,
            Slot::Night => self.night,
        }
    }

    /// Whether a resident may work here, or a faculty member supervise here.
    #[must_use]
    pub fn admits(&self, person: &Person) -> bool {
        match person.role {
            Role::Resident(year) => {
                (self.pgy.0..=self.pgy.1).contains(&year)
                    && self.credential.iter().all(|c| person.credentials.contains(c))
            }
            Role::Faculty => {
                self.supervision > 0
                    && self.specialty.iter().all(|s| person.specialties.contains(s))
            }
        }
    }
}

impl Hours {
    /// Start and end as local times of the day that the slot belongs to.
    #[must_use]
    pub fn on(self, date: Date) -> (DateTime, DateTime) {
        let end_date = if self.end > self.start { date } else { date.tomorrow().unwrap_or(date) };
        (date.to_datetime(self.start), end_date.to_datetime(self.end))
    }
}
