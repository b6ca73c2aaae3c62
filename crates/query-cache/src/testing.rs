//! The suite that every store has to pass, and parts of the cache to be measured alone.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::{self, Either};

use crate::clock::now;
pub use crate::codec::{Packed, Packer};
use crate::error::StoreError;
use crate::name::{Name, Version};
use crate::store::{Backend, Heard, Item, Store, Stored};
use crate::tally::Tally;

/// Checks what [`Cache::increment`](crate::Cache::increment) relies on, for a store that is a
/// [`Tally`]. As [`contract`].
///
/// # Panics
///
/// With what was expected, where the store does otherwise or fails.
pub async fn tally_contract<S: Tally>(store: S) {
    counters_add_up(&store).await;
    counters_end_by_the_time_they_began_with(&store).await;
    counters_do_not_overflow(&store).await;
}

pub use self::bounded::BoundedMap;

mod bounded;

/// Checks what the cache relies on. Panics at the first thing that is not so.
///
/// Uses names of its own, so the store need not be empty. Takes about half a second of tokio's
/// time; call it with the clock paused for a store in memory and running for a real one.
///
/// # Panics
///
/// With what was expected, where the store does otherwise or fails.
pub async fn contract<S: Backend>(store: S) {
    values_are_kept_replaced_and_removed(&store).await;
    values_expire_and_say_when(&store).await;
    versions_are_made_once(&store).await;
    removed_versions_do_not_come_back(&store).await;
    versions_live_as_long_as_the_longest_wish(&store).await;
    bytes_of_any_kind_and_size_survive(&store).await;
    many_are_kept_and_found_in_order(&store).await;
    an_expiry_changes_the_second_half_alone(&store).await;
    what_is_done_is_told(&store).await;
}

const MINUTE: Duration = Duration::from_secs(60);

fn name() -> Name {
    Name::digest(b"contract", Version::random().as_bytes())
}

fn ok<T>(answer: Result<T, StoreError>) -> T {
    match answer {
        Ok(value) => value,
        Err(error) => panic!("the store failed: {error:?}"),
    }
}

async fn get<S: Store>(store: &S, name: &Name) -> Option<Stored> {
    let mut found = ok(store.get_many(&[*name]).await);
    assert_eq!(found.len(), 1, "one answer for one name");
    found.remove(0)
}

async fn bytes<S: Store>(store: &S, name: &Name) -> Option<Vec<u8>> {
    get(store, name).await.map(|stored| stored.bytes)
}

async fn set<S: Store>(store: &S, name: &Name, bytes: &[u8], ttl: Duration) {
    ok(store.set_many(&[Item { name: *name, bytes, ttl }]).await);
}

/// Waits until `gone` says so: for a second, then fails with `what`.
async fn until(what: &str, mut gone: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if gone().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what}");
}

async fn values_are_kept_replaced_and_removed<S: Store>(store: &S) {
    let (one, two, three) = (name(), name(), name());
    assert_eq!(bytes(store, &one).await, None, "an unknown name has no value");
    set(store, &one, b"a", MINUTE).await;
    set(store, &two, b"b", MINUTE).await;
    set(store, &three, b"c", MINUTE).await;
    set(store, &one, b"d", MINUTE).await;
    assert_eq!(bytes(store, &one).await.as_deref(), Some(&b"d"[..]), "the last value counts");
    ok(store.remove(&[one, two, name()]).await);
    assert_eq!(bytes(store, &one).await, None, "a removed value is gone");
    assert_eq!(bytes(store, &two).await, None, "all named values are removed");
    assert_eq!(bytes(store, &three).await.as_deref(), Some(&b"c"[..]), "no other is");
    ok(store.remove(&[]).await);
}

async fn values_expire_and_say_when<S: Store>(store: &S) {
    let name = name();
    set(store, &name, b"long", MINUTE).await;
    let stored = get(store, &name).await;
    let remaining = stored.map(|stored| stored.remaining).unwrap_or_default();
    assert!(remaining <= MINUTE, "no value lives longer than asked for");
    assert!(remaining > MINUTE / 2, "a minute remains of a minute, not {remaining:?}");
    set(store, &name, b"short", Duration::from_millis(50)).await;
    until("a replaced value takes the new time to live", async || {
        bytes(store, &name).await.is_none()
    })
    .await;
}

