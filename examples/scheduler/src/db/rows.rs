//! Domain values as table rows.

use batch_ops::{Column, Record, Row, Table};

use crate::audit::Minute;
use crate::domain::{
    AbsenceKind, Activity, Assignment, DutyKind, DutyRecord, Programme, Role, RotationIx, Slot,
    Wish,
};

/// A row of the table `people`.
#[derive(Debug)]
pub struct PersonRow<'p> {
    block: &'p str,
    id: &'p str,
    name: &'p str,
    pgy: Option<u8>,
    specialties: String,
    credentials: String,
}

impl Record for PersonRow<'_> {
    const TABLE: Table = Table::new(
        "people",
        &[
            Column::text("block").key(),
            Column::text("id").key(),
            Column::text("name"),
            Column::i64("pgy"),
            Column::text("specialties"),
            Column::text("credentials"),
        ],
    );

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(self.block).push(self.id).push(self.name).push(self.pgy);
        row.push(&self.specialties).push(&self.credentials);
    }
}

/// A row of the table `rotations`.
#[derive(Debug)]
pub struct RotationRow<'p> {
    block: &'p str,
    id: &'p str,
    name: &'p str,
    capacity: u32,
    weeks: u32,
    supervision: u32,
}

impl Record for RotationRow<'_> {
    const TABLE: Table = Table::new(
        "rotations",
        &[
            Column::text("block").key(),
            Column::text("id").key(),
            Column::text("name"),
            Column::i64("capacity"),
            Column::i64("weeks"),
            Column::i64("supervision"),
        ],
    );

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(self.block).push(self.id).push(self.name);
        row.push(self.capacity).push(self.weeks).push(self.supervision);
    }
}

/// A row of the table `absences`.
#[derive(Debug)]
pub struct AbsenceRow<'p> {
    block: &'p str,
    person: &'p str,
    first: String,
    last: String,
    kind: &'static str,
    blocking: bool,
}

impl Record for AbsenceRow<'_> {
    const TABLE: Table = Table::new(
        "absences",
        &[
            Column::text("block").key(),
            Column::text("person").key(),
            Column::text("first_day").key(),
            Column::text("last_day"),
            Column::text("kind"),
            Column::bool("blocking"),
        ],
    );

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(self.block).push(self.person).push(&self.first).push(&self.last);
        row.push(self.kind).push(self.blocking);
    }
}

/// A row of the table `requests`.
#[derive(Debug)]
pub struct RequestRow<'p> {
    block: &'p str,
    line: i64,
    person: &'p str,
    day: String,
    slot: &'static str,
    rotation: Option<&'p str>,
    rank: u8,
}

impl Record for RequestRow<'_> {
    const TABLE: Table = Table::new(
        "requests",
        &[
            Column::text("block").key(),
            Column::i64("line").key(),
            Column::text("person"),
            Column::text("day"),
            Column::text("slot"),
            Column::text("rotation"),
            Column::i64("priority"),
        ],
    );

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(self.block).push(self.line).push(self.person).push(&self.day);
        row.push(self.slot).push(self.rotation).push(self.rank);
    }
}

/// A row of the table `duty_records`.
#[derive(Debug)]
pub struct DutyRow<'p> {
    block: &'p str,
    line: i64,
    person: &'p str,
    starts: String,
    ends: String,
    kind: &'static str,
    handover: i32,
}

impl Record for DutyRow<'_> {
    const TABLE: Table = Table::new(
        "duty_records",
        &[
            Column::text("block").key(),
            Column::i64("line").key(),
            Column::text("person"),
            Column::text("starts"),
            Column::text("ends"),
            Column::text("kind"),
            Column::i64("handover"),
        ],
    );

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(self.block).push(self.line).push(self.person).push(&self.starts);
        row.push(&self.ends).push(self.kind).push(self.handover);
    }
}

/// A row of the table `assignments`.
#[derive(Clone, Debug, sqlx::FromRow, PartialEq, Eq, Hash)]
pub struct AssignmentRow {
    /// The block.
    pub block: String,
    /// Id of the person.
    pub person: String,
    /// The day of the slot.
    pub day: String,
    /// The slot.
    pub slot: String,
    /// What is done.
    pub activity: String,
    /// Id of the rotation, if any.
    pub rotation: Option<String>,
    /// Local start.
    pub starts: String,
    /// Local end.
    pub ends: String,
    /// Minutes at the end that are handover only.
    pub handover: i64,
    /// Minutes that count as duty.
    pub minutes: Minute,
}

impl Record for AssignmentRow {
    const TABLE: Table = Table::new(
        "assignments",
        &[
            Column::text("block").key(),
            Column::text("person").key(),
            Column::text("day").key(),
            Column::text("slot").key(),
            Column::text("activity"),
            Column::text("rotation"),
            Column::text("starts"),
            Column::text("ends"),
            Column::i64("handover"),
            Column::i64("minutes"),
        ],
    );

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(&self.block).push(&self.person).push(&self.day).push(&self.slot);
        row.push(&self.activity).push(&self.rotation).push(&self.starts).push(&self.ends);
        row.push(self.handover).push(self.minutes);
    }
}

