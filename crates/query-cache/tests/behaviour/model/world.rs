//! Two nodes, their store, and the calls made of them.

use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures::poll;
use query_cache::{Cache, Error, FillGuard, FillLock, Key, Loaded, Stats};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio::time::{Instant, sleep, timeout};

use super::truth::{
    Asked, Bound, KEYS, Kind, NODES, OPTIONAL, Promise, Scope, Truth, is_absent, key, namespace,
    policy, tag,
};
use crate::support::{Down, LATE, Line, Mode, TestStore, ms};

/// How the nodes are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    /// Whether there is a store.
    pub(super) shared: bool,
    /// And whether it tells its news.
    pub(super) tells: bool,
    pub(super) recheck: u64,
    pub(super) entries: usize,
    pub(super) locks: bool,
}

/// How a load goes, and the call that starts it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// A load takes so many milliseconds between reading the source and its end.
    pub(super) load: u64,
    pub(super) fails: bool,
    /// After so many milliseconds the call is dropped.
    pub(super) dropped: Option<u64>,
}

#[derive(Clone, Default)]
struct OneAtATime(Arc<tokio::sync::Mutex<()>>);

impl FillLock for OneAtATime {
    async fn lock(&self, _: &Key) -> Option<FillGuard> {
        Some(Box::new(Arc::clone(&self.0).lock_owned().await))
    }
}

/// Between processes it is not said which of a `set` and another change wins: a `set` is alone with
/// respect to the other node. In one node everything may overlap.
#[derive(Default)]
struct Locks([[Arc<RwLock<()>>; NODES]; KEYS]);

#[expect(dead_code, reason = "held until it is dropped")]
enum Held {
    Read(OwnedRwLockReadGuard<()>),
    Write(OwnedRwLockWriteGuard<()>),
}

impl Locks {
    async fn change(&self, node: usize, keys: &[usize]) -> Vec<Held> {
        let mut held = Vec::new();
        for key in keys {
            held.push(Held::Read(Arc::clone(&self.0[*key][node]).read_owned().await));
        }
        held
    }

    async fn set(&self, node: usize, key: usize) -> Vec<Held> {
        let mut held = Vec::new();
        for (at, lock) in self.0[key].iter().enumerate() {
            let lock = Arc::clone(lock);
            held.push(match at == node {
                true => Held::Read(lock.read_owned().await),
                false => Held::Write(lock.write_owned().await),
            });
        }
        held
    }
}

type TestCache = Cache<Arc<TestStore>>;

pub(super) struct World {
    nodes: [TestCache; NODES],
    pub(super) store: Arc<TestStore>,
    setup: Setup,
    truth: Mutex<Truth>,
    locks: Locks,
    health: Mutex<Health>,
}

/// Since when the store has answered all that it was asked.
#[derive(Debug, Default)]
struct Health {
    troubles: usize,
    since: Option<Instant>,
    /// Since when all nodes hear its news: what they missed before they know that they did.
    heard: Option<Instant>,
}

impl World {
    pub(super) fn new(setup: Setup) -> Arc<Self> {
        let store = if setup.tells { TestStore::telling() } else { TestStore::new() };
        let lock = OneAtATime::default();
        let node = || {
            let cache = Cache::builder()
                .maybe_store(setup.shared.then(|| Arc::clone(&store)))
                .store_pause(ms(100))
                .recheck_after(ms(setup.recheck))
                .local(setup.entries);
            let cache = if setup.locks { cache.fill_lock(lock.clone()) } else { cache };
            cache.fill_lock_wait(ms(100)).build()
        };
        let nodes = [node(), node()];
        let health = Health { since: Some(Instant::now()), ..Health::default() };
        let (truth, locks, health) = (Mutex::default(), Locks::default(), Mutex::new(health));
        Arc::new(Self { nodes, store, setup, truth, locks, health })
    }

    fn truth(&self) -> MutexGuard<'_, Truth> {
        // A check that fails is not to hide behind the next one.
        self.truth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn slow(&self, delay: u64) {
        self.store.delay.store(delay, Ordering::Relaxed);
        let mut truth = self.truth();
        truth.lateness = truth.lateness.max(ms(delay));
    }

