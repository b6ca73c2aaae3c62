//! What a schedule amounts to: coverage, wishes granted, spread of burdens. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Activity, Assignment, PersonIx, Programme, Role, Schedule, Slot, Wish};

/// Slots filled against slots required and wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Places that must be filled.
    pub required: usize,
    /// Required places that are.
    pub filled: usize,
    /// Places wished for, the required ones included.
    pub wanted: usize,
    /// Wanted places that are filled.
    pub granted: usize,
}

/// Wishes granted against wishes made, by rank from 1 to 3.
pub type Granted = BTreeMap<u8, (usize, usize)>;

/// How a burden spreads over the residents of one year.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Fewest.
    pub least: usize,
    /// Most.
    pub most: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
}

/// What is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Burden {
    /// In-house calls.
    Calls,
    /// Nights of any kind.
    Nights,
    /// Saturdays, Sundays and holidays with duty.
    Weekends,
}

/// Counts filled places.
#[must_use]
pub fn coverage(programme: &Programme, schedule: &Schedule) -> Coverage {
    let mut present: BTreeMap<_, usize> = BTreeMap::new();
    for a in schedule.assignments.iter().filter(|a| is_resident_duty(a)) {
        *present.entry((a.duty.rotation(), a.date, a.slot)).or_default() += 1;
    }
    let mut coverage = Coverage::default();
    for rotation in 0..programme.rotations.len() {
        for date in (0..programme.block.days).map(|d| programme.block.date(d)) {
            for slot in Slot::ALL {
                let Some(demand) = programme.demand_at(rotation, date, slot) else { continue };
                let here = present.get(&(Some(rotation), date, slot)).copied().unwrap_or(0);
                let (min, wanted) = (size(demand.min), size(demand.wanted));
                coverage.required += min;
                coverage.filled += here.min(min);
                coverage.wanted += wanted;
                coverage.granted += here.min(wanted);
            }
        }
    }
    coverage
}

/// Counts granted wishes.
#[must_use]
pub fn requests(programme: &Programme, schedule: &Schedule) -> Granted {
    let cells: BTreeMap<_, _> =
        schedule.assignments.iter().map(|a| ((a.person, a.date, a.slot), a.duty)).collect();
    let mut granted = Granted::new();
    for request in &programme.requests {
        let duty = cells.get(&(request.person, request.date, request.slot));
        let met = match request.wish {
            Wish::Off => duty.is_none_or(|d| !d.is_duty()),
            Wish::On(rotation) => duty.is_some_and(|d| d.rotation() == Some(rotation)),
        };
        let count = granted.entry(request.rank).or_default();
        count.0 += usize::from(met);
        count.1 += 1;
    }
    granted
}

/// Spread of a burden by postgraduate year.
#[must_use]
pub fn spread(programme: &Programme, schedule: &Schedule, burden: Burden) -> BTreeMap<u8, Spread> {
    let mut days: BTreeMap<PersonIx, BTreeSet<_>> = BTreeMap::new();
    for a in schedule.assignments.iter().filter(|a| counts(programme, a, burden)) {
        days.entry(a.person).or_default().insert(a.date);
    }
    let mut years: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
    for (ix, person) in programme.residents() {
        if let Role::Resident(year) = person.role {
            years.entry(year).or_default().push(days.get(&ix).map_or(0, BTreeSet::len));
        }
    }
    years.into_iter().map(|(year, counts)| (year, summary(&counts))).collect()
}

fn counts(programme: &Programme, a: &Assignment, burden: Burden) -> bool {
    match burden {
        Burden::Calls => matches!(a.duty, Activity::Call(_)),
        Burden::Nights => matches!(a.duty, Activity::Call(_) | Activity::Night(_)),
        Burden::Weekends => is_resident_duty(a) && programme.is_weekend(a.date),
    }
}

fn is_resident_duty(a: &Assignment) -> bool {
    matches!(a.duty, Activity::Work(_) | Activity::Call(_) | Activity::Night(_))
}

fn summary(counts: &[usize]) -> Spread {
    let n = to_f64(counts.len().max(1));
    let mean = to_f64(counts.iter().sum()) / n;
    let variance = counts.iter().map(|c| (to_f64(*c) - mean).powi(2)).sum::<f64>() / n;
    Spread {
        least: counts.iter().copied().min().unwrap_or(0),
        most: counts.iter().copied().max().unwrap_or(0),
        mean,
        deviation: variance.sqrt(),
    }
}

fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn to_f64(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_of_equal_counts_has_no_deviation() {
        let spread = summary(&[3, 3, 3]);
        assert_eq!((spread.least, spread.most), (3, 3));
        assert!((spread.mean - 3.0).abs() < 1e-9 && spread.deviation.abs() < 1e-9);
    }

    #[test]
    fn nobody_spreads_to_nothing() {
        assert_eq!(summary(&[]), Spread { least: 0, most: 0, mean: 0.0, deviation: 0.0 });
    }
}
