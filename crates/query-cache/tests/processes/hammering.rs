//! Two processes that load, set and invalidate the same keys as fast as they can, and check each answer.
//!
//! The source of a key is a number in Redis that only grows. Who has told the caches of a number notes
//! that beside it, *after* the cache has confirmed it. A process reads these notes now and then: once the
//! bound has passed since, it may not serve less.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use query_cache::redis::RedisStore;
use query_cache::{Cache, Key, Policy};
use redis::RedisError;
use redis::aio::MultiplexedConnection;
use test_servers::OwnRedis;
use tokio::time::sleep;

use crate::child::{answer, client, on_redis};
use crate::parent::Process;

const KEYS: usize = 8;
/// For so long an entry is served without asking whether it holds.
const BOUND: Duration = Duration::from_millis(100);

/// Keeps the greater number.
const NOTE: &str = r"
if tonumber(ARGV[1]) > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], ARGV[1])
end";

struct Hammer {
    cache: Cache<RedisStore>,
    redis: MultiplexedConnection,
    child: u64,
    known: Mutex<[Known; KEYS]>,
    /// Of two `set`s at once either may win, so there is one at a time.
    writing: [tokio::sync::Mutex<()>; KEYS],
}

#[derive(Default)]
struct Known {
    /// What this process has told the caches of.
    own: u64,
    /// When the notes were read, and what they said.
    notes: VecDeque<(Instant, u64)>,
    /// The calls under way, by when they began: one may wait for the load of another.
    calls: Vec<Instant>,
}

impl Known {
    /// The least that a call may get that begins now.
    fn least(&self, now: Instant) -> u64 {
        let first = self.calls.iter().copied().min().unwrap_or(now);
        let due = self.notes.iter().rev().find(|(read, _)| *read + BOUND <= first);
        self.own.max(due.map_or(0, |(_, number)| *number))
    }
}

#[test]
fn no_process_serves_what_was_invalidated_longer_ago_than_the_bound() {
    let server = OwnRedis::start();
    let mut children = Process::start(2, &server);
    for (child, process) in children.iter_mut().enumerate() {
        process.order(&format!("hammer {child} 4000"));
    }
    for process in &mut children {
        let checked = process.number("checked ");
        assert!(checked > 500, "{checked} answers is not much of a test");
        let stored = process.number("from the store ");
        assert!(stored > 0, "the processes never met");
    }
    children.into_iter().for_each(Process::end);
}

/// What a child does.
pub(crate) async fn hammer(url: &str, redis: &MultiplexedConnection, child: u64, time: Duration) {
    let hammer = Arc::new(Hammer {
        cache: on_redis(url).recheck_after(BOUND).build(),
        redis: redis.clone(),
        child,
        known: Mutex::default(),
        writing: Default::default(),
    });
    let end = Instant::now() + time;
    let notes = tokio::spawn(Arc::clone(&hammer).read_notes(client(url).await, end));
    let workers: Vec<_> = (0..6).map(|_| tokio::spawn(Arc::clone(&hammer).work(end))).collect();
    let mut checked = 0;
    for worker in workers {
        checked += worker.await.unwrap();
    }
    notes.await.unwrap();
    answer(format_args!("checked {checked}"));
    answer(format_args!("from the store {}", hammer.cache.stats().store_hits));
}

impl Hammer {
    async fn read_notes(self: Arc<Self>, mut redis: MultiplexedConnection, end: Instant) {
        while Instant::now() < end {
            let names: Vec<String> = (0..KEYS).map(|key| format!("note:{key}")).collect();
            let notes: Vec<Option<u64>> =
                redis::cmd("MGET").arg(&names).query_async(&mut redis).await.unwrap();
            let now = Instant::now();
            for (known, note) in self.known.lock().unwrap().iter_mut().zip(notes) {
                known.notes.push_back((now, note.unwrap_or_default()));
                // The last one that is due stays.
                while known.notes.get(1).is_some_and(|(read, _)| *read + 50 * BOUND <= now) {
                    known.notes.pop_front();
                }
            }
            sleep(BOUND / 10).await;
        }
    }

    /// How many answers it has checked.
    async fn work(self: Arc<Self>, end: Instant) -> u64 {
        let mut checked = 0;
        while Instant::now() < end {
            let key = fastrand::usize(..KEYS);
            match fastrand::u8(..10) {
                0 => self.write(key).await.unwrap(),
                1 => {
                    let look = async { self.cache.get(&Self::key(key)).await.unwrap() };
                    checked += u64::from(self.check(key, look).await);
                }
                _ => checked += u64::from(self.check(key, self.ask(key)).await),
            }
        }
        checked
    }

    fn key(key: usize) -> Key {
        Key::new("q").part(key)
    }

    fn policy(key: usize) -> Policy {
        Policy::ttl(Duration::from_secs(60)).tag(format!("tag:{key}"))
    }

    async fn ask(&self, key: usize) -> Option<Arc<u64>> {
        let mut redis = self.redis.clone();
        let load = move || async move {
            let mut get = redis::cmd("GET");
            let number: Option<u64> =
                get.arg(format!("source:{key}")).query_async(&mut redis).await?;
            sleep(Duration::from_millis(fastrand::u64(..5))).await;
            Ok::<_, RedisError>(number.unwrap_or_default())
        };
        Some(self.cache.get_or_load(&Self::key(key), &Self::policy(key), load).await.unwrap())
    }

    /// Whether there was an answer. Fails if it was too old.
    async fn check(&self, key: usize, call: impl Future<Output = Option<Arc<u64>>>) -> bool {
        let begun = Instant::now();
        let (own, least) = {
            let known = &mut self.known.lock().unwrap()[key];
            let least = known.least(begun);
            known.calls.push(begun);
            (known.own, least)
        };
        let got = call.await;
        let calls = &mut self.known.lock().unwrap()[key].calls;
        calls.swap_remove(calls.iter().position(|call| *call == begun).unwrap());
        if let Some(got) = &got {
            assert!(**got >= least, "child {} got {got} of key {key}: {own}, {least}", self.child);
        }
        got.is_some()
    }

    /// Changes the source and tells the caches. In half of the keys one process alone does, so it may
    /// `set`: between processes it is not said who wins.
    async fn write(&self, key: usize) -> Result<(), RedisError> {
        let alone = key % 4 >= 2;
        if alone && key as u64 % 2 != self.child {
            return Ok(());
        }
        let _alone = if alone { Some(self.writing[key].lock().await) } else { None };
        let mut redis = self.redis.clone();
        let mut incr = redis::cmd("INCR");
        let number: u64 = incr.arg(format!("source:{key}")).query_async(&mut redis).await?;
        let cache = &self.cache;
        let told = match fastrand::u8(..4) {
            0 => cache.invalidate_tag(format!("tag:{key}")).await,
            1 if alone => cache.set(&Self::key(key), number, &Self::policy(key)).await.map(drop),
            _ => cache.invalidate(&Self::key(key)).await,
        };
        told.unwrap();
        {
            let own = &mut self.known.lock().unwrap()[key].own;
            *own = number.max(*own);
        }
        let note = redis::Script::new(NOTE);
        note.key(format!("note:{key}")).arg(number).invoke_async(&mut redis).await
    }
}
