//! Small random problems, made from a seed.

#![expect(clippy::cast_possible_truncation, reason = "sizes are small")]
#![expect(clippy::cast_possible_wrap, reason = "sizes are small")]

use std::ops::Range;
use std::sync::Arc;

use sched_optimizer::rules::{
    BusyGroups, Count, CountWindow, FreeTime, FreeWindow, Group, Hours, HoursWindow, Rest, Run,
    RunHistory, Segment, Soft, Soften, Stay, Stretch, Succession, Target, Total,
};
use sched_optimizer::{
    ActivityId, Demand, Duty, Penalty, PeriodId, Problem, ProblemBuilder, Ratio, Rule, Shift, Span,
};

pub(crate) const HOUR: i32 = 60;
/// Kinds of rules.
pub(crate) const KINDS: usize = 10;

/// Half-days of twelve hours with four activities: off, an in-period duty, a long one that may run
/// into the next period, and a night-like one. Times are whole hours, so that limits are hit exactly.
pub(crate) struct Maker {
    pub(crate) rng: fastrand::Rng,
    pub(crate) periods: usize,
    pub(crate) builder: ProblemBuilder,
    workers: usize,
}

impl Maker {
    pub(crate) fn new(seed: u64, periods: usize) -> Self {
        let mut maker = Self {
            rng: fastrand::Rng::with_seed(seed),
            periods,
            builder: Problem::builder(),
            workers: 0,
        };
        let names = ["off", "day", "long", "late"];
        let ids: Vec<ActivityId> = names.iter().map(|name| maker.builder.activity(*name)).collect();
        for p in 0..periods {
            let start = p as i32 * 12 * HOUR;
            let period = maker.builder.period(format!("p{p}"), Span::new(start, start + 12 * HOUR));
            maker.builder.offer(period, ids[0], None);
            for &activity in &ids[1..] {
                let shift = maker.shift(start);
                maker.builder.offer(period, activity, Some(shift));
            }
        }
        maker
    }

    fn shift(&mut self, start: i32) -> Shift {
        let from = start + self.rng.i32(0..8) * HOUR;
        let hours = self.rng.i32(2..20);
        let handover = self.rng.i32(0..3).min(hours) * HOUR;
        Shift::new(from, from + hours * HOUR).handover(handover)
    }

    /// A worker with history and outside work, without rules.
    pub(crate) fn worker(&mut self, costs: bool) -> sched_optimizer::WorkerId {
        let worker = self.builder.worker(format!("w{}", self.workers));
        self.workers += 1;
        let horizon = self.periods as i32 * 12;
        for _ in 0..self.rng.usize(0..4) {
            let from = self.rng.i32(-60..-1);
            let duty = Duty::in_house(from * HOUR, (from + self.rng.i32(1..16)) * HOUR);
            self.builder.duty(worker, duty.handover(HOUR));
        }
        for _ in 0..self.rng.usize(0..2) {
            let from = self.rng.i32(-12..horizon);
            let duty = Duty::elsewhere(from * HOUR, (from + self.rng.i32(1..6)) * HOUR);
            self.builder.duty(worker, duty);
        }
        for p in (0..self.periods).filter(|_| costs) {
            for activity in 0..4 {
                let cost = self.rng.i64(0..6);
                self.builder.cost(worker, PeriodId::new(p), ActivityId::new(activity), cost);
            }
        }
        worker
    }

    fn window(&mut self) -> Span {
        let horizon = self.periods as i32 * 12;
        let from = self.rng.i32(-48..horizon - 6);
        Span::new(from * HOUR, (from + self.rng.i32(8..96)) * HOUR)
    }

    fn when(&mut self) -> Option<Vec<ActivityId>> {
        self.rng.bool().then(|| self.activities())
    }

    pub(crate) fn activities(&mut self) -> Vec<ActivityId> {
        let mut all: Vec<ActivityId> = (1..4).map(ActivityId::new).collect();
        self.rng.shuffle(&mut all);
        all.truncate(self.rng.usize(1..4));
        all
    }

