//! Loads, and what they bring.

use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::entry::AnyValue;
use crate::error::Cause;
use crate::shape::Cacheable;

/// What a load brings that looks at the value it is to replace. See
/// [`get_or_load_with`](crate::Cache::get_or_load_with).
#[derive(Clone, Debug)]
#[must_use]
pub struct Loaded<T> {
    value: Option<T>,
    ttl: Option<Duration>,
    stale_for: Option<Duration>,
}

impl<T> Loaded<T> {
    /// A new value.
    pub const fn new(value: T) -> Self {
        Self { value: Some(value), ttl: None, stale_for: None }
    }

    /// The previous value is still the right one: it begins a new life. An error if there was none.
    pub const fn unchanged() -> Self {
        Self { value: None, ttl: None, stale_for: None }
    }

    /// This value is fresh for `ttl`, if that is less than the policy's time to live. Zero: it is handed
    /// to those who wait and not kept at all.
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// After that it may be served as a stale one for `window`, if that is less than the policy's
    /// [`stale_for`](crate::Policy::stale_for).
    pub const fn stale_for(mut self, window: Duration) -> Self {
        self.stale_for = Some(window);
        self
    }
}

impl<T> From<T> for Loaded<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// [`Loaded`] with its type hidden, and the previous value in the place of an unchanged one.
#[derive(Clone)]
pub(crate) struct Brought {
    pub(crate) value: AnyValue,
    pub(crate) ttl: Option<Duration>,
    pub(crate) stale_for: Option<Duration>,
}

impl From<AnyValue> for Brought {
    fn from(value: AnyValue) -> Self {
        Self { value, ttl: None, stale_for: None }
    }
}

/// A load with its type hidden. It is given the value that it is to replace.
pub(crate) type Load = Box<
    dyn FnOnce(Option<AnyValue>) -> Pin<Box<dyn Future<Output = Result<Brought, Cause>> + Send>>
        + Send,
>;

/// The load without its type. Errors become shared causes: many callers may get one.
pub(crate) fn hide<T, E, F, Fut>(load: F) -> Load
where
    T: Cacheable,
    E: Into<Box<dyn StdError + Send + Sync>>,
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
{
    Box::new(move |_| {
        Box::pin(async move {
            match load().await {
                Ok(value) => Ok(Brought::from(Arc::new(value) as AnyValue)),
                Err(error) => Err(Cause::from(error.into())),
            }
        })
    })
}

/// The same for one that looks at the previous value.
pub(crate) fn hide_with<T, E, F, Fut>(load: F) -> Load
where
    T: Cacheable,
    E: Into<Box<dyn StdError + Send + Sync>>,
    F: FnOnce(Option<Arc<T>>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Loaded<T>, E>> + Send + 'static,
{
    Box::new(move |previous| {
        Box::pin(async move {
            let typed = previous.clone().and_then(|value| value.downcast().ok());
            let known = typed.is_some();
            let Loaded { value, ttl, stale_for } =
                load(typed).await.map_err(|error| Cause::from(error.into()))?;
            let value = match value {
                Some(value) => Some(Arc::new(value) as AnyValue),
                None => previous.filter(|_| known),
            };
            value
                .map(|value| Brought { value, ttl, stale_for })
                .ok_or_else(|| Arc::new(NothingBefore) as Cause)
        })
    })
}

/// A load that was given no previous value called it unchanged.
#[derive(Debug, thiserror::Error)]
#[error("the load says that the value is unchanged, and it was given none")]
struct NothingBefore;
