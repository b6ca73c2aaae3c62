//! Points at which the scheduler of a test may let another thread go on. Outside of such a test there
//! is no scheduler, and all is as in the standard library.

use std::sync::atomic::{self, Ordering};
use std::sync::{Mutex, TryLockError};

fn is_scheduled() -> bool {
    !std::thread::panicking() && shuttle::current::try_get_current_task().is_some()
}

/// Lets another thread of the test go on, or not.
fn point() {
    if is_scheduled() {
        // A use of any atomic of shuttle's is one.
        shuttle::sync::atomic::AtomicBool::new(false).load(Ordering::SeqCst);
    }
}

/// All threads of such a test are one thread of the system, which must not block.
pub(super) fn wait_for<T: ?Sized>(mutex: &Mutex<T>) {
    point();
    while is_scheduled() && matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)) {
        shuttle::thread::yield_now();
    }
}

/// What is used of an atomic: each access is a point.
macro_rules! atomic {
    ($name:ident, $($method:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        #[derive(Debug, Default)]
        pub(crate) struct $name(atomic::$name);

        impl $name {
            $(pub(crate) fn $method(&self, $($argument: $type),*) -> $result {
                point();
                self.0.$method($($argument),*)
            })*
        }
    };
}

atomic! { AtomicBool,
    load(order: Ordering) -> bool;
    store(value: bool, order: Ordering) -> ();
    swap(value: bool, order: Ordering) -> bool;
}

atomic! { AtomicUsize,
    load(order: Ordering) -> usize;
    store(value: usize, order: Ordering) -> ();
}

atomic! { AtomicU64,
    load(order: Ordering) -> u64;
    store(value: u64, order: Ordering) -> ();
    swap(value: u64, order: Ordering) -> u64;
    fetch_add(value: u64, order: Ordering) -> u64;
    fetch_max(value: u64, order: Ordering) -> u64;
}

impl AtomicBool {
    pub(crate) const fn new(value: bool) -> Self {
        Self(atomic::AtomicBool::new(value))
    }
}

impl AtomicU64 {
    pub(crate) const fn new(value: u64) -> Self {
        Self(atomic::AtomicU64::new(value))
    }

    pub(crate) fn fetch_update(
        &self,
        set: Ordering,
        fetch: Ordering,
        next: impl FnMut(u64) -> Option<u64>,
    ) -> Result<u64, u64> {
        point();
        self.0.fetch_update(set, fetch, next)
    }
}
