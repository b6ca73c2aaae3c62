//! Where every job is, and the counts: changed together, so that they agree at every instant.

use super::job::{JobId, Label};
use super::priority::{Lanes, Priority};
use super::task::{Outcome, Task};
use crate::stats::QueueStats;
use futures::future::AbortHandle;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::{Duration, Instant};

/// A job that is not running.
pub(super) struct Resting {
    pub(super) id: JobId,
    pub(super) label: Label,
    pub(super) task: Box<dyn Task>,
    /// When it was accepted: what ageing counts from.
    accepted: Instant,
    /// When it last began to wait for a slot.
    ready: Instant,
    expires: Option<Instant>,
}

/// Where a job is.
enum Place {
    Lane(Priority),
    Delayed(Instant),
    Active { abort: AbortHandle, label: Label, since: Instant },
}

/// Whether jobs are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// No new jobs; those accepted go on.
    Draining,
    /// What is left is cancelled.
    Closed,
}

/// A job that a drain had to give up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfinished {
    /// The job's id, as its handle says it.
    pub id: JobId,
    /// The job's name.
    pub name: Cow<'static, str>,
    /// The job's priority.
    pub priority: Priority,
    /// Whether it had begun: then part of its work may be done.
    pub started: bool,
}

/// A waiting job that ended by its deadline or by being cancelled, to be answered outside the lock.
pub(super) type Removed = Box<dyn Task>;

pub(super) struct State {
    pub(super) phase: Phase,
    lanes: Lanes<Resting>,
    delayed: BTreeMap<(Instant, JobId), Resting>,
    expiries: BTreeSet<(Instant, JobId)>,
    places: HashMap<JobId, Place, BuildHasherDefault<IdHasher>>,
    unfinished: Vec<Unfinished>,
    counts: QueueStats,
    next_id: u64,
}

impl State {
    pub(super) fn new(ageing: Option<Duration>) -> Self {
        Self {
            phase: Phase::Open,
            lanes: Lanes::new(ageing),
            delayed: BTreeMap::new(),
            expiries: BTreeSet::new(),
            places: HashMap::default(),
            unfinished: Vec::new(),
            counts: QueueStats::default(),
            next_id: 0,
        }
    }

    pub(super) fn stats(&self) -> QueueStats {
        let mut stats = self.counts.clone();
        for priority in Priority::ALL {
            stats.queued_by_priority[priority.index()] = self.lanes.len(priority) as u64;
        }
        stats.delayed = self.delayed.len() as u64;
        stats
    }

    /// Whether nothing is left and nothing will come.
    pub(super) fn is_over(&self) -> bool {
        self.phase != Phase::Open && self.places.is_empty()
    }

    pub(super) fn reject(&mut self) {
        self.counts.submitted += 1;
        self.counts.rejected += 1;
    }

    pub(super) fn accept(
        &mut self,
        task: Box<dyn Task>,
        label: Label,
        patience: Option<Duration>,
        now: Instant,
    ) -> JobId {
        let id = JobId(self.next_id);
        self.next_id += 1;
        self.counts.submitted += 1;
        let expires = patience.and_then(|patience| now.checked_add(patience));
        if let Some(expires) = expires {
            self.expiries.insert((expires, id));
        }
        self.enter(Resting { id, label, task, accepted: now, ready: now, expires });
        id
    }

    fn enter(&mut self, job: Resting) {
        let (id, priority) = (job.id, job.label.priority);
        self.places.insert(id, Place::Lane(priority));
        self.lanes.push(priority, id.0, job.accepted, job);
    }

    /// The next job to run, now active; with it those that turned out to be too late.
    pub(super) fn start(&mut self, now: Instant) -> (Option<(Resting, Abort)>, Vec<Removed>) {
        let mut late = Vec::new();
        while let Some(job) = self.lanes.pop(now) {
            if let Some(expires) = job.expires {
                self.expiries.remove(&(expires, job.id));
                if expires <= now {
                    self.places.remove(&job.id);
                    self.counts.expired += 1;
                    late.push(job.task);
                    continue;
                }
            }
            return (Some(self.activate(job, now)), late);
        }
        (None, late)
    }

    fn activate(&mut self, mut job: Resting, now: Instant) -> (Resting, Abort) {
        job.expires = None;
        self.counts.active += 1;
        self.counts.started += 1;
        self.counts.wait_time += now.saturating_duration_since(job.ready);
        let (abort, registration) = AbortHandle::new_pair();
        let place = Place::Active { abort, label: job.label.clone(), since: now };
        self.places.insert(job.id, place);
        (job, registration)
    }

    /// Takes an active job off its slot; what comes of it is the caller's to say.
    fn leave_slot(&mut self, id: JobId, now: Instant) {
        if let Some(Place::Active { since, .. }) = self.places.remove(&id) {
            self.counts.active -= 1;
            self.counts.run_time += now.saturating_duration_since(since);
        }
    }

    /// Counts an active job that ended; says whether the queue [is over](Self::is_over) with it.
    pub(super) fn finish(&mut self, id: JobId, outcome: Outcome, now: Instant) -> bool {
        self.leave_slot(id, now);
        match outcome {
            Outcome::Completed => self.counts.completed += 1,
            Outcome::Panicked => {
                self.counts.failed += 1;
                self.counts.panicked += 1;
            }
            Outcome::Failed | Outcome::Again(_) => self.counts.failed += 1,
        }
        self.is_over()
    }

