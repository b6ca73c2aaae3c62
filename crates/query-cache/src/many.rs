//! Many keys at once: one look into the store, one load for exactly those that are missing, one
//! write.

mod warm;

use std::collections::HashMap;
use std::error::Error as StdError;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use crate::answer::{Got, Origin, Unanswered};
use crate::cache::Cache;
use crate::clock::now;
use crate::entry::{AnyValue, Entry};
use crate::error::{Cause, Error};
use crate::fill::Fill;
use crate::flight::{Boarding, Ticket};
use crate::key::Key;
use crate::load::Brought;
use crate::policy::Policy;
use crate::read::Awaited;
use crate::remote::{Found, Held};
use crate::shape::{Cacheable, Shape, typed};
use crate::store::Backend;
use crate::tiers::{Landed, Seen, Tiers};

impl<S: Backend> Cache<S> {
    /// The values of many `ids`, in their order: like
    /// [`get_or_load_optional`](Self::get_or_load_optional) for each `key(id)`, in one go.
    ///
    /// What this process does not have is looked for in the store, in one round trip for each 1000 ids.
    /// `load` then runs once, for exactly the ids that are missing and that nobody else is loading;
    /// those it brings no value for are absent. It all is written to the store, in one round trip for
    /// each megabyte. Of stale values, which are served at once, the same load brings the next ones.
    ///
    /// `policy` is asked for the ids that are loaded only; the load may take as long as the most patient
    /// of them permits. Does not take the [fill lock](crate::FillLock): each of several processes may load
    /// the same ids once.
    ///
    /// # Errors
    ///
    /// Those of [`get_or_load`](Self::get_or_load), for the first id that has one. The other values
    /// are kept all the same.
    ///
    /// ```
    /// # use query_cache::{Cache, Error, Key, Policy};
    /// # use std::time::Duration;
    /// # async fn query(people: &[u32]) -> Result<Vec<(u32, String)>, std::io::Error> {
    /// #     Ok(people.iter().map(|person| (*person, format!("ICU {person}"))).collect())
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let cache = Cache::builder().build();
    /// let key = |person: &u32| Key::new("duty").part(*person);
    /// let policy = |person: &u32| {
    ///     Policy::ttl(Duration::from_secs(60)).tag(format!("person:{person}"))
    /// };
    /// let duties = cache
    ///     .get_or_load_many(&[7, 8, 9], key, policy, |missing| async move { query(&missing).await })
    ///     .await?;
    /// assert_eq!(duties[1].as_deref(), Some("ICU 8"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_or_load_many<I, T, L, E, F, Fut>(
        &self,
        ids: &[I],
        key: impl Fn(&I) -> Key,
        policy: impl Fn(&I) -> Policy,
        load: F,
    ) -> Result<Vec<Arc<Option<T>>>, Error>
    where
        I: Clone + Eq + Hash + Send + Sync + 'static,
        T: Cacheable,
        L: IntoIterator<Item = (I, T)>,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: FnOnce(Vec<I>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
    {
        let got = self.many(ids, key, policy, load).await?;
        let values = got.iter().map(|got| typed(got.value()));
        values.inspect(|value| self.tiers.counters.if_absent(value)).collect()
    }

    pub(crate) async fn many<I, T, L, E, F, Fut>(
        &self,
        ids: &[I],
        key: impl Fn(&I) -> Key,
        policy: impl Fn(&I) -> Policy,
        load: F,
    ) -> Result<Vec<Got>, Error>
    where
        I: Clone + Eq + Hash + Send + Sync + 'static,
        T: Cacheable,
        L: IntoIterator<Item = (I, T)>,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: FnOnce(Vec<I>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
    {
        let (shape, asked) = (Shape::of_optional::<T>(), now());
        let keys: Vec<Key> = ids.iter().map(key).collect();
        let looked = self.look_many(&keys).await;
        // From here to the spawn nothing waits: who boards a flight also starts it.
        let mut group = Vec::new();
        let answers = looked.into_iter().enumerate().map(|(at, seen)| {
            let fill = || self.fill(&keys[at], policy(&ids[at]), shape, &seen);
            let mut refresh = |entry: &Entry| {
                if self.tiers.may_refresh(entry) {
                    self.take_seat(at, fill(), &mut group);
                }
            };
            match &seen {
                Seen::Fresh(entry) => Answer::Here(Got::new(entry, Origin::Local)),
                Seen::Due(entry) => {
                    refresh(entry);
                    Answer::Here(Got::new(entry, Origin::Local))
                }
                Seen::Stale(entry) => {
                    refresh(entry);
                    Answer::Here(Got::new(entry, Origin::Stale))
                }
                _ => self.take_seat(at, fill(), &mut group),
            }
        });
        let answers: Vec<Answer> = answers.collect();
        if !group.is_empty() {
            let missing = group.iter().map(|seat| ids[seat.at].clone()).collect();
            spawn(Arc::clone(&self.tiers), group, missing, load);
        }
        let mut all: Result<_, Unanswered> = Ok(Vec::with_capacity(answers.len()));
        for (key, answer) in keys.iter().zip(answers) {
            let got = match (answer, &all) {
                (Answer::Here(got), _) => Ok(got),
                (Answer::Awaited(awaited, limit), Ok(_)) => awaited.answer(asked, limit).await,
                // Not waited for: the call is to end with the error of another key.
                (Answer::Awaited(..), Err(error)) => {
                    Err(Unanswered { joined: false, ..error.clone() })
                }
            };
            self.tiers.counters.ended(key, got.as_ref());
            match (&mut all, got) {
                (Ok(all), Ok(got)) => all.push(got),
                (Ok(_), Err(error)) => all = Err(error),
                (Err(_), _) => (),
            }
        }
        all.map_err(Error::from)
    }

    /// What the local tier has; entries that were not compared with the store for too long are, all
    /// of them in one round trip.
    async fn look_many(&self, keys: &[Key]) -> Vec<Seen> {
        let mut looked: Vec<Seen> = keys.iter().map(|key| self.tiers.look(key)).collect();
        let unchecked = |seen: &Seen| match seen {
            Seen::Unchecked(entry) => Some(Arc::clone(entry)),
            _ => None,
        };
        let entries: Vec<Arc<Entry>> = looked.iter().filter_map(unchecked).collect();
        if !entries.is_empty() {
            let mut held = self.tiers.still_hold(&entries).await.into_iter();
            for seen in &mut looked {
                let Some(entry) = unchecked(seen) else { continue };
                let holds = held.next() == Some(true);
                *seen = if holds { Seen::when(entry.at(now()), entry) } else { Seen::Nothing };
            }
        }
        looked
    }

    fn take_seat(&self, at: usize, mut fill: Fill<S>, group: &mut Vec<Seat<S>>) -> Answer {
        let limit = fill.policy.answer_limit();
        match self.board(&mut fill) {
            Boarding::Found(entry) => Answer::Here(Got::new(&entry, Origin::Local)),
            Boarding::Joined(waiter) => Answer::Awaited(Awaited::Joined(waiter), limit),
            Boarding::Started(ticket, waiter) => {
                group.push(Seat { at, fill, ticket });
                Answer::Awaited(Awaited::Started(waiter), limit)
            }
        }
    }
}

/// Where the value of one id comes from.
enum Answer {
    Here(Got),
    /// And for how long at most, from when the call began.
    Awaited(Awaited, Option<Duration>),
}

/// One key of a group, and the duty to land its flight.
struct Seat<S> {
    at: usize,
    fill: Fill<S>,
    ticket: Ticket<Landed>,
}

/// Brings a value, or none, for each of the ids at these places among those that were missing.
type LoadMany = Box<
    dyn FnOnce(Vec<usize>) -> Pin<Box<dyn Future<Output = Result<Vec<Brought>, Cause>> + Send>>
        + Send,
>;

/// Loads in a task of its own, with the types hidden.
fn spawn<S, I, T, L, E, F, Fut>(tiers: Arc<Tiers<S>>, group: Vec<Seat<S>>, missing: Vec<I>, load: F)
where
    S: Backend,
    I: Clone + Eq + Hash + Send + Sync + 'static,
    T: Cacheable,
    L: IntoIterator<Item = (I, T)>,
    E: Into<Box<dyn StdError + Send + Sync>>,
    F: FnOnce(Vec<I>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<L, E>> + Send + 'static,
{
    let load: LoadMany = Box::new(move |places| {
        Box::pin(async move {
            let ids: Vec<I> = places.into_iter().map(|at| missing[at].clone()).collect();
            let found = load(ids.clone()).await.map_err(|error| Cause::from(error.into()))?;
            let found: HashMap<I, AnyValue> =
                found.into_iter().map(|(id, row)| (id, Arc::new(Some(row)) as AnyValue)).collect();
            let absent: AnyValue = Arc::new(None::<T>);
            let of = |id| Brought::from(Arc::clone(found.get(id).unwrap_or(&absent)));
            Ok(ids.iter().map(of).collect())
        })
    });
    let span = tracing::debug_span!(
        "load",
        namespace = group[0].fill.key.namespace_label(),
        keys = group.len()
    );
    let tasks = Arc::clone(&tiers.tasks);
    tasks.spawn(fill_many(tiers, group, load).instrument(span));
}

async fn fill_many<S: Backend>(tiers: Arc<Tiers<S>>, group: Vec<Seat<S>>, load: LoadMany) {
    // Each with its place among the ids that were missing here.
    let mut group: Vec<(usize, Seat<S>)> = group.into_iter().enumerate().collect();
    if let Some(remote) = &tiers.remote {
        let fills = group.iter().map(|(_, seat)| &seat.fill);
        let all: Vec<_> = fills.map(|fill| (&fill.deps, fill.shape)).collect();
        let found = remote.read_many(&all).await;
        let unanswered = |((at, mut seat), found): ((usize, Seat<S>), Option<Found>)| {
            if let Some(found) = found {
                seat.ticket = seat.fill.answered(seat.ticket, found)?;
            }
            Some((at, seat))
        };
        group = group.into_iter().zip(found).filter_map(unanswered).collect();
    }
    if group.is_empty() {
        return;
    }
    // Before the load begins: an invalidation from here on outdates what it brings.
    let held = versions(&tiers, &group).await;
    for (at, (_, Seat { fill, ticket, .. })) in group.iter_mut().enumerate() {
        fill.forget_outdated(ticket, held.as_ref().map(|held| &held[at]));
    }
    let limit = group.iter().map(|(_, seat)| seat.fill.policy.load_limit()).max();
    let places = group.iter().map(|(at, _)| *at).collect();
    let load = load(places);
    let run = tiers.run((&group[0].1.fill.key, group.len()), limit.unwrap_or_default(), load);
    let values = match run.await {
        Ok(values) => values,
        Err(error) => {
            for (_, Seat { fill, ticket, .. }) in group {
                fill.fall_back(ticket, error.clone());
            }
            return;
        }
    };
    let mut held = held.map(Vec::into_iter);
    let mut written = Vec::new();
    for ((_, Seat { fill, ticket, .. }), brought) in group.into_iter().zip(values) {
        let held = held.as_mut().and_then(Iterator::next);
        let Some(times) = fill.hand_over(ticket, &brought, held.clone()) else { continue };
        let outgoing = held.map(|held| fill.outgoing(brought.value, times, held));
        written.extend(outgoing.map(|outgoing| (fill.deps.value_name(), outgoing)));
    }
    if let Some(remote) = &tiers.remote {
        remote.write_many(written).await;
    }
}

/// The versions under which each of the group is loaded.
async fn versions<S: Backend>(tiers: &Tiers<S>, group: &[(usize, Seat<S>)]) -> Option<Vec<Held>> {
    let remote = tiers.remote.as_ref()?;
    let deps: Vec<_> = group.iter().map(|(_, seat)| &seat.fill.deps).collect();
    let policies = group.iter().map(|(_, seat)| &seat.fill.policy);
    let needed = policies.map(|policy| policy.longest_life() + policy.load_limit()).max()?;
    remote.begin_many(&deps, needed).await
}
