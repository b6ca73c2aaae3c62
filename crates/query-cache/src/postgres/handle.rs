//! What the application holds of a listener that runs.

use std::time::Instant;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A listener at work. It stops when this is dropped.
#[derive(Debug)]
pub struct Listening {
    state: watch::Receiver<State>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

/// How a listener is. A snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// Since when nothing was missed. `None` while there is no connection.
    pub live_since: Option<Instant>,
    /// How often a connection that was live was lost, and all that depends on watched tables was
    /// outdated.
    pub gaps: u64,
    /// How many notifications were received.
    pub heard: u64,
    /// Tables that are watched in name only: a trigger is not there or disabled, or the table itself
    /// is not there. What depends on them is outdated at each heartbeat. Run
    /// [`Watch::install`](super::Watch::install).
    pub missing: Vec<String>,
    /// Why there is no connection, or was none the last time.
    pub last_error: Option<String>,
}

impl Listening {
    pub(super) fn new(
        state: watch::Receiver<State>,
        stop: watch::Sender<bool>,
        task: JoinHandle<()>,
    ) -> Self {
        Self { state, stop, task: Some(task) }
    }

    /// How it is at this moment.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Waits until it is live, for ever if it never is. May be dropped at any point.
    pub async fn live(&self) -> State {
        self.until(|state| state.live_since.is_some()).await
    }

    /// Waits until the state is as `wanted`. States that lasted a moment only may be missed. May be
    /// dropped at any point.
    pub async fn until(&self, wanted: impl FnMut(&State) -> bool) -> State {
        let mut state = self.state.clone();
        let Ok(state) = state.wait_for(wanted).await else {
            // The task has ended with its runtime: nothing will change any more.
            return futures::future::pending().await;
        };
        state.clone()
    }

    /// Ends the task, and waits until its connection is closed, at most about a second. From then on
    /// nothing of this cache is outdated by others' changes.
    ///
    /// Dropping the handle does the same without waiting. Dropped half way it goes on by itself.
    pub async fn close(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            // It fails if the runtime is being shut down, which ends it as well.
            _ = task.await;
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
