//! One group of activities in each segment.

use std::ops::Range;

use crate::fingerprint::Canon;
use crate::ids::{ActivityId, PeriodId};
use crate::parameters::Parameters;
use crate::rule::{Automaton, Judgement, Line, LineContext, Rule, Step};
use crate::rules::Soften;
use crate::rules::form::Form;
use crate::tally::Tally;

/// Inside a segment a line keeps to the activities of one group; activities of no group mix freely.
///
/// Think of rotations: the wards' day and night work is one group, the clinic afternoon of everybody
/// belongs to none.
///
/// A segment has the group of its first cell on any. Breaches are counted in cells on other groups and
/// cells that are missing, and in segments whose group is not that of the line's first segment with one,
/// where either is to be kept as a [whole](Group::whole).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Stretches of periods, in order and apart.
    pub segments: Vec<Segment>,
    /// The groups, without an activity in common.
    pub groups: Vec<Group>,
}

/// A segment of [`Stay`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its periods.
    pub periods: Range<usize>,
    /// The least number of cells on the segment's group. Above zero the segment must have a group.
    /// A segment without a period asks for nothing.
    pub min_cells: u32,
}

impl Segment {
    fn has_period(&self, periods: usize) -> bool {
        self.periods.start < self.periods.end.min(periods)
    }
}

/// A group of [`Stay`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What it is called in messages.
    pub name: String,
    /// Its activities.
    pub activities: Vec<ActivityId>,
    /// Whether a line that works the group at all may work no other group in any segment.
    pub whole: bool,
}

impl Stay {
    fn group(&self, activity: ActivityId) -> Option<usize> {
        self.groups.iter().position(|group| group.activities.contains(&activity))
    }

    fn segment(&self, period: usize) -> Option<usize> {
        self.segments.iter().position(|segment| segment.periods.contains(&period))
    }
}

impl Rule for Stay {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        let mut kept: Option<usize> = None;
        let periods = line.activities().len();
        for segment in self.segments.iter().filter(|segment| segment.has_period(periods)) {
            let cells = segment.periods.clone().filter_map(|p| line.activities().get(p));
            let groups: Vec<usize> = cells.filter_map(|&activity| self.group(activity)).collect();
            let first = line.context().span(segment.periods.start);
            for &other in groups.iter().filter(|&&group| group != groups[0]) {
                let (a, b) = (&self.groups[groups[0]].name, &self.groups[other].name);
                judgement.breach(first.start, 1, format!("{b} during {a}"));
            }
            let count = u32::try_from(groups.len()).unwrap_or(u32::MAX);
            if count < segment.min_cells {
                let message =
                    format!("{count} cells of its group instead of {}", segment.min_cells);
                judgement.breach(first.start, segment.min_cells - count, message);
            }
            let Some(&own) = groups.first() else { continue };
            let kept = *kept.get_or_insert(own);
            let [own, kept] = [own, kept].map(|group| &self.groups[group]);
            if own != kept && (own.whole || kept.whole) {
                let message = format!("{} after {}", own.name, kept.name);
                judgement.breach(first.start, 1, message);
            }
        }
        judgement
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Hard)
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.activities(self.groups.iter().flat_map(|group| &group.activities));
    }

    fn describe(&self, canon: &mut Canon) {
        let Self { segments, groups } = self;
        canon.list(segments, |c, Segment { periods, min_cells }| {
            c.len(periods.start);
            c.len(periods.end);
            c.int(*min_cells);
        });
        // In order: of two groups with an activity in common, the first has it.
        canon.list(groups, |c, Group { name, activities, whole }| {
            c.text(name);
            c.activities(activities);
            c.int(*whole);
        });
    }

    fn name(&self) -> &str {
        "stay"
    }

    fn is_impersonal(&self) -> bool {
        true
    }
}

impl Soften for Stay {
    fn soft_automata(&self, context: &LineContext<'_>, weight: i64) -> Vec<Box<dyn Automaton>> {
        self.with(context, Form::Soft(weight))
    }

    fn most(&self, size: &Parameters) -> u64 {
        let segment = |segment: &Segment| {
            let cells = size.cells().min(segment.periods.len() as u64);
            cells + u64::from(segment.min_cells) + 1
        };
        self.segments.iter().map(segment).fold(0, u64::saturating_add)
    }
}

impl Stay {
    fn with(&self, context: &LineContext<'_>, form: Form) -> Vec<Box<dyn Automaton>> {
        let periods = context.periods();
        let keep = Keep {
            form,
            groups: groups_of(self, context.problem().activities()),
            whole: self.groups.iter().map(|group| group.whole).collect(),
            segments: (0..periods).map(|p| self.segment(p)).collect(),
        };
        let mut automata: Vec<Box<dyn Automaton>> = Vec::new();
        let asking = |s: &&Segment| s.min_cells > 0 && s.has_period(periods);
        for segment in self.segments.iter().filter(asking) {
            automata.push(Box::new(Filled::new(segment, context, &keep)));
        }
        automata.push(Box::new(keep));
        automata
    }
}

