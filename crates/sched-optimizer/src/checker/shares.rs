//! The parts of a score, and their sums by anything: every part lies in exactly one group.

use std::collections::BTreeMap;

use super::{Analysis, Item, Source};
use crate::ids::{PeriodId, WorkerId};
use crate::problem::Problem;
use crate::score::Score;

/// A part of a score that is not divided any further: one breach, or the cost of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// What it is a part of.
    pub source: Source,
    /// Where it shows. `None` for what a rule says about a line, or a joint rule about all of them,
    /// as a whole: its cost.
    pub period: Option<PeriodId>,
    /// How much it is.
    pub score: Score,
}

impl Analysis {
    /// All parts of the score. They add up to it.
    pub fn shares<'a>(&'a self, problem: &'a Problem) -> impl Iterator<Item = Share> + 'a {
        self.items.iter().flat_map(move |item| {
            let breaches = item.breaches.iter().map(move |breach| Share {
                source: item.source,
                period: own_period(problem, item.source)
                    .or_else(|| period_at(problem, breach.minute)),
                score: Score { hard: breach.amount, soft: 0 },
            });
            breaches.chain(cost(problem, item))
        })
    }

    /// Sums of the parts by `key`, which add up to the score whatever the key is.
    ///
    /// ```
    /// # use sched_optimizer::{Analysis, Problem, Roster, Span};
    /// # let mut builder = Problem::builder();
    /// # let off = builder.activity("off");
    /// # for half in 0..4 {
    /// #     let period = builder.period("half", Span::new(half * 720, half * 720 + 720));
    /// #     builder.offer(period, off, None);
    /// # }
    /// # let ada = builder.worker("Ada");
    /// # builder.cost(ada, sched_optimizer::PeriodId::new(3), off, 7);
    /// # let problem = builder.build()?;
    /// # let roster = Roster::from_lines(4, &[vec![off; 4]]).ok_or("four cells")?;
    /// let analysis = Analysis::new(&problem, &roster)?;
    /// let by_day = analysis.sums(&problem, |share| share.period.map(|half| half.index() / 2));
    /// assert_eq!(by_day[&Some(1)].soft, 7);
    /// assert_eq!(by_day.values().copied().sum::<sched_optimizer::Score>(), analysis.score);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sums<K: Ord>(&self, problem: &Problem, key: impl Fn(&Share) -> K) -> BTreeMap<K, Score> {
        let mut sums = BTreeMap::new();
        for share in self.shares(problem) {
            *sums.entry(key(&share)).or_default() += share.score;
        }
        sums
    }

    /// The score by the [name](Source::name) of the rule, demand or ratio; the costs of choices are
    /// under `"choice"`. What has one name is one group.
    #[must_use]
    pub fn by_name<'p>(&self, problem: &'p Problem) -> BTreeMap<&'p str, Score> {
        let mut sums = BTreeMap::new();
        for item in &self.items {
            *sums.entry(item.source.name(problem)).or_default() += item.score;
        }
        sums
    }

    /// The score by the worker whose rules and choices it comes from. `None`: demands, ratios and joint
    /// rules, which the workers have in common.
    #[must_use]
    pub fn by_worker(&self) -> BTreeMap<Option<WorkerId>, Score> {
        let mut sums = BTreeMap::new();
        for item in &self.items {
            *sums.entry(item.source.worker()).or_default() += item.score;
        }
        sums
    }

    /// The score by the period in which it shows. `None`: the cost of lines as a whole.
    #[must_use]
    pub fn by_period(&self, problem: &Problem) -> BTreeMap<Option<PeriodId>, Score> {
        self.sums(problem, |share| share.period)
    }
}

fn cost(problem: &Problem, item: &Item) -> Option<Share> {
    let score = Score { hard: 0, soft: item.score.soft };
    let period = own_period(problem, item.source);
    (score.soft != 0).then_some(Share { source: item.source, period, score })
}

fn own_period(problem: &Problem, source: Source) -> Option<PeriodId> {
    match source {
        Source::Rule { .. } | Source::JointRule(_) => None,
        Source::Cell { period, .. } => Some(period),
        Source::Demand(at) => problem.demands().get(at).map(|demand| demand.period),
        Source::Ratio(at) => problem.ratios().get(at).map(|ratio| ratio.period),
    }
}

/// The last period that has begun at `minute`, or the first of all.
fn period_at(problem: &Problem, minute: i32) -> Option<PeriodId> {
    let (mut begun, mut later) = (0, problem.periods());
    while begun < later {
        let middle = usize::midpoint(begun, later);
        if problem.period_span(PeriodId::new(middle)).start <= minute {
            begun = middle + 1;
        } else {
            later = middle;
        }
    }
    (problem.periods() > 0).then(|| PeriodId::new(begun.saturating_sub(1)))
}
