//! Reads that only see to it that the value is there.

use crate::answer::{Got, Origin, Unanswered};
use crate::cache::Cache;
use crate::clock::now;
use crate::key::Key;
use crate::load::Load;
use crate::policy::Policy;
use crate::shape::Shape;
use crate::store::Backend;
use crate::tiers::Seen;

impl<S: Backend> Cache<S> {
    /// Like a read, but waits for the refresh of what is stale or due, and is no query: it does not
    /// count.
    pub(crate) async fn warm(
        &self,
        key: &Key,
        policy: &Policy,
        shape: Shape,
        load: Load,
    ) -> Result<Got, Unanswered> {
        let asked = now();
        let seen = self.tiers.look_checked(key).await;
        match &seen {
            Seen::Fresh(entry) => Ok(Got::new(entry, Origin::Local)),
            Seen::Due(entry) | Seen::Stale(entry) => {
                match self.refresh(entry, || self.fill(key, policy.clone(), shape, &seen), load) {
                    Some(awaited) => awaited.answer(asked, None).await,
                    // It is being refreshed, or has failed a moment ago.
                    None => Ok(Got::new(entry, Origin::Local)),
                }
            }
            _ => self.load(self.fill(key, policy.clone(), shape, &seen), load, asked).await,
        }
    }
}
