//! The intents of the original suite of batch operations, for any backend.

use std::num::NonZeroUsize;

use batch_ops::testing::{Fixture, Person, listed, people};
use batch_ops::{Batch, BatchConfig};

fn in_batches_of(rows: usize) -> Batch<'static> {
    Batch::new(BatchConfig::default().max_rows(NonZeroUsize::new(rows).unwrap()))
}

fn persons(ids: std::ops::Range<usize>, age: i64) -> Vec<Person> {
    ids.map(|id| Person::new(&format!("person_{id:03}"), "n", age)).collect()
}

pub(crate) async fn bulk_insert_of_250_in_batches_of_100(fixture: &impl Fixture) {
    people(fixture).await;
    let report = in_batches_of(100).insert(fixture.target(), &persons(0..250, 1)).await.unwrap();
    assert_eq!((report.inserted(), report.stats().chunks), (250, 3));
    assert_eq!(listed(fixture).await.len(), 250);
}

pub(crate) async fn bulk_upsert_of_100_then_150(fixture: &impl Fixture) {
    people(fixture).await;
    let mut batch = in_batches_of(50);
    let report = batch.upsert(fixture.target(), &persons(0..100, 1)).await.unwrap();
    assert_eq!(report.inserted(), 100);
    let report = batch.upsert(fixture.target(), &persons(0..150, 2)).await.unwrap();
    assert_eq!((report.inserted(), report.updated()), (50, 100));
    assert_eq!(listed(fixture).await.len(), 150);
    assert_eq!(listed(fixture).await[0], "person_000:n:2");
}

pub(crate) async fn bulk_update_counts_rows_that_matched(fixture: &impl Fixture) {
    people(fixture).await;
    let mut batch = in_batches_of(50);
    batch.insert(fixture.target(), &persons(0..100, 1)).await.unwrap();
    let report = batch.update(fixture.target(), &persons(50..120, 3)).await.unwrap();
    assert_eq!((report.updated(), report.missing()), (50, 20));
    assert_eq!(listed(fixture).await[50], "person_050:n:3");
}

pub(crate) async fn bulk_delete_counts_rows_that_matched(fixture: &impl Fixture) {
    people(fixture).await;
    let mut batch = in_batches_of(30);
    batch.insert(fixture.target(), &persons(0..100, 1)).await.unwrap();
    let report = batch.delete(fixture.target(), &persons(20..120, 1)).await.unwrap();
    assert_eq!((report.deleted(), report.missing()), (80, 20));
    assert_eq!(listed(fixture).await.len(), 20);
}

pub(crate) async fn batch_size_is_an_upper_bound(fixture: &impl Fixture) {
    for (size, chunks) in [(1, 60), (7, 9), (59, 2), (60, 1), (1_000_000, 1)] {
        people(fixture).await;
        let mut batch = in_batches_of(size);
        let report = batch.insert(fixture.target(), &persons(0..60, 1)).await.unwrap();
        assert_eq!((report.inserted(), report.stats().chunks), (60, chunks));
    }
}

pub(crate) async fn empty_batches_are_no_error(fixture: &impl Fixture) {
    people(fixture).await;
    let mut batch = in_batches_of(100);
    let none: [Person; 0] = [];
    assert_eq!(batch.insert(fixture.target(), &none).await.unwrap().rows(), 0);
    assert_eq!(batch.upsert(fixture.target(), &none).await.unwrap().rows(), 0);
    assert_eq!(batch.update(fixture.target(), &none).await.unwrap().rows(), 0);
    assert_eq!(batch.delete(fixture.target(), &none).await.unwrap().rows(), 0);
    assert!(listed(fixture).await.is_empty());
}
