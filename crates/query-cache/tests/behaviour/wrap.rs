//! A function that is cached by its arguments.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use query_cache::{Cache, Cached, Error, Origin, Policy, Template, Tenant, template};
use tokio::time::sleep;

use crate::support::{minute, ms};

const SHIFTS: Template<(u32, String)> =
    template!("schedule/{person}/{month}", person: u32, month: String);
const HOURS: Template<(u32, String)> =
    template!("hours/{person}/{month}", person: u32, month: String);

/// What a function needs beside its arguments: counts its calls.
#[derive(Clone, Default)]
struct Pool(Arc<AtomicUsize>);

impl Pool {
    fn calls(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

async fn query(pool: Pool, person: u32, month: String) -> Result<String, io::Error> {
    pool.0.fetch_add(1, Ordering::SeqCst);
    sleep(ms(5)).await;
    if person == 0 { Err(io::Error::other("nobody")) } else { Ok(format!("{person} in {month}")) }
}

type Shifts = Cached<(u32, String), String>;

fn wrapped(cache: &Cache, template: Template<(u32, String)>, pool: &Pool) -> Shifts {
    let pool = pool.clone();
    let policy = minute().stale_for(ms(60_000));
    cache
        .wrap(template, policy, move |person, month| query(pool.clone(), person, month))
        .tag(|(person, _)| format!("person:{person}"))
        .tags(|(_, month)| [format!("month:{month}"), format!("year of {month}")])
}

fn july(person: u32) -> (u32, String) {
    (person, "July".to_owned())
}

#[tokio::test(start_paused = true)]
async fn each_list_of_arguments_is_asked_for_once() -> Result<(), Error> {
    let (cache, pool) = (Cache::builder().build(), Pool::default());
    let shifts = wrapped(&cache, SHIFTS, &pool);
    let all = join_all([1, 2, 1, 2, 1].map(|person| shifts.get(july(person)))).await;
    for (person, found) in [1, 2, 1, 2, 1].into_iter().zip(all) {
        assert_eq!(*found?, format!("{person} in July"));
    }
    assert_eq!(pool.calls(), 2);
    assert_eq!(*shifts.clone().get((1, "May".to_owned())).await?, "1 in May");
    assert_eq!(pool.calls(), 3);
    assert_eq!(shifts.traced(july(2)).await?.origin, Origin::Local);
    let error = shifts.get(july(0)).await.unwrap_err();
    assert_eq!(error.load_error::<io::Error>().unwrap().to_string(), "nobody");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_functions_never_meet_and_are_emptied_apart() -> Result<(), Error> {
    let (cache, pool, other) = (Cache::builder().build(), Pool::default(), Pool::default());
    let (shifts, hours) = (wrapped(&cache, SHIFTS, &pool), wrapped(&cache, HOURS, &other));
    let both = async || {
        shifts.get(july(1)).await?;
        hours.get(july(1)).await?;
        Ok::<_, Error>((pool.calls(), other.calls()))
    };
    assert_eq!(both().await?, (1, 1));
    shifts.clear().await?;
    assert_eq!(both().await?, (2, 1));
    cache.invalidate_tag("person:1").await?;
    assert_eq!(both().await?, (3, 2));
    cache.invalidate_tags(["person:2", "month:May"]).await?;
    hours.invalidate(july(1)).await?;
    assert_eq!(both().await?, (3, 3));
    cache.invalidate(&SHIFTS.key(july(1))).await?;
    assert_eq!(both().await?, (4, 3));
    cache.invalidate_tag("year of July").await?;
    assert_eq!(both().await?, (5, 4));
    shifts.expire(july(1)).await?;
    assert_eq!(shifts.traced(july(1)).await?.origin, Origin::Stale);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn one_argument_stands_for_itself_and_none_is_a_value_too() -> Result<(), Error> {
    let (cache, calls) = (Cache::builder().build(), Pool::default());
    let counted = calls.clone();
    let policy = Policy::ttl(ms(60_000)).negative_ttl(ms(1000));
    let name =
        cache.wrap_optional(template!("name/{person}", person: u32), policy, move |person| {
            counted.0.fetch_add(1, Ordering::SeqCst);
            async move { Ok::<_, io::Error>((person < 9).then(|| format!("N {person}"))) }
        });
    assert_eq!(name.get(7).await?.as_deref(), Some("N 7"));
    assert_eq!((name.get(9).await?, name.get(9).await?), (Arc::new(None), Arc::new(None)));
    assert_eq!((calls.calls(), cache.stats().negatives), (2, 2));
    sleep(ms(1500)).await;
    name.get(7).await?;
    name.get(9).await?;
    assert_eq!(calls.calls(), 3, "an absent one lives for its own time");
    let all = cache.wrap(template!("people"), minute(), || async { Ok::<_, io::Error>(3) });
    assert_eq!(*all.get(()).await?, 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_one_tenant_asked_for_is_not_another_ones() -> Result<(), Error> {
    let (cache, pool) = (Cache::builder().build(), Pool::default());
    let shifts = wrapped(&cache, SHIFTS, &pool);
    let (north, south) =
        (shifts.clone().of(&Tenant::new("north")), shifts.of(&Tenant::new("south")));
    for tenant in [&north, &south, &north] {
        tenant.get(july(1)).await?;
    }
    assert_eq!(pool.calls(), 2);
    north.clear().await?;
    south.get(july(1)).await?;
    assert_eq!(pool.calls(), 2);
    Ok(())
}
