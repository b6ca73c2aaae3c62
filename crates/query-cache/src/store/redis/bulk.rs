//! Values, and where the large ones are.
//!
//! Under the name of a large value is a mark; the value is beside it, under a name of its own, and is
//! written and read over a connection of its own. It is written before its mark. Who finds the
//! mark and another value than the one it was made for finds a newer one.

use redis::{Pipeline, Value};

use crate::error::StoreError;
use crate::name::Name;
use crate::store::{Item, Stored};

use super::clock;
use super::link::{Fault, Session};
use super::wire::{self, Kept};
use super::{RedisStore, each, millis};

/// What takes longer to send than a round trip.
const LARGE: usize = 64 << 10;

/// Makes a name of its own out of another.
const BESIDE: u8 = b'+';

impl RedisStore {
    /// The values under all names, the large ones looked for where they are.
    pub(super) async fn get_some(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        let read = |session: &Session, answers| opened(session, answers);
        let build = |session: &Session| get(session, names.iter().map(|name| session.key(name)));
        // What is on its way to another node is missing until it is there.
        let Some(mut found) = self.link.run_unless_moving(build, read).await? else {
            return Ok(vec![None; names.len()]);
        };
        let large = |found: &Option<Kept>| matches!(found, Some(Kept::Elsewhere));
        let places: Vec<usize> = (0..found.len()).filter(|at| large(&found[*at])).collect();
        if !places.is_empty() {
            let build = |session: &Session| {
                get(session, places.iter().map(|at| beside(session, &names[*at])))
            };
            let values = self.bulk.run_unless_moving(build, read).await?;
            places
                .iter()
                .zip(values.into_iter().flatten())
                .for_each(|(at, value)| found[*at] = value);
        }
        let stored = |kept| match kept {
            Some(Kept::Here(bytes, remaining)) => Some(Stored { bytes, remaining }),
            _ => None,
        };
        Ok(found.into_iter().map(stored).collect())
    }

    pub(super) async fn set_all(&self, items: &[Item<'_>]) -> Result<(), StoreError> {
        let is_large = |item: &Item<'_>| item.bytes.len() > LARGE;
        if items.iter().any(is_large) {
            let build = |session: &Session| {
                let large = items.iter().filter(|item| is_large(item));
                set(large.map(|item| (item, beside(session, &item.name), value(session, item))))
            };
            self.bulk.run_unless_moving(build, written).await?;
        }
        let build = |session: &Session| {
            set(items.iter().map(|item| {
                let kept = if is_large(item) { wire::mark() } else { value(session, item) };
                (item, session.key(&item.name), kept)
            }))
        };
        // What is on its way to another node is not kept.
        self.link.run_unless_moving(build, written).await.map(|_| ())
    }
}

fn beside(session: &Session, name: &Name) -> Vec<u8> {
    let mut key = session.key(name);
    key.push(BESIDE);
    key
}

fn value(session: &Session, item: &Item<'_>) -> Vec<u8> {
    wire::value(item.bytes, session.connection().clock.end_of(item.ttl))
}

/// Asks for the epoch and for what is under each of `keys`, and then for the time.
fn get(session: &Session, keys: impl Iterator<Item = Vec<u8>>) -> Pipeline {
    let mut pipe = Pipeline::with_capacity(2);
    let mget = pipe.cmd("MGET").arg(session.setup().epoch_key());
    keys.for_each(|key| _ = mget.arg(key));
    pipe.cmd("TIME");
    pipe
}

fn opened(session: &Session, answers: Vec<Value>) -> Result<Vec<Option<Kept>>, Fault> {
    let [found, time] = <[Value; 2]>::try_from(answers).map_err(|_| Fault::Shape)?;
    let now = clock::time(&time).ok_or(Fault::Shape)?;
    session.connection().clock.told(now);
    let open = |found| match found {
        Value::BulkString(kept) => wire::open(kept, now),
        _ => None,
    };
    Ok(each(session, found)?.map(open).collect())
}

/// Writes bytes under keys, for as long as the items say, and asks for the time.
fn set<'a>(all: impl Iterator<Item = (&'a Item<'a>, Vec<u8>, Vec<u8>)>) -> Pipeline {
    let mut pipe = Pipeline::new();
    for (item, key, kept) in all {
        pipe.cmd("SET").arg(key).arg(kept).arg("PX").arg(millis(item.ttl));
    }
    pipe.cmd("TIME");
    pipe
}

fn written(session: &Session, mut answers: Vec<Value>) -> Result<(), Fault> {
    let now = answers.pop().as_ref().and_then(clock::time).ok_or(Fault::Shape)?;
    session.connection().clock.told(now);
    Ok(())
}
