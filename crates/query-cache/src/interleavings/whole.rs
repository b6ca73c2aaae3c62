use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::poll;
use shuttle::future::block_on;
use tokio::runtime::{Builder, Runtime};

use crate::{Cache, Key, MemoryStore, Policy};

use super::late::LateStore;
use super::{in_any_order, together};

#[derive(Clone, Copy)]
enum Way {
    Key,
    Tag,
    ExpireKey,
    ExpireTag,
}

async fn change(cache: &Cache<Arc<MemoryStore>>, way: Way) {
    let done = match way {
        Way::Key => cache.invalidate(&Key::new("k")).await,
        Way::Tag => cache.invalidate_tag("tag").await,
        Way::ExpireKey => cache.expire(&Key::new("k")).await,
        Way::ExpireTag => cache.expire_tags(["tag"]).await,
    };
    done.expect("the store answers");
}

/// Runs a runtime in a thread of the test, and never waits in it: what comes next may be up to another
/// thread.
fn drive<F: Future>(runtime: &Runtime, future: F) -> F::Output {
    runtime.block_on(async {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = poll!(future.as_mut()) {
                return output;
            }
            shuttle::thread::yield_now();
            tokio::task::yield_now().await;
        }
    })
}

/// A `set` that has begun, and a change made by another thread at any stage of it.
fn a_set_begun_before_is_not_found_after(way: Way) {
    in_any_order(300, move || {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        let store = Arc::new(MemoryStore::default());
        let open = || Cache::builder().store(Arc::clone(&store)).build();
        let (here, elsewhere) = (open(), open());
        let (key, policy) = (Key::new("k"), Policy::ttl(Duration::from_secs(60)).tag("tag"));
        let mut setting = Box::pin(here.set(&key, 1u32, &policy));
        let begun = runtime.block_on(async { poll!(setting.as_mut()).is_pending() });
        assert!(begun);
        let setting = Mutex::new(setting);
        let set = || {
            let mut setting = setting.lock().unwrap();
            drive(&runtime, setting.as_mut()).expect("the store answers");
        };
        together([&set, &|| block_on(change(&here, way))]);
        drop(setting);
        for cache in [&here, &elsewhere] {
            assert_eq!(block_on(cache.get::<u32>(&key)).unwrap(), None);
        }
    });
}

#[test]
fn a_set_begun_before_an_invalidation_is_not_found_after_it() {
    a_set_begun_before_is_not_found_after(Way::Key);
    a_set_begun_before_is_not_found_after(Way::Tag);
}

#[test]
fn a_set_begun_before_an_expiry_is_not_fresh_after_it() {
    a_set_begun_before_is_not_found_after(Way::ExpireKey);
    a_set_begun_before_is_not_found_after(Way::ExpireTag);
}

/// A load that lands before the `set` takes its place, and whose write to the store is late.
#[test]
fn a_load_begun_before_a_set_does_not_overwrite_it() {
    in_any_order(300, || {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        let store = Arc::new(LateStore::default());
        let open = || Cache::builder().store(Arc::clone(&store)).build();
        let (here, elsewhere) = (open(), open());
        let (key, policy) = (Key::new("k"), Policy::ttl(Duration::from_secs(60)));
        let loading = || {
            let load = || async { Ok::<_, Infallible>(1u32) };
            drive(&runtime, async {
                here.get_or_load(&key, &policy, load).await.expect("the load works");
                here.close().await.expect("the store answers");
            });
        };
        let setting = Mutex::new(Box::pin(here.set(&key, 2u32, &policy)));
        let set = || {
            let mut begun = Context::from_waker(Waker::noop());
            assert!(setting.lock().unwrap().as_mut().poll(&mut begun).is_pending());
        };
        together([&loading, &set]);
        runtime.block_on(async {
            setting.into_inner().unwrap().await.expect("the store answers");
            here.close().await.expect("the store answers");
        });
        for cache in [&here, &elsewhere] {
            let found = block_on(cache.get::<u32>(&key)).unwrap();
            // Or none: the late write may have overwritten it by what is dead.
            assert_ne!(found.as_deref(), Some(&1));
        }
    });
}
