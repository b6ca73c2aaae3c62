//! Whatever happens to jobs, in whatever order: every one is accounted for, and answered, once.

use async_utils::{Backoff, Job, JobError, JobHandle, Priority, PriorityQueue, QueueConfig, Retry};
use proptest::prelude::*;
use std::num::NonZeroUsize;
use std::time::Duration;
use tokio::time::sleep;

/// What a job does after it has slept.
#[derive(Clone, Copy, Debug)]
enum End {
    Value,
    Error,
    Panic,
    Never,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Submit { priority: usize, takes: u64, end: End, retried: bool, patience: Option<u64> },
    Cancel(usize),
    Forget(usize),
    Sleep(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![
        4 => Just(End::Value), 2 => Just(End::Error), 1 => Just(End::Panic), 1 => Just(End::Never)
    ];
    let patience = proptest::option::of(0..100_u64);
    let submit = (0..4_usize, 0..50_u64, end, any::<bool>(), patience).prop_map(
        |(priority, takes, end, retried, patience)| Step::Submit {
            priority,
            takes,
            end,
            retried,
            patience,
        },
    );
    prop_oneof![
        5 => submit,
        1 => (0..50_usize).prop_map(Step::Cancel),
        1 => (0..50_usize).prop_map(Step::Forget),
        2 => (0..60_u64).prop_map(Step::Sleep),
    ]
}

async fn act(takes: u64, end: End) -> Result<u64, std::io::Error> {
    sleep(Duration::from_millis(takes)).await;
    match end {
        End::Value => Ok(takes),
        End::Error => Err(std::io::Error::other("told to fail")),
        End::Panic => panic!("told to panic"),
        End::Never => std::future::pending().await,
    }
}

fn job(takes: u64, end: End, retried: bool) -> Job<u64> {
    if retried {
        Job::retrying(Retry::new(Backoff::default().seed(takes)), move || act(takes, end))
    } else {
        Job::fallible(act(takes, end))
    }
}

/// Plays the steps and looks at the sum after each; ends by a drain or by dropping the queue.
async fn play(steps: Vec<Step>, drained: bool) -> Result<(), TestCaseError> {
    let size = |n: usize| NonZeroUsize::MIN.saturating_add(n - 1);
    let config = QueueConfig::default().workers(size(2)).capacity(size(8));
    let queue = PriorityQueue::new(config.ageing(Duration::from_millis(40)));
    let (mut handles, mut offered): (Vec<Option<JobHandle<u64>>>, u64) = (Vec::new(), 0);
    for step in steps {
        match step {
            Step::Submit { priority, takes, end, retried, patience } => {
                let mut job = job(takes, end, retried).priority(Priority::ALL[priority]);
                if let Some(patience) = patience {
                    job = job.start_within(Duration::from_millis(patience));
                }
                handles.extend(queue.try_submit(job).ok().map(Some));
                offered += 1;
            }
            Step::Cancel(n) => {
                if let Some(Some(handle)) = handles.get(n) {
                    handle.cancel();
                }
            }
            Step::Forget(n) => drop(handles.get_mut(n).and_then(Option::take)),
            Step::Sleep(n) => sleep(Duration::from_millis(n)).await,
        }
        let stats = queue.stats();
        prop_assert!(stats.is_conserved(), "{:?}", stats);
        prop_assert!(stats.unfinished() <= 8 + 2 && stats.active <= 2, "{:?}", stats);
        prop_assert_eq!(stats.submitted, offered);
    }
    if drained {
        drain_and_compare(&queue).await?;
    } else {
        drop(queue);
    }
    for handle in handles.into_iter().flatten() {
        let answer = tokio::time::timeout(Duration::from_secs(1), handle).await;
        prop_assert!(answer.is_ok(), "a handle was left without an answer");
    }
    Ok(())
}

async fn drain_and_compare(queue: &PriorityQueue) -> Result<(), TestCaseError> {
    // Running jobs that were told to stop do so when they are next polled.
    sleep(Duration::from_millis(1)).await;
    let before = queue.stats();
    let unfinished = queue.drain(Duration::from_millis(120)).await;
    let after = queue.stats();
    prop_assert!(after.is_conserved() && after.unfinished() == 0, "{:?}", after);
    prop_assert_eq!(after.cancelled - before.cancelled, unfinished.len() as u64);
    let ids: std::collections::BTreeSet<_> = unfinished.iter().map(|job| job.id).collect();
    prop_assert_eq!(ids.len(), unfinished.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_job_is_accounted_for_and_answered_once(
        steps in proptest::collection::vec(step(), 1..60), drained: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(steps, drained))?;
    }
}

#[tokio::test(start_paused = true)]
async fn outcomes_reach_the_handles_they_belong_to() {
    let queue = PriorityQueue::new(QueueConfig::default());
    let mut answers = Vec::new();
    for end in [End::Value, End::Error, End::Panic] {
        answers.push(queue.submit(job(1, end, false)).await.unwrap().await);
    }
    assert!(matches!(
        answers[..],
        [Ok(1), Err(JobError::Failed { attempts: 1, .. }), Err(JobError::Panicked(_))]
    ));
}
