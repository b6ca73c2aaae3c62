//! What a value depends on, in the order it is written in an envelope.

use crate::key::Key;
use crate::name::Name;
use crate::policy::Policy;

/// The version names of a value: everything, its namespace, its tags (sorted, each once), its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deps(Box<[Name]>);

impl Deps {
    pub(crate) fn new(key: &Key, policy: &Policy) -> Self {
        let tags = policy.tag_list();
        let mut names = Vec::with_capacity(3 + tags.len());
        names.extend(tags.iter().map(|tag| tag.version_name()));
        names.sort_unstable();
        names.dedup();
        names.splice(0..0, [Name::everything(), key.namespace_name()]);
        names.push(key.version_name());
        Self(names.into())
    }

    /// The dependencies an envelope names, if they can be those of `key`.
    pub(crate) fn from_names(key: &Key, names: impl Iterator<Item = Name>) -> Option<Self> {
        let names: Box<[Name]> = names.collect();
        match &*names {
            [first, second, .., last]
                if *first == Name::everything()
                    && *second == key.namespace_name()
                    && *last == key.version_name() =>
            {
                Some(Self(names))
            }
            _ => None,
        }
    }

    /// Where a store keeps the value.
    pub(crate) fn value_name(&self) -> Name {
        self.key_name().twin()
    }

    /// What an invalidation of the key renews.
    fn key_name(&self) -> Name {
        self.0[self.0.len() - 1]
    }

    pub(crate) fn names(&self) -> &[Name] {
        &self.0
    }

    /// The key's own.
    pub(crate) fn key(&self) -> Option<&Name> {
        self.0.last()
    }

    /// Those that are checked by their state in this process. The key is not: invalidating it
    /// removes the entry and supersedes the load.
    pub(crate) fn local(&self) -> &[Name] {
        &self.0[..self.0.len() - 1]
    }
}
