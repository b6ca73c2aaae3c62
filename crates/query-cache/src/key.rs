//! Names of cached values.
//!
//! A [`Key`] is a namespace and a list of typed parts, joined with their lengths and kinds, so that
//! two different lists never give the same bytes: `("a", "b")` is not `("ab",)`, and `7` is not
//! `"7"`.

mod parts;
mod scope;

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::name::Name;
use crate::tags::Tag;

use self::bytes::Bytes;

mod bytes;

/// The name of one cached value: a namespace, perhaps a tenant, and typed parts.
///
/// The canonical bytes are kept, so the in-process tier compares keys, not digests. A store sees
/// only the 256-bit [`Name`]: whoever reads the store's key list learns nothing of the parts.
///
/// Costs no allocation as long as these are at most 54 bytes: 9 and the name of the namespace, 17 for
/// a number, 9 and its length for a text.
///
/// ```
/// use query_cache::Key;
///
/// let key = Key::new("schedule").part("2026-07").part(7u32);
/// assert_ne!(key, Key::new("schedule").part("2026-077"));
/// assert_eq!(key, Key::new("schedule").part("2026-07").part(7u64));
/// ```
#[derive(Clone)]
pub struct Key {
    bytes: Bytes,
    /// How many of `bytes` are tenant and namespace. Follows from the bytes.
    scope: usize,
}

impl Key {
    /// A key of `namespace` without parts yet, shared by all tenants. See [`Tenant::key`].
    pub fn new(namespace: &str) -> Self {
        Self::scoped(Namespace::new(namespace))
    }

    /// A key inside a namespace that may belong to a tenant.
    pub fn scoped(namespace: Namespace) -> Self {
        let scope = namespace.bytes.as_slice().len();
        Self { bytes: namespace.bytes, scope }
    }

    /// Adds one part. The order of parts counts.
    #[must_use]
    pub fn part(mut self, part: impl KeyPart) -> Self {
        part.write(&mut PartWriter { bytes: &mut self.bytes });
        self
    }

    /// Adds a list as one part, so that the borders between neighbouring lists stay visible.
    #[must_use]
    pub fn parts<P: KeyPart>(mut self, parts: impl IntoIterator<Item = P>) -> Self {
        PartWriter { bytes: &mut self.bytes }.list(parts);
        self
    }

    /// The canonical bytes: equal exactly for equal keys, the same in every process and version.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// What it takes of the heap.
    pub(crate) fn owned_bytes(&self) -> u64 {
        self.bytes.owned() as u64
    }

    /// The namespace this key lives in, with its tenant.
    pub fn namespace(&self) -> Namespace {
        Namespace { bytes: self.scope().into() }
    }

    /// Where a store keeps the value. Costs one SHA-256 of the canonical bytes.
    pub fn name(&self) -> Name {
        Name::digest(b"key", self.as_bytes())
    }

    /// What an invalidation of this one key renews.
    pub(crate) fn version_name(&self) -> Name {
        self.name().twin()
    }

    /// What clearing the namespace renews.
    pub(crate) fn namespace_name(&self) -> Name {
        Name::digest(b"namespace", self.scope())
    }

    fn scope(&self) -> &[u8] {
        &self.as_bytes()[..self.scope]
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

/// Shows the bytes escaped: readable for text, unambiguous for the rest.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.as_bytes().escape_ascii())
    }
}

/// A group of keys that can be cleared together: a name, and the tenant it belongs to, if any.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Namespace {
    bytes: Bytes,
}

impl Namespace {
    /// The namespace `name`, shared by all tenants.
    pub fn new(name: &str) -> Self {
        let mut bytes = Bytes::new();
        bytes.push(kind::SHARED);
        write_sized(&mut bytes, name.as_bytes());
        Self { bytes }
    }

    pub(crate) fn version_name(&self) -> Name {
        Name::digest(b"namespace", self.bytes.as_slice())
    }
}

impl From<&str> for Namespace {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Namespace({})", self.bytes.as_slice().escape_ascii())
    }
}

/// One customer, hospital or programme whose cached values must never meet another's.
///
/// Keys, namespaces and tags made through a tenant are different from those of any other tenant and
/// from the shared ones, whatever their names are.
///
/// ```
/// use query_cache::{Key, Tenant};
///
/// let north = Tenant::new("north");
/// assert_ne!(north.key("schedule").part(7u32), Tenant::new("south").key("schedule").part(7u32));
/// assert_ne!(north.key("schedule"), Key::new("schedule"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tenant {
    id: String,
}

