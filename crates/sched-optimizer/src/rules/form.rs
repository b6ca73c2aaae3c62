//! Hard or soft.

/// The one difference between the automata of a hard rule and of a [`Soft`](super::Soft) one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// No line may break the rule.
    Hard,
    /// Each unit costs so much.
    Soft(i64),
}

impl Form {
    /// What a breach of `amount` units costs, or `None` when the line is refused; nothing is broken
    /// by zero or less.
    pub(super) const fn cost(self, amount: i64) -> Option<i64> {
        match self {
            _ if amount <= 0 => Some(0),
            Self::Hard => None,
            Self::Soft(weight) => Some(weight.saturating_mul(amount)),
        }
    }

    pub(super) const fn is_hard(self) -> bool {
        matches!(self, Self::Hard)
    }
}
