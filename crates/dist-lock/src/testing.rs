//! What every [`LeaseStore`] has to do, as one suite. For tests of stores, this crate's and others'.

use crate::lease::{FencingToken, OwnerToken};
use crate::store::{Attempt, Claim, Holders, LeaseStore};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Outlasts the suite: a lease that must not run out.
const LONG: Duration = Duration::from_secs(60);

/// Runs out while the suite looks on.
const SHORT: Duration = Duration::from_millis(200);

/// By when a lease of [`SHORT`] has to be over, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// Checks a store, under names of its own. Takes a few times 200 ms of the store's time: a store that
/// goes by tokio's clock may be checked with that paused, any other one in real time.
///
/// # Panics
/// When the store fails, or does not do as it should.
pub async fn contract(store: &(impl LeaseStore + Holders)) {
    exclusive(&Case::new(store, "exclusive")).await;
    asked_twice(&Case::new(store, "twice")).await;
    renewal(&Case::new(store, "renewal")).await;
    expiry(&Case::new(store, "expiry")).await;
    dead_owner(&Case::new(store, "dead")).await;
    strangers(&Case::new(store, "strangers")).await;
    holder(&Case::new(store, "holder")).await;
    names(store).await;
    wake_up(&Case::new(store, "wake")).await;
}

/// One name nobody else uses, and short ways to ask for it.
struct Case<'a, S> {
    store: &'a S,
    name: String,
}

impl<'a, S: LeaseStore + Holders> Case<'a, S> {
    fn new(store: &'a S, what: &str) -> Self {
        Self { store, name: format!("contract/{}/{what}", OwnerToken::random()) }
    }

    async fn claim(&self, owner: OwnerToken, ttl: Duration) -> Attempt {
        let claim = Claim::new(&self.name, owner, ttl).label("contract");
        told(self.store.try_acquire(&claim).await)
    }

    async fn granted(&self, owner: OwnerToken, ttl: Duration) -> FencingToken {
        match self.claim(owner, ttl).await {
            Attempt::Granted(fence) => fence,
            held @ Attempt::Held { .. } => panic!("{} should be free, but is {held:?}", self.name),
        }
    }

    async fn refused(&self, owner: OwnerToken) -> Duration {
        match self.claim(owner, LONG).await {
            Attempt::Held { expires_in } => expires_in,
            granted @ Attempt::Granted(_) => panic!("{} is held, but was {granted:?}", self.name),
        }
    }

    async fn renew(&self, owner: OwnerToken) -> bool {
        told(self.store.renew(&Claim::new(&self.name, owner, LONG)).await)
    }

    async fn release(&self, owner: OwnerToken) -> bool {
        told(self.store.release(&self.name, owner).await)
    }

    async fn is_free(&self) -> bool {
        told(self.store.holder(&self.name).await).is_none()
    }

    async fn until_free(&self) {
        let give_up = Instant::now() + PATIENCE;
        while !self.is_free().await {
            assert!(Instant::now() < give_up, "{} did not run out", self.name);
            sleep(Duration::from_millis(5)).await;
        }
    }
}

fn told<T>(answer: Result<T, crate::StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("the store failed: {error} ({error:?})"))
}

async fn exclusive(case: &Case<'_, impl LeaseStore + Holders>) {
    let (one, two) = (OwnerToken::random(), OwnerToken::random());
    let first = case.granted(one, LONG).await;
    let left = case.refused(two).await;
    assert!(left <= LONG && left > LONG / 2, "a lease of {LONG:?} should not end in {left:?}");
    assert!(case.release(one).await, "the owner can release");
    assert!(case.granted(two, LONG).await > first, "the fence grows over a release");
    assert!(case.release(two).await, "the second owner can release");
}

async fn asked_twice(case: &Case<'_, impl LeaseStore + Holders>) {
    let owner = OwnerToken::random();
    let first = case.granted(owner, SHORT).await;
    let again = case.granted(owner, LONG).await;
    assert!(again > first, "a claim that is repeated gets a new fence");
    let left = case.refused(OwnerToken::random()).await;
    assert!(left > LONG / 2, "a claim that is repeated gets its whole TTL, not {left:?}");
    assert!(case.release(owner).await, "one release ends it all the same");
    assert!(case.is_free().await, "nothing is left after the release");
}

