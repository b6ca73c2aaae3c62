//! A plan, and one change for each of its fields.

use sched_optimizer::rules::{
    BusyGroups, Count, CountWindow, FreeTime, FreeWindow, Group, Hours, HoursWindow, Rest, Run,
    RunHistory, Segment, Stay, Stretch, Succession, Target, Total,
};
use sched_optimizer::{
    ActivityId, Demand, Duty, DutyKind, Penalty, PeriodId, Ratio, Shift, Span, WorkerId,
};

use crate::joint::Apart;
use crate::plan::{AnyRule, Person, Plan};

fn ids<const N: usize>(indices: [usize; N]) -> Vec<ActivityId> {
    indices.map(ActivityId::new).to_vec()
}

pub(crate) fn base() -> Plan {
    let offers = |start| {
        let shift = |hours: i32| Some(Some(Shift::new(start, start + hours * 60).handover(30)));
        vec![Some(None), shift(8), shift(10), shift(12)]
    };
    let ada = Person {
        name: "Ada".into(),
        forbidden: vec![(1, 3)],
        costs: vec![(0, 1, 5), (2, 1, 0)],
        duties: vec![Duty::in_house(-600, -60).handover(30)],
        rules: rules(),
    };
    let demand = Demand {
        name: "ward".into(),
        period: PeriodId::new(1),
        activities: ids([1, 2]),
        workers: Some(vec![WorkerId::new(0)]),
        min: 0,
        max: 5,
        wanted: 2,
        under_cost: Penalty { linear: 3, square: 1 },
        over_cost: Penalty { linear: 4, square: 2 },
    };
    let ratio = Ratio {
        name: "supervision".into(),
        period: PeriodId::new(1),
        supervised: ids([1]),
        supervisors: ids([2]),
        per_supervisor: 1,
        excess_cost: Some(Penalty { linear: 5, square: 1 }),
    };
    let workers = [0, 1].map(WorkerId::new);
    let apart = Apart { workers, activity: ActivityId::new(1), cost: Some(3) };
    Plan {
        periods: (0..3).map(|p| (format!("p{p}"), Span::new(p * 720, p * 720 + 700))).collect(),
        activities: ["off", "day", "long", "late"].map(String::from).to_vec(),
        offers: (0..3).map(|p| offers(p * 720)).collect(),
        workers: vec![ada, Person { name: "Ben".into(), ..Person::default() }],
        demands: vec![demand],
        ratios: vec![ratio],
        joint_rules: vec![apart],
    }
}

fn rules() -> Vec<AnyRule> {
    let (span, when) = (Span::new(0, 1000), Some(ids([1])));
    let target = Some(Target { count: 2, cost: Penalty { linear: 3, square: 4 } });
    let (what, activities) = (String::from("cells"), ids([1, 2]));
    let hours = HoursWindow { span, limit: 600, when: when.clone() };
    let free = FreeWindow { span, at_least: 1, when: when.clone() };
    let count = CountWindow { periods: 0..2, history: 1, min: 0, max: 3, when };
    let group = Group { name: "wards".into(), activities: ids([1]), whole: false };
    vec![
        AnyRule::Rest(Rest { join: 1, short: 2, long_after: 3, long: 4 }),
        AnyRule::Stretch(Stretch { join: 1, clinical_max: 2, total_max: 3 }),
        AnyRule::Hours(Hours { windows: vec![hours], excluded: vec![span] }),
        AnyRule::FreeTime(FreeTime { length: 60, windows: vec![free], blocked: vec![span] }),
        AnyRule::Count(Count {
            what: what.clone(),
            activities: activities.clone(),
            windows: vec![count],
            target,
        }),
        AnyRule::Run(Run {
            what: what.clone(),
            activities: activities.clone(),
            offset: 1,
            stride: 2,
            min: 3,
            max: 4,
            history: RunHistory::Known(0),
        }),
        AnyRule::Succession(Succession {
            forbidden: vec![(ActivityId::new(1), ActivityId::new(2))],
            history: Some(ActivityId::new(1)),
        }),
        AnyRule::Total(Total {
            what: what.clone(),
            amounts: vec![(ActivityId::new(1), 5)],
            periods: 0..2,
            history: 1,
            min: 2,
            max: 30,
            target,
        }),
        AnyRule::BusyGroups(BusyGroups {
            what,
            activities,
            groups: vec![0..1, 1..2],
            history: 1,
            min: 2,
            max: 3,
        }),
        AnyRule::Stay(Stay {
            segments: vec![Segment { periods: 0..2, min_cells: 1 }],
            groups: vec![group],
        }),
    ]
}