async fn versions_are_made_once<S: Backend>(store: &S) {
    let (known, unknown) = (name(), name());
    let (first, second) = (Version::random(), Version::random());
    assert_eq!(ok(store.read(&[known]).await), [None], "an unknown name has no version");
    assert_eq!(ok(store.read(&[]).await), [], "no names have no versions");
    assert_eq!(ok(store.ensure(&[known], first, MINUTE).await), [first], "the offer is taken");
    let both = ok(store.ensure(&[unknown, known], second, MINUTE).await);
    assert_eq!(both, [second, first], "a version that is there stays, and the order too");
    let both = ok(store.read(&[known, unknown]).await);
    assert_eq!(both, [Some(first), Some(second)], "what was ensured is read");
}

async fn removed_versions_do_not_come_back<S: Backend>(store: &S) {
    let name = name();
    let (first, second) = (Version::random(), Version::random());
    ok(store.ensure(&[name], first, MINUTE).await);
    ok(store.remove(&[name]).await);
    assert_eq!(ok(store.read(&[name]).await), [None], "a removed version is gone");
    let next = ok(store.ensure(&[name], second, MINUTE).await);
    assert_eq!(next, [second], "the next version is a new one");
}

async fn versions_live_as_long_as_the_longest_wish<S: Backend>(store: &S) {
    let (short, long) = (name(), name());
    let (blink, version) = (Duration::from_millis(50), Version::random());
    ok(store.ensure(&[short, long], version, blink).await);
    ok(store.ensure(&[long], version, MINUTE).await);
    ok(store.ensure(&[long], version, blink).await);
    until("a version is not kept for ever", async || ok(store.read(&[short]).await) == [None])
        .await;
    assert_eq!(ok(store.read(&[long]).await), [Some(version)], "a short wish shortens nothing");
}

async fn counters_add_up<S: Tally>(store: &S) {
    let (one, two) = (name(), name());
    assert_eq!(ok(store.add(&one, 0, MINUTE).await), Some(0), "a counter begins at 0");
    assert_eq!(ok(store.add(&one, 5, MINUTE).await), Some(5));
    assert_eq!(ok(store.add(&one, -7, MINUTE).await), Some(-2), "it may go below 0");
    assert_eq!(ok(store.add(&two, 1, MINUTE).await), Some(1), "each name has its own");
    let many = future::join_all((0..100).map(|_| store.add(&two, 1, MINUTE))).await;
    let mut sums: Vec<_> = many.into_iter().map(ok).collect();
    sums.sort_unstable();
    assert_eq!(sums, (2..102).map(Some).collect::<Vec<_>>(), "no two see the same sum");
}

async fn counters_end_by_the_time_they_began_with<S: Tally>(store: &S) {
    let (short, long, blink) = (name(), name(), Duration::from_millis(50));
    ok(store.add(&long, 1, MINUTE).await);
    ok(store.add(&long, 1, blink).await);
    ok(store.add(&short, 1, blink).await);
    until("a counter ends though it is added to", async || {
        ok(store.add(&short, 1, MINUTE).await) == Some(1)
    })
    .await;
    assert_eq!(ok(store.add(&long, 1, blink).await), Some(3), "a later wish changes nothing");
}

async fn counters_do_not_overflow<S: Tally>(store: &S) {
    let (high, low) = (name(), name());
    for (name, end, further) in [(high, i64::MAX, 1), (low, i64::MIN, -1)] {
        assert_eq!(ok(store.add(&name, end, MINUTE).await), Some(end), "all 64 bits are told");
        assert_eq!(ok(store.add(&name, further, MINUTE).await), None, "what does not fit is told");
        let back = ok(store.add(&name, -further, MINUTE).await);
        assert_eq!(back, Some(end - further), "and nothing was added");
    }
}

async fn bytes_of_any_kind_and_size_survive<S: Store>(store: &S) {
    for length in [0, 1, 255, 256, 100_000] {
        let (name, value) = (name(), (0..=255u8).cycle().take(length).collect::<Vec<_>>());
        set(store, &name, &value, MINUTE).await;
        assert_eq!(bytes(store, &name).await, Some(value), "{length} bytes");
    }
}

