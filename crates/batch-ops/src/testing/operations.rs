//! What each operation does when nothing fails.

use std::num::NonZeroUsize;

use super::records::{Age, Id, Nowhere, Odd, Person};
use super::{Fixture, listed, people};
use crate::{Batch, BatchConfig, Commit, Duplicates, Error, Outcome, Repeat};

pub(super) fn in_threes() -> BatchConfig {
    BatchConfig::default().max_rows(NonZeroUsize::MIN.saturating_add(2))
}

pub(super) fn numbered(numbers: std::ops::Range<i64>) -> Vec<Person> {
    numbers.map(|number| Person::new(&format!("p{number:03}"), "n", number)).collect()
}

pub(super) async fn every_kind_of_value_comes_back_as_it_went(fixture: &impl Fixture) {
    people(fixture).await;
    let mut full = Person::new("ä\u{1f600}'\"\\", "", i64::MAX);
    (full.score, full.active) = (Some(-0.1), false);
    full.photo = Some(vec![0, 255, 39]);
    let mut bare = Person::new("zero", "", 0);
    bare.name = None;
    let rows = [full, bare];
    Batch::default().insert(fixture.target(), &rows).await.expect("inserts");
    let report = Batch::default().upsert(fixture.target(), &rows).await.expect("upserts");
    assert_eq!(report.outcomes(), [Outcome::Unchanged; 2], "read back as it was written");
    let null = "SELECT id FROM batch_people WHERE name IS NULL AND score IS NULL";
    assert_eq!(fixture.read(null).await, ["zero"]);
    assert_eq!(listed(fixture).await, ["zero:-:0", "ä\u{1f600}'\"\\::9223372036854775807"]);
}

pub(super) async fn rows_are_cut_into_chunks_and_progress_is_told(fixture: &impl Fixture) {
    people(fixture).await;
    let mut seen = Vec::new();
    let mut batch = Batch::new(in_threes()).on_progress(|progress| {
        assert_eq!(progress.total_rows, 10);
        seen.push((progress.rows, progress.bytes == progress.total_bytes));
    });
    let report = batch.insert(fixture.target(), &numbered(0..10)).await.expect("inserts");
    drop(batch);
    assert_eq!(report.stats().chunks, 4);
    assert_eq!(report.inserted(), 10);
    assert_eq!(seen, [(3, false), (6, false), (9, false), (10, true)]);
    assert_eq!(listed(fixture).await.len(), 10);
}

pub(super) async fn an_upsert_tells_new_changed_and_unchanged_rows_apart(fixture: &impl Fixture) {
    people(fixture).await;
    let mut batch = Batch::new(in_threes());
    batch.insert(fixture.target(), &numbered(0..6)).await.expect("inserts");
    // Not in the order of the keys: outcomes are by place in the input.
    let mut rows = numbered(3..9);
    rows.reverse();
    rows[4].age = 40;
    let report = batch.upsert(fixture.target(), &rows).await.expect("upserts");
    use Outcome::{Inserted, Unchanged, Updated};
    assert_eq!(report.outcomes(), [Inserted, Inserted, Inserted, Unchanged, Updated, Unchanged]);
    assert_eq!((report.inserted(), report.updated(), report.unchanged()), (3, 1, 2));
    assert_eq!(report.written(), 4);
    assert_eq!(listed(fixture).await.len(), 9);
    assert_eq!(listed(fixture).await[4], "p004:n:40");
}

pub(super) async fn an_upsert_sees_changes_from_and_to_null(fixture: &impl Fixture) {
    people(fixture).await;
    let mut rows = numbered(0..2);
    rows[0].name = None;
    Batch::default().insert(fixture.target(), &rows).await.expect("inserts");
    (rows[0].name, rows[1].name) = (Some("given".to_owned()), None);
    let report = Batch::default().upsert(fixture.target(), &rows).await.expect("upserts");
    assert_eq!(report.updated(), 2);
    assert_eq!(listed(fixture).await, ["p000:given:0", "p001:-:1"]);
}

pub(super) async fn an_insert_of_missing_rows_leaves_the_others_alone(fixture: &impl Fixture) {
    people(fixture).await;
    let mut batch = Batch::new(in_threes());
    batch.insert(fixture.target(), &numbered(0..3)).await.expect("inserts");
    let mut rows = numbered(1..5);
    rows[0].age = 70;
    let report = batch.insert_missing(fixture.target(), &rows).await.expect("inserts");
    use Outcome::{Inserted, Kept};
    assert_eq!(report.outcomes(), [Kept, Kept, Inserted, Inserted]);
    assert_eq!(listed(fixture).await[1], "p001:n:1");
}

pub(super) async fn an_update_touches_its_own_columns_and_names_missing_rows(
    fixture: &impl Fixture,
) {
    people(fixture).await;
    let mut batch = Batch::new(in_threes());
    batch.insert(fixture.target(), &numbered(0..4)).await.expect("inserts");
    let rows = [Age("p003", 30), Age("gone", 1), Age("p001", 1), Age("p000", 10), Age("none", 2)];
    let report = batch.update(fixture.target(), &rows).await.expect("updates");
    use Outcome::{Missing, Unchanged, Updated};
    assert_eq!(report.outcomes(), [Updated, Missing, Unchanged, Updated, Missing]);
    assert_eq!(listed(fixture).await, ["p000:n:10", "p001:n:1", "p002:n:2", "p003:n:30"]);
}

