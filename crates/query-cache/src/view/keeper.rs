//! Views that are refreshed when they are due.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::definition::View;
use super::manager::Views;
use super::refresh::Refresh;
use crate::store::Backend;

/// Views being kept fresh. It ends when this is dropped: a refresh under way is given up then.
#[derive(Debug)]
#[must_use = "nothing is kept fresh any more when this is dropped"]
pub struct KeepingFresh {
    _tasks: JoinSet<()>,
}

impl<S: Backend> Views<S> {
    /// Refreshes each of `views`, which were [ensured](Self::ensure), whenever it is as old as its
    /// [`max_age`](View::max_age), in a task each. In as many processes as like: one of them does it, and
    /// when that one is gone another. A refresh that fails is logged, is in the
    /// [`Status`](super::Status), and is tried again after the `max_age`, within a second and a minute.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn keep_fresh(&self, views: impl IntoIterator<Item = View>) -> KeepingFresh {
        let mut tasks = JoinSet::new();
        for view in views {
            let manager = self.clone();
            tasks.spawn(async move {
                loop {
                    let pause = manager.refresh_and_rest(&view).await;
                    sleep(pause.max(SHORTEST)).await;
                }
            });
        }
        KeepingFresh { _tasks: tasks }
    }

    /// How long nothing is to be done afterwards.
    async fn refresh_and_rest(&self, view: &View) -> Duration {
        const SECOND: Duration = Duration::from_secs(1);
        match self.refresh_due(view).await {
            Ok(Refresh::Done(_)) => view.max_age,
            // Another process has, some time ago.
            Ok(Refresh::NotDue) => match self.status(view).await {
                Ok(status) => view.max_age.saturating_sub(status.age.unwrap_or_default()),
                Err(_) => SECOND,
            },
            Ok(Refresh::Elsewhere) => view.max_age.min(SECOND),
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, ?source, view = %view.name, "a view is not fresh");
                view.max_age.clamp(SECOND, 60 * SECOND)
            }
        }
    }
}

/// A `max_age` of nothing must not keep a processor busy.
const SHORTEST: Duration = Duration::from_millis(50);
