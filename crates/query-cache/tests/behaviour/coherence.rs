//! What the store tells of others reaches this cache at once, and what it could not tell is found
//! out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use query_cache::{Cache, Key, Observer};
use tokio::time::{Instant, sleep};

use crate::support::{
    Line, Mode, Source, TestStore, ask, ask_aside, key, minute, ms, relaxed, until,
};

type Node = Cache<Arc<TestStore>>;

/// Two caches on a store that tells, both with the value 1 of a source, and both listening.
async fn two() -> (Arc<TestStore>, Node, Node, Source) {
    let (store, source) = (TestStore::telling(), Source::new(1));
    let (here, there) = (relaxed(&store), relaxed(&store));
    ask(&there, &minute().tag("tag"), &source).await.unwrap();
    sleep(ms(1)).await;
    ask(&here, &minute().tag("tag"), &source).await.unwrap();
    sleep(ms(1)).await;
    (store, here, there, source)
}

#[tokio::test(start_paused = true)]
async fn a_change_elsewhere_is_seen_without_waiting_for_the_bound() {
    for way in 0..4 {
        let (_store, here, there, source) = two().await;
        let policy = minute().tag("tag");
        source.write(2);
        match way {
            0 => here.invalidate(&key()).await.unwrap(),
            1 => here.invalidate_tag("tag").await.unwrap(),
            2 => here.clear("q").await.unwrap(),
            _ => drop(here.set(&key(), 2u64, &policy).await.unwrap()),
        }
        sleep(ms(1)).await;
        assert_eq!(ask(&there, &policy, &source).await.unwrap(), 2, "way {way}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_expiry_elsewhere_makes_stale_and_not_dead() {
    for by_tag in [false, true] {
        let (store, source) = (TestStore::telling(), Source::new(1));
        let (here, there) = (relaxed(&store), relaxed(&store));
        let policy = minute().stale_for(ms(60_000)).tag("tag");
        ask(&there, &policy, &source).await.unwrap();
        sleep(ms(1)).await;
        source.write(2);
        match by_tag {
            true => here.expire_tags(["tag"]).await.unwrap(),
            false => here.expire(&key()).await.unwrap(),
        }
        sleep(ms(1)).await;
        assert_eq!(ask(&there, &policy, &source).await.unwrap(), 1, "by tag: {by_tag}");
        assert_eq!(there.stats().stale_hits, 1);
        sleep(ms(1)).await;
        assert_eq!(ask(&there, &policy, &source).await.unwrap(), 2);
    }
}

/// The flight began before; who comes after the news does not board it, and it is not kept.
#[tokio::test(start_paused = true)]
async fn a_load_under_way_is_not_joined_after_the_news() {
    for by_tag in [false, true] {
        let (store, source) = (TestStore::telling(), Source::gated(1));
        let (here, there) = (relaxed(&store), relaxed(&store));
        let policy = minute().tag("tag");
        let early = ask_aside(&there, &policy, &source);
        source.begun(1).await;
        source.write(2);
        match by_tag {
            true => here.invalidate_tag("tag").await.unwrap(),
            false => here.invalidate(&key()).await.unwrap(),
        }
        sleep(ms(1)).await;
        let late = ask_aside(&there, &policy, &source);
        source.begun(2).await;
        source.open();
        assert_eq!(early.await.unwrap().unwrap(), 1);
        assert_eq!(late.await.unwrap().unwrap(), 2);
        assert_eq!(ask(&there, &policy, &source).await.unwrap(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_line_works_no_hit_asks_the_store() {
    let (store, _here, there, source) = two().await;
    let policy = minute().tag("tag");
    // What was kept before listening began is compared once.
    sleep(ms(1500)).await;
    ask(&there, &policy, &source).await.unwrap();
    let before = store.calls();
    for _ in 0..50 {
        sleep(ms(500)).await;
        ask(&there, &policy, &source).await.unwrap();
    }
    assert_eq!(store.calls() - before, 0);
    assert_eq!(source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn ones_own_changes_do_not_touch_what_was_loaded_since() {
    let (store, here, _there, source) = two().await;
    let policy = minute().tag("tag");
    for change in 0..10 {
        match change % 2 {
            0 => here.invalidate_tag("tag").await.unwrap(),
            _ => here.invalidate(&key()).await.unwrap(),
        }
        // The news of it is on the way.
        let before = source.loads();
        ask(&here, &policy, &source).await.unwrap();
        sleep(ms(5)).await;
        let calls = store.calls();
        ask(&here, &policy, &source).await.unwrap();
        assert_eq!((source.loads() - before, store.calls() - calls), (1, 0));
    }
}

/// Many keys change; those that do not cost no load.
#[tokio::test(start_paused = true)]
async fn the_news_of_one_key_leaves_others_in_place() {
    let (store, source) = (TestStore::telling(), Source::new(1));
    let (here, there) = (relaxed(&store), relaxed(&store));
    let asked = async |id: u64| {
        let source = source.clone();
        there.get_or_load(&Key::new("many").part(id), &minute(), || source.load()).await.unwrap()
    };
    for id in 0..200 {
        asked(id).await;
    }
    sleep(ms(10)).await;
    for id in 0..100 {
        here.invalidate(&Key::new("many").part(id)).await.unwrap();
    }
    sleep(ms(1)).await;
    for id in 0..200 {
        asked(id).await;
    }
    assert_eq!(source.loads(), 300);
}

/// Both when the loss is noticed and when the other end is gone without a word.
#[tokio::test(start_paused = true)]
async fn while_the_line_is_cut_the_bound_holds_and_after_it_nothing_is_stale() {
    for line in [Line::Cut, Line::Dead] {
        let (store, here, there, source) = two().await;
        let policy = minute().tag("tag");
        sleep(ms(1500)).await;
        ask(&there, &policy, &source).await.unwrap();
        store.set_line(line);
        for round in 2..10 {
            source.write(round);
            match round % 2 {
                0 => here.invalidate(&key()).await.unwrap(),
                _ => here.invalidate_tag("tag").await.unwrap(),
            }
            let begun = Instant::now();
            until("the old value is still served", async || {
                ask(&there, &policy, &source).await.unwrap() == round
            })
            .await;
            assert!(begun.elapsed() <= ms(1001), "{line:?}: {:?}", begun.elapsed());
        }
        source.write(10);
        here.invalidate_tag("tag").await.unwrap();
        store.set_line(Line::Works);
        sleep(ms(1001)).await;
        assert_eq!(ask(&there, &policy, &source).await.unwrap(), 10, "{line:?}: after it");
        // And it is listened to again.
        source.write(11);
        here.invalidate(&key()).await.unwrap();
        sleep(ms(1)).await;
        assert_eq!(ask(&there, &policy, &source).await.unwrap(), 11, "{line:?}: again");
    }
}

/// An entry that was read before listening began, while the change fell between the two.
#[tokio::test(start_paused = true)]
async fn a_change_just_before_the_line_works_again_is_not_missed() {
    let (store, here, there, source) = two().await;
    sleep(ms(1500)).await;
    store.set_line(Line::Cut);
    let other = Key::new("other");
    let asked = async || {
        let source = source.clone();
        *there.get_or_load(&other, &minute(), || source.load()).await.unwrap()
    };
    asked().await;
    source.write(2);
    here.invalidate(&other).await.unwrap();
    store.set_line(Line::Works);
    for _ in 0..20 {
        sleep(ms(100)).await;
        asked().await;
    }
    assert_eq!(asked().await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_lost_everything_is_noticed_within_the_bound() {
    let (store, here, there, source) = two().await;
    let policy = minute().tag("tag");
    source.write(2);
    store.lose_everything();
    here.invalidate_tag("tag").await.unwrap();
    sleep(ms(1000)).await;
    assert_eq!(ask(&there, &policy, &source).await.unwrap(), 2);
}

/// Of a key that something was heard of the old value is not served just because the store fails.
#[tokio::test(start_paused = true)]
async fn what_was_heard_counts_when_the_store_does_not_answer() {
    for mode in [Mode::Fails, Mode::Hangs] {
        let (store, here, there, source) = two().await;
        source.write(2);
        here.invalidate(&key()).await.unwrap();
        sleep(ms(1)).await;
        store.set_mode(mode);
        let policy = minute().tag("tag");
        assert_eq!(ask(&there, &policy, &source).await.unwrap(), 2, "{mode:?}");
        let loads = source.loads();
        ask(&there, &policy, &source).await.unwrap();
        assert_eq!(source.loads(), loads, "{mode:?}: it is kept");
    }
}

/// Counts the gaps.
#[derive(Default)]
struct Gaps(AtomicU64);

impl Observer for Gaps {
    fn gap(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_of_each_gap_once() {
    let (store, source, gaps) = (TestStore::telling(), Source::new(1), Arc::<Gaps>::default());
    let cache = Cache::builder().store(Arc::clone(&store)).observer(Arc::clone(&gaps)).build();
    ask(&cache, &minute(), &source).await.unwrap();
    for gap in 1..4 {
        sleep(ms(10)).await;
        store.set_line(Line::Cut);
        sleep(ms(10)).await;
        store.set_line(Line::Works);
        sleep(ms(10)).await;
        assert_eq!(gaps.0.load(Ordering::Relaxed), gap);
    }
}

#[tokio::test(start_paused = true)]
async fn with_the_last_handle_listening_ends() {
    let (store, here, there, _source) = two().await;
    drop((here, there));
    until("somebody holds the store", async || Arc::strong_count(&store) == 1).await;
    assert_eq!(store.delay.load(Ordering::Relaxed), 0);
}
