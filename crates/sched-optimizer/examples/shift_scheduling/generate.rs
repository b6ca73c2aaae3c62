//! Makes up instances like the published ones, from a seed.
//!
//! A roster that keeps every hard rule is planted first, and limits, days off, cover and requests are drawn
//! around it: an instance always has a legal roster, and seldom an obvious one.

use fastrand::Rng;

use super::instance::{Cover, Employee, Instance, Request, ShiftType};

/// How large an instance is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) staff: usize,
    pub(crate) days: usize,
    pub(crate) shifts: usize,
}

const MIN_RUN: u32 = 2;
const MIN_DAYS_OFF: u32 = 2;
const MAX_RUN: u32 = 5;
/// Minutes between the end of a shift and the start of the next.
const REST: u32 = 660;
const UNDER_WEIGHT: u32 = 100;

/// The instance of `size` and `seed`.
pub(crate) fn generate(size: Size, seed: u64) -> Instance {
    let mut rng = Rng::with_seed(seed);
    let shifts = shifts(size.shifts);
    let mut instance = Instance {
        days: size.days,
        shifts,
        staff: Vec::new(),
        requests: Vec::new(),
        cover: Vec::new(),
    };
    let mut counts = vec![0; size.days * size.shifts];
    for index in 0..size.staff {
        let mut person = Person::new(&mut rng, &instance);
        let line = person.plant(&mut rng, &instance);
        for (day, shift) in line.iter().enumerate().filter_map(|(day, cell)| Some((day, (*cell)?)))
        {
            counts[day * size.shifts + shift] += 1;
        }
        instance.staff.push(person.limits(&mut rng, &instance, index, &line));
        requests(&mut rng, &mut instance, index);
    }
    // As the format lists them.
    instance.requests.sort_by_key(|request| !request.on);
    for day in 0..size.days {
        for shift in 0..size.shifts {
            let planted: u32 = counts[day * size.shifts + shift];
            let wanted = (planted + rng.u32(0..3)).saturating_sub(1);
            let (under_weight, over_weight) = (UNDER_WEIGHT, 1);
            instance.cover.push(Cover { day, shift, wanted, under_weight, over_weight });
        }
    }
    instance
}

/// Early, day, late and night shifts of eight, ten and twelve hours. What leaves too little rest may
/// not follow.
fn shifts(count: usize) -> Vec<ShiftType> {
    let groups = [("a", 360), ("d", 540), ("p", 840), ("n", 1320)];
    let lengths = [480, 480, 480, 600, 720];
    let used = groups.len().min(count.max(1));
    let times: Vec<(String, u32, u32)> = (0..count)
        .map(|index| {
            // In the order of their starts, as even as can be.
            let group = index * used / count;
            let place = index - (group * count).div_ceil(used);
            let (letter, start) = groups[group];
            (format!("{letter}{}", place + 1), start, lengths[place % lengths.len()])
        })
        .collect();
    let follows = |end: u32, start: u32| start + 1440 >= end + REST;
    times
        .iter()
        .map(|(id, start, minutes)| ShiftType {
            id: id.clone(),
            minutes: *minutes,
            not_before: (0..count)
                .filter(|&next| !follows(start + minutes, times[next].1))
                .collect(),
        })
        .collect()
}

/// An employee in the making.
struct Person {
    can: Vec<usize>,
    part_time: bool,
}

impl Person {
    fn new(rng: &mut Rng, instance: &Instance) -> Self {
        let all = 0..instance.shifts.len();
        let mut can: Vec<usize> = all.clone().filter(|_| rng.u32(0..10) < 7).collect();
        if can.is_empty() {
            can.push(rng.usize(all));
        }
        Self { can, part_time: rng.u32(0..10) < 2 }
    }

