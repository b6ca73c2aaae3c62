//! A store that can be told to misbehave.

use dist_lock::{Attempt, Claim, LeaseStore, MemoryLeases, OwnerToken, StoreError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How a store answers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Mode {
    #[default]
    Good,
    /// Never, and does nothing: the network is cut, or the server stopped.
    Silent,
    /// With an error, and does nothing.
    Refusing,
    /// With an error, but does what it was asked.
    LosingAnswers,
    /// Does what it was asked at once, and says so after this time.
    Late(Duration),
    /// After being polled this often.
    Slow(usize),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Faulty {
    inner: Arc<Mutex<MemoryLeases>>,
    mode: Arc<Mutex<Mode>>,
    last_claim: Arc<Mutex<Option<(String, OwnerToken, Duration)>>>,
}

impl Faulty {
    pub(crate) fn set(&self, mode: Mode) {
        *self.mode.lock().expect("no panic inside") = mode;
    }

    /// What a server does that restarts without its data.
    pub(crate) fn forget_all(&self) {
        *self.inner.lock().expect("no panic inside") = MemoryLeases::new();
    }

    pub(crate) fn inner(&self) -> MemoryLeases {
        self.inner.lock().expect("no panic inside").clone()
    }

    /// What a network does that delays a packet.
    pub(crate) async fn deliver_last_claim(&self) {
        let last = self.last_claim.lock().expect("no panic inside").clone();
        let (name, owner, ttl) = last.expect("a claim was made");
        self.inner().try_acquire(&Claim::new(&name, owner, ttl)).await.expect("never fails");
    }

    async fn answer<T>(
        &self,
        operation: impl AsyncFnOnce(MemoryLeases) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mode = *self.mode.lock().expect("no panic inside");
        match mode {
            Mode::Good => operation(self.inner()).await,
            Mode::Silent => std::future::pending().await,
            Mode::Refusing => Err(StoreError::unavailable("refused")),
            Mode::LosingAnswers => {
                operation(self.inner()).await?;
                Err(StoreError::unavailable("the answer was lost"))
            }
            Mode::Late(delay) => {
                let answer = operation(self.inner()).await;
                tokio::time::sleep(delay).await;
                answer
            }
            Mode::Slow(polls) => {
                for _ in 0..polls {
                    tokio::task::yield_now().await;
                }
                let answer = operation(self.inner()).await;
                for _ in 0..polls {
                    tokio::task::yield_now().await;
                }
                answer
            }
        }
    }
}

impl LeaseStore for Faulty {
    fn try_acquire(
        &self,
        claim: &Claim<'_>,
    ) -> impl Future<Output = Result<Attempt, StoreError>> + Send {
        let (owner, ttl, name) = (claim.owner, claim.ttl, claim.name.to_owned());
        *self.last_claim.lock().expect("no panic inside") = Some((name.clone(), owner, ttl));
        self.answer(async move |store: MemoryLeases| {
            store.try_acquire(&Claim::new(&name, owner, ttl)).await
        })
    }

    fn renew(&self, claim: &Claim<'_>) -> impl Future<Output = Result<bool, StoreError>> + Send {
        let (owner, ttl, name) = (claim.owner, claim.ttl, claim.name.to_owned());
        self.answer(async move |store: MemoryLeases| {
            store.renew(&Claim::new(&name, owner, ttl)).await
        })
    }

    fn release(
        &self,
        name: &str,
        owner: OwnerToken,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        let name = name.to_owned();
        self.answer(async move |store: MemoryLeases| store.release(&name, owner).await)
    }

    async fn released(&self, name: &str) {
        self.inner().released(name).await;
    }
}
