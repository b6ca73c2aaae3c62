//! A made-up residency programme: 48 residents and 20 faculty on thirteen rotations, four weeks of
//! mornings, afternoons and nights. The same seed makes the same programme.

#![expect(clippy::cast_possible_truncation, reason = "sizes are small")]
#![expect(clippy::cast_possible_wrap, reason = "sizes are small")]
#![expect(clippy::cast_sign_loss, reason = "sizes are small")]

use sched_optimizer::rules::{
    Count, CountWindow, FreeTime, FreeWindow, Group, Hours, HoursWindow, Rest, Run, RunHistory,
    Segment, Stay, Stretch, Target,
};
use sched_optimizer::{
    ActivityId, Demand, Duty, Penalty, PeriodId, Problem, ProblemBuilder, ProblemError, Ratio,
    Shift, Span, WorkerId,
};

/// How large a programme to make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) residents: usize,
    pub(crate) faculty: usize,
    pub(crate) days: usize,
    /// Demand of the staffed rotations in per cent of the default.
    pub(crate) load: u32,
    pub(crate) seed: u64,
}

impl Default for Size {
    fn default() -> Self {
        Self { residents: 48, faculty: 20, days: 28, load: 100, seed: 1 }
    }
}

struct Rotation {
    name: &'static str,
    /// Needed by day on weekdays, by day at weekends, and at night.
    need: [u32; 3],
    /// Postgraduate years that may work it.
    years: &'static [usize],
    /// Kept for the whole block.
    whole: bool,
}

const ROTATIONS: [Rotation; 13] = [
    Rotation { name: "wards", need: [6, 6, 0], years: &[1, 2, 3], whole: false },
    Rotation { name: "icu", need: [3, 3, 2], years: &[2, 3], whole: true },
    Rotation { name: "emergency", need: [3, 3, 1], years: &[1, 2], whole: false },
    Rotation { name: "obstetrics", need: [2, 2, 1], years: &[1, 2], whole: false },
    Rotation { name: "cardiology", need: [2, 2, 0], years: &[2, 3], whole: false },
    Rotation { name: "paediatrics", need: [2, 2, 1], years: &[1, 2, 3], whole: false },
    Rotation { name: "night float", need: [0, 0, 2], years: &[1, 2, 3], whole: false },
    Rotation { name: "clinic", need: [3, 0, 0], years: &[1, 2, 3], whole: false },
    Rotation { name: "geriatrics", need: [1, 0, 0], years: &[2, 3], whole: false },
    Rotation { name: "surgery", need: [1, 0, 0], years: &[1], whole: false },
    Rotation { name: "neurology", need: [1, 0, 0], years: &[3], whole: false },
    Rotation { name: "procedures", need: [1, 0, 0], years: &[3], whole: false },
    Rotation { name: "elective", need: [0, 0, 0], years: &[2, 3], whole: false },
];

/// Which rotations an attending of each kind supervises.
const SUPERVISED: [&[usize]; 3] = [&[0, 3, 4, 5], &[1, 2], &[7, 8, 9, 10, 11, 12]];

const DAY: i32 = 1440;

struct Maker {
    size: Size,
    builder: ProblemBuilder,
    rng: fastrand::Rng,
    off: ActivityId,
    leave: ActivityId,
    continuity: ActivityId,
    by_day: Vec<ActivityId>,
    by_night: Vec<ActivityId>,
    attending: Vec<ActivityId>,
    attending_night: ActivityId,
}

/// Makes the programme.
pub(crate) fn build(size: Size) -> Result<Problem, ProblemError> {
    build_with(size, |_| ())
}