impl AssignmentRow {
    /// The cell of the block: one person in one slot.
    #[must_use]
    pub fn cell(&self) -> (&str, &str, &str) {
        (&self.person, &self.day, &self.slot)
    }
}

/// The people of a programme as rows.
#[must_use]
pub fn people(programme: &Programme) -> Vec<PersonRow<'_>> {
    let row = |p: &crate::domain::Person| match p.role {
        Role::Resident(year) => Some(year),
        Role::Faculty => None,
    };
    let rows = programme.people.iter().map(|p| PersonRow {
        block: &programme.block.id,
        id: &p.id,
        name: &p.name,
        pgy: row(p),
        specialties: p.specialties.join(";"),
        credentials: p.credentials.join(";"),
    });
    rows.collect()
}

/// The rotations of a programme as rows.
#[must_use]
pub fn rotations(programme: &Programme) -> Vec<RotationRow<'_>> {
    let rows = programme.rotations.iter().map(|r| RotationRow {
        block: &programme.block.id,
        id: &r.id,
        name: &r.name,
        capacity: r.capacity,
        weeks: r.weeks,
        supervision: r.supervision,
    });
    rows.collect()
}

/// The absences of a programme as rows.
#[must_use]
pub fn absences(programme: &Programme) -> Vec<AbsenceRow<'_>> {
    let rows = programme.absences.iter().map(|a| AbsenceRow {
        block: &programme.block.id,
        person: &programme.people[a.person].id,
        first: a.first.to_string(),
        last: a.last.to_string(),
        kind: absence_word(a.kind),
        blocking: a.blocking,
    });
    rows.collect()
}

/// The requests of a programme as rows.
#[must_use]
pub fn requests(programme: &Programme) -> Vec<RequestRow<'_>> {
    let rows = (1..).zip(&programme.requests).map(|(line, r)| RequestRow {
        block: &programme.block.id,
        line,
        person: &programme.people[r.person].id,
        day: r.date.to_string(),
        slot: r.slot.word(),
        rotation: match r.wish {
            Wish::Off => None,
            Wish::On(rotation) => Some(&programme.rotations[rotation].id),
        },
        rank: r.rank,
    });
    rows.collect()
}

/// History and outside duty of a programme as rows.
#[must_use]
pub fn duty_records(programme: &Programme) -> Vec<DutyRow<'_>> {
    let records = programme.history.iter().chain(&programme.outside);
    let row = |(line, r): (i64, &DutyRecord)| DutyRow {
        block: &programme.block.id,
        line,
        person: &programme.people[r.person].id,
        starts: r.start.to_string(),
        ends: r.end.to_string(),
        kind: duty_word(r.kind),
        handover: r.handover_minutes,
    };
    (1..).zip(records).map(|(line, r)| row((line, r))).collect()
}

/// One cell of a schedule as a row of `block`.
#[must_use]
pub fn assignment(programme: &Programme, block: &str, cell: &Assignment) -> AssignmentRow {
    let id = |r: RotationIx| programme.rotations[r].id.clone();
    let minutes = crate::audit::minutes(programme, cell);
    AssignmentRow {
        block: block.to_owned(),
        person: programme.people[cell.person].id.clone(),
        day: cell.date.to_string(),
        slot: cell.slot.word().to_owned(),
        activity: cell.duty.word().to_owned(),
        rotation: cell.duty.rotation().map(id),
        starts: cell.start.to_string(),
        ends: cell.end.to_string(),
        handover: cell.handover_minutes.into(),
        minutes,
    }
}

/// The word for a kind of absence.
#[must_use]
pub fn absence_word(kind: AbsenceKind) -> &'static str {
    match kind {
        AbsenceKind::Leave => "leave",
        AbsenceKind::Sick => "sick",
        AbsenceKind::Conference => "conference",
    }
}

fn duty_word(kind: DutyKind) -> &'static str {
    match kind {
        DutyKind::Day => "day",
        DutyKind::Call => "call",
        DutyKind::Night => "night",
        DutyKind::Conference => "conference",
        DutyKind::Moonlighting => "moonlighting",
        DutyKind::Home => "home",
        DutyKind::Attending => "attending",
    }
}

/// A published row as a cell of the schedule; `None` when it names what the programme does not have.
#[must_use]
pub fn cell(programme: &Programme, row: &AssignmentRow) -> Option<Assignment> {
    let rotation = |id: &String| programme.rotations.iter().position(|r| r.id == *id);
    let rotation = row.rotation.as_ref().and_then(rotation);
    let duty = match (row.activity.as_str(), rotation) {
        ("work", Some(r)) => Activity::Work(r),
        ("call", Some(r)) => Activity::Call(r),
        ("night", Some(r)) => Activity::Night(r),
        ("attend", Some(r)) => Activity::Attend(r),
        ("conference", None) => Activity::Conference,
        ("leave", None) => Activity::Leave,
        _ => return None,
    };
    Some(Assignment {
        person: programme.people.iter().position(|p| p.id == row.person)?,
        date: row.day.parse().ok()?,
        slot: Slot::ALL.into_iter().find(|slot| slot.word() == row.slot)?,
        duty,
        start: row.starts.parse().ok()?,
        end: row.ends.parse().ok()?,
        handover_minutes: i32::try_from(row.handover).ok()?,
    })
}
