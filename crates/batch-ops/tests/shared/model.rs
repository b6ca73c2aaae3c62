//! A batch with duplicates does what its rows do one by one to a map.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use batch_ops::testing::{Fixture, Person, listed, people};
use batch_ops::{Batch, BatchConfig, Commit, Duplicates, Operation, Outcome, Report};
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(crate) struct Call {
    operation: Operation,
    rows: Vec<(u8, Option<u8>, i64)>,
    max_rows: usize,
    each_chunk: bool,
}

pub(crate) fn calls() -> impl Strategy<Value = Vec<Call>> {
    let operation = prop_oneof![
        Just(Operation::Upsert),
        Just(Operation::Update),
        Just(Operation::Delete),
        Just(Operation::InsertMissing),
    ];
    let rows = prop::collection::vec((0..12_u8, prop::option::of(0..2_u8), 0..2_i64), 1..20);
    let call = (operation, rows, 1..8_usize, any::<bool>()).prop_map(
        |(operation, rows, max_rows, each_chunk)| Call { operation, rows, max_rows, each_chunk },
    );
    prop::collection::vec(call, 1..5)
}

type Model = BTreeMap<u8, (Option<u8>, i64)>;

impl Call {
    fn persons(&self) -> Vec<Person> {
        let person = |(id, name, age): &(u8, Option<u8>, i64)| {
            let mut person = Person::new(&id_of(*id), "", *age);
            person.name = name.map(|name| name.to_string());
            person
        };
        self.rows.iter().map(person).collect()
    }

    async fn run(&self, fixture: &impl Fixture) -> Report {
        let commit = if self.each_chunk { Commit::EachChunk } else { Commit::Whole };
        let config = BatchConfig::default()
            .duplicates(self.winner())
            .commit(commit)
            .max_rows(NonZeroUsize::new(self.max_rows).unwrap());
        let (mut batch, rows) = (Batch::new(config), self.persons());
        let report = match self.operation {
            Operation::Upsert => batch.upsert(fixture.target(), &rows).await,
            Operation::Update => batch.update(fixture.target(), &rows).await,
            Operation::Delete => batch.delete(fixture.target(), &rows).await,
            _ => batch.insert_missing(fixture.target(), &rows).await,
        };
        report.unwrap()
    }

    /// Of rows applied one by one the last decides, but for an insert that leaves what is there.
    fn winner(&self) -> Duplicates {
        match self.operation {
            Operation::InsertMissing => Duplicates::FirstWins,
            _ => Duplicates::LastWins,
        }
    }

    fn apply(&self, model: &mut Model) {
        for (id, name, age) in self.rows.iter().copied() {
            match self.operation {
                Operation::Upsert => _ = model.insert(id, (name, age)),
                Operation::Update => _ = model.get_mut(&id).map(|row| *row = (name, age)),
                Operation::Delete => _ = model.remove(&id),
                _ => _ = model.entry(id).or_insert((name, age)),
            }
        }
    }

    /// What the report must say of a row that was not skipped, from what was there before.
    fn outcome(&self, before: &Model, place: usize) -> Outcome {
        let (id, name, age) = self.rows[place];
        match (self.operation, before.get(&id)) {
            (Operation::Upsert | Operation::InsertMissing, None) => Outcome::Inserted,
            (_, None) => Outcome::Missing,
            (Operation::InsertMissing, _) => Outcome::Kept,
            (Operation::Delete, _) => Outcome::Deleted,
            (_, Some(row)) if *row == (name, age) => Outcome::Unchanged,
            _ => Outcome::Updated,
        }
    }
}

fn id_of(id: u8) -> String {
    format!("{id:03}")
}

pub(crate) async fn batches_equal_rows_one_by_one(fixture: &impl Fixture, calls: &[Call]) {
    people(fixture).await;
    let mut model = Model::new();
    for call in calls {
        let before = model.clone();
        call.apply(&mut model);
        let report = call.run(fixture).await;
        for (place, outcome) in report.outcomes().iter().enumerate() {
            match outcome {
                Outcome::Skipped { in_favour_of } => {
                    assert_eq!(call.rows[place].0, call.rows[*in_favour_of].0);
                }
                outcome => assert_eq!(*outcome, call.outcome(&before, place), "{call:?}"),
            }
        }
        let row = |(id, (name, age)): (&u8, &(Option<u8>, i64))| {
            let name = name.map_or_else(|| "-".to_owned(), |name| name.to_string());
            format!("{}:{name}:{age}", id_of(*id))
        };
        assert_eq!(listed(fixture).await, model.iter().map(row).collect::<Vec<_>>(), "{call:?}");
    }
}
