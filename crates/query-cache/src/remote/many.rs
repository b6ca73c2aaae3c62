//! Many keys in one round trip.

use std::collections::HashMap;
use std::time::Duration;

use futures::future;

use crate::clock::now;
use crate::deps::Deps;
use crate::error::StoreError;
use crate::key::Key;
use crate::name::{Name, Version};
use crate::shape::Shape;
use crate::store::{Backend, Stored};
use crate::tags::Change;

use super::packing::Pace;
use super::{Found, Held, Remote, change};

impl<S: Backend> Remote<S> {
    /// The values of keys whose dependencies are known. Costs one round trip for all.
    pub(crate) async fn read_many(&self, all: &[(&Key, &Deps, Shape)]) -> Vec<Option<Found>> {
        let read = async {
            self.flush().await.ok()?;
            let asked = now();
            let names: Vec<Name> = all.iter().map(|(key, ..)| key.name()).collect();
            let needed = distinct(all.iter().map(|(_, deps, _)| *deps));
            let both = future::try_join(self.get_all(&names), self.read_all(&needed));
            let (stored, versions) = self.ask(both).await.ok()?;
            let versions: HashMap<Name, Option<Version>> =
                needed.into_iter().zip(versions).collect();
            let mut pace = Pace::default();
            let mut all_found = Vec::with_capacity(all.len());
            for ((_, deps, shape), stored) in all.iter().zip(stored) {
                pace.worked_on(stored.as_ref().map_or(0, |stored| stored.bytes.len())).await;
                let found = async {
                    let Stored { bytes, remaining } = stored?;
                    let envelope = self.open(bytes).await?;
                    if !envelope.names().eq(deps.names()) {
                        return None;
                    }
                    let present =
                        deps.names().iter().map(|name| versions.get(name).copied().flatten());
                    let change = change(&envelope.header.versions, present);
                    self.found(envelope, remaining, (*shape, change), asked).await
                };
                all_found.push(found.await);
            }
            Some(all_found)
        };
        let none = || all.iter().map(|_| None).collect();
        read.await.unwrap_or_else(none)
    }

    /// What happened to lists of versions in the store. Costs one round trip for all.
    pub(crate) async fn hold_many(
        &self,
        lists: &[&[(Name, Version)]],
    ) -> Result<Vec<Option<Change>>, StoreError> {
        self.flush().await?;
        let mut names: Vec<Name> = lists.iter().flat_map(|list| list.iter().map(|v| v.0)).collect();
        names.sort_unstable();
        names.dedup();
        let present = self.ask(self.read_all(&names)).await?;
        let present: HashMap<Name, Option<Version>> = names.into_iter().zip(present).collect();
        let of = |(name, _): &(Name, Version)| present.get(name).copied().flatten();
        Ok(lists.iter().map(|list| change(list, list.iter().map(of))).collect())
    }

    /// The versions under which a load of many keys may begin. Costs one round trip for all.
    pub(crate) async fn begin_many(&self, all: &[&Deps], ttl: Duration) -> Option<Vec<Held>> {
        self.flush().await.ok()?;
        let names = distinct(all.iter().copied());
        let ensured = self.ensure_all(&names, ttl);
        let asked = now();
        let versions = self.ask(ensured).await.ok()?;
        let versions: HashMap<Name, Version> = names.into_iter().zip(versions).collect();
        let held = all.iter().map(|deps| {
            let held = deps.names().iter().map(|name| Some((*name, *versions.get(name)?)));
            Some(Held { versions: held.collect::<Option<_>>()?, asked })
        });
        held.collect()
    }
}

/// The names of all, each once.
fn distinct<'a>(all: impl Iterator<Item = &'a Deps>) -> Vec<Name> {
    let mut names: Vec<Name> = all.flat_map(|deps| deps.names().iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    names
}
