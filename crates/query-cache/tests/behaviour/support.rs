//! A store that can be slow, broken, silent or emptied, and a source that counts.

use std::future::pending;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use query_cache::{
    Backend, Cache, CacheBuilder, Heard, Item, Key, Listen, MemoryStore, Name, NoStore, Policy,
    Store, StoreError, Stored, Tally, Version, Versions,
};
use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn minute() -> Policy {
    Policy::ttl(Duration::from_secs(60))
}

pub(crate) fn key() -> Key {
    Key::new("q").part(1)
}

/// A cache that compares versions with the store on every hit.
pub(crate) fn strict(store: &Arc<TestStore>) -> Cache<Arc<TestStore>> {
    builder().store(Arc::clone(store)).recheck_after(Duration::ZERO).build()
}

pub(crate) fn relaxed(store: &Arc<TestStore>) -> Cache<Arc<TestStore>> {
    builder().store(Arc::clone(store)).build()
}

fn builder() -> CacheBuilder<NoStore> {
    Cache::builder().local(1000)
}

/// How a [`TestStore`] behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    Works,
    Fails,
    Hangs,
    /// Does what it is asked [`LATE`] later, when its caller has given up.
    Late,
}

/// Longer than a caller waits.
pub(crate) const LATE: Duration = Duration::from_millis(400);

/// What becomes of the news of a [`TestStore`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Line {
    /// It never has any.
    #[default]
    None,
    Works,
    /// It is lost, and those who listen know.
    Cut,
    /// It is lost, and nobody is told.
    Dead,
}

/// The reference store behind a bad line.
#[derive(Debug, Default)]
pub(crate) struct TestStore {
    kept: Arc<Mutex<Arc<MemoryStore>>>,
    mode: Mutex<Mode>,
    /// Each call sleeps so many milliseconds before it does something, and then once more.
    pub(crate) delay: AtomicU64,
    pub(crate) calls: AtomicUsize,
    /// Names that it was told to remove.
    pub(crate) removed: AtomicUsize,
    corrupt: Mutex<bool>,
    written: AtomicUsize,
    line: watch::Sender<Line>,
}

impl TestStore {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn slow(delay: u64) -> Arc<Self> {
        let store = Self::new();
        store.delay.store(delay, Ordering::Relaxed);
        store
    }

    /// A store that tells its news.
    pub(crate) fn telling() -> Arc<Self> {
        let store = Self::new();
        store.set_line(Line::Works);
        store
    }

    pub(crate) fn set_line(&self, line: Line) {
        self.line.send_replace(line);
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    /// As by a flush of the server, or a restart without persistence.
    pub(crate) fn lose_everything(&self) {
        *self.kept.lock().unwrap() = Arc::default();
        self.line.send_modify(|_| ());
    }

    /// From now on values are written with one bit wrong.
    pub(crate) fn corrupt_writes(&self) {
        *self.corrupt.lock().unwrap() = true;
    }

    /// The bytes of all values it was given.
    pub(crate) fn bytes_written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// What is kept at the time it is asked for.
    fn kept(&self) -> impl FnOnce() -> Arc<MemoryStore> + Send + 'static {
        let kept = Arc::clone(&self.kept);
        move || Arc::clone(&kept.lock().unwrap())
    }

    async fn call<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mode = *self.mode.lock().unwrap();
        match mode {
            Mode::Works => (),
            Mode::Fails => return Err(StoreError::new("connection refused")),
            Mode::Hangs => pending().await,
            Mode::Late => {
                tokio::spawn(async {
                    sleep(LATE).await;
                    call.await
                });
                return pending().await;
            }
        }
        self.pause().await;
        let answer = call.await;
        self.pause().await;
        answer
    }

    async fn pause(&self) {
        match self.delay.load(Ordering::Relaxed) {
            0 => (),
            delay => sleep(ms(delay)).await,
        }
    }
}

impl Store for TestStore {
    async fn get_many(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        let (kept, names) = (self.kept(), names.to_vec());
        self.call(async move { kept().get_many(&names).await }).await
    }