    /// Lets a job wait for its next attempt; gives it back once nothing runs any more.
    pub(super) fn delay(&mut self, job: Resting, pause: Duration, now: Instant) -> Option<Resting> {
        if self.phase == Phase::Closed {
            return Some(job);
        }
        self.leave_slot(job.id, now);
        self.counts.retried += 1;
        // An instant too far off to be told is as good as never: a day, then it is looked at again.
        let due = now.checked_add(pause).unwrap_or(now + Duration::from_secs(86_400));
        self.places.insert(job.id, Place::Delayed(due));
        self.delayed.insert((due, job.id), job);
        None
    }

    /// Counts an active job that was dropped before its end.
    pub(super) fn aborted(&mut self, id: JobId, label: &Label, now: Instant) {
        self.leave_slot(id, now);
        self.counts.cancelled += 1;
        if self.phase == Phase::Closed {
            self.give_up(id, label.clone(), true);
        }
    }

    /// Removes a waiting job, or tells a running one to stop.
    pub(super) fn cancel(&mut self, id: JobId) -> Option<Removed> {
        let job = match self.places.get(&id)? {
            Place::Active { abort, .. } => {
                abort.abort();
                return None;
            }
            Place::Lane(priority) => self.lanes.remove(*priority, id.0),
            Place::Delayed(due) => self.delayed.remove(&(*due, id)),
        };
        let job = job?;
        self.places.remove(&id);
        if let Some(expires) = job.expires {
            self.expiries.remove(&(expires, id));
        }
        self.counts.cancelled += 1;
        Some(job.task)
    }

    /// The next instant at which [`fire`](Self::fire) has something to do.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let expiry = self.expiries.first().map(|(at, _)| *at);
        let retry = self.delayed.first_key_value().map(|((at, _), _)| *at);
        [expiry, retry].into_iter().flatten().min()
    }

    /// Does what is due: jobs whose pause is over wait for a slot again (how many), and jobs that
    /// are too late go.
    pub(super) fn fire(&mut self, now: Instant) -> (usize, Vec<Removed>) {
        let mut woken = 0;
        while let Some(entry) = self.delayed.first_entry().filter(|entry| entry.key().0 <= now) {
            let mut job = entry.remove();
            job.ready = now;
            self.enter(job);
            woken += 1;
        }
        (woken, self.expire(now))
    }

    fn expire(&mut self, now: Instant) -> Vec<Removed> {
        let mut late = Vec::new();
        while let Some((at, id)) = self.expiries.first().copied().filter(|(at, _)| *at <= now) {
            self.expiries.remove(&(at, id));
            let Some(Place::Lane(priority)) = self.places.remove(&id) else { continue };
            if let Some(job) = self.lanes.remove(priority, id.0) {
                self.counts.expired += 1;
                late.push(job.task);
            }
        }
        late
    }

    /// Cancels everything: what waits is given back, what runs is told to stop.
    pub(super) fn close(&mut self) -> Vec<Removed> {
        self.phase = Phase::Closed;
        self.expiries.clear();
        let delayed = std::mem::take(&mut self.delayed).into_values().map(|job| (job, true));
        let queued = self.lanes.drain().map(|job| (job, false));
        let waiting: Vec<_> = queued.chain(delayed).collect();
        for place in self.places.values() {
            if let Place::Active { abort, .. } = place {
                abort.abort();
            }
        }
        let cancelled = waiting.into_iter().map(|(job, started)| {
            self.places.remove(&job.id);
            self.counts.cancelled += 1;
            self.give_up(job.id, job.label, started);
            job.task
        });
        cancelled.collect()
    }

    fn give_up(&mut self, id: JobId, Label { priority, name }: Label, started: bool) {
        self.unfinished.push(Unfinished { id, name, priority, started });
    }

    /// What was given up, and what does not stop although it was told to.
    pub(super) fn unfinished(&self) -> Vec<Unfinished> {
        let stuck = self.places.iter().filter_map(|(id, place)| match place {
            Place::Active { label: Label { priority, name }, .. } => {
                let (name, priority) = (name.clone(), *priority);
                Some(Unfinished { id: *id, name, priority, started: true })
            }
            _ => None,
        });
        let mut all: Vec<_> = self.unfinished.iter().cloned().chain(stuck).collect();
        all.sort_unstable_by_key(|job| job.id);
        all
    }
}

/// The other end of an [`AbortHandle`].
pub(super) type Abort = futures::future::AbortRegistration;

/// Ids are counted up here, so nobody can choose them to collide; a multiplication spreads them.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, id: u64) {
        // Fibonacci hashing: 2^64 over the golden ratio.
        self.0 = (self.0 ^ id).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Job;

    /// The timer may come later than a free worker; the deadline holds all the same.
    #[test]
    fn a_job_is_not_started_at_or_after_its_deadline() {
        let (accepted, patience) = (Instant::now(), Duration::from_secs(3));
        for (waited, starts) in [(patience - Duration::from_nanos(1), true), (patience, false)] {
            let mut state = State::new(None);
            let job = Job::new(async {});
            let label = job.label.clone();
            let (task, _answer) = job.into_task();
            state.accept(task, label, Some(patience), accepted);
            let (started, late) = state.start(accepted + waited);
            assert_eq!((started.is_some(), late.len()), (starts, usize::from(!starts)));
            assert!(state.stats().is_conserved());
            assert_eq!(state.next_due(), None);
        }
    }
}
