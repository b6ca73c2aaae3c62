//! An instance as a problem: a period is a day, the first activity is a day off.

use sched_optimizer::rules::{BusyGroups, Count, CountWindow, Run, RunHistory, Succession, Total};
use sched_optimizer::{
    ActivityId, Demand, Penalty, PeriodId, Problem, ProblemBuilder, ProblemError, Shift, Span,
    WorkerId,
};

use super::instance::{Employee, Instance};

const DAY: i32 = 1440;

/// Builds the problem; activity 0 is a day off, shift `s` is activity `s + 1`, and periods and
/// workers are numbered like days and staff.
pub(crate) fn problem(instance: &Instance) -> Result<Problem, ProblemError> {
    let mut draft = Draft { instance, builder: Problem::builder(), off: ActivityId::new(0) };
    draft.calendar();
    for employee in &instance.staff {
        draft.employee(employee);
    }
    draft.requests();
    draft.cover();
    draft.builder.build()
}

/// The activity of a shift.
pub(crate) fn activity(shift: usize) -> ActivityId {
    ActivityId::new(shift + 1)
}

struct Draft<'i> {
    instance: &'i Instance,
    builder: ProblemBuilder,
    off: ActivityId,
}

impl Draft<'_> {
    fn calendar(&mut self) {
        self.off = self.builder.activity("off");
        for shift in &self.instance.shifts {
            self.builder.activity(&shift.id);
        }
        let mut midnight = 0;
        for day in 0..self.instance.days {
            let span = Span::new(midnight, midnight + DAY);
            let period = self.builder.period(format!("day {day}"), span);
            self.builder.offer(period, self.off, None);
            for (shift, kind) in self.instance.shifts.iter().enumerate() {
                // The format knows how long a shift is but not when it starts; no rule here asks.
                let minutes = i32::try_from(kind.minutes).unwrap_or(DAY);
                let times = (minutes > 0).then(|| Shift::new(midnight, midnight + minutes));
                self.builder.offer(period, activity(shift), times);
            }
            midnight += DAY;
        }
    }

    fn employee(&mut self, employee: &Employee) {
        let worker = self.builder.worker(&employee.id);
        for &day in &employee.days_off {
            self.builder.fix(worker, PeriodId::new(day), self.off, "a day off");
        }
        self.caps(worker, employee);
        self.succession(worker);
        self.runs(worker, employee);
        let days = 0..self.instance.days;
        let shifts = self.instance.shifts.iter().enumerate();
        self.builder.rule(
            worker,
            Total {
                what: "minutes".into(),
                amounts: shifts.map(|(shift, kind)| (activity(shift), kind.minutes)).collect(),
                periods: days.clone(),
                history: 0,
                min: employee.min_minutes,
                max: employee.max_minutes,
                target: None,
            },
        );
        let saturdays = days.skip(5).step_by(7);
        self.builder.rule(
            worker,
            BusyGroups {
                what: "worked weekends".into(),
                activities: self.work(),
                groups: saturdays.map(|day| day..(day + 2).min(self.instance.days)).collect(),
                history: 0,
                min: 0,
                max: employee.max_weekends,
            },
        );
    }

    fn caps(&mut self, worker: WorkerId, employee: &Employee) {
        let days = self.instance.days;
        for (shift, cap) in employee.caps.iter().enumerate() {
            match *cap {
                Some(0) => {
                    for period in (0..days).map(PeriodId::new) {
                        self.builder.forbid(
                            worker,
                            period,
                            activity(shift),
                            "never works this shift",
                        );
                    }
                }
                Some(cap) if (cap as usize) < days => {
                    self.builder.rule(
                        worker,
                        Count {
                            what: self.instance.shifts[shift].id.clone(),
                            activities: vec![activity(shift)],
                            windows: vec![CountWindow::at_most(0..days, cap)],
                            target: None,
                        },
                    );
                }
                _ => {}
            }
        }
    }

    fn succession(&mut self, worker: WorkerId) {
        let pairs = self.instance.shifts.iter().enumerate().flat_map(|(earlier, shift)| {
            shift.not_before.iter().map(move |&later| (activity(earlier), activity(later)))
        });
        let rule = Succession { forbidden: pairs.collect(), history: None };
        self.builder.rule(worker, rule);
    }

    /// Runs that touch the first or the last day may be short: they may go on outside.
    fn runs(&mut self, worker: WorkerId, employee: &Employee) {
        let run = |what: &str, activities, min, max| Run {
            what: what.to_owned(),
            activities,
            offset: 0,
            stride: 1,
            min,
            max,
            history: RunHistory::Unknown,
        };
        let work = run("shifts in a row", self.work(), employee.min_run, employee.max_run);
        let off = run("days off in a row", vec![self.off], employee.min_days_off, u32::MAX);
        self.builder.rule(worker, work).rule(worker, off);
    }

    fn work(&self) -> Vec<ActivityId> {
        (0..self.instance.shifts.len()).map(activity).collect()
    }

    /// A shift that is asked for costs where anything else is done.
    fn requests(&mut self) {
        for request in &self.instance.requests {
            let (worker, period) = (WorkerId::new(request.employee), PeriodId::new(request.day));
            let wish = activity(request.shift);
            let all = (0..=self.instance.shifts.len()).map(ActivityId::new);
            for paid in all.filter(|&activity| (activity == wish) != request.on) {
                self.builder.cost(worker, period, paid, request.weight.into());
            }
        }
    }

    fn cover(&mut self) {
        for cover in &self.instance.cover {
            let name = format!("{} on day {}", self.instance.shifts[cover.shift].id, cover.day);
            let period = PeriodId::new(cover.day);
            self.builder.demand(Demand {
                wanted: cover.wanted,
                under_cost: Penalty::linear(cover.under_weight.into()),
                over_cost: Penalty::linear(cover.over_weight.into()),
                ..Demand::at_least(name, period, [activity(cover.shift)], 0)
            });
        }
    }
}
