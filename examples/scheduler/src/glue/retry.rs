//! async-utils tries again what the database refused because of a concurrent writer.

use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::Result;
use async_utils::{Backoff, Retry, Verdict};

/// Attempts in all.
const MOST: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);

/// First pause; later ones are longer, and all are random.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs a transaction, up to five times as long as it ends in a deadlock or a serialization failure.
///
/// # Errors
/// The last error. Nothing of a failed transaction was written.
pub async fn on_conflict<T, Fut>(attempt: impl FnMut() -> Fut) -> Result<T>
where
    Fut: Future<Output = Result<T>>,
{
    let retry = Retry::new(Backoff::exponential(PAUSE)).max_attempts(MOST);
    let judge =
        |error: &anyhow::Error| if is_conflict(error) { Verdict::Again } else { Verdict::Stop };
    retry.run_when(attempt, judge).await.map_err(|failed| failed.last)
}

fn is_conflict(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let batch =
            cause.downcast_ref::<batch_ops::Error>().is_some_and(batch_ops::Error::is_conflict);
        let driver =
            cause.downcast_ref::<sqlx::Error>().and_then(|e| e.as_database_error()?.code());
        batch || driver.is_some_and(|code| matches!(&*code, "40001" | "40P01"))
    })
}