    fn spans(&mut self) -> Vec<Span> {
        (0..self.rng.usize(0..3)).map(|_| self.window()).collect()
    }

    pub(crate) fn rest(&mut self) -> Rest {
        let mut hours = |range| self.rng.i32(range) * HOUR;
        Rest {
            join: hours(0..3),
            short: hours(1..14),
            long_after: hours(10..26),
            long: hours(8..30),
        }
    }

    pub(crate) fn stretch(&mut self) -> Stretch {
        let mut hours = |range| self.rng.i32(range) * HOUR;
        Stretch { join: hours(0..6), clinical_max: hours(8..30), total_max: hours(10..36) }
    }

    pub(crate) fn hours(&mut self) -> Hours {
        let windows = (0..self.rng.usize(1..5)).map(|_| HoursWindow {
            span: self.window(),
            limit: self.rng.i32(4..40) * HOUR,
            when: self.when(),
        });
        Hours { windows: windows.collect(), excluded: self.spans() }
    }

    pub(crate) fn free_time(&mut self) -> FreeTime {
        let windows = (0..self.rng.usize(1..5)).map(|_| FreeWindow {
            span: self.window(),
            at_least: self.rng.u16(0..5),
            when: self.when(),
        });
        FreeTime {
            windows: windows.collect(),
            length: self.rng.i32(4..20) * HOUR,
            blocked: self.spans(),
        }
    }

    pub(crate) fn count(&mut self) -> Count {
        let windows = (0..self.rng.usize(0..4)).map(|_| {
            let from = self.rng.usize(0..self.periods);
            let periods = from..self.rng.usize(from..self.periods + 2);
            let min = self.rng.u32(0..3);
            let max = min + self.rng.u32(0..4);
            CountWindow { periods, history: self.rng.u32(0..3), min, max, when: self.when() }
        });
        Count {
            what: "cells".into(),
            windows: windows.collect(),
            activities: self.activities(),
            target: self.target(),
        }
    }

    pub(crate) fn run(&mut self) -> Run {
        Run {
            what: "in a row".into(),
            activities: self.activities(),
            offset: self.rng.usize(0..3),
            stride: self.rng.usize(1..4),
            min: self.rng.u32(0..4),
            max: self.rng.u32(0..4),
            history: self
                .rng
                .bool()
                .then(|| self.rng.u32(0..4))
                .map_or(RunHistory::Unknown, RunHistory::Known),
        }
    }

    pub(crate) fn succession(&mut self) -> Succession {
        let pairs = (0..self.rng.usize(0..6)).map(|_| self.rng.usize(0..16));
        Succession {
            forbidden: pairs.map(|n| (ActivityId::new(n / 4), ActivityId::new(n % 4))).collect(),
            history: self.rng.bool().then(|| ActivityId::new(self.rng.usize(0..4))),
        }
    }

    /// Amounts with a common divisor at times, rest that counts at others.
    pub(crate) fn total(&mut self) -> Total {
        let unit = self.rng.u32(1..4);
        let amounts = (0..self.rng.usize(1..5))
            .map(|_| (ActivityId::new(self.rng.usize(0..4)), unit * self.rng.u32(0..4)));
        let amounts = amounts.collect();
        let from = self.rng.usize(0..self.periods);
        let min = self.rng.u32(0..14);
        Total {
            what: "points".into(),
            amounts,
            periods: from..self.rng.usize(from..self.periods + 2),
            history: self.rng.u32(0..8),
            min,
            max: min + self.rng.u32(0..20),
            target: self.target(),
        }
    }

    fn target(&mut self) -> Option<Target> {
        self.rng.bool().then(|| Target { count: self.rng.u32(0..8), cost: self.penalty(0..4) })
    }

    /// At times with a square.
    pub(crate) fn penalty(&mut self, linear: Range<i64>) -> Penalty {
        Penalty { linear: self.rng.i64(linear), square: self.rng.i64(-2..3).max(0) }
    }

