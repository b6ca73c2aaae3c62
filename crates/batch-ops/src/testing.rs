//! The suite that every backend has to pass (feature `testing`).
//!
//! Give [`contract`] a [`Fixture`] over an empty database. It makes and drops tables of its own,
//! `batch_people` and `batch "odd"`, and panics at the first broken promise.

#![expect(clippy::expect_used, reason = "a test suite ends at the first broken promise")]

mod failures;
mod operations;
mod records;

use crate::executor::Target;

pub use records::Person;

/// A database that the suite may use alone.
pub trait Fixture {
    /// Where batches run.
    fn target(&self) -> impl Target;

    /// Runs SQL that the suite has written. Panics when it fails.
    fn execute(&self, sql: &str) -> impl Future<Output = ()>;

    /// Runs a query of one text column and returns its rows. Panics when it fails.
    fn read(&self, sql: &str) -> impl Future<Output = Vec<String>>;

    /// The type of a column of bytes.
    const BYTES: &'static str;
}

/// Holds a backend to every promise of the crate.
///
/// # Panics
/// Where a promise is broken.
pub async fn contract(fixture: &impl Fixture) {
    operations::every_kind_of_value_comes_back_as_it_went(fixture).await;
    operations::rows_are_cut_into_chunks_and_progress_is_told(fixture).await;
    operations::an_upsert_tells_new_changed_and_unchanged_rows_apart(fixture).await;
    operations::an_upsert_sees_changes_from_and_to_null(fixture).await;
    operations::an_insert_of_missing_rows_leaves_the_others_alone(fixture).await;
    operations::an_update_touches_its_own_columns_and_names_missing_rows(fixture).await;
    operations::a_delete_needs_keys_only_and_names_missing_rows(fixture).await;
    operations::names_are_quoted_and_keys_may_have_parts(fixture).await;
    operations::a_record_of_key_columns_alone_can_be_upserted(fixture).await;
    operations::duplicate_keys_follow_the_policy(fixture).await;
    operations::a_call_without_rows_does_nothing(fixture).await;
    failures::a_failing_insert_leaves_nothing(fixture).await;
    failures::a_failing_chunk_keeps_the_chunks_before_it_where_asked(fixture).await;
    failures::isolation_leaves_out_exactly_the_refused_rows(fixture).await;
    failures::too_many_refused_rows_leave_nothing(fixture).await;
    failures::a_conflict_with_another_unique_index_is_a_refusal(fixture).await;
    failures::bad_records_are_found_before_anything_is_sent(fixture).await;
    failures::a_missing_table_is_not_a_refused_row(fixture).await;
    failures::no_message_shows_a_value(fixture).await;
}

/// Makes the table of [`Person`] anew.
pub async fn people<F: Fixture>(fixture: &F) {
    fixture.execute("DROP TABLE IF EXISTS batch_people").await;
    let columns = "id TEXT PRIMARY KEY, name TEXT, age BIGINT NOT NULL CHECK (age >= 0), \
                   score DOUBLE PRECISION, active BOOLEAN NOT NULL DEFAULT TRUE";
    let photo = F::BYTES;
    fixture.execute(&format!("CREATE TABLE batch_people ({columns}, photo {photo})")).await;
}

/// `id:name:age` of all people, in the order of their ids.
pub async fn listed(fixture: &impl Fixture) -> Vec<String> {
    let row = "id || ':' || coalesce(name, '-') || ':' || CAST(age AS TEXT)";
    fixture.read(&format!("SELECT {row} FROM batch_people ORDER BY id")).await
}