async fn many_are_kept_and_found_in_order<S: Store>(store: &S) {
    let names: Vec<Name> = (0..1200).map(|_| name()).collect();
    let value = |at: usize| at.to_string().into_bytes();
    let bytes: Vec<Vec<u8>> = (0..names.len()).map(value).collect();
    let kept = |at: usize| !at.is_multiple_of(3);
    let items = names.iter().zip(&bytes).enumerate().filter(|(at, _)| kept(*at));
    let items: Vec<Item<'_>> =
        items.map(|(_, (&name, bytes))| Item { name, bytes, ttl: MINUTE }).collect();
    ok(store.set_many(&items).await);
    let found = ok(store.get_many(&names).await);
    assert_eq!(found.len(), names.len(), "an answer for each name");
    for (at, found) in found.into_iter().enumerate() {
        let expected = kept(at).then(|| value(at));
        let long = found.as_ref().is_none_or(|found| found.remaining > MINUTE / 2);
        assert!(long, "name {at} has the life of another");
        assert_eq!(found.map(|found| found.bytes), expected, "name {at}");
    }
    ok(store.set_many(&[]).await);
    assert_eq!(ok(store.get_many(&[]).await), [], "no names have no values");
}

async fn an_expiry_changes_the_second_half_alone<S: Backend>(store: &S) {
    let (known, other, unknown, short) = (name(), name(), name(), name());
    let [first, second, third] = [0; 3].map(|_| Version::random());
    ok(store.ensure(&[known, other], first, MINUTE).await);
    ok(store.expire(&[known, unknown], second).await);
    let expired = first.expired_to(second);
    let found = ok(store.read(&[known, other, unknown]).await);
    assert_eq!(found, [Some(expired), Some(first), None], "names without a version stay so");
    assert_eq!(ok(store.ensure(&[known], third, MINUTE).await), [expired], "it is there still");
    ok(store.remove(&[known]).await);
    ok(store.expire(&[known], second).await);
    assert_eq!(ok(store.read(&[known]).await), [None], "nothing comes back");
    ok(store.ensure(&[short], first, Duration::from_millis(50)).await);
    ok(store.expire(&[short], second).await);
    until("an expired version lives no longer than before", async || {
        ok(store.read(&[short]).await) == [None]
    })
    .await;
    ok(store.expire(&[], second).await);
}

/// A store that tells nothing ends its listening at once, and passes.
async fn what_is_done_is_told<S: Backend>(store: &S) {
    let heard = Mutex::new(Vec::new());
    let tell = |one| heard.lock().unwrap_or_else(PoisonError::into_inner).push(one);
    let listening = std::pin::pin!(store.listen(Duration::from_millis(20), tell));
    let doing = std::pin::pin!(async {
        proven_after(&heard, now()).await;
        let names = [0; 5].map(|_| name());
        let [.., last] = names;
        ok(store.ensure(&names, Version::random(), MINUTE).await);
        ok(store.remove(&names).await);
        for name in names {
            ok(store.expire(&[name], Version::random()).await);
        }
        let told = proven_after(&heard, now()).await;
        for name in names {
            let removed = told
                .iter()
                .position(|heard| matches!(heard, Heard::Removed(names) if names.contains(&name)));
            assert!(
                removed.is_some(),
                "a removal is told before it is proven that nothing was missed"
            );
            let expired = told.iter().position(|heard| *heard == Heard::Expired(vec![name]));
            assert!(expired.is_some(), "so is an expiry");
            assert!(removed < expired, "news of a name come in the order of what was done to it");
        }
        let with_last =
            |heard: &Heard| !matches!(heard, Heard::Removed(names) if names.last() != Some(&last));
        assert!(told.iter().all(with_last), "each part of a call's names comes with the last one");
    });
    match future::select(listening, doing).await {
        Either::Left(((), _)) => {
            let heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            assert!(heard.is_empty(), "a store that tells something goes on telling");
        }
        Either::Right(((), _)) => (),
    }
}

/// What was heard, as soon as it is proven for `moment`.
async fn proven_after(heard: &Mutex<Vec<Heard>>, moment: Instant) -> Vec<Heard> {
    let all = || heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let proves = |heard: &Heard| matches!(heard, Heard::Proven(at) if *at > moment);
    until("listening is proven again and again", async || all().iter().any(proves)).await;
    let heard = all();
    let end = heard.iter().position(proves).unwrap_or_default();
    heard[..end].to_vec()
}
