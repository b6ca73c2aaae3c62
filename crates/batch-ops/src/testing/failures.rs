//! What is left when something fails.

use super::operations::{in_threes, numbered};
use super::records::{Faulty, Nowhere, Person};
use super::{Fixture, listed, people};
use crate::{Batch, CauseKind, Commit, Error, Kind, Outcome, Refusals, RowFault};

/// Ten people of whom the ones at 2, 3 and 8 are refused: an age below 0.
fn three_bad() -> Vec<Person> {
    let mut rows = numbered(0..10);
    for place in [2, 3, 8] {
        rows[place].age = -1;
    }
    rows
}

pub(super) async fn a_failing_insert_leaves_nothing(fixture: &impl Fixture) {
    people(fixture).await;
    let mut rows = numbered(0..10);
    rows[7].id = "p000".to_owned();
    let mut batch = Batch::new(in_threes());
    let error = batch.insert(fixture.target(), &rows).await.expect_err("p000 comes twice");
    let Error::Chunk { rows: places, attempts: 1, .. } = &error else { panic!("{error:?}") };
    assert_eq!(places, &[6, 7, 8]);
    assert_eq!(error.resume_at(), 0);
    assert_eq!(error.cause().expect("a cause").kind(), CauseKind::Row);
    assert!(listed(fixture).await.is_empty());
    let report = batch.insert(fixture.target(), &numbered(0..2)).await;
    assert_eq!(report.expect("the connection is as before").inserted(), 2);
}

pub(super) async fn a_failing_chunk_keeps_the_chunks_before_it_where_asked(fixture: &impl Fixture) {
    people(fixture).await;
    let mut rows = numbered(0..10);
    rows.reverse();
    rows[7].age = -1;
    let mut batch = Batch::new(in_threes().commit(Commit::EachChunk));
    let error = batch.upsert(fixture.target(), &rows).await.expect_err("an age below 0");
    assert_eq!(error.resume_at(), 6);
    assert_eq!(listed(fixture).await.len(), 6);
    rows[7].age = 0;
    let rest = &rows[error.resume_at()..];
    let report = batch.upsert(fixture.target(), rest).await.expect("resumes");
    assert_eq!(report.inserted(), 4);
    assert_eq!(listed(fixture).await.len(), 10);
}

pub(super) async fn isolation_leaves_out_exactly_the_refused_rows(fixture: &impl Fixture) {
    people(fixture).await;
    let config = in_threes().refusals(Refusals::Isolate { at_most: 4 });
    let mut batch = Batch::new(config);
    let mut rows = three_bad();
    // The first of the two lands and the second is refused, as one by one.
    rows[5].id = "p004".to_owned();
    rows[5].age = 5;
    let report = batch.insert(fixture.target(), &rows).await.expect("tolerates four");
    let refused: Vec<usize> = report.refused().iter().map(|refused| refused.row).collect();
    assert_eq!(refused, [2, 3, 5, 8]);
    for (place, outcome) in report.outcomes().iter().enumerate() {
        let bad = refused.contains(&place);
        assert_eq!(*outcome, if bad { Outcome::Refused } else { Outcome::Inserted });
    }
    for refused in report.refused() {
        assert_eq!(refused.cause.kind(), CauseKind::Row);
        assert!(refused.cause.code().is_some() && refused.cause.constraint().is_some());
    }
    let ages = ["p000:n:0", "p001:n:1", "p004:n:4", "p006:n:6", "p007:n:7", "p009:n:9"];
    assert_eq!(listed(fixture).await, ages);

    let report = batch.upsert(fixture.target(), &three_bad()).await.expect("tolerates four");
    assert_eq!(report.refused().len(), 3);
    assert_eq!((report.inserted(), report.unchanged()), (1, 6));
}

pub(super) async fn too_many_refused_rows_leave_nothing(fixture: &impl Fixture) {
    people(fixture).await;
    let config = in_threes().refusals(Refusals::Isolate { at_most: 2 });
    let error = Batch::new(config.clone()).insert(fixture.target(), &three_bad()).await;
    let Err(Error::TooManyRefused { refused, at_most: 2, .. }) = error else { panic!("stops") };
    assert_eq!(refused.iter().map(|refused| refused.row).collect::<Vec<_>>(), [2, 3, 8]);
    assert!(listed(fixture).await.is_empty());

    let mut batch = Batch::new(config.commit(Commit::EachChunk));
    let error = batch.insert(fixture.target(), &three_bad()).await.expect_err("stops");
    assert_eq!(error.resume_at(), 6);
    assert_eq!(listed(fixture).await.len(), 4);
}

pub(super) async fn a_conflict_with_another_unique_index_is_a_refusal(fixture: &impl Fixture) {
    people(fixture).await;
    fixture.execute("CREATE UNIQUE INDEX batch_people_name ON batch_people (name)").await;
    let rows = [Person::new("a", "ada", 1), Person::new("b", "ada", 2), Person::new("c", "c", 3)];
    let config = in_threes().refusals(Refusals::Isolate { at_most: 1 });
    let report = Batch::new(config).upsert(fixture.target(), &rows).await.expect("isolates");
    use Outcome::{Inserted, Refused};
    assert_eq!(report.outcomes(), [Inserted, Refused, Inserted]);
}

pub(super) async fn bad_records_are_found_before_anything_is_sent(fixture: &impl Fixture) {
    people(fixture).await;
    let mut batch = Batch::default();
    let faults = [
        (Faulty(vec![Some("a")]), RowFault::Columns { expected: 2, found: 1 }),
        (
            Faulty(vec![Some("a"), Some("b")]),
            RowFault::Kind { column: "age", expected: Kind::I64, found: Kind::Text },
        ),
        (Faulty(vec![None, None]), RowFault::NullKey { column: "id" }),
    ];
    for (faulty, expected) in faults {
        let rows = [Faulty(vec![Some("good"), None]), faulty];
        let error = batch.upsert(fixture.target(), &rows).await.expect_err("a bad record");
        let Error::Row { row: 1, fault, .. } = error else { panic!("{error:?}") };
        assert_eq!(fault, expected);
    }
    assert!(listed(fixture).await.is_empty());
}

pub(super) async fn a_missing_table_is_not_a_refused_row(fixture: &impl Fixture) {
    let config = in_threes().refusals(Refusals::Isolate { at_most: 100 });
    let error = Batch::new(config).insert(fixture.target(), &[Nowhere]).await;
    let error = error.expect_err("there is no such table");
    let cause = error.cause().expect("a cause");
    assert_eq!(cause.kind(), CauseKind::Other);
    assert!(cause.to_string().contains("batch_nowhere"), "{cause}");
}

pub(super) async fn no_message_shows_a_value(fixture: &impl Fixture) {
    people(fixture).await;
    let secret = Person::new("secret-id", "secret-name", -77_777);
    let error = Batch::default().insert(fixture.target(), &[secret]).await.expect_err("refused");
    let mut told = format!("{error} {error:?}");
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = next {
        told += &format!("{error} {error:?}");
        next = error.source();
    }
    assert!(!told.contains("secret") && !told.contains("77777"), "{told}");
}