    pub(super) fn set_mode(self: &Arc<Self>, mode: Mode) {
        self.store.set_mode(mode);
        if mode == Mode::Late {
            let mut truth = self.truth();
            truth.lateness = truth.lateness.max(LATE + ms(50));
        }
        let mut health = self.health.lock().unwrap();
        if mode != Mode::Works {
            health.troubles += 1;
            health.since = None;
        } else if health.since.is_none() {
            tokio::spawn(Arc::clone(self).heal(health.troubles));
        }
    }

    /// A node listens from its first call on.
    pub(super) async fn start(self: &Arc<Self>) {
        for node in &self.nodes {
            node.exists(&key(0)).await;
        }
        sleep(ms(1)).await;
        self.set_line(Line::Works);
    }

    pub(super) fn set_line(&self, line: Line) {
        if self.setup.tells {
            self.store.set_line(line);
            self.health.lock().unwrap().heard = (line == Line::Works).then(Instant::now);
        }
    }

    pub(super) fn lose_everything(&self) {
        self.store.lose_everything();
        let heard = &mut self.health.lock().unwrap().heard;
        *heard = heard.map(|_| Instant::now());
    }

    /// Waits until calls that were made in times of trouble have ended, and both nodes have asked the
    /// store and been answered.
    async fn heal(self: Arc<Self>, troubles: usize) {
        sleep(ms(400)).await;
        for node in &self.nodes {
            node.exists(&key(0)).await;
        }
        let mut health = self.health.lock().unwrap();
        if health.troubles == troubles {
            health.since = Some(Instant::now());
        }
    }

    fn promise(&self, node: usize, key: usize) -> Promise {
        // An answer may be under way for as long as the store takes.
        let delay = ms(2 * self.store.delay.load(Ordering::Relaxed));
        let mut truth = self.truth();
        let slowest = truth.lateness.max(delay);
        truth.lateness = slowest;
        let health = self.health.lock().unwrap();
        let healthy = self.setup.shared && health.since.is_some();
        let delay = 2 * slowest;
        let bound = Bound { checked: ms(self.setup.recheck) + delay, heard: health.heard, delay };
        truth.promise(node, key, healthy.then_some(bound))
    }

    fn check(&self, mut promise: Promise, asked: Asked, got: Option<u64>) {
        // The store may have failed since the call began.
        if self.health.lock().unwrap().since.is_none_or(|since| since > promise.begun) {
            promise.elsewhere = None;
        }
        self.truth().check(&promise, asked, got);
    }

    async fn load(self: Arc<Self>, node: usize, key: usize, manner: Manner) -> Result<u64, Down> {
        let running = Running(&self, node, key);
        let number = self.truth().load_begins(node, key);
        sleep(ms(manner.load)).await;
        drop(running);
        if manner.fails {
            return Err(Down);
        }
        self.truth().lives(key, number, Instant::now());
        Ok(number)
    }

    pub(super) async fn ask(self: Arc<Self>, node: usize, key: usize, manner: Manner, with: bool) {
        let promise = self.promise(node, key);
        let Some(got) = unless_dropped(manner.dropped, self.got(node, key, manner, with)).await
        else {
            return;
        };
        match got {
            Ok(got) => self.check(promise, Asked::Loading, got),
            Err(error) => check_error(&error, key, manner.fails),
        }
    }

