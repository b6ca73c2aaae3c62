//! Values that are there before they are asked for.

use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use query_cache::{
    Backend, Cache, Cached, Job, Key, Origin, Policy, Template, Trigger, Warmer, template,
};
use tokio::time::{Instant, sleep};

use crate::support::{Source, TestStore, ask_aside, key, minute, ms, relaxed, until};

const WEEK: Template<(u32, u32)> = template!("week/{person}/{week}", person: u32, week: u32);

/// A source that takes a while, counts, and notes what it was asked for.
#[derive(Clone, Default)]
struct Weeks {
    asked: Arc<Mutex<Vec<u32>>>,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Weeks {
    async fn load(self, week: u32) -> Result<u32, io::Error> {
        self.asked.lock().unwrap().push(week);
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        sleep(ms(10)).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        if week >= 900 { Err(io::Error::other("no such week")) } else { Ok(week) }
    }

    fn asked(&self) -> Vec<u32> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn over<S: Backend>(&self, cache: &Cache<S>, policy: Policy) -> Cached<(u32, u32), u32, S> {
        let weeks = self.clone();
        cache.wrap(WEEK, policy, move |_person, week| weeks.clone().load(week))
    }
}

/// A job for these weeks of person 7.
fn job<S: Backend>(
    name: &str,
    function: &Cached<(u32, u32), u32, S>,
    weeks: std::ops::Range<u32>,
) -> Job<S> {
    let list = move || {
        let weeks = weeks.clone();
        async move { Ok::<_, io::Error>(weeks.map(|week| (7, week))) }
    };
    Job::of(name, function, list)
}

#[tokio::test(start_paused = true)]
async fn the_weeks_ahead_of_a_person_are_there_before_they_are_asked_for() {
    let (cache, weeks) = (Cache::builder().build(), Weeks::default());
    let schedule = weeks.over(&cache, minute());
    schedule.get((7, 28)).await.unwrap();
    let warmer = Warmer::new(&cache).job(job("ahead", &schedule, 27..31));
    let progress = warmer.run().await;
    assert_eq!((progress.total(), progress.loaded(), progress.fresh()), (4, 3, 1));
    assert_eq!(weeks.asked(), [28, 27, 29, 30]);
    assert_eq!(cache.stats().total_queries(), 1, "warming is no query");
    for week in 27..31 {
        assert_eq!(schedule.traced((7, week)).await.unwrap().origin, Origin::Local);
    }
    assert_eq!(warmer.run().await.fresh(), 4);
    assert!(weeks.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn jobs_run_by_priority_and_one_that_fails_is_named_and_stops_no_other() {
    let (cache, weeks) = (Cache::builder().build(), Weeks::default());
    let schedule = weeks.over(&cache, minute());
    let unlisted = || async { Err::<Vec<(u32, u32)>, _>(io::Error::other("no list")) };
    let panics = || async { panic!("on purpose") };
    let panics = move || async move { Ok::<Vec<(u32, u32)>, io::Error>(panics().await) };
    let warmer = Warmer::new(&cache)
        .job(job("late", &schedule, 3..4).priority(-1))
        .job(Job::of("unlisted", &schedule, unlisted))
        .job(job("half", &schedule, 898..902))
        .job(Job::of("panics", &schedule, panics))
        .job(job("first", &schedule, 1..3).priority(9));
    let progress = warmer.run().await;
    assert_eq!(weeks.asked(), [1, 2, 898, 899, 900, 901, 3]);
    let told: Vec<_> = progress
        .jobs
        .iter()
        .map(|job| (job.name.as_str(), job.loaded, job.failed, job.error.as_deref(), job.ended))
        .collect();
    let cause = "the value could not be loaded: no such week";
    let expected = [
        ("first", 2, 0, None, true),
        ("unlisted", 0, 0, Some("no list"), true),
        ("half", 2, 2, Some(cause), true),
        ("panics", 0, 0, Some("listing its keys panicked"), true),
        ("late", 1, 0, None, true),
    ];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn rate_and_concurrency_are_bounded() {
    let weeks = Weeks::default();
    let run = async |at_once: usize, rate: Option<u32>| {
        let cache = Cache::builder().build();
        let schedule = weeks.over(&cache, minute());
        let warmer = Warmer::new(&cache).job(job("all", &schedule, 0..21));
        let warmer = warmer.at_once(NonZeroUsize::new(at_once).unwrap());
        let warmer = rate.and_then(NonZeroU32::new).into_iter().fold(warmer, Warmer::per_second);
        let before = Instant::now();
        assert_eq!(warmer.run().await.loaded(), 21);
        (before.elapsed(), weeks.most.swap(0, Ordering::SeqCst))
    };
    let (took, most) = run(1, None).await;
    assert!(most == 1 && took >= ms(210) && took < ms(300), "{most} {took:?}");
    let (took, most) = run(7, None).await;
    assert!(most == 7 && took >= ms(30) && took < ms(60), "{most} {took:?}");
    let (took, most) = run(7, Some(10)).await;
    assert!(most == 1 && took >= ms(2000) && took < ms(2100), "{most} {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pass_ends_with_its_budget_and_says_what_it_left_out() {
    let run = async |limit: fn(Warmer) -> Warmer| {
        let (cache, weeks) = (Cache::builder().build(), Weeks::default());
        let schedule = weeks.over(&cache, minute());
        schedule.get((7, 0)).await.unwrap();
        let warmer = limit(Warmer::new(&cache).job(job("all", &schedule, 0..50)));
        let progress = warmer.run().await;
        assert_eq!((progress.total(), progress.fresh()), (50, 1));
        assert_eq!(progress.loaded() + progress.jobs[0].left_out, 49);
        progress.loaded()
    };
    assert_eq!(run(|warmer| warmer.at_most_keys(10)).await, 10);
    assert_eq!(run(|warmer| warmer.at_most_weight(20)).await, 20);
    let timely = run(|warmer| warmer.at_most_time(ms(100))).await;
    assert!((8..=10).contains(&timely), "{timely} in a tenth of a second");
}

#[tokio::test(start_paused = true)]
async fn on_schedule_what_is_due_is_refreshed_and_nobody_waits() {
    let (cache, weeks) = (Cache::builder().build(), Weeks::default());
    let schedule = weeks.over(&cache, minute().refresh_ahead(ms(25_000)));
    let warmer = Warmer::new(&cache).job(job("ahead", &schedule, 1..4)).every(ms(20_000));
    let mut warming = warmer.start();
    warming.passes(1).await;
    for _ in 0..1000 {
        sleep(ms(300)).await;
        assert_eq!(schedule.traced((7, 2)).await.unwrap().origin, Origin::Local);
    }
    let passes = warming.stop().await.passes;
    assert!((15..=16).contains(&passes), "{passes} in five minutes");
    let loads = cache.stats().loads;
    assert!(loads <= 3 * 9, "{loads} loads: what is not due yet is left alone");
    sleep(ms(120_000)).await;
    assert_eq!(cache.stats().loads, loads, "it has ended");
}

#[tokio::test(start_paused = true)]
async fn changes_that_never_cease_do_not_put_warming_off_for_ever() {
    let trigger = Trigger::new(ms(1000), ms(5000));
    let (cache, weeks) =
        (Cache::builder().observer(trigger.clone().by_misses()).build(), Weeks::default());
    let schedule = weeks.over(&cache, minute());
    let warmer = Warmer::new(&cache).job(job("ahead", &schedule, 1..2)).on(&trigger);
    let mut warming = warmer.start();
    assert_eq!(warming.passes(1).await.passes, 1, "one at the start");
    sleep(ms(60_000)).await;
    assert_eq!(warming.progress().passes, 1, "warming does not trigger itself");
    // One change, then it is quiet.
    schedule.invalidate((7, 1)).await.unwrap();
    sleep(ms(990)).await;
    assert_eq!(warming.progress().passes, 1);
    sleep(ms(30)).await;
    assert_eq!((warming.progress().passes, warming.progress().loaded()), (2, 1));
    // A miss every half second, for a minute.
    for week in 100..220 {
        schedule.get((7, week)).await.unwrap();
        sleep(ms(490)).await;
    }
    let passes = warming.progress().passes;
    assert!((12..=15).contains(&passes), "{passes}: about one each five seconds");
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_load_is_neither_begun_again_nor_stopped() {
    let (cache, source) = (Cache::builder().build(), Source::gated(1));
    let call = ask_aside(&cache, &minute(), &source);
    source.begun(1).await;
    let warm = source.clone();
    let list = || async { Ok::<_, io::Error>([1]) };
    let load = move |ids: Vec<i32>| {
        let warm = warm.clone();
        async move { warm.load().await.map(|value| ids.into_iter().map(move |id| (id, value))) }
    };
    let of = |_: &i32| key();
    let warmer = Warmer::new(&cache).job(Job::many("same", list, of, |_| minute(), load.clone()));
    let warming = warmer.start();
    sleep(ms(100)).await;
    assert_eq!(source.loads(), 1);
    warming.stop().await;
    source.open();
    assert_eq!(call.await.unwrap().unwrap(), 1);
    // One that warming began goes on without it.
    let (cache, source) = (Cache::builder().build(), Source::gated(2));
    let slow = source.clone();
    let slow = cache.wrap(template!("slow"), minute(), move || slow.clone().load());
    let list = || async { Ok::<_, io::Error>([()]) };
    let warming = Warmer::new(&cache).job(Job::of("slow", &slow, list)).start();
    source.begun(1).await;
    drop(warming);
    source.open();
    until("the load was stopped", async || cache.stats().entries == 1).await;
    assert_eq!((*slow.get(()).await.unwrap(), source.loads()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_load_of_many_is_called_for_exactly_the_missing_in_batches() {
    let (cache, asked) = (Cache::builder().build(), Arc::new(Mutex::new(Vec::new())));
    let of = |id: &u32| Key::new("duty").part(*id);
    cache.set(&of(&3), Some(3u32), &minute()).await.unwrap();
    let noted = Arc::clone(&asked);
    let load = move |ids: Vec<u32>| {
        noted.lock().unwrap().push(ids.clone());
        async move { Ok::<_, io::Error>(ids.into_iter().map(|id| (id, id))) }
    };
    let list = || async { Ok::<_, io::Error>(0..10) };
    let batch = NonZeroUsize::new(4).unwrap();
    let job = Job::many("duties", list, of, |_| minute(), load).batch(batch);
    let progress = Warmer::new(&cache).job(job).run().await;
    assert_eq!((progress.loaded(), progress.fresh()), (9, 1));
    assert_eq!(*asked.lock().unwrap(), [vec![0, 1, 2], vec![4, 5, 6, 7], vec![8, 9]]);
}

#[tokio::test(start_paused = true)]
async fn of_several_processes_one_warms_for_all() {
    let (store, weeks) = (TestStore::new(), Weeks::default());
    let warming: Vec<_> = (0..3)
        .map(|_| {
            let cache = relaxed(&store);
            let schedule = weeks.over(&cache, Policy::ttl(ms(30_000)));
            let warmer = Warmer::new(&cache).job(job("ahead", &schedule, 1..6));
            warmer.one_of_all("ahead", ms(55_000)).every(ms(60_000)).start()
        })
        .collect();
    for minutes in 1..=5 {
        until("a pass", async || {
            let passes: u64 = warming.iter().map(|warming| warming.progress().passes).sum();
            let elsewhere: u64 = warming.iter().map(|warming| warming.progress().elsewhere).sum();
            (passes, elsewhere) == (minutes, 2 * minutes)
        })
        .await;
        assert_eq!(weeks.asked().len(), 5);
        sleep(ms(60_000)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_progress_may_be_dropped_at_any_point() {
    let (cache, weeks) = (Cache::builder().build(), Weeks::default());
    let schedule = weeks.over(&cache, minute());
    let mut warming = Warmer::new(&cache).job(job("ahead", &schedule, 1..9)).start();
    let mut loaded = 0;
    while warming.progress().passes == 0 {
        // Dropped after one poll, whether or not it has an answer.
        assert!(warming.passes(1).now_or_never().is_none_or(|progress| progress.passes == 1));
        if let Some(Some(progress)) = warming.changed().now_or_never() {
            assert!(progress.loaded() >= loaded, "never back");
            loaded = progress.loaded();
        }
        sleep(ms(3)).await;
    }
    assert_eq!(warming.passes(1).await.loaded(), 8, "nothing was lost");
    let warming = Warmer::new(&cache).job(job("more", &schedule, 100..200)).start();
    until("it has not begun", async || cache.stats().loads > 10).await;
    assert!(warming.stop().now_or_never().is_none(), "dropped on the way");
    sleep(ms(100)).await;
    let loads = cache.stats().loads;
    sleep(ms(1000)).await;
    assert_eq!(cache.stats().loads, loads, "it has ended all the same");
}
