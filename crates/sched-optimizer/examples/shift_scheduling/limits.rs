//! Limits of a search as arguments.

/// A time in seconds: neither negative nor endless, which [`f64`] would let pass.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
    seconds.ok_or_else(|| "expected seconds, 0 or more".to_owned())
}
