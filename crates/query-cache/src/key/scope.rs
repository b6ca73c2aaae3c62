//! The readable part of a key: for logs and metrics, which must not show the rest.

use super::{Key, Namespace, kind};

impl Key {
    /// The name of the namespace, without its tenant: fit for a metric's label, as there are few. Costs
    /// no allocation.
    ///
    /// ```
    /// use query_cache::{Key, Tenant};
    ///
    /// assert_eq!(Tenant::new("north").key("schedule").part(7u32).namespace_label(), "schedule");
    /// ```
    pub fn namespace_label(&self) -> &str {
        name(self.as_bytes())
    }
}

impl Namespace {
    /// Its name, without the tenant.
    pub fn name(&self) -> &str {
        name(self.bytes.as_slice())
    }
}

/// The name in the canonical bytes of a namespace, or of a key, which begin with one.
fn name(bytes: &[u8]) -> &str {
    let found = match bytes.split_first() {
        Some((&kind::TENANT, rest)) => sized(rest).and_then(|(_, rest)| sized(rest)),
        Some((_, rest)) => sized(rest),
        None => None,
    };
    // Both were written from text.
    found.and_then(|(name, _)| str::from_utf8(name).ok()).unwrap_or_default()
}

/// What stands behind its own length, and the rest.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    rest.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use crate::key::{Key, Namespace, Tenant};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_namespace_is_read_back_whatever_stands_around_it(
            tenant: Option<String>, namespace: String, part: String,
        ) {
            let tenant = tenant.map(Tenant::new);
            let key = match &tenant {
                Some(tenant) => tenant.key(&namespace),
                None => Key::new(&namespace),
            };
            let key = key.part(part.as_str());
            prop_assert_eq!(key.namespace_label(), &namespace);
            let scope = tenant.map_or(Namespace::new(&namespace), |t| t.namespace(&namespace));
            prop_assert_eq!(scope.name(), &namespace);
        }
    }
}