    pub(crate) fn busy_groups(&mut self) -> BusyGroups {
        let mut groups = Vec::new();
        let mut from = 0;
        while from < self.periods {
            let start = from + self.rng.usize(0..2);
            from = start + self.rng.usize(1..4);
            groups.push(start..from);
        }
        let min = self.rng.u32(0..3);
        BusyGroups {
            what: "busy groups".into(),
            activities: self.activities(),
            groups,
            history: self.rng.u32(0..3),
            min,
            max: min + self.rng.u32(0..4),
        }
    }

    pub(crate) fn stay(&mut self) -> Stay {
        let middle = self.rng.usize(1..self.periods);
        let gap = self.rng.usize(0..2);
        let mut segment = |periods| Segment { periods, min_cells: self.rng.u32(0..3) };
        let segments = vec![segment(0..middle), segment((middle + gap)..self.periods)];
        let groups = vec![vec![1], vec![2, 3]];
        let groups = groups.into_iter().map(|group| Group {
            name: format!("group {group:?}"),
            activities: group.into_iter().map(ActivityId::new).collect(),
            whole: self.rng.bool(),
        });
        Stay { segments, groups: groups.collect() }
    }

    pub(crate) fn any_rule(&mut self) -> Arc<dyn Rule> {
        let kind = self.rng.usize(0..KINDS);
        self.rule_of(kind)
    }

    /// A rule of the kind of this number, below [`KINDS`]; one of three is soft.
    pub(crate) fn rule_of(&mut self, kind: usize) -> Arc<dyn Rule> {
        let rule = self.hard_rule_of(kind);
        match self.rng.u8(0..3) {
            0 => Arc::new(Soft { rule, weight: self.rng.i64(0..4) }),
            _ => rule,
        }
    }

    pub(crate) fn hard_rule_of(&mut self, kind: usize) -> Arc<dyn Soften> {
        match kind {
            0 => Arc::new(self.rest()),
            1 => Arc::new(self.stretch()),
            2 => Arc::new(self.hours()),
            3 => Arc::new(self.free_time()),
            4 => Arc::new(self.count()),
            5 => Arc::new(self.run()),
            6 => Arc::new(self.succession()),
            7 => Arc::new(self.total()),
            8 => Arc::new(self.busy_groups()),
            _ => Arc::new(self.stay()),
        }
    }

    /// `workers` workers with `rules` rules each, and some demands.
    pub(crate) fn team(mut self, workers: usize, rules: usize) -> Problem {
        for _ in 0..workers {
            let worker = self.worker(true);
            for _ in 0..rules {
                let rule = self.any_rule();
                self.builder.rule(worker, rule);
            }
        }
        self.cover()
    }

    /// The workers there are, under some demands.
    pub(crate) fn cover(mut self) -> Problem {
        for p in 0..self.periods {
            let period = PeriodId::new(p);
            let min = self.rng.u32(0..2);
            let wanted = min + self.rng.u32(0..2);
            let demand = Demand {
                max: wanted + self.rng.u32(0..2),
                wanted,
                under_cost: self.penalty(0..8),
                over_cost: self.penalty(0..8),
                ..Demand::at_least(format!("d{p}"), period, self.activities(), min)
            };
            self.builder.demand(demand);
            let [a, b] = [1, 3].map(ActivityId::new);
            let excess_cost = self.rng.bool().then(|| self.penalty(0..8));
            self.builder.ratio(Ratio {
                name: format!("r{p}"),
                period,
                supervised: vec![a],
                supervisors: vec![b],
                per_supervisor: self.rng.u32(1..3),
                excess_cost,
            });
        }
        self.builder.build().unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Every line of `periods` cells over the activities `0..4`.
pub(crate) fn all_lines(periods: usize) -> Vec<Vec<ActivityId>> {
    let mut lines = vec![Vec::new()];
    for _ in 0..periods {
        lines = lines
            .into_iter()
            .flat_map(|line: Vec<ActivityId>| {
                (0..4).map(move |a| [line.clone(), vec![ActivityId::new(a)]].concat())
            })
            .collect();
    }
    lines
}
