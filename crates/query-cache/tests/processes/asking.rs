//! One load a key, whichever process asks.

use std::time::{Duration, Instant};

use test_servers::OwnRedis;

use crate::child::LOCK_WAIT;
use crate::parent::Process;

#[test]
fn four_processes_that_miss_a_key_at_once_load_it_once() {
    let server = OwnRedis::start();
    let mut children = Process::start(4, &server);
    let mut once = 0;
    for key in 0..100 {
        children.iter_mut().for_each(|child| child.order(&format!("ask {key} 20")));
        let loads: Vec<u64> = children.iter_mut().map(|child| child.number("asked ")).collect();
        assert!(loads.iter().all(|loads| *loads <= 1), "in one process: {loads:?}");
        once += u32::from(loads.iter().sum::<u64>() == 1);
    }
    children.into_iter().for_each(Process::end);
    assert!(once >= 95, "one load in {once} of 100 trials");
}

#[test]
fn a_process_killed_in_its_load_costs_the_others_the_wait_for_the_lock() {
    let server = OwnRedis::start();
    let mut children = Process::start(4, &server);
    let mut killed = children.pop().unwrap();
    killed.order("ask 1 600000");
    killed.expect("loading");
    let begun = Instant::now();
    children.iter_mut().for_each(|child| child.order("ask 1 20"));
    killed.kill();
    for child in &mut children {
        assert!(child.number("asked ") <= 1);
    }
    let took = begun.elapsed();
    assert!(took >= LOCK_WAIT, "after {took:?} nobody had to wait for it");
    // Its load, its store and a busy machine come on top.
    assert!(took < LOCK_WAIT + Duration::from_secs(2), "{took:?}");
    children.into_iter().for_each(Process::end);
}
