//! Locks across processes that survive a crash and tell their holder when they are lost.
//!
//! A [`Lock`] lets one holder at a time work under a name. Ownership is a *lease*: it is renewed while
//! its [`Guard`] lives and lapses by itself otherwise, so a dead holder blocks the others for at most one
//! TTL. Each lease carries a [`FencingToken`] for the resource the lock protects.
//!
//! ```
//! use dist_lock::{Lock, MemoryLeases};
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let lock = Lock::new(MemoryLeases::new(), "roster/2027-07", Duration::from_secs(30))?;
//!
//! let guard = lock.try_acquire().await?.ok_or("somebody else is at it")?;
//! assert!(lock.try_acquire().await?.is_none());
//!
//! // Stops at the await where the lease is lost, if it ever is.
//! let published = guard.run(async { guard.fence().get() }).await?;
//! assert!(published > 0); // hand the fence to whatever you write to
//!
//! guard.release().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! * Among holders that are not paused, with a store that keeps its memory, at most one holds a name.
//! * Tokens of one name only grow, also over expiry. A store that cannot keep that promise refuses to
//!   grant ([`StoreError::EpochLost`]).
//! * The holder learns of a loss before the lease can end at the store, by its own monotonic clock,
//!   even when the network is cut: see [`Guard::lost`] and [`Guard::run`]. A loss is final.
//! * Every future may be dropped at any time. A lease that was granted to a caller who is gone is given
//!   back at once if the store can be reached, and lapses within one TTL if not.
//!
//! # Limits
//!
//! * No lease can stop a process that sleeps through its own deadline. **The fence protects the data, the
//!   lock only saves work**: check the token where the data is, with `check_fence` of the SQL stores or a
//!   [`FenceGate`].
//! * Waiters do not queue: whoever tries first after a release gets the lock. Across processes they
//!   poll, every 25 to 75 ms; in one process [`MemoryLeases`] wakes them.
//! * A guard renews from a task of its runtime. A runtime that is blocked for two thirds of a TTL loses
//!   its leases, and says so.
//!
//! # Backends
//!
//! | store | feature | what it is good for |
//! |---|---|---|
//! | [`MemoryLeases`] | - | one process; tests |
//! | `store::sqlite::SqliteLeases` | `sqlite` | processes of one machine that share a file |
//! | `store::postgres::PgLeases` | `postgres` | correctness: durable, and checks the fence next to the data |
//! | `store::redis::RedisLeases` | `redis` | saving work: an empty restart gives a second owner |
//!
//! What a store has to do is said by [`LeaseStore`], and checked by the suite in `testing` (a feature).

mod error;
mod fence;
mod guard;
mod lease;
mod lock;
mod stats;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use error::{AcquireError, ConfigError, FenceError, Loss, Lost, ReleaseError, StoreError};
pub use fence::FenceGate;
pub use guard::Guard;
pub use lease::{FencingToken, Lease, OwnerToken, margin};
pub use lock::{Lock, MAX_TTL, MIN_TTL};
pub use stats::Stats;
pub use store::memory::MemoryLeases;
pub use store::{AnyLeaseStore, Attempt, Claim, Holder, Holders, LeaseStore, Prefixed};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