    /// What a call that loads gets.
    async fn got(
        self: &Arc<Self>,
        node: usize,
        of: usize,
        manner: Manner,
        with: bool,
    ) -> Result<Option<u64>, Error> {
        let (cache, world) = (&self.nodes[node], Arc::clone(self));
        let (key, policy) = (key(of), policy(of));
        if of < OPTIONAL {
            let load = move || async move {
                let number = world.load(node, of, manner).await?;
                Ok::<_, Down>((!is_absent(of, number)).then_some(number))
            };
            return cache.get_or_load_optional(&key, &policy, load).await.map(|got| *got);
        }
        if with {
            let load = move |previous: Option<Arc<u64>>| async move {
                let previous = previous.as_deref().copied();
                previous.inspect(|number| world.truth().check_previous(node, of, *number));
                let number = world.load(node, of, manner).await?;
                let unchanged = previous == Some(number);
                Ok::<_, Down>(if unchanged { Loaded::unchanged() } else { Loaded::new(number) })
            };
            return cache.get_or_load_with(&key, &policy, load).await.map(|got| Some(*got));
        }
        let load = move || world.load(node, of, manner);
        cache.get_or_load(&key, &policy, load).await.map(|got| Some(*got))
    }

    /// Asks for all keys that may be absent at once.
    pub(super) async fn ask_many(self: Arc<Self>, node: usize, manner: Manner) {
        let promises: Vec<_> = (0..OPTIONAL).map(|key| self.promise(node, key)).collect();
        let world = Arc::clone(&self);
        let load = move |keys: Vec<usize>| async move {
            let loads = keys.iter().map(|key| Arc::clone(&world).load(node, *key, manner));
            let numbers = futures::future::try_join_all(loads).await?;
            let rows = keys.into_iter().zip(numbers);
            let rows = rows.filter(|(key, number)| !is_absent(*key, *number));
            Ok::<Vec<(usize, u64)>, Down>(rows.collect())
        };
        let ids: [usize; OPTIONAL] = std::array::from_fn(|key| key);
        let (key, policy) = (|of: &usize| key(*of), |of: &usize| policy(*of));
        let call = self.nodes[node].get_or_load_many(&ids, key, policy, load);
        if let Some(Ok(got)) = unless_dropped(manner.dropped, call).await {
            for (promise, got) in promises.into_iter().zip(got) {
                self.check(promise, Asked::Loading, *got);
            }
        }
    }

    /// Looks without loading.
    pub(super) async fn look(self: Arc<Self>, node: usize, of: usize, dropped: Option<u64>) {
        let promise = self.promise(node, of);
        let look = async {
            let (cache, key) = (&self.nodes[node], key(of));
            if of < OPTIONAL {
                cache.get::<Option<u64>>(&key).await.unwrap().map(|got| *got)
            } else {
                cache.get::<u64>(&key).await.unwrap().map(|got| Some(*got))
            }
        };
        if let Some(Some(got)) = unless_dropped(dropped, look).await {
            self.check(promise, Asked::Looking, got);
        }
    }

    /// Changes the source, then tells the cache.
    pub(super) async fn change(
        self: Arc<Self>,
        node: usize,
        scope: Scope,
        kind: Kind,
        dropped: Option<u64>,
    ) {
        let keys = scope.keys();
        let _held = self.locks.change(node, &keys).await;
        let mut call = self.changing(node, scope, kind);
        let numbers = self.truth().change(&keys);
        // It has taken effect in this process when it is first polled.
        let first = poll!(call.as_mut());
        self.truth().changed(node, &keys, kind, &numbers);
        let told = match first {
            Poll::Ready(told) => Some(told),
            Poll::Pending => unless_dropped(dropped, call).await,
        };
        match told {
            Some(Ok(())) => self.truth().told(node, &keys, kind, &numbers),
            // Told later.
            Some(Err(Error::Unsent { .. })) | None => (),
            Some(Err(error)) => panic!("{error:?}"),
        }
    }

