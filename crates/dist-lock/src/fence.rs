//! The resource's side of fencing, for resources that live in this process (pure).
//!
//! Protected data in a database is checked in its own transaction instead: see `check_fence` in the
//! modules of the SQL stores.

use crate::error::FenceError;
use crate::lease::FencingToken;

/// Admits writers in the order of their tokens: once one was admitted, no older one is.
///
/// ```
/// use dist_lock::{FenceGate, FencingToken};
///
/// let mut gate = FenceGate::new("report.csv");
/// assert!(gate.admit(FencingToken::new(7)).is_ok());
/// assert!(gate.admit(FencingToken::new(7)).is_ok()); // the same holder, again
/// assert!(gate.admit(FencingToken::new(6)).is_err()); // woke up too late
/// ```
#[derive(Clone, Debug)]
pub struct FenceGate {
    resource: String,
    highest: Option<FencingToken>,
}

impl FenceGate {
    /// A gate nobody has passed. `resource` only names it in errors.
    #[must_use]
    pub fn new(resource: impl Into<String>) -> Self {
        Self { resource: resource.into(), highest: None }
    }

    /// Lets the holder of `token` write, and refuses all older ones from now on.
    ///
    /// Check and write under one lock: a writer admitted earlier must not get to write later.
    ///
    /// # Errors
    /// [`FenceError::Stale`] when a larger token was admitted before.
    pub fn admit(&mut self, token: FencingToken) -> Result<(), FenceError> {
        match self.highest {
            Some(highest) if token < highest => {
                Err(FenceError::Stale { resource: self.resource.clone(), offered: token, highest })
            }
            _ => {
                self.highest = Some(token);
                Ok(())
            }
        }
    }
}