/// Makes the programme and lets `change` add to it: an absence, for instance.
pub(crate) fn build_with(
    size: Size,
    change: impl FnOnce(&mut ProblemBuilder),
) -> Result<Problem, ProblemError> {
    let mut builder = Problem::builder();
    let off = builder.activity("off");
    let leave = builder.activity("leave");
    let continuity = builder.activity("continuity clinic");
    let by_day = ROTATIONS.iter().map(|r| builder.activity(r.name)).collect();
    let by_night =
        ROTATIONS.iter().map(|r| builder.activity(format!("{} at night", r.name))).collect();
    let kinds = ["inpatient attending", "critical care attending", "outpatient attending"];
    let attending = kinds.map(|kind| builder.activity(kind)).to_vec();
    let attending_night = builder.activity("attending at night");
    let rng = fastrand::Rng::with_seed(size.seed);
    let mut maker = Maker {
        size,
        builder,
        rng,
        off,
        leave,
        continuity,
        by_day,
        by_night,
        attending,
        attending_night,
    };
    maker.periods();
    let residents: Vec<WorkerId> = (0..size.residents).map(|n| maker.resident(n)).collect();
    (0..size.faculty).for_each(|n| maker.attending_physician(n));
    maker.demands(&residents);
    change(&mut maker.builder);
    maker.builder.build()
}

/// Morning, afternoon, night.
const PARTS: [(&str, i32, i32); 3] =
    [("morning", 7 * 60, 12 * 60), ("afternoon", 12 * 60, 18 * 60), ("night", 18 * 60, 31 * 60)];

impl Maker {
    fn periods(&mut self) {
        for day in 0..self.size.days {
            for (part, (name, start, end)) in PARTS.into_iter().enumerate() {
                let midnight = day as i32 * DAY;
                let span = Span::new(midnight + start, midnight + end);
                let period = self.builder.period(format!("day {day} {name}"), span);
                self.offers(period, day, part, span);
            }
        }
    }

    fn offers(&mut self, period: PeriodId, day: usize, part: usize, span: Span) {
        let handover = if part == 2 { 60 } else { 0 };
        let shift = Some(Shift::new(span.start, span.end + handover).handover(handover));
        self.builder.offer(period, self.off, None);
        self.builder.offer(period, self.leave, None);
        if part == 1 && !is_weekend(day) {
            self.builder.offer(period, self.continuity, shift);
        }
        for (at, rotation) in ROTATIONS.iter().enumerate() {
            let open = part == 2 || !is_weekend(day) || rotation.need[1] > 0;
            let activity = if part == 2 { self.by_night[at] } else { self.by_day[at] };
            let staffed =
                if part == 2 { rotation.need[2] > 0 } else { rotation.name != "night float" };
            if open && staffed {
                self.builder.offer(period, activity, shift);
            }
        }
        let attendings =
            if part == 2 { vec![self.attending_night] } else { self.attending.clone() };
        for activity in attendings {
            self.builder.offer(period, activity, shift);
        }
    }

    fn resident(&mut self, number: usize) -> WorkerId {
        let year = number % 3 + 1;
        let worker = self.builder.worker(format!("resident {number} (year {year})"));
        let groups: Vec<usize> =
            (0..ROTATIONS.len()).filter(|&r| ROTATIONS[r].years.contains(&year)).collect();
        let mut able: Vec<ActivityId> = vec![self.off, self.continuity];
        able.extend(groups.iter().flat_map(|&r| [self.by_day[r], self.by_night[r]]));
        self.allow_only(worker, &able);
        let away = self.leave_of(worker, number);
        self.requests(worker, number);
        self.history(worker);
        self.common_rules(worker, &away, 80, 4);
        self.stay(worker, &away);
        let weekend = (0..self.size.days * 3).filter(|p| is_weekend(p / 3)).collect::<Vec<_>>();
        self.weekend_equity(worker, &able, &weekend);
        worker
    }

    fn attending_physician(&mut self, number: usize) {
        let worker = self.builder.worker(format!("attending {number}"));
        let mut able = vec![self.off, self.attending[number % 3], self.attending_night];
        able.push(self.attending[(number + 1) % 3]);
        self.allow_only(worker, &able);
        self.requests(worker, number);
        self.common_rules(worker, &[], 60, 4);
        let periods = 0..self.size.days * 3;
        self.builder.rule(
            worker,
            Count {
                what: "nights".into(),
                activities: vec![self.attending_night],
                windows: vec![CountWindow::at_most(periods, 4)],
                target: Some(Target { count: 1, cost: Penalty::square(2) }),
            },
        );
    }

    fn allow_only(&mut self, worker: WorkerId, able: &[ActivityId]) {
        for period in 0..self.size.days * 3 {
            let period = PeriodId::new(period);
            let offered: Vec<ActivityId> = self.offered(period, able);
            self.builder.allow(worker, period, &offered);
        }
    }

