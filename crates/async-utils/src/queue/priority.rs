//! Priorities, and the order in which waiting jobs leave.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How urgent a job is. A higher one goes first; within one, first come, first served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// When nothing else waits.
    Low,
    /// The usual.
    #[default]
    Normal,
    /// Before the usual.
    High,
    /// Before everything else.
    Critical,
}

impl Priority {
    /// All priorities, lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Critical];

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// Waiting jobs, one lane a priority. Pure: it is told the time.
#[derive(Debug)]
pub(crate) struct Lanes<J> {
    lanes: [BTreeMap<u64, Waiting<J>>; 4],
    ageing: Option<Duration>,
}

/// `since` does not fall as the key grows, so the head of a lane is always its oldest job.
#[derive(Debug)]
struct Waiting<J> {
    since: Instant,
    job: J,
}

impl<J> Lanes<J> {
    pub(crate) fn new(ageing: Option<Duration>) -> Self {
        Self { lanes: Default::default(), ageing }
    }

    pub(crate) fn len(&self, priority: Priority) -> usize {
        self.lanes[priority.index()].len()
    }

    /// `key` grows with each new job; a job that comes back keeps its key, hence its turn.
    pub(crate) fn push(&mut self, priority: Priority, key: u64, since: Instant, job: J) {
        self.lanes[priority.index()].insert(key, Waiting { since, job });
    }

    pub(crate) fn remove(&mut self, priority: Priority, key: u64) -> Option<J> {
        self.lanes[priority.index()].remove(&key).map(|waiting| waiting.job)
    }

    /// Takes the job with the highest level, of several the oldest. Only the heads of the lanes
    /// are looked at, however many jobs wait.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<J> {
        let heads = Priority::ALL.into_iter().filter_map(|priority| {
            let (key, waiting) = self.lanes[priority.index()].first_key_value()?;
            Some((self.level(priority, waiting.since, now), std::cmp::Reverse(*key), priority))
        });
        let (.., priority) = heads.max()?;
        self.lanes[priority.index()].pop_first().map(|(_, waiting)| waiting.job)
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = J> {
        let lanes = std::mem::take(&mut self.lanes);
        lanes.into_iter().rev().flat_map(|lane| lane.into_values().map(|waiting| waiting.job))
    }

    /// One level up for each ageing interval waited, not above the highest priority: there a job that has risen meets
    /// those born there by age, so nothing that came later passes it any more.
    fn level(&self, priority: Priority, since: Instant, now: Instant) -> u128 {
        let born = priority.index() as u128;
        let interval = self.ageing.map_or(0, |ageing| ageing.as_nanos());
        let waited = now.saturating_duration_since(since).as_nanos();
        let risen = waited.checked_div(interval).unwrap_or(0);
        born.saturating_add(risen).min(Priority::Critical.index() as u128)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Push(usize),
        Pop,
        Remove(u64),
        Wait(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..4_usize).prop_map(Step::Push),
            2 => Just(Step::Pop),
            1 => (0..40_u64).prop_map(Step::Remove),
            2 => (0..30_u64).prop_map(Step::Wait),
        ]
    }

    /// The rule said slowly: of all that wait, the highest level, then the first to come.
    fn slow_pop(
        waiting: &mut Vec<(u64, usize, u64)>,
        now: u64,
        ageing: Option<u64>,
    ) -> Option<u64> {
        let level = |born: usize, since: u64| {
            let risen = ageing.map_or(0, |interval| (now - since) / interval);
            (born as u64 + risen).min(3)
        };
        let best = waiting.iter().map(|(key, born, since)| (level(*born, *since), u64::MAX - key));
        let key = u64::MAX - best.max()?.1;
        waiting.retain(|(other, ..)| *other != key);
        Some(key)
    }

    proptest! {
        #[test]
        fn lanes_leave_in_the_order_of_the_rule(
            steps in proptest::collection::vec(step(), 0..200),
            ageing in proptest::option::of(1..20_u64),
        ) {
            let start = Instant::now();
            let at = |second: u64| start + Duration::from_secs(second);
            let mut lanes = Lanes::new(ageing.map(Duration::from_secs));
            let (mut model, mut now, mut next) = (Vec::new(), 0, 0);
            for step in steps {
                match step {
                    Step::Wait(seconds) => now += seconds,
                    Step::Push(lane) => {
                        lanes.push(Priority::ALL[lane], next, at(now), next);
                        model.push((next, lane, now));
                        next += 1;
                    }
                    Step::Pop => {
                        prop_assert_eq!(lanes.pop(at(now)), slow_pop(&mut model, now, ageing));
                    }
                    Step::Remove(key) => {
                        let known = model.iter().position(|(other, ..)| *other == key);
                        let lane = known.map_or(0, |at| model.remove(at).1);
                        let removed = lanes.remove(Priority::ALL[lane], key);
                        prop_assert_eq!(removed, known.map(|_| key));
                    }
                }
            }
        }
    }
}
