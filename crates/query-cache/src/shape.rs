//! The type of a cached value, told once, so that the rest of the crate is compiled once.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::entry::AnyValue;
use crate::error::Error;
use crate::footprint;
use crate::format::{Format, Unencodable};

/// A type that can be cached: it goes to the store and back by serde, and is shared between
/// callers.
///
/// Implemented for every type that can; there is nothing to implement.
pub trait Cacheable: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Cacheable for T {}

type AnyRef<'a> = &'a (dyn Any + Send + Sync);

/// What the cache has to know of a value's type.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// At most so many bytes, from which `decode` makes the same value.
    pub(crate) encode: fn(AnyRef<'_>, Format, usize) -> Result<Vec<u8>, Unencodable>,
    /// What it takes in memory, in its `Arc`.
    pub(crate) footprint: fn(AnyRef<'_>) -> Option<u64>,
    pub(crate) decode: fn(&[u8], Format) -> Option<AnyValue>,
    /// Whether the value says that there is none, and lives for the negative time to live.
    pub(crate) is_absent: fn(AnyRef<'_>) -> bool,
}

impl Shape {
    pub(crate) fn of<T: Cacheable>() -> Self {
        Self {
            encode: |value, format, limit| {
                let value = value.downcast_ref::<T>().ok_or(Unencodable::Refused)?;
                format.encode(value, limit)
            },
            footprint: |value| footprint::of(value.downcast_ref::<T>()?),
            decode: |bytes, format| Some(Arc::new(format.decode::<T>(bytes)?)),
            is_absent: |_| false,
        }
    }

    pub(crate) fn of_optional<T: Cacheable>() -> Self
    where
        Option<T>: Cacheable,
    {
        Self {
            is_absent: |value| value.downcast_ref::<Option<T>>().is_some_and(Option::is_none),
            ..Self::of::<Option<T>>()
        }
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shape").finish_non_exhaustive()
    }
}

/// The value as the type it was cached as.
pub(crate) fn typed<T: Cacheable>(value: AnyValue) -> Result<Arc<T>, Error> {
    value.downcast().map_err(|_| Error::WrongType { expected: type_name::<T>() })
}