    async fn set_many(&self, items: &[Item<'_>]) -> Result<(), StoreError> {
        let corrupt = *self.corrupt.lock().unwrap();
        let copy = |item: &Item<'_>| (item.name, item.bytes.to_vec(), item.ttl);
        let mut copies: Vec<_> = items.iter().map(copy).collect();
        copies.iter_mut().for_each(|(_, bytes, _)| bytes[20] ^= u8::from(corrupt));
        self.written.fetch_add(copies.iter().map(|copy| copy.1.len()).sum(), Ordering::Relaxed);
        let kept = self.kept();
        self.call(async move {
            let items =
                copies.iter().map(|(name, bytes, ttl)| Item { name: *name, bytes, ttl: *ttl });
            let items: Vec<Item<'_>> = items.collect();
            kept().set_many(&items).await
        })
        .await
    }

    async fn remove(&self, names: &[Name]) -> Result<(), StoreError> {
        let (kept, names) = (self.kept(), names.to_vec());
        self.removed.fetch_add(names.len(), Ordering::Relaxed);
        self.call(async move { kept().remove(&names).await }).await
    }
}

impl Tally for TestStore {
    async fn add(&self, name: &Name, by: i64, ttl: Duration) -> Result<Option<i64>, StoreError> {
        let (kept, name) = (self.kept(), *name);
        self.call(async move { kept().add(&name, by, ttl).await }).await
    }
}

impl Versions for TestStore {
    async fn read(&self, names: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        let (kept, names) = (self.kept(), names.to_vec());
        self.call(async move { kept().read(&names).await }).await
    }

    async fn ensure(
        &self,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> Result<Vec<Version>, StoreError> {
        let (kept, names) = (self.kept(), names.to_vec());
        self.call(async move { kept().ensure(&names, offered, ttl).await }).await
    }

    async fn expire(&self, names: &[Name], offered: Version) -> Result<(), StoreError> {
        let (kept, names) = (self.kept(), names.to_vec());
        self.call(async move { kept().expire(&names, offered).await }).await
    }
}

impl Listen for TestStore {
    async fn listen(&self, every: Duration, mut tell: impl FnMut(Heard) + Send) {
        let mut line = self.line.subscribe();
        loop {
            let state = *line.borrow_and_update();
            match state {
                Line::None => return,
                Line::Works => {
                    let kept = self.kept()();
                    tokio::select! {
                        () = kept.listen(every, &mut tell) => (),
                        _ = line.changed() => (),
                    }
                }
                Line::Cut | Line::Dead => _ = line.changed().await,
            }
            if *line.borrow() != Line::Dead {
                tell(Heard::Gap);
            }
        }
    }
}

/// A source whose value can change, that counts its loads, and whose loads can be held up.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    value: AtomicU64,
    loads: AtomicUsize,
    gate: Semaphore,
    fails: Mutex<bool>,
}

#[derive(Debug, thiserror::Error)]
#[error("the source is down")]
pub(crate) struct Down;

impl Source {
    pub(crate) fn new(value: u64) -> Self {
        let source = Self::gated(value);
        source.open();
        source
    }

    /// Loads read the value, then wait for [`open`](Self::open) or
    /// [`let_through`](Self::let_through).
    pub(crate) fn gated(value: u64) -> Self {
        let state = State {
            value: AtomicU64::new(value),
            loads: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            fails: Mutex::new(false),
        };
        Self { state: Arc::new(state) }
    }

    pub(crate) fn open(&self) {
        self.state.gate.add_permits(Semaphore::MAX_PERMITS / 4);
    }

    pub(crate) fn let_through(&self, loads: usize) {
        self.state.gate.add_permits(loads);
    }

    pub(crate) fn write(&self, value: u64) {
        self.state.value.store(value, Ordering::SeqCst);
    }

    pub(crate) fn fail(&self, fails: bool) {
        *self.state.fails.lock().unwrap() = fails;
    }

    pub(crate) fn loads(&self) -> usize {
        self.state.loads.load(Ordering::SeqCst)
    }

    pub(crate) async fn load(self) -> Result<u64, Down> {
        let value = self.state.value.load(Ordering::SeqCst);
        self.state.loads.fetch_add(1, Ordering::SeqCst);
        self.state.gate.acquire().await.unwrap().forget();
        if *self.state.fails.lock().unwrap() { Err(Down) } else { Ok(value) }
    }

    /// Waits until so many loads have begun.
    pub(crate) async fn begun(&self, loads: usize) {
        until("the load has not begun", async || self.loads() >= loads).await;
    }
}

/// One call of the cache with `source` behind it.
pub(crate) async fn ask<S: Backend>(
    cache: &Cache<S>,
    policy: &Policy,
    source: &Source,
) -> Result<u64, query_cache::Error> {
    let source = source.clone();
    cache.get_or_load(&key(), policy, || source.load()).await.map(|value| *value)
}

/// The same in a task of its own.
pub(crate) fn ask_aside<S: Backend>(
    cache: &Cache<S>,
    policy: &Policy,
    source: &Source,
) -> tokio::task::JoinHandle<Result<u64, query_cache::Error>> {
    let (cache, policy, source) = (cache.clone(), policy.clone(), source.clone());
    tokio::spawn(async move { ask(&cache, &policy, &source).await })
}

/// Waits for ten seconds of the paused clock until `true`, then fails.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..10_000 {
        if is_so().await {
            return;
        }
        sleep(ms(1)).await;
    }
    panic!("{what}");
}
