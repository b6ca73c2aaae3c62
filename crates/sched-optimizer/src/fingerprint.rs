//! A canonical digest of everything the model reads.

use std::fmt;

use crate::problem::Problem;

mod canon;
mod sketch;

pub use canon::Canon;
pub use sketch::{Likeness, Sketch};

/// 128 bits that name a problem: problems that mean the same have equal fingerprints, and any change
/// of a field that can change a solution changes it.
///
/// Workers and activities are known by their names, which are unique: in which order they are
/// declared does not count, nor does the order of demands, of ratios, of joint rules or of one worker's rules.
/// Periods are in the order of time. All names count, those of periods and demands too; the reasons
/// of choices that were taken away do not.
///
/// Ids count from zero in the order of declaration, so a roster of one problem is **not** a roster of
/// every problem with the same fingerprint: keep it as a [`Solution`](crate::Solution), or by names.
///
/// The digest is XXH3, which is not meant to resist an attacker: two problems that somebody chose for
/// the purpose may collide. Nothing is believed on its word: a stored solution is offered only where it
/// fits, and an [`Analysis`](crate::Analysis) says what it is worth. The digest is the same on every
/// machine and with every version that describes problems alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of `problem`. Costs one pass over it.
    #[must_use]
    pub fn of(problem: &Problem) -> Self {
        Sketch::of(problem).fingerprint()
    }

    /// The digest as bytes, for a key elsewhere.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    const fn new(digest: u128) -> Self {
        // The more significant digits first, as they are printed.
        Self(digest.to_be_bytes())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
