//! How far an exact search may go.

use crate::budget::Clock;

/// Looks at the clock after so many steps, a power of two.
const LOOK: u64 = 4096;

/// Steps that are left; none once time is up.
pub(super) struct Steps<'c> {
    left: u64,
    clock: &'c Clock,
}

impl<'c> Steps<'c> {
    pub(super) const fn new(left: u64, clock: &'c Clock) -> Self {
        Self { left, clock }
    }

    pub(super) const fn left(&self) -> u64 {
        self.left
    }

    /// Takes `count` steps, or says that they are not left.
    pub(super) fn take(&mut self, count: u64) -> bool {
        let Some(left) = self.left.checked_sub(count) else { return false };
        let looks = left / LOOK != self.left / LOOK;
        self.left = if looks && self.clock.is_over() { 0 } else { left };
        self.left == left
    }

    /// The first `most` of them, and what is done with these is taken off.
    pub(super) fn first<T>(&mut self, most: u64, run: impl FnOnce(&mut Self) -> T) -> T {
        let first = most.min(self.left);
        let rest = self.left - first;
        self.left = first;
        let done = run(self);
        self.left += if self.clock.is_over() { 0 } else { rest };
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Budget, CancelToken};

    #[test]
    fn no_step_is_left_soon_after_a_cancel() {
        let cancel = CancelToken::default();
        let clock = Clock::start(Budget::default(), cancel.clone());
        let mut steps = Steps::new(1_000_000, &clock);
        assert!((0..2 * LOOK).all(|_| steps.take(1)));
        cancel.cancel();
        assert!((0..LOOK).any(|_| !steps.take(1)));
        assert_eq!(steps.left(), 0);
    }

    #[test]
    fn what_a_first_part_leaves_is_given_back() {
        let clock = Clock::start(Budget::default(), CancelToken::default());
        let mut steps = Steps::new(100, &clock);
        assert!(steps.first(30, |first| first.take(20)));
        assert!(!steps.first(30, |first| first.take(40)));
        assert_eq!(steps.left(), 80);
    }

    #[test]
    fn nothing_is_given_back_after_a_cancel() {
        let cancel = CancelToken::default();
        let clock = Clock::start(Budget::default(), cancel.clone());
        let mut steps = Steps::new(100, &clock);
        steps.first(30, |_| cancel.cancel());
        assert!(steps.left() <= 30);
    }
}