    fn offered(&self, period: PeriodId, able: &[ActivityId]) -> Vec<ActivityId> {
        let (day, part) = (period.index() / 3, period.index() % 3);
        let offered = |activity: &ActivityId| {
            let rotation = |list: &[ActivityId]| list.iter().position(|a| a == activity);
            if let Some(r) = rotation(&self.by_day) {
                let open = !is_weekend(day) || ROTATIONS[r].need[1] > 0;
                return part < 2 && open && ROTATIONS[r].name != "night float";
            }
            if let Some(r) = rotation(&self.by_night) {
                return part == 2 && ROTATIONS[r].need[2] > 0;
            }
            match *activity {
                a if a == self.continuity => part == 1 && !is_weekend(day),
                a if a == self.attending_night => part == 2,
                a if self.attending.contains(&a) => part < 2,
                _ => true,
            }
        };
        able.iter().copied().filter(offered).collect()
    }

    /// Every eighth resident is away for a week.
    fn leave_of(&mut self, worker: WorkerId, number: usize) -> Vec<Span> {
        if number % 8 != 3 {
            return Vec::new();
        }
        let first = self.rng.usize(0..self.size.days / 7) * 7;
        for period in first * 3..(first + 7) * 3 {
            let period = PeriodId::new(period);
            self.builder.allow(worker, period, &[self.leave]);
            self.builder.fix(worker, period, self.leave, "on leave");
        }
        vec![Span::new(first as i32 * DAY, (first as i32 + 7) * DAY)]
    }

    /// Two wished days off each.
    fn requests(&mut self, worker: WorkerId, number: usize) {
        for _ in 0..2 {
            let day = self.rng.usize(0..self.size.days);
            let cost = 5 + (number % 4) as i64 * 5;
            for part in 0..3 {
                let period = PeriodId::new(day * 3 + part);
                let all: Vec<ActivityId> =
                    self.by_day.iter().chain(&self.by_night).copied().collect();
                let all = [all, self.attending.clone(), vec![self.attending_night]].concat();
                for activity in self.offered(period, &all) {
                    self.builder.cost(worker, period, activity, cost);
                }
            }
        }
    }

    /// The four weeks before: five long days a week.
    fn history(&mut self, worker: WorkerId) {
        let free = self.rng.i32(0..7);
        for day in (-27..0).filter(|day: &i32| (day + 28) % 7 != free && (day + 28) % 7 != 6) {
            self.builder.duty(worker, Duty::in_house(day * DAY + 7 * 60, day * DAY + 18 * 60));
        }
    }

    fn common_rules(&mut self, worker: WorkerId, away: &[Span], weekly: i32, free_days: u16) {
        let days = self.size.days as i32;
        let leave: i32 = away.iter().map(|span| span.minutes() / DAY).sum();
        let rest = Rest { join: 60, short: 8 * 60, long_after: 24 * 60, long: 14 * 60 };
        let stretch = Stretch { join: 60, clinical_max: 24 * 60, total_max: 28 * 60 };
        let limit = weekly * 60 * (days - leave) / 7;
        let whole = HoursWindow { span: Span::new(0, days * DAY), limit, when: None };
        let halves = [(0, days / 2), (days / 2, days)].map(|(from, to)| {
            let span = Span::new(from * DAY, to * DAY);
            let gone: i32 = away.iter().map(|a| a.clip(span).minutes() / DAY).sum();
            HoursWindow { span, limit: weekly * 60 * (to - from - gone) / 7, when: None }
        });
        let rolling = (1..4).map(|week| HoursWindow {
            span: Span::new((week * 7 - 28) * DAY, week * 7 * DAY),
            limit: weekly * 60 * 4,
            when: None,
        });
        let hours = Hours {
            windows: rolling.chain([whole]).chain(halves).collect(),
            excluded: away.to_vec(),
        };
        let free = FreeTime {
            length: DAY,
            windows: vec![FreeWindow {
                span: Span::new(0, days * DAY),
                at_least: u16::try_from(i32::from(free_days) * (days - leave) / 28).unwrap_or(0),
                when: None,
            }],
            blocked: away.to_vec(),
        };
        let nights = [self.by_night.clone(), vec![self.attending_night]].concat();
        let run = Run {
            what: "nights in a row".into(),
            activities: nights,
            offset: 2,
            stride: 3,
            min: 0,
            max: 6,
            history: RunHistory::Known(0),
        };
        self.builder.rule(worker, rest);
        self.builder.rule(worker, stretch);
        self.builder.rule(worker, hours);
        self.builder.rule(worker, free);
        self.builder.rule(worker, run);
    }