type Change = (&'static str, fn(&mut Plan));

/// A change of a field of the only rule of a kind that the first worker has.
macro_rules! rule {
    ($kind:ident, $rule:ident => $change:expr) => {
        (concat!(stringify!($kind), ": ", stringify!($change)), |plan: &mut Plan| {
            for rule in &mut plan.workers[0].rules {
                if let AnyRule::$kind($rule) = rule {
                    $change;
                }
            }
        })
    };
}

macro_rules! plan {
    ($plan:ident => $change:expr) => {
        (stringify!($change), |$plan: &mut Plan| $change)
    };
}

pub(crate) const ALL: &[Change] = &[
    plan!(p => p.periods[2].0.push('x')),
    plan!(p => p.periods[2].1.start += 0 - 1),
    plan!(p => p.periods[2].1.end += 1),
    plan!(p => p.activities[3].push('x')),
    plan!(p => p.activities.push("new".into())),
    plan!(p => p.activities.swap(1, 2)),
    plan!(p => p.offers[0][3] = None),
    plan!(p => p.offers[0][3] = Some(None)),
    plan!(p => p.offers[0][3] = Some(Some(Shift::new(1, 720).handover(30)))),
    plan!(p => p.offers[0][3] = Some(Some(Shift::new(0, 721).handover(30)))),
    plan!(p => p.offers[0][3] = Some(Some(Shift::new(0, 720).handover(31)))),
    plan!(p => p.workers[0].name.push('x')),
    plan!(p => p.workers[1].name.push('x')),
    plan!(p => p.workers.push(Person { name: "Cyd".into(), ..Person::default() })),
    plan!(p => p.workers[0].forbidden.clear()),
    plan!(p => p.workers[0].forbidden[0] = (2, 3)),
    plan!(p => p.workers[0].forbidden[0] = (1, 2)),
    plan!(p => p.workers[1].forbidden.push((1, 3))),
    plan!(p => p.workers[0].costs[0] = (1, 1, 5)),
    plan!(p => p.workers[0].costs[0] = (0, 2, 5)),
    plan!(p => p.workers[0].costs[0] = (0, 1, 6)),
    plan!(p => p.workers[0].costs[1] = (2, 1, 5)),
    plan!(p => p.workers[1].costs.push((0, 1, 5))),
    plan!(p => p.workers[0].duties.clear()),
    plan!(p => p.workers[0].duties[0].span.start += 1),
    plan!(p => p.workers[0].duties[0].span.end += 1),
    plan!(p => p.workers[0].duties[0].handover += 1),
    plan!(p => p.workers[0].duties[0].kind = DutyKind::Elsewhere),
    plan!(p => { let duty = p.workers[0].duties[0]; p.workers[0].duties.push(duty) }),
    plan!(p => p.workers[0].rules.clear()),
    plan!(p => { let rule = p.workers[0].rules[0].clone(); p.workers[0].rules.push(rule) }),
    plan!(p => { let rule = p.workers[0].rules.pop(); p.workers[1].rules.extend(rule) }),
    plan!(p => p.demands.clear()),
    plan!(p => p.demands.push(p.demands[0].clone())),
    plan!(p => p.demands[0].name.push('x')),
    plan!(p => p.demands[0].period = PeriodId::new(2)),
    plan!(p => p.demands[0].activities = ids([1, 3])),
    plan!(p => p.demands[0].activities = ids([1])),
    plan!(p => p.demands[0].workers = None),
    plan!(p => p.demands[0].workers = Some(vec![])),
    plan!(p => p.demands[0].workers = Some(vec![WorkerId::new(1)])),
    plan!(p => p.demands[0].min += 1),
    plan!(p => p.demands[0].max += 1),
    plan!(p => p.demands[0].wanted += 1),
    plan!(p => p.demands[0].under_cost.linear += 1),
    plan!(p => p.demands[0].under_cost.square += 1),
    plan!(p => p.demands[0].over_cost.linear += 1),
    plan!(p => p.demands[0].over_cost.square += 1),
    plan!(p => {
        let d = &mut p.demands[0];
        std::mem::swap(&mut d.under_cost, &mut d.over_cost);
    }),
    plan!(p => p.ratios.clear()),
    plan!(p => p.ratios[0].name.push('x')),
    plan!(p => p.ratios[0].period = PeriodId::new(2)),
    plan!(p => p.ratios[0].supervised = ids([3])),
    plan!(p => p.ratios[0].supervisors = ids([3])),
    plan!(p => { let r = &mut p.ratios[0]; std::mem::swap(&mut r.supervised, &mut r.supervisors) }),
    plan!(p => p.ratios[0].per_supervisor += 1),
    plan!(p => p.ratios[0].excess_cost = None),
    plan!(p => p.ratios[0].excess_cost = Some(Penalty::default())),
    plan!(p => p.ratios[0].excess_cost = Some(Penalty { linear: 5, square: 2 })),
    plan!(p => p.ratios[0].excess_cost = Some(Penalty { linear: 6, square: 1 })),
    plan!(p => p.joint_rules.clear()),
    plan!(p => p.joint_rules.push(p.joint_rules[0].clone())),
    plan!(p => p.joint_rules[0].workers = [WorkerId::new(0); 2]),
    plan!(p => p.joint_rules[0].workers = [WorkerId::new(1); 2]),
    plan!(p => p.joint_rules[0].activity = ActivityId::new(2)),
    plan!(p => p.joint_rules[0].cost = None),
    plan!(p => p.joint_rules[0].cost = Some(4)),
    rule!(Rest, r => r.join += 9),
    rule!(Rest, r => r.short += 9),
    rule!(Rest, r => r.long_after += 9),
    rule!(Rest, r => r.long += 9),
    rule!(Stretch, r => r.join += 9),
    rule!(Stretch, r => r.clinical_max += 9),
    rule!(Stretch, r => r.total_max += 9),
    rule!(Hours, r => r.windows[0].span.start += 1),
    rule!(Hours, r => r.windows[0].span.end += 1),
    rule!(Hours, r => r.windows[0].limit += 1),
    rule!(Hours, r => r.windows[0].when = None),
    rule!(Hours, r => r.windows[0].when = Some(ids([]))),
    rule!(Hours, r => r.windows[0].when = Some(ids([2]))),
    rule!(Hours, r => r.windows.push(r.windows[0].clone())),
    rule!(Hours, r => r.excluded.clear()),
    rule!(Hours, r => r.excluded[0].start += 1),
    rule!(Hours, r => r.excluded[0].end += 1),
    rule!(FreeTime, r => r.length += 1),
    rule!(FreeTime, r => r.windows[0].span.start += 1),
    rule!(FreeTime, r => r.windows[0].span.end += 1),
    rule!(FreeTime, r => r.windows[0].at_least += 1),
    rule!(FreeTime, r => r.windows[0].when = None),
    rule!(FreeTime, r => r.windows[0].when = Some(ids([2]))),
    rule!(FreeTime, r => r.windows.push(r.windows[0].clone())),
    rule!(FreeTime, r => r.blocked.clear()),
    rule!(FreeTime, r => r.blocked[0].start += 1),
    rule!(FreeTime, r => r.blocked[0].end += 1),
    rule!(Count, r => r.what.push('x')),
    rule!(Count, r => r.activities = ids([1, 3])),
    rule!(Count, r => r.windows[0].periods = 1..2),
    rule!(Count, r => r.windows[0].periods = 0..3),
    rule!(Count, r => r.windows[0].history += 1),
    rule!(Count, r => r.windows[0].min += 1),
    rule!(Count, r => r.windows[0].max += 1),
    rule!(Count, r => r.windows[0].when = None),
    rule!(Count, r => r.windows[0].when = Some(ids([2]))),
    rule!(Count, r => r.windows.push(r.windows[0].clone())),
    rule!(Count, r => r.target = None),
    rule!(Count, r => r.target = r.target.map(|t| Target { count: 9, ..t })),
    rule!(Count, r => r.target = r.target.map(|t| Target { cost: Penalty { linear: 9, ..t.cost }, ..t })),
    rule!(Count, r => r.target = r.target.map(|t| Target { cost: Penalty { square: 9, ..t.cost }, ..t })),
    rule!(Run, r => r.what.push('x')),
    rule!(Run, r => r.activities = ids([1, 3])),
    rule!(Run, r => r.offset += 9),
    rule!(Run, r => r.stride += 9),
    rule!(Run, r => r.min += 9),
    rule!(Run, r => r.max += 9),
    rule!(Run, r => r.history = RunHistory::Known(1)),
    rule!(Run, r => r.history = RunHistory::Unknown),
    rule!(Succession, r => r.forbidden.clear()),
    rule!(Succession, r => r.forbidden[0].0 = ActivityId::new(3)),
    rule!(Succession, r => r.forbidden[0].1 = ActivityId::new(3)),
    rule!(Succession, r => r.forbidden[0] = (r.forbidden[0].1, r.forbidden[0].0)),
    rule!(Succession, r => r.history = None),
    rule!(Succession, r => r.history = Some(ActivityId::new(3))),
    rule!(Total, r => r.what.push('x')),
    rule!(Total, r => r.amounts[0].0 = ActivityId::new(3)),
    rule!(Total, r => r.amounts[0].1 += 1),
    rule!(Total, r => r.periods = 1..2),
    rule!(Total, r => r.periods = 0..3),
    rule!(Total, r => r.history += 1),
    rule!(Total, r => r.min += 1),
    rule!(Total, r => r.max += 1),
    rule!(Total, r => r.target = None),
    rule!(Total, r => r.target = r.target.map(|t| Target { count: 9, ..t })),
    rule!(BusyGroups, r => r.what.push('x')),
    rule!(BusyGroups, r => r.activities = ids([1, 3])),
    rule!(BusyGroups, r => r.groups = vec![0..1, 2..3]),
    rule!(BusyGroups, r => r.groups[1] = 1..3),
    rule!(BusyGroups, r => r.history += 1),
    rule!(BusyGroups, r => r.min += 1),
    rule!(BusyGroups, r => r.max += 1),
    rule!(Stay, r => r.segments[0].periods = 1..2),
    rule!(Stay, r => r.segments[0].periods = 0..3),
    rule!(Stay, r => r.segments[0].min_cells += 1),
    rule!(Stay, r => r.groups[0].name.push('x')),
    rule!(Stay, r => r.groups[0].activities = ids([2])),
    rule!(Stay, r => r.groups[0].whole = true),
    rule!(Stay, r => r.groups.push(Group { activities: ids([2]), ..r.groups[0].clone() })),
];
