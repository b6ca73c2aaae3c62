//! Many keys in one round trip.

use std::time::Duration;

use futures::future;

use crate::clock::now;
use crate::deps::Deps;
use crate::error::StoreError;
use crate::name::{Name, NameMap, Version};
use crate::shape::Shape;
use crate::store::{Backend, Stored};
use crate::tags::Change;

use super::packing::Pace;
use super::{Found, Held, Remote, change};

impl<S: Backend> Remote<S> {
    /// The values of keys whose dependencies are known. Costs one round trip for each
    /// [`AT_ONCE`] of them.
    pub(crate) async fn read_many(&self, all: &[(&Deps, Shape)]) -> Vec<Option<Found>> {
        let mut found = Vec::with_capacity(all.len());
        for some in all.chunks(AT_ONCE) {
            match self.read_some(some).await {
                Some(some_found) => found.extend(some_found),
                None => found.extend(some.iter().map(|_| None)),
            }
        }
        found
    }

    async fn read_some(&self, some: &[(&Deps, Shape)]) -> Option<Vec<Option<Found>>> {
        self.flush().await.ok()?;
        let asked = now();
        let names: Vec<Name> = some.iter().map(|(deps, _)| deps.value_name()).collect();
        let needed = distinct(some.iter().flat_map(|(deps, _)| deps.names()));
        let both = future::try_join(self.get_all(&names), self.read_all(&needed));
        let (stored, versions) = self.ask(both).await.ok()?;
        let versions: NameMap<Option<Version>> = needed.into_iter().zip(versions).collect();
        let mut pace = Pace::default();
        let mut found = Vec::with_capacity(some.len());
        for ((deps, shape), stored) in some.iter().zip(stored) {
            pace.worked_on(stored.as_ref().map_or(0, |stored| stored.bytes.len())).await;
            let one = async {
                let Stored { bytes, remaining } = stored?;
                let envelope = self.open(bytes).await?;
                if !envelope.names().eq(deps.names()) {
                    return None;
                }
                let present = deps.names().iter().map(|name| versions.get(name).copied().flatten());
                let change = change(&envelope.header.versions, present);
                self.found(envelope, remaining, (*shape, change), asked).await
            };
            found.push(one.await);
        }
        Some(found)
    }

    /// What happened to lists of versions in the store. Costs one round trip for each [`AT_ONCE`]
    /// versions.
    pub(crate) async fn hold_many(
        &self,
        lists: &[&[(Name, Version)]],
    ) -> Result<Vec<Option<Change>>, StoreError> {
        self.flush().await?;
        let names = distinct(lists.iter().flat_map(|list| list.iter().map(|(name, _)| name)));
        let mut present = NameMap::default();
        for names in names.chunks(AT_ONCE) {
            let versions = self.ask(self.read_all(names)).await?;
            present.extend(names.iter().copied().zip(versions));
        }
        let of = |(name, _): &(Name, Version)| present.get(name).copied().flatten();
        Ok(lists.iter().map(|list| change(list, list.iter().map(of))).collect())
    }

    /// The versions under which a load of many keys may begin. Costs one round trip for each
    /// [`AT_ONCE`] versions.
    pub(crate) async fn begin_many(&self, all: &[&Deps], ttl: Duration) -> Option<Vec<Held>> {
        self.flush().await.ok()?;
        let asked = now();
        let names = distinct(all.iter().flat_map(|deps| deps.names()));
        let mut versions = NameMap::<Version>::default();
        for names in names.chunks(AT_ONCE) {
            let ensured = self.ask(self.ensure_all(names, ttl)).await.ok()?;
            versions.extend(names.iter().copied().zip(ensured));
        }
        let held = all.iter().map(|deps| {
            let held = deps.names().iter().map(|name| Some((*name, *versions.get(name)?)));
            Some(Held { versions: held.collect::<Option<_>>()?, asked })
        });
        held.collect()
    }
}

/// So many keys are asked for by one call: a store that runs one command at a time does nothing else
/// meanwhile.
const AT_ONCE: usize = 1000;

/// The names of all, each once.
fn distinct<'a>(all: impl Iterator<Item = &'a Name>) -> Vec<Name> {
    let mut names: Vec<Name> = all.copied().collect();
    names.sort_unstable();
    names.dedup();
    names
}