    fn changing(
        &self,
        node: usize,
        scope: Scope,
        kind: Kind,
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
        let cache = self.nodes[node].clone();
        Box::pin(async move {
            match (kind, scope) {
                (Kind::Dead, Scope::Key(of)) => cache.invalidate(&key(of)).await,
                (Kind::Dead, Scope::Tag(of)) => cache.invalidate_tags(["x".into(), tag(of)]).await,
                (Kind::Dead, Scope::Shared) => cache.invalidate_tag("shared").await,
                (Kind::Dead, Scope::Namespace(of)) => cache.clear(namespace(of)).await,
                (Kind::Dead, Scope::All) => cache.clear_all().await,
                (Kind::Stale, Scope::Key(of)) => cache.expire(&key(of)).await,
                (Kind::Stale, Scope::Tag(of)) => cache.expire_tags([tag(of), "x".into()]).await,
                (Kind::Stale, Scope::Shared) => cache.expire_tags(["shared"]).await,
                (Kind::Stale, Scope::Namespace(of)) => cache.expire_namespace(namespace(of)).await,
                (Kind::Stale, Scope::All) => cache.expire_all().await,
            }
        })
    }

    /// Changes the source and puts what it has into the cache.
    pub(super) async fn set(self: Arc<Self>, node: usize, of: usize, dropped: Option<u64>) {
        let _held = self.locks.set(node, of).await;
        let numbers = self.truth().change(&[of]);
        let (cache, key, policy, number) = (&self.nodes[node], key(of), policy(of), numbers[0]);
        let mut call = pin!(async {
            match (of < OPTIONAL, is_absent(of, number)) {
                (true, true) => cache.set(&key, None::<u64>, &policy).await.map(drop),
                (true, false) => cache.set(&key, Some(number), &policy).await.map(drop),
                _ => cache.set(&key, number, &policy).await.map(drop),
            }
        });
        let first = poll!(call.as_mut());
        self.truth().changed(node, &[of], Kind::Dead, &numbers);
        // Its life begins when the store was told and asked, twice each.
        self.truth().lives(of, number, Instant::now() + ms(1000));
        let told = match first {
            Poll::Ready(told) => Some(told),
            Poll::Pending => unless_dropped(dropped, call).await,
        };
        match told {
            Some(Ok(())) => self.truth().told(node, &[of], Kind::Dead, &numbers),
            Some(Err(Error::Unsent { .. })) => (),
            Some(Err(error)) => panic!("{error:?}"),
            // Goes on, and is alone until it has ended.
            None => _ = unless_dropped(None, self.nodes[node].close()).await,
        }
    }

    /// The store works, everything was told, and all nodes come to know of it.
    pub(super) async fn settle(self: &Arc<Self>) -> [Stats; NODES] {
        self.slow(0);
        self.set_mode(Mode::Works);
        self.set_line(Line::Works);
        sleep(ms(500)).await;
        for node in &self.nodes {
            unless_dropped(None, node.close()).await.unwrap().unwrap();
            assert_eq!(node.stats().unsent, 0);
        }
        // With news they know already.
        sleep(ms(if self.setup.tells { 0 } else { self.setup.recheck })).await;
        if self.setup.shared {
            self.truth().told_all();
        }
        let manner = Manner { load: 0, fails: false, dropped: None };
        for node in 0..NODES {
            for key in 0..KEYS {
                Arc::clone(self).ask(node, key, manner, false).await;
            }
            Arc::clone(self).ask_many(node, manner).await;
        }
        self.nodes.each_ref().map(TestCache::stats)
    }
}

/// Reasons that nothing here has given are not given to callers.
fn check_error(error: &Error, key: usize, fails: bool) {
    match error {
        // Perhaps of a load that another call has started.
        Error::Load(_) => assert!(fails || error.load_error::<Down>().is_some(), "{error:?}"),
        Error::TimedOut { .. } | Error::LoadTimeout { .. } => assert_eq!(key, 2, "{error:?}"),
        _ => panic!("{error:?}"),
    }
}

/// A load that has not ended, in whatever way.
struct Running<'a>(&'a World, usize, usize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.truth().load_ends(self.1, self.2);
    }
}

/// What `call` gives, unless it is dropped after so many milliseconds. Without waiting it is polled
/// once.
async fn unless_dropped<T>(dropped: Option<u64>, call: impl Future<Output = T>) -> Option<T> {
    let limit = dropped.map_or(Duration::from_secs(60), ms);
    let ended = timeout(limit, call).await;
    assert!(ended.is_ok() || dropped.is_some(), "a call hangs");
    ended.ok()
}