impl Tenant {
    /// The tenant called `id`.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }

    /// A key that only this tenant has.
    pub fn key(&self, namespace: &str) -> Key {
        Key::scoped(self.namespace(namespace))
    }

    /// A namespace that only this tenant has.
    pub fn namespace(&self, name: &str) -> Namespace {
        Namespace { bytes: self.scoped(name) }
    }

    /// A tag that only this tenant has.
    pub fn tag(&self, text: &str) -> Tag {
        Tag::from_bytes(self.scoped(text).as_slice().to_vec())
    }

    fn scoped(&self, name: &str) -> Bytes {
        let mut bytes = Bytes::new();
        bytes.push(kind::TENANT);
        write_sized(&mut bytes, self.id.as_bytes());
        write_sized(&mut bytes, name.as_bytes());
        bytes
    }
}

/// Something that can be a part of a [`Key`].
///
/// Implemented for integers, text (a `char` is the text of it), bytes (a `Uuid` is its 16, with the
/// feature `uuid`), `bool`, `Option`, tuples of up to four, and what refers to one of these. A tuple is
/// one part, a list; for other lists there is [`Key::parts`]. An own identifier delegates:
///
/// ```
/// use query_cache::{Key, KeyPart, PartWriter};
///
/// struct PersonId(u32);
///
/// impl KeyPart for PersonId {
///     fn write(&self, part: &mut PartWriter<'_>) {
///         self.0.write(part);
///     }
/// }
///
/// assert_eq!(Key::new("person").part(PersonId(7)), Key::new("person").part(7u32));
/// ```
pub trait KeyPart {
    /// Writes this value as one or more parts. Must depend on nothing but the value.
    fn write(&self, part: &mut PartWriter<'_>);
}

/// Takes the parts of a key, each with its kind and length.
#[derive(Debug)]
pub struct PartWriter<'a> {
    bytes: &'a mut Bytes,
}

impl PartWriter<'_> {
    /// A piece of text.
    pub fn text(&mut self, text: &str) {
        self.bytes.push(kind::TEXT);
        write_sized(self.bytes, text.as_bytes());
    }

    /// Raw bytes, a UUID for example. Different from text of the same bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.push(kind::BYTES);
        write_sized(self.bytes, bytes);
    }

    /// A whole number. The width of its type does not count.
    pub fn integer(&mut self, number: i128) {
        self.bytes.push(kind::INTEGER);
        self.bytes.extend(&number.to_be_bytes());
    }

    /// Yes or no.
    pub fn flag(&mut self, flag: bool) {
        self.bytes.extend(&[kind::FLAG, u8::from(flag)]);
    }

    /// A list, with its length.
    pub fn list<P: KeyPart>(&mut self, parts: impl IntoIterator<Item = P>) {
        self.bytes.push(kind::LIST);
        let at = self.bytes.as_slice().len();
        self.bytes.extend(&0u64.to_be_bytes());
        let mut count = 0u64;
        for part in parts {
            part.write(&mut PartWriter { bytes: self.bytes });
            count += 1;
        }
        self.bytes.as_mut_slice()[at..at + 8].copy_from_slice(&count.to_be_bytes());
    }

    /// A whole number above all that [`integer`](Self::integer) takes.
    fn huge(&mut self, number: u128) {
        self.bytes.push(kind::HUGE);
        self.bytes.extend(&number.to_be_bytes());
    }

    fn presence(&mut self, present: bool) {
        self.bytes.push(if present { kind::PRESENT } else { kind::ABSENT });
    }
}

/// What a piece of canonical bytes is. Part of the stored names: never renumber.
mod kind {
    pub(super) const SHARED: u8 = 0;
    pub(super) const TENANT: u8 = 1;
    pub(super) const TEXT: u8 = 2;
    pub(super) const BYTES: u8 = 3;
    pub(super) const INTEGER: u8 = 4;
    pub(super) const FLAG: u8 = 5;
    pub(super) const LIST: u8 = 6;
    pub(super) const ABSENT: u8 = 7;
    pub(super) const PRESENT: u8 = 8;
    pub(super) const HUGE: u8 = 9;
}

fn write_sized(to: &mut Bytes, bytes: &[u8]) {
    to.extend(&(bytes.len() as u64).to_be_bytes());
    to.extend(bytes);
}
