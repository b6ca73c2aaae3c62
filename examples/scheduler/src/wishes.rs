//! What makes one legal schedule better than another: wishes, wanted staff, fairness.

use std::collections::BTreeMap;

use sched_optimizer::rules::{Count, Target};
use sched_optimizer::{ActivityId, Penalty};

use crate::domain::{Activity, DutyKind, NightKind, PersonIx, Request, RotationIx, Slot, Wish};
use crate::model::Draft;

/// Cost of a wish that is not granted, by rank from 1 to 3.
const RANKS: [i64; 3] = [60, 20, 7];

/// Cost of the square of the distance from an even share of calls or nights.
const UNEVEN: i64 = 2;

/// Cost of each resident short of what a rotation wants beyond its minimum.
pub const SHORT: i64 = 10;

/// Cost of each resident more than a rotation wants: nobody is kept on duty for nothing.
pub const SURPLUS: i64 = 3;

/// States every goal.
pub fn state(draft: &mut Draft<'_>) {
    for request in &draft.programme.requests {
        wish(draft, request);
    }
    tentative_absences(draft);
    fairness(draft);
}

/// Whether a schedule grants a wish is decided cell by cell, so that it costs once.
fn wish(draft: &mut Draft<'_>, request: &Request) {
    let Some(day) = draft.programme.block.day(request.date) else { return };
    let cost = RANKS[usize::from(request.rank.clamp(1, 3)) - 1];
    let granted = match request.wish {
        Wish::Off => Vec::new(),
        Wish::On(rotation) => everything_on(draft, rotation),
    };
    against(draft, request.person, day, request.slot, &granted, cost);
}

/// Charges `cost` for every duty but the `granted` ones; for being off too when a duty is wished for.
fn against(
    draft: &mut Draft<'_>,
    person: PersonIx,
    day: usize,
    slot: Slot,
    granted: &[ActivityId],
    cost: i64,
) {
    let rotations = 0..draft.programme.rotations.len();
    let mut charged: Vec<_> = rotations.flat_map(|r| everything_on(draft, r)).collect();
    charged.push(draft.activity(Activity::Conference));
    if !granted.is_empty() {
        charged.extend([draft.off(), draft.activity(Activity::Leave)]);
    }
    for activity in charged.into_iter().filter(|a| !granted.contains(a)) {
        draft.cost(person, day, slot, activity, cost);
    }
}

/// Work, nights and supervision on a rotation.
fn everything_on(draft: &Draft<'_>, rotation: RotationIx) -> Vec<ActivityId> {
    let mut all = draft.on_rotation(rotation);
    all.push(draft.activity(Activity::Attend(rotation)));
    all
}

/// An absence that does not block is a wish of the first rank for each of its half-days and nights.
fn tentative_absences(draft: &mut Draft<'_>) {
    for absence in draft.programme.absences.iter().filter(|a| !a.blocking) {
        for (day, _) in draft.days().filter(|(_, d)| (absence.first..=absence.last).contains(d)) {
            for slot in Slot::ALL {
                against(draft, absence.person, day, slot, &[], RANKS[0]);
            }
        }
    }
}

/// Calls and nights are shared evenly among all residents, those of the four weeks before
/// included: the square of the distance from an even share costs.
fn fairness(draft: &mut Draft<'_>) {
    let nights = [NightKind::Call, NightKind::Shift].map(|kind| draft.nights(kind));
    share(draft, "calls", &nights[0], &[DutyKind::Call]);
    share(draft, "nights", &nights.concat(), &[DutyKind::Call, DutyKind::Night]);
}

fn share(draft: &mut Draft<'_>, what: &str, activities: &[ActivityId], kinds: &[DutyKind]) {
    let programme = draft.programme;
    let mut before: BTreeMap<PersonIx, u32> =
        programme.residents().map(|(ix, _)| (ix, 0)).collect();
    for record in programme.history.iter().filter(|r| kinds.contains(&r.kind)) {
        before.entry(record.person).and_modify(|n| *n += 1);
    }
    let asked = asked(draft, activities);
    let residents = u32::try_from(before.len().max(1)).unwrap_or(u32::MAX);
    let total = asked + before.values().sum::<u32>();
    for (person, had) in before {
        let count = (total / residents).saturating_sub(had);
        let target = Some(Target { count, cost: Penalty::square(UNEVEN) });
        let rule = Count {
            what: what.to_owned(),
            activities: activities.to_vec(),
            windows: Vec::new(),
            target,
        };
        draft.rule(person, rule);
    }
}

/// Nights that the demand asks for.
fn asked(draft: &Draft<'_>, activities: &[ActivityId]) -> u32 {
    let programme = draft.programme;
    let rotations = 0..programme.rotations.len();
    let counted =
        rotations.filter(|r| draft.on_rotation(*r).iter().any(|a| activities.contains(a)));
    let nights = counted.flat_map(|r| {
        draft.days().filter_map(move |(_, date)| programme.demand_at(r, date, Slot::Night))
    });
    nights.map(|d| d.min).sum()
}