    fn stay(&mut self, worker: WorkerId, away: &[Span]) {
        let half = self.size.days / 2;
        let segments = [0..half, half..self.size.days].map(|days| {
            let span = Span::new(days.start as i32 * DAY, days.end as i32 * DAY);
            let gone: i32 = away.iter().map(|a| a.clip(span).minutes() / DAY).sum();
            let left = days.len() as u32 - gone as u32;
            Segment { periods: days.start * 3..days.end * 3, min_cells: left / 2 }
        });
        let groups = ROTATIONS.iter().enumerate().map(|(r, rotation)| Group {
            name: rotation.name.into(),
            activities: vec![self.by_day[r], self.by_night[r]],
            whole: rotation.whole,
        });
        let groups = groups.collect();
        self.builder.rule(worker, Stay { segments: segments.to_vec(), groups });
    }

    /// Everybody works about the same at weekends.
    fn weekend_equity(&mut self, worker: WorkerId, able: &[ActivityId], weekend: &[usize]) {
        let cost = 1;
        for &period in weekend {
            let period = PeriodId::new(period);
            for activity in self.offered(period, &able[2..]) {
                self.builder.cost(worker, period, activity, cost);
            }
        }
    }

    fn demands(&mut self, residents: &[WorkerId]) {
        let seniors: Vec<WorkerId> =
            residents.iter().copied().filter(|w| w.index() % 3 == 2).collect();
        for period in 0..self.size.days * 3 {
            let (day, part) = (period / 3, period % 3);
            let period = PeriodId::new(period);
            for (r, rotation) in ROTATIONS.iter().enumerate() {
                let activity = if part == 2 { self.by_night[r] } else { self.by_day[r] };
                if !self.offered(period, &[activity]).is_empty() {
                    let need =
                        rotation.need[if part == 2 { 2 } else { usize::from(is_weekend(day)) }];
                    self.demand(rotation, period, activity, need);
                }
            }
            if part < 2 {
                let wards = [self.by_day[0]];
                let mut demand = Demand::at_least("a senior on the wards", period, wards, 1);
                demand.workers = Some(seniors.clone());
                self.builder.demand(demand);
            }
            self.ratios(period, part);
        }
    }

    fn demand(&mut self, rotation: &Rotation, period: PeriodId, activity: ActivityId, need: u32) {
        let min = (need * self.size.load * self.size.residents as u32 + 2400) / 4800;
        self.builder.demand(Demand {
            name: rotation.name.into(),
            period,
            activities: vec![activity],
            workers: None,
            min,
            max: min + 6,
            wanted: min + u32::from(need > 1),
            under_cost: Penalty::linear(4),
            over_cost: Penalty::linear(1),
        });
    }

    fn ratios(&mut self, period: PeriodId, part: usize) {
        if part == 2 {
            let supervised = self.offered(period, &self.by_night);
            self.builder.ratio(Ratio {
                name: "supervision at night".into(),
                period,
                supervised,
                supervisors: vec![self.attending_night],
                per_supervisor: 8,
                excess_cost: None,
            });
            return;
        }
        for (kind, rotations) in SUPERVISED.iter().enumerate() {
            let all: Vec<ActivityId> = rotations.iter().map(|&r| self.by_day[r]).collect();
            let supervised = self.offered(period, &all);
            self.builder.ratio(Ratio {
                name: format!("supervision {kind}"),
                period,
                supervised,
                supervisors: vec![self.attending[kind]],
                per_supervisor: 4,
                excess_cost: None,
            });
        }
    }
}

fn is_weekend(day: usize) -> bool {
    day % 7 >= 5
}