pub(super) async fn a_delete_needs_keys_only_and_names_missing_rows(fixture: &impl Fixture) {
    people(fixture).await;
    let mut batch = Batch::new(in_threes());
    batch.insert(fixture.target(), &numbered(0..4)).await.expect("inserts");
    let rows = [Id("p003"), Id("gone"), Id("p001"), Id("p000")];
    let report = batch.delete(fixture.target(), &rows).await.expect("deletes");
    use Outcome::{Deleted, Missing};
    assert_eq!(report.outcomes(), [Deleted, Missing, Deleted, Deleted]);
    assert_eq!(listed(fixture).await, ["p002:n:2"]);
    let whole_records = numbered(2..4);
    let report = batch.delete(fixture.target(), &whole_records).await.expect("deletes");
    assert_eq!(report.outcomes(), [Deleted, Missing]);
}

pub(super) async fn names_are_quoted_and_keys_may_have_parts(fixture: &impl Fixture) {
    fixture.execute("DROP TABLE IF EXISTS \"batch \"\"odd\"\"\"").await;
    let columns = "\"Value\" TEXT, \"select\" BIGINT, \"a\"\"b\" TEXT";
    let key = "PRIMARY KEY (\"select\", \"a\"\"b\")";
    fixture.execute(&format!("CREATE TABLE \"batch \"\"odd\"\"\" ({columns}, {key})")).await;
    let mut batch = Batch::default();
    batch.insert(fixture.target(), &[Odd("v", 1, "x"), Odd("v", 1, "y")]).await.expect("inserts");
    let rows = [Odd("w", 1, "y"), Odd("v", 2, "x"), Odd("v", 1, "x")];
    let report = batch.upsert(fixture.target(), &rows).await.expect("upserts");
    use Outcome::{Deleted, Inserted, Missing, Unchanged, Updated};
    assert_eq!(report.outcomes(), [Updated, Inserted, Unchanged]);
    let report = batch.update(fixture.target(), &[Odd("u", 2, "x"), Odd("u", 2, "y")]).await;
    assert_eq!(report.expect("updates").outcomes(), [Updated, Missing]);
    let report = batch.delete(fixture.target(), &[Odd("", 1, "x"), Odd("", 2, "y")]).await;
    assert_eq!(report.expect("deletes").outcomes(), [Deleted, Missing]);
    let left = "SELECT \"Value\" FROM \"batch \"\"odd\"\"\" ORDER BY \"select\"";
    assert_eq!(fixture.read(left).await, ["w", "u"]);
}

pub(super) async fn a_record_of_key_columns_alone_can_be_upserted(fixture: &impl Fixture) {
    fixture.execute("DROP TABLE IF EXISTS batch_people").await;
    fixture.execute("CREATE TABLE batch_people (id TEXT PRIMARY KEY)").await;
    let mut batch = Batch::default();
    batch.upsert(fixture.target(), &[Id("a")]).await.expect("upserts");
    let report = batch.upsert(fixture.target(), &[Id("b"), Id("a")]).await.expect("upserts");
    assert_eq!(report.outcomes(), [Outcome::Inserted, Outcome::Unchanged]);
    let update = batch.update(fixture.target(), &[Id("a")]).await;
    assert!(matches!(update, Err(Error::Table { .. })), "there is nothing to update");
}

pub(super) async fn duplicate_keys_follow_the_policy(fixture: &impl Fixture) {
    let rows = [("a", 1), ("b", 2), ("a", 3), ("c", 4), ("a", 5)];
    let rows = rows.map(|(id, age)| Person::new(id, "n", age));
    people(fixture).await;
    let refused = Batch::default().upsert(fixture.target(), &rows).await;
    let Err(Error::Duplicates { repeats, .. }) = refused else { panic!("refused") };
    assert_eq!(repeats, [Repeat { row: 2, first: 0 }, Repeat { row: 4, first: 0 }]);
    assert!(listed(fixture).await.is_empty());

    for commit in [Commit::Whole, Commit::EachChunk] {
        let policies = [(Duplicates::LastWins, 4, "a:n:5"), (Duplicates::FirstWins, 0, "a:n:1")];
        for (policy, winner, stored) in policies {
            people(fixture).await;
            let mut batch = Batch::new(in_threes().duplicates(policy).commit(commit));
            let report = batch.upsert(fixture.target(), &rows).await.expect("upserts");
            assert_eq!((report.inserted(), report.skipped()), (3, 2));
            assert_eq!(report.outcomes()[2], Outcome::Skipped { in_favour_of: winner });
            assert_eq!(listed(fixture).await, [stored, "b:n:2", "c:n:4"]);
        }
    }
}

pub(super) async fn a_call_without_rows_does_nothing(fixture: &impl Fixture) {
    let mut batch = Batch::default();
    let nothing: [Nowhere; 0] = [];
    for report in [
        batch.insert(fixture.target(), &nothing).await,
        batch.insert_missing(fixture.target(), &nothing).await,
        batch.upsert(fixture.target(), &nothing).await,
        batch.delete(fixture.target(), &nothing).await,
    ] {
        let report = report.expect("nothing to do");
        assert_eq!((report.rows(), report.written(), report.stats().statements), (0, 0, 0));
    }
}
