//! The task that listens to the store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use crate::coherence::News;
use crate::entry::nanos;
use crate::name::Name;
use crate::stats::Counters;
use crate::store::{Backend, Heard};
use crate::sync::lock;
use crate::tags::{Change, TagTable};

use super::Remote;

/// What is heard, and where it goes.
#[derive(Clone)]
pub(crate) struct Ear {
    pub(crate) news: Arc<News>,
    pub(crate) tags: Arc<TagTable>,
    pub(crate) origin: Instant,
    pub(crate) counters: Arc<Counters>,
}

impl Ear {
    /// `own` is among the names of what this cache did itself.
    fn take(&self, heard: Heard, own: &Name) {
        match heard {
            // Here it had its effect before it was sent, and would have it again on what was
            // loaded since.
            Heard::Removed(names) | Heard::Expired(names) if names.contains(own) => (),
            Heard::Removed(names) => self.change(&names, Change::Outdated),
            Heard::Expired(names) => self.change(&names, Change::Expired),
            Heard::Proven(moment) => self.news.proven(nanos(self.origin, moment).max(1)),
            Heard::Gap => self.gap(),
        }
    }

    fn gap(&self) {
        // Of a line that stays away nothing more is missed than was told already.
        if self.news.gap() {
            self.counters.observer.tell(|observer| observer.gap());
        }
    }

    fn change(&self, names: &[Name], change: Change) {
        names.iter().for_each(|name| self.tags.bump(name, change));
        self.news.tell(names);
    }
}

/// Listens from the first call inside a runtime until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Listening {
    begun: Arc<AtomicBool>,
    task: Mutex<Option<AbortHandle>>,
}

impl Listening {
    /// Begins, unless that was done. Listening is to be proven `every` so often.
    pub(crate) fn begin<S: Backend>(
        &self,
        remote: &Arc<Remote<S>>,
        every: Duration,
        ear: impl FnOnce() -> Ear,
    ) {
        if self.begun.load(Ordering::Relaxed) || every.is_zero() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.begun.swap(true, Ordering::AcqRel) {
            return;
        }
        let (remote, ear) = (Arc::clone(remote), ear());
        let cut = Cut { begun: Some(Arc::clone(&self.begun)), ear };
        let task = runtime.spawn(async move {
            let mut cut = cut;
            remote.store.listen(every, |heard| cut.ear.take(heard, &remote.own)).await;
            // There is no more to be heard: not by another attempt either.
            cut.begun = None;
        });
        *lock(&self.task) = Some(task.abort_handle());
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        lock(&self.task).iter().for_each(AbortHandle::abort);
    }
}

/// Says that listening is over, in whatever way; unless the store ended it, it can begin again.
struct Cut {
    begun: Option<Arc<AtomicBool>>,
    ear: Ear,
}

impl Drop for Cut {
    fn drop(&mut self) {
        _ = self.ear.news.gap();
        if let Some(begun) = &self.begun {
            begun.store(false, Ordering::Release);
        }
    }
}