fn groups_of(rule: &Stay, activities: usize) -> Vec<Option<usize>> {
    (0..activities).map(|a| rule.group(ActivityId::new(a))).collect()
}

/// Which group the segment has, and whether a whole group binds the line.
///
/// State: the segment's group plus one in the low half; in the high half what the first segment with a
/// group had: nothing yet, a group that need not be kept, or the whole group plus two.
struct Keep {
    form: Form,
    groups: Vec<Option<usize>>,
    whole: Vec<bool>,
    segments: Vec<Option<usize>>,
}

const SOME_GROUP: u64 = 1;

impl Automaton for Keep {
    fn start(&self) -> u64 {
        0
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        let p = period.index();
        let (mut pinned, mut current) = (state >> 32, state & 0xFFFF_FFFF);
        let mut breaks = false;
        if self.segments[p].is_some()
            && let Some(group) = self.groups[activity.index()]
        {
            let own = group as u64 + 1;
            let whole = self.whole[group];
            if current == 0 {
                current = own;
                breaks = match pinned {
                    0 => false,
                    SOME_GROUP => whole,
                    kept => kept != own + 1,
                };
            } else {
                breaks = current != own;
            }
            if pinned == 0 {
                pinned = if whole { own + 1 } else { SOME_GROUP };
            }
        }
        let cost = self.form.cost(breaks.into())?;
        if self.segments.get(p + 1).is_none_or(|next| *next != self.segments[p]) {
            current = 0;
        }
        Some(Step { state: pinned << 32 | current, cost })
    }

    fn kind(&self, _: PeriodId, activity: ActivityId) -> u64 {
        self.groups[activity.index()].map_or(0, |group| group as u64 + 1)
    }

    fn dominates(&self, _: PeriodId, a: u64, b: u64) -> bool {
        // Nothing chosen yet leaves every choice open; a segment's group is checked elsewhere. What is
        // chosen late may cost more than having chosen early.
        a == b || a == 0 && self.form.is_hard()
    }
}

/// Whether a segment gets its cells. Which group they are of is the other automaton's matter.
struct Filled {
    form: Form,
    counts: Vec<bool>,
    periods: Range<usize>,
    needed: u32,
    /// For each of its periods: below this the rest of the segment cannot make up for it.
    least: Vec<u32>,
    /// Cells that could count.
    room: u32,
}

impl Filled {
    fn new(segment: &Segment, context: &LineContext<'_>, keep: &Keep) -> Self {
        let counts: Vec<bool> = keep.groups.iter().map(Option::is_some).collect();
        let (form, hard) = (keep.form, keep.form.is_hard());
        let end = segment.periods.end.min(context.periods());
        let periods = segment.periods.start..end;
        let mut room = 0;
        let mut least: Vec<u32> = periods
            .clone()
            .rev()
            .map(|period| {
                let least = if hard { segment.min_cells.saturating_sub(room) } else { 0 };
                room += u32::from(context.choices(period).any(|a| counts[a.index()]));
                least
            })
            .collect();
        least.reverse();
        Self { form, counts, periods, needed: segment.min_cells, least, room }
    }

    fn amount(&self, period: PeriodId, activity: ActivityId) -> u32 {
        let inside = self.periods.contains(&period.index());
        u32::from(inside && self.counts[activity.index()])
    }
}

impl Automaton for Filled {
    fn start(&self) -> u64 {
        0
    }

    fn step(&self, state: u64, period: PeriodId, activity: ActivityId) -> Option<Step> {
        if !self.periods.contains(&period.index()) {
            return Some(Step::free(0));
        }
        let count = state + u64::from(self.amount(period, activity));
        if count < u64::from(self.least[period.index() - self.periods.start]) {
            return None;
        }
        if period.index() + 1 < self.periods.end {
            return Some(Step::free(count.min(self.needed.into())));
        }
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Some(Step { state: 0, cost: Tally::cost(self, count) })
    }

    fn dominates(&self, _: PeriodId, a: u64, b: u64) -> bool {
        a >= b
    }

    fn as_tally(&self) -> Option<&dyn Tally> {
        Some(self)
    }
}

impl Tally for Filled {
    fn step(&self, _: u32, period: PeriodId, activity: ActivityId) -> Option<(u32, u32)> {
        Some((0, self.amount(period, activity)))
    }

    fn kind(&self, period: PeriodId, activity: ActivityId) -> u64 {
        self.amount(period, activity).into()
    }

    fn limits(&self) -> (u32, u32) {
        let least = if self.form.is_hard() { self.needed } else { 0 };
        (least, self.needed.max(self.room))
    }

    fn cost(&self, sum: u32) -> i64 {
        self.form.cost(self.needed.saturating_sub(sum).into()).unwrap_or(0)
    }
}
