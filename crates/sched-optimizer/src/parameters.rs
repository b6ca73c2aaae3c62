//! What a rule was given, as far as a problem can check it.

use crate::ids::{ActivityId, WorkerId};

/// Workers, activities and costs that a rule names. A problem refuses workers and activities that it
/// does not have and costs that are negative or too large.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    pub(crate) workers: Vec<WorkerId>,
    pub(crate) activities: Vec<ActivityId>,
    pub(crate) costs: Vec<i64>,
}

impl Parameters {
    /// Adds workers.
    pub fn workers<'a>(&mut self, workers: impl IntoIterator<Item = &'a WorkerId>) {
        self.workers.extend(workers);
    }

    /// Adds activities.
    pub fn activities<'a>(&mut self, activities: impl IntoIterator<Item = &'a ActivityId>) {
        self.activities.extend(activities);
    }

    /// Adds a cost of one unit of whatever the rule charges for.
    pub fn cost(&mut self, cost: i64) {
        self.costs.push(cost);
    }
}
