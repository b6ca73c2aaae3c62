//! Laws that hold in whatever order threads go on: each is run in thousands of orders.

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};

mod flights;
mod late;
mod local;
mod news;
mod pending;
mod tags;
mod whole;

/// Runs `law` in so many orders, half of them even, half of them such that one thread now and then
/// waits for long.
fn in_any_order(orders: usize, law: impl Fn() + Copy + Send + Sync + 'static) {
    let mut config = Config::new();
    // Much is on the stack in a build for tests.
    config.stack_size = 1 << 18;
    Runner::new(RandomScheduler::new(orders / 2), config.clone()).run(law);
    Runner::new(PctScheduler::new(3, orders / 2), config).run(law);
}

/// Runs all as threads of the test, and waits for them.
fn together<const N: usize>(threads: [&(dyn Fn() + Sync); N]) {
    shuttle::thread::scope(|scope| {
        threads.into_iter().for_each(|thread| drop(scope.spawn(thread)));
    });
}
