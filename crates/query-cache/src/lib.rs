//! A two-level read-through cache for query results: single flight, tags, and invalidation that
//! wins over running loads.
//!
//! ```
//! use query_cache::{Cache, Error, Key, Policy};
//! use std::time::Duration;
//!
//! # async fn query(person: u32) -> Result<Vec<String>, std::io::Error> {
//! #     Ok(vec![format!("ICU {person}")])
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let cache = Cache::builder().local(10_000).build();
//! let policy = Policy::ttl(Duration::from_secs(300)).tag("person:7");
//!
//! // What was `query(7).await?`:
//! let shifts = cache.get_or_load(&Key::new("schedule").part(7u32), &policy, || query(7)).await?;
//! assert_eq!(shifts[0], "ICU 7");
//!
//! // After a change:
//! cache.invalidate_tag("person:7").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! * **One load.** However many calls of one process miss a key at once, one load runs, in a task
//!   of its own. All get its value or its error; none of them can cancel it.
//! * **Invalidation wins.** When a call of [`invalidate`](Cache::invalidate),
//!   [`invalidate_tags`](Cache::invalidate_tags), [`clear`](Cache::clear) or [`set`](Cache::set)
//!   has returned, no call that begins after it gets a value whose load began before it: not from
//!   this process, not from the store, not from a load that was under way here or elsewhere. This
//!   holds in the process that made the call. Other processes of the store follow when they hear of it
//!   ([`Listen`]), with Redis as it happens, and otherwise at most
//!   [`recheck_after`](CacheBuilder::recheck_after) later (default 1 s).
//! * **Expired is not invalidated.** After [`expire`](Cache::expire) and its like, a value whose load
//!   began before may still be served as a stale one, and as nothing else.
//! * **A store that fails is no error of a read.** Every call to it is bounded in time; after a failure
//!   it is left alone for a while. Values in this process are served on, other values are loaded.
//!   Invalidations are sent when it is back, and nothing is read from it before; until then they
//!   return [`Error::Unsent`], though they hold in this process. They are lost with the last handle of
//!   the cache: [`close`](Cache::close) says whether any are left.
//! * **A lost version means dead.** A store that was flushed, evicts, restarts empty or from an older
//!   snapshot, or fails over to a replica that lagged, never makes an invalidated value valid again.
//! * **No value without an end.** A [`Policy`] begins with its time to live. A value that comes
//!   from the store keeps only what remains of it.
//!
//! # What may be served
//!
//! Of a value that another process has invalidated, in a process that has it:
//!
//! | the store | served until |
//! |---|---|
//! | works, and tells what others do | the news arrive |
//! | works, but nothing is heard of it (cut, silent, or it does not tell) | `recheck_after` |
//! | was not heard for a while, and now is again | the next call: all is compared |
//! | was flushed, restarted or replaced | `recheck_after`; then nothing of before is valid |
//! | does not answer at all | the end of the value's life, unless the news had come |
//!
//! # Limits
//!
//! * While the store does not answer, an invalidation made in another process is not seen here; the
//!   time to live is the bound then.
//! * A store that forgets a confirmed removal and does not say so brings the old version back, and
//!   what carries it: a Redis that must not be asked who it is, or that
//!   is trusted (`RedisStore::trust_restarts`). The time to live is the bound.
//! * One key is loaded with one set of tags and as one type.
//! * Values go to the store by serde ([`Format`]): what serde skips is not there when another process
//!   reads them. In this process they are shared as they are, never copied.

#![forbid(unsafe_code)]

mod answer;
mod breaker;
mod builder;
mod cache;
mod caches;
mod clock;
mod codec;
mod coherence;
mod deps;
mod entry;
mod error;
mod fill;
mod fill_lock;
mod flight;
mod footprint;
mod format;
#[cfg(test)]
mod interleavings;
mod invalidate;
mod key;
mod load;
mod local;
mod many;
mod name;
mod observe;
mod outcome;
mod pending;
mod policy;
#[cfg(feature = "postgres")]
pub mod postgres;
mod range;
mod read;
mod remote;
mod run;
mod shape;
#[cfg(feature = "sql")]
pub mod sql;
mod stats;
mod store;
mod sync;
mod tags;
mod tally;
mod tasks;
mod template;
#[cfg(feature = "testing")]
pub mod testing;
mod tiers;
#[cfg(feature = "postgres")]
pub mod view;
mod warm;
mod wrap;

pub use crate::answer::{Answer, Origin, Traced};
pub use crate::builder::CacheBuilder;
pub use crate::cache::Cache;
pub use crate::caches::Caches;
pub use crate::codec::Compression;
#[cfg(feature = "zstd")]
pub use crate::codec::{Dictionary, DictionaryError};
pub use crate::entry::Entry;
pub use crate::error::{Error, StoreError};
pub use crate::fill_lock::{FillGuard, FillLock};
pub use crate::format::Format;
pub use crate::key::{Key, KeyPart, Namespace, PartWriter, Tenant};
pub use crate::load::Loaded;
pub use crate::local::{LocalTier, ShardedTier, Usage};
pub use crate::name::{Name, Version};
pub use crate::observe::{Invalidated, Observer, Subject};
pub use crate::policy::Policy;
pub use crate::range::Windows;
pub use crate::shape::Cacheable;
pub use crate::stats::Stats;
#[cfg(feature = "redis")]
pub use crate::store::redis;
pub use crate::store::{
    AnyStore, Backend, Heard, Item, Listen, MemoryStore, NoStore, Scoped, Store, Stored, Versions,
};
pub use crate::tags::Tag;
pub use crate::tally::Tally;
pub use crate::template::{Arguments, IntoArguments, Template};
pub use crate::warm::{Job, JobProgress, Progress, Trigger, Warmer, Warming};
pub use crate::wrap::{AsyncFunction, Cached};

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
