//! A full assignment: one activity for every worker and period.

use crate::ids::{ActivityId, PeriodId, WorkerId};

/// One activity for every worker and period, dense.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Roster {
    periods: usize,
    cells: Vec<ActivityId>,
}

impl Roster {
    /// A roster from one line for each worker; every line must have `periods` cells.
    ///
    /// Returns `None` when a line has another length.
    #[must_use]
    pub fn from_lines(periods: usize, lines: &[Vec<ActivityId>]) -> Option<Self> {
        lines
            .iter()
            .all(|line| line.len() == periods)
            .then(|| Self { periods, cells: lines.concat() })
    }

    /// Cells by worker, then period.
    pub(crate) const fn from_cells(periods: usize, cells: Vec<ActivityId>) -> Self {
        Self { periods, cells }
    }

    /// Changes a cell that there is.
    pub(crate) fn set(&mut self, worker: WorkerId, period: PeriodId, activity: ActivityId) {
        let at = worker.index() * self.periods + period.index();
        if let Some(cell) = self.cells.get_mut(at) {
            *cell = activity;
        }
    }

    /// Number of workers.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.cells.len().checked_div(self.periods).unwrap_or(0)
    }

    /// Number of periods.
    #[must_use]
    pub const fn periods(&self) -> usize {
        self.periods
    }

    /// What `worker` does in `period`, or `None` when there is no such cell.
    #[must_use]
    pub fn get(&self, worker: WorkerId, period: PeriodId) -> Option<ActivityId> {
        self.line(worker).get(period.index()).copied()
    }

    /// The line of `worker`; empty for a worker that is not there.
    #[must_use]
    pub fn line(&self, worker: WorkerId) -> &[ActivityId] {
        let start = worker.index().saturating_mul(self.periods);
        self.cells.get(start..start.saturating_add(self.periods)).unwrap_or_default()
    }

    /// The cells that differ from `other`, by worker and period. Cells that only one of the two has
    /// are not listed.
    pub fn differences<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (WorkerId, PeriodId)> + 'a {
        let workers = (0..self.workers().min(other.workers())).map(WorkerId::new);
        workers.flat_map(move |worker| {
            let pairs = self.line(worker).iter().zip(other.line(worker)).enumerate();
            pairs
                .filter(|(_, (a, b))| a != b)
                .map(move |(period, _)| (worker, PeriodId::new(period)))
        })
    }
}