async fn renewal(case: &Case<'_, impl LeaseStore + Holders>) {
    let owner = OwnerToken::random();
    case.granted(owner, PATIENCE).await;
    assert!(case.renew(owner).await, "a live lease can be renewed");
    let left = case.refused(OwnerToken::random()).await;
    assert!(left > LONG / 2, "a renewal counts from now on, and leaves more than {left:?}");
    assert!(case.release(owner).await, "a renewed lease can be released");
    assert!(!case.renew(owner).await, "a released lease is not renewed");
    assert!(case.is_free().await, "a refused renewal grants nothing");
}

async fn expiry(case: &Case<'_, impl LeaseStore + Holders>) {
    let (one, two) = (OwnerToken::random(), OwnerToken::random());
    let sent = Instant::now();
    let first = case.granted(one, SHORT).await;
    case.until_free().await;
    let lasted = sent.elapsed() + crate::margin(SHORT);
    assert!(lasted >= SHORT, "a lease of {SHORT:?} was over after {lasted:?}");
    assert!(case.granted(two, LONG).await > first, "the fence grows over an expiry");
    assert!(!case.renew(one).await, "the old owner cannot renew");
    assert!(!case.release(one).await, "the old owner cannot release");
    case.refused(OwnerToken::random()).await;
    assert!(case.release(two).await, "the new owner still holds it");
}

async fn dead_owner(case: &Case<'_, impl LeaseStore + Holders>) {
    let owner = OwnerToken::random();
    case.granted(owner, SHORT).await;
    case.until_free().await;
    assert!(!case.renew(owner).await, "a lease that ran out is not revived");
    assert!(case.is_free().await, "it stays free");
    assert!(!case.release(owner).await, "and there is nothing to release");
}

async fn strangers(case: &Case<'_, impl LeaseStore + Holders>) {
    let (owner, stranger) = (OwnerToken::random(), OwnerToken::random());
    assert!(!case.renew(stranger).await, "a free name has nothing to renew");
    assert!(!case.release(stranger).await, "a free name has nothing to release");
    case.granted(owner, LONG).await;
    assert!(!case.renew(stranger).await, "a stranger cannot renew");
    assert!(!case.release(stranger).await, "a stranger cannot release");
    assert!(case.release(owner).await, "the owner still holds it");
}

async fn holder(case: &Case<'_, impl LeaseStore + Holders>) {
    let owner = OwnerToken::random();
    assert!(case.is_free().await, "nobody holds a new name");
    let fence = case.granted(owner, LONG).await;
    let holder = told(case.store.holder(&case.name).await);
    let Some(holder) = holder else { panic!("{} has a holder", case.name) };
    assert_eq!((holder.label.as_str(), holder.fence), ("contract", fence));
    assert!(holder.expires_in <= LONG && holder.expires_in > LONG / 2, "{holder:?}");
    assert!(case.release(owner).await, "the owner can release");
    assert!(case.is_free().await, "nobody holds a released name");
}

/// Names that quoting, patterns, hash tags or case folding could mix up.
async fn names(store: &(impl LeaseStore + Holders)) {
    let base = OwnerToken::random();
    let names = ["a", "A", "a ", "a:b", "{a}", "}", "a%", "a_", "a'", "é", "a\nb", "*"];
    let mut held = Vec::new();
    for name in names {
        let case = Case { store, name: format!("{name}{base}") };
        let owner = OwnerToken::random();
        case.granted(owner, LONG).await;
        held.push((case, owner));
    }
    for (case, owner) in held {
        assert!(case.release(owner).await, "{:?} is a name of its own", case.name);
    }
}

async fn wake_up(case: &Case<'_, impl LeaseStore + Holders>) {
    let owner = OwnerToken::random();
    case.granted(owner, LONG).await;
    let waiter = tokio::time::timeout(PATIENCE, case.store.released(&case.name));
    let (woken, released) = tokio::join!(biased; waiter, case.release(owner));
    assert!(released, "the owner can release");
    assert!(woken.is_ok(), "whoever waits tries again after a release, within {PATIENCE:?}");
}
