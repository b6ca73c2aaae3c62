//! What a rule was given, as far as a problem can check it.

use crate::ids::{ActivityId, WorkerId};
use crate::penalty::Penalty;

/// The most that one unit of anything may cost.
pub(crate) const MOST_FOR_ONE: i64 = 1_000_000_000;
/// The most that one demand, ratio or rule may cost in all.
pub(crate) const MOST_FOR_EACH: i64 = 1_000 * MOST_FOR_ONE;
/// The most that everything may cost together. What is added up in the search is a small multiple of it,
/// far from what an `i64` holds.
pub(crate) const MOST_FOR_ALL: i64 = 1_000 * MOST_FOR_EACH;

/// Workers, activities and costs that a rule names. A problem refuses workers and activities that it
/// does not have, costs that are negative, and costs so large that sums could overflow: more than
/// 1,000,000,000 for one unit, a thousand times as much for one rule, demand or ratio, and a thousand times
/// that for all of them and all choices together.
///
/// So a rule says with each cost how much of it there can be. That may depend on the size of what it is
/// about: [`cells`](Self::cells), [`duties`](Self::duties), [`longest_duty`](Self::longest_duty). To say too
/// much only makes the problem be refused at lower costs; to say too little may let a line that costs more
/// than all of that be taken for one that breaks the rule.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    pub(crate) extent: Extent,
    pub(crate) workers: Vec<WorkerId>,
    pub(crate) activities: Vec<ActivityId>,
    /// Costs, and the most units that can be charged for.
    pub(crate) charges: Vec<(Penalty, u64)>,
}

/// The size of what a rule is about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extent {
    pub(crate) cells: u64,
    pub(crate) duties: u64,
    pub(crate) longest_duty: u64,
}

impl Parameters {
    pub(crate) fn new(extent: Extent) -> Self {
        Self { extent, ..Self::default() }
    }

    /// Adds workers.
    pub fn workers<'a>(&mut self, workers: impl IntoIterator<Item = &'a WorkerId>) {
        self.workers.extend(workers);
    }

    /// Adds activities.
    pub fn activities<'a>(&mut self, activities: impl IntoIterator<Item = &'a ActivityId>) {
        self.activities.extend(activities);
    }

    /// Adds the cost of one unit of whatever the rule charges for, and the most units of it that there can
    /// be in one line, or for a joint rule in one roster.
    pub fn cost(&mut self, cost: i64, most: u64) {
        self.penalty(Penalty::linear(cost), most);
    }

    /// Adds the cost of a distance, and the greatest distance there can be.
    pub fn penalty(&mut self, cost: Penalty, most: u64) {
        self.charges.push((cost, most));
    }

    /// Cells that the rule is about: the periods of a line, or for a joint rule all cells of the roster.
    #[must_use]
    pub const fn cells(&self) -> u64 {
        self.extent.cells
    }

    /// The most duties there can be in them, settled ones included.
    #[must_use]
    pub const fn duties(&self) -> u64 {
        self.extent.duties
    }

    /// Minutes of the longest duty there can be among them.
    #[must_use]
    pub const fn longest_duty(&self) -> u64 {
        self.extent.longest_duty
    }
}
