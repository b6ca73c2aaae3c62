//! What can be wrong with a problem before it is solved.

use std::fmt;

/// A problem that cannot be built. Holds every fault, so one round of corrections is enough; the message
/// shows the first of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("the problem has {} fault(s): {}", faults.len(), Listed(faults))]
pub struct ProblemError {
    /// All faults, in the order of declaration.
    pub faults: Vec<Fault>,
}

/// One fault of a problem. Workers, periods and activities are given by name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// There is nothing to plan: no period, or no worker.
    #[error("there are no {what}")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// Two workers, or two activities, have one name. Names tell them apart in reports and in
    /// [stored solutions](crate::Solution).
    #[error("two {what} are called {name}")]
    SameName {
        /// `workers` or `activities`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Something names an id the problem does not have.
    #[error("{place} names a {what} that was not declared")]
    Unknown {
        /// Where it is named.
        place: String,
        /// `worker`, `period` or `activity`.
        what: &'static str,
    },
    /// A period ends before it starts, or starts before an earlier one ends.
    #[error("period {period} is empty or starts before the one before it ends")]
    PeriodOrder {
        /// The period.
        period: String,
    },
    /// An activity is offered twice in one period.
    #[error("activity {activity} is offered twice in period {period}")]
    OfferedTwice {
        /// The period.
        period: String,
        /// The activity.
        activity: String,
    },
    /// A shift is empty, does not start inside its period, or hands over for longer than it lasts.
    #[error("the shift of {activity} in period {period} {problem}")]
    Shift {
        /// The period.
        period: String,
        /// The activity.
        activity: String,
        /// What is wrong with its times.
        problem: &'static str,
    },
    /// Settled work has impossible times.
    #[error("settled work of {worker} {problem}")]
    Duty {
        /// The worker.
        worker: String,
        /// What is wrong with its times.
        problem: &'static str,
    },
    /// A restriction or a cost names an activity that the period does not offer.
    #[error("{place} names {activity}, which period {period} does not offer")]
    NotOffered {
        /// Where it is named.
        place: String,
        /// The period.
        period: String,
        /// The activity.
        activity: String,
    },
    /// Nothing is left for a worker to do in a period.
    #[error("{worker} has nothing left to do in period {period}: {}", reasons.join("; "))]
    EmptyDomain {
        /// The worker.
        worker: String,
        /// The period.
        period: String,
        /// Why each offered activity was taken away.
        reasons: Vec<String>,
    },
    /// A cost is negative or so large that sums could overflow.
    #[error("{place} has cost {cost}; costs lie in 0..=1,000,000,000")]
    Cost {
        /// Where.
        place: String,
        /// The cost.
        cost: i64,
    },
    /// A penalty, or the cost of what breaks a soft rule, is so large at the greatest distance there can be
    /// that sums could overflow.
    #[error(
        "{place} would cost {cost} at a distance of {distance}; each unit may cost \
         1,000,000,000 at most, and all of them together a thousand times as much"
    )]
    Penalty {
        /// Whose it is.
        place: String,
        /// The greatest distance.
        distance: u64,
        /// What it costs there; `i64::MAX` for whatever is more.
        cost: i64,
    },
    /// All choices, demands, ratios and rules could cost so much together that sums could overflow.
    #[error(
        "all costs together could come to {cost}; 1,000,000,000,000,000 is the most there may be"
    )]
    AllCosts {
        /// What they could come to, counted generously; `i64::MAX` for whatever is more.
        cost: i64,
    },
    /// A demand's limits contradict each other.
    #[error("demand {demand} needs min <= wanted <= max, has {min}, {wanted}, {max}")]
    Limits {
        /// The demand.
        demand: String,
        /// Its lower limit.
        min: u32,
        /// Its free count.
        wanted: u32,
        /// Its upper limit.
        max: u32,
    },
    /// A ratio allows nobody to be supervised, or lists an activity on both sides.
    #[error("ratio {ratio} allows no supervised worker, or has an activity on both sides")]
    Ratio {
        /// The ratio.
        ratio: String,
    },
}

/// Faults shown in a message; the others are counted. One slip often makes the same fault in every period.
const SHOWN: usize = 20;

struct Listed<'a>(&'a [Fault]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{fault}", if i == 0 { "" } else { "; " })?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
