//! Input that cannot be used, where no file and no setting is at fault.

/// What is wrong with an argument or with the place that it names, and what to do about it. Nothing was
/// stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadInput(pub String);