    /// A line that keeps all rules: blocks of shifts with days off between them.
    fn plant(&mut self, rng: &mut Rng, instance: &Instance) -> Vec<Option<usize>> {
        let mut line = vec![None; instance.days];
        // The first block may have begun before.
        let mut day = rng.usize(0..4);
        while day < line.len() {
            let mut length = rng.usize(MIN_RUN as usize..=MAX_RUN as usize);
            let saturday = day + (12 - day % 7) % 7;
            if saturday - day >= MIN_RUN as usize && rng.bool() {
                length = length.min(saturday - day);
            }
            let end = (day + length).min(line.len());
            let mut last: Option<usize> = None;
            while day < end {
                let fits = |next: &usize| {
                    last.is_none_or(|last| !instance.shifts[last].not_before.contains(next))
                };
                let choices: Vec<usize> = self.can.iter().copied().filter(fits).collect();
                // A shift that may not even follow itself ends the block, when that is long enough.
                let Some(next) = rng.choice(choices) else { break };
                line[day] = Some(next);
                last = Some(next);
                day += 1;
            }
            let off = if self.part_time { 4..8 } else { 2..4 };
            day += rng.usize(off).max(MIN_DAYS_OFF as usize);
        }
        line
    }

    fn limits(
        &self,
        rng: &mut Rng,
        instance: &Instance,
        index: usize,
        line: &[Option<usize>],
    ) -> Employee {
        let worked = |shift: usize| line.iter().filter(|cell| **cell == Some(shift)).count();
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let days = narrow(line.len());
        let cap = |shift: usize| match (self.can.contains(&shift), instance.shifts[shift].minutes) {
            (false, _) => 0,
            (true, 480) => days,
            (true, _) => narrow(worked(shift)).max(days / 14).max(1),
        };
        let caps = (0..instance.shifts.len()).map(|shift| Some(cap(shift))).collect();
        let minutes: u32 = line.iter().flatten().map(|&shift| instance.shifts[shift].minutes).sum();
        let max_minutes = minutes + 240 * rng.u32(0..3);
        let busy = |saturday: &usize| line.iter().skip(*saturday).take(2).any(Option::is_some);
        let off: Vec<usize> = (0..line.len()).filter(|&day| line[day].is_none()).collect();
        let days_off = rng.choose_multiple(off, line.len().div_ceil(28));
        let mut days_off: Vec<usize> = days_off.into_iter().collect();
        days_off.sort_unstable();
        Employee {
            id: name(index),
            caps,
            max_minutes,
            min_minutes: max_minutes.saturating_sub(960),
            max_run: MAX_RUN,
            min_run: MIN_RUN.min(shortest(line)),
            min_days_off: MIN_DAYS_OFF,
            max_weekends: narrow((5..line.len()).step_by(7).filter(busy).count()),
            days_off,
        }
    }
}

/// The length of the shortest block that touches neither end.
fn shortest(line: &[Option<usize>]) -> u32 {
    let blocks = line.chunk_by(|a, b| a.is_some() == b.is_some());
    let blocks: Vec<&[Option<usize>]> = blocks.collect();
    let inner = blocks.get(1..blocks.len().max(2) - 1).unwrap_or_default();
    let worked = inner.iter().filter(|block| block[0].is_some());
    worked.map(|block| u32::try_from(block.len()).unwrap_or(MIN_RUN)).min().unwrap_or(MIN_RUN)
}

/// About one series of wished shifts and one unwanted shift in four weeks.
fn requests(rng: &mut Rng, instance: &mut Instance, employee: usize) {
    let can: Vec<usize> = {
        let caps = instance.staff[employee].caps.iter().enumerate();
        caps.filter(|(_, cap)| **cap != Some(0)).map(|(shift, _)| shift).collect()
    };
    for _ in 0..instance.days.div_ceil(28) {
        for on in [true, false] {
            let (from, length) = (rng.usize(0..instance.days), rng.usize(1..6));
            let shift = can.get(rng.usize(0..can.len())).copied().unwrap_or(0);
            let weight = rng.u32(1..4);
            for day in from..(from + length).min(instance.days) {
                if !instance.staff[employee].days_off.contains(&day) {
                    instance.requests.push(Request { employee, day, shift, weight, on });
                }
            }
        }
    }
}

/// `A` to `Z`, then `AA` and so on.
fn name(mut index: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + u8::try_from(index % 26).unwrap_or(0)));
        if index < 26 {
            return letters.into_iter().rev().collect();
        }
        index = index / 26 - 1;
    }
}
