//! Counters in the store.

use std::time::Duration;

use crate::error::StoreError;
use crate::name::Name;
use crate::store::Backend;
use crate::tally::Tally;

use super::Remote;

impl<S: Backend + Tally> Remote<S> {
    /// Costs one round trip. `None` if the sum does not fit.
    pub(crate) async fn count(
        &self,
        name: &Name,
        by: i64,
        ttl: Duration,
    ) -> Result<Option<i64>, StoreError> {
        let add = async {
            match self.store.add(name, by, ttl).await {
                Err(error @ StoreError::Unsupported { .. }) => Ok(Err(error)),
                added => added.map(Ok),
            }
        };
        self.ask(add).await?
    }
}
