//! What a solve begins with.

use crate::duals::Prices;
use crate::memo::WarmStart;
use crate::roster::Roster;

/// Where [`Solver::solve_from`](crate::Solver::solve_from) begins: a roster, alone or with prices.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Start<'s> {
    /// The hint. Lines that break their rules are made anew.
    pub roster: &'s Roster,
    /// Prices to climb on from. `None`: all are zero.
    pub prices: Option<&'s Prices>,
}

impl<'s> Start<'s> {
    /// Sets [`prices`](Self::prices).
    #[must_use]
    pub const fn prices(mut self, prices: &'s Prices) -> Self {
        self.prices = Some(prices);
        self
    }
}

impl<'s> From<&'s Roster> for Start<'s> {
    fn from(roster: &'s Roster) -> Self {
        Self { roster, prices: None }
    }
}

impl<'s> From<&'s WarmStart> for Start<'s> {
    fn from(WarmStart { roster, prices, .. }: &'s WarmStart) -> Self {
        Self { roster, prices: Some(prices) }
    }
}
