//! How a private server is set up.

/// What a server promises about acknowledged writes when the machine itself stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Nothing: PostgreSQL without fsync, Redis without persistence. For tests.
    #[default]
    Fast,
    /// What a production server promises: PostgreSQL with fsync, Redis with an append-only file
    /// synced before each answer. For measurements.
    Durable,
}

/// Settings of a private server.
///
/// ```
/// use test_servers::{Durability, Options};
///
/// let options = Options::default()
///     .durability(Durability::Durable)
///     .setting("shared_preload_libraries", "pg_stat_statements");
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Whether writes survive a stop of the machine. Default: [`Durability::Fast`].
    pub durability: Durability,
    /// Settings in the server's own words, which win over those made here.
    pub settings: Vec<(String, String)>,
}

impl Options {
    /// Sets [`durability`](Self::durability).
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Adds one server setting: `-c name=value` for PostgreSQL, `--name value` for Redis.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }
}
