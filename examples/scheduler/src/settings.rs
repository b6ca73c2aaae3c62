//! Settings from the environment: read once, checked as a whole, shown with secrets hidden.
//!
//! Every variable has a default that needs nothing installed. A value that cannot be used is an
//! error that names the variable; no default hides it.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

/// Where the rows are kept when nobody says; its folder is made.
pub const DEFAULT_DATABASE: &str = "sqlite://var/rounds.db";

/// Where the rows are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file, the embedded default.
    Sqlite(String),
    /// A PostgreSQL server.
    Postgres(String),
}

/// Everything that the environment decides.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// `DATABASE_URL`. Default: a SQLite file in `var`.
    pub database: DatabaseUrl,
    /// `REDIS_URL`. Default: cache and lock without Redis.
    pub redis: Option<String>,
    /// `DB_POOL_SIZE` + `DB_MAX_OVERFLOW`: most connections. Default 20 + 10.
    pub pool_connections: u32,
    /// `DB_POOL_TIMEOUT`: longest wait for a connection. Default 30 s.
    pub pool_timeout: Duration,
    /// `DB_POOL_RECYCLE`: age at which a connection is replaced. Default 1800 s.
    pub pool_recycle: Duration,
    /// `DB_POOL_PRE_PING`: whether a connection is tested before each use. Default off.
    pub pool_ping: bool,
    /// `DB_ECHO`: whether each statement is logged with its time. Default off.
    pub echo: bool,
    /// `CACHE_ENABLED`: whether read models are cached at all. Default on.
    pub cache: bool,
    /// `CACHE_DEFAULT_TTL`: life of a cached read model. Default 900 s.
    pub cache_ttl: Duration,
    /// `CACHE_MAX_CONNECTIONS`: most cache reads in flight, all on one connection. Default 50.
    pub cache_parallel: usize,
    /// `RATE_LIMIT_ENABLED` and `RATE_LIMIT_PER_MINUTE`: reads a minute for each reader. Default 100.
    pub reads_per_minute: Option<NonZeroU32>,
    /// `QUERY_SLOW_THRESHOLD`: a statement that takes longer is reported. Default 0.1 s.
    pub slow_query: Duration,
    /// `BULK_INSERT_CHUNK_SIZE`: most rows in one statement. Default 1000.
    pub chunk_rows: NonZeroU32,
    /// `LOCK_TTL`: a dead holder blocks the others for at most this long. Default 10 s.
    pub lock_ttl: Duration,
    shown: Vec<Shown>,
}

/// Why the environment cannot be used: one line a variable.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", .0.join("\n"))]
pub struct SettingsError(Vec<String>);

#[derive(Clone, Debug)]
struct Shown {
    name: &'static str,
    value: String,
    given: bool,
}

impl Settings {
    /// Reads the settings from `environment`; the caller passes the process's own.
    ///
    /// # Errors
    /// Names every variable that cannot be used, with what was expected.
    pub fn read(environment: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let mut reader = Reader { environment, faults: Vec::new(), shown: Vec::new() };
        let settings = Self::collect(&mut reader);
        let Reader { faults, shown, .. } = reader;
        if faults.is_empty() { Ok(Self { shown, ..settings }) } else { Err(SettingsError(faults)) }
    }

    fn collect(read: &mut Reader<'_>) -> Self {
        let database = read.database();
        let redis = read.redis();
        let size = read.number(&["DB_POOL_SIZE", "DATABASE_POOL_SIZE"], 20, 1, 1000);
        let overflow = read.number(&["DB_MAX_OVERFLOW", "DB_POOL_MAX_OVERFLOW"], 10, 0, 1000);
        Self {
            database,
            redis,
            pool_connections: size + overflow,
            pool_timeout: read.seconds(&["DB_POOL_TIMEOUT"], 30.0),
            pool_recycle: read.seconds(&["DB_POOL_RECYCLE", "POOL_RECYCLE"], 1800.0),
            pool_ping: read.switch("DB_POOL_PRE_PING", false),
            echo: read.switch("DB_ECHO", false),
            cache: read.switch("CACHE_ENABLED", true),
            cache_ttl: read.seconds(&["CACHE_DEFAULT_TTL"], 900.0),
            cache_parallel: read.parallel(),
            reads_per_minute: read.limit(),
            slow_query: read.seconds(&["QUERY_SLOW_THRESHOLD"], 0.1),
            chunk_rows: read.chunk(),
            lock_ttl: read.lock_ttl(),
            shown: Vec::new(),
        }
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for shown in &self.shown {
            let origin = if shown.given { "" } else { "  (default)" };
            writeln!(f, "{:<24} {}{origin}", shown.name, shown.value)?;
        }
        Ok(())
    }
}

struct Reader<'a> {
    environment: &'a BTreeMap<String, String>,
    faults: Vec<String>,
    shown: Vec<Shown>,
}

impl Reader<'_> {
    /// The first of several names that is set and not empty.
    fn raw(&self, names: &[&'static str]) -> Option<(&'static str, String)> {
        let set = |name: &&str| self.environment.get(*name).filter(|v| !v.trim().is_empty());
        names.iter().find_map(|name| set(name).map(|v| (*name, v.trim().to_owned())))
    }

    fn show(&mut self, name: &'static str, value: impl fmt::Display, given: bool) {
        self.shown.push(Shown { name, value: value.to_string(), given });
    }

    fn refuse(&mut self, name: &str, value: &str, expected: &str) {
        self.faults.push(format!("{name}: found \"{value}\", expected {expected}"));
    }

    fn database(&mut self) -> DatabaseUrl {
        let names = ["DATABASE_URL"];
        let Some((name, url)) = self.raw(&names) else {
            let url = DEFAULT_DATABASE.to_owned();
            self.show(names[0], &url, false);
            return DatabaseUrl::Sqlite(url);
        };
        self.show(name, hide_password(&url), true);
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return DatabaseUrl::Postgres(url);
        }
        if !url.starts_with("sqlite:") || url.contains(":memory:") {
            let expected = "sqlite://path/of/a/file, or postgres://user@host/database";
            self.refuse(name, &hide_password(&url), expected);
        }
        DatabaseUrl::Sqlite(url)
    }

    fn redis(&mut self) -> Option<String> {
        let Some((name, url)) = self.raw(&["REDIS_URL"]) else {
            self.show("REDIS_URL", "none: cache in this process, lock in the database", false);
            return None;
        };
        self.show(name, hide_password(&url), true);
        if !["redis://", "rediss://", "redis+unix://", "unix://"].iter().any(|p| url.starts_with(p))
        {
            self.refuse(name, &hide_password(&url), "redis://host:port");
        }
        Some(url)
    }

    fn number(&mut self, names: &[&'static str], default: u32, least: u32, most: u32) -> u32 {
        let Some((name, text)) = self.raw(names) else {
            self.show(names[0], default, false);
            return default;
        };
        self.show(name, &text, true);
        match u32::from_str(&text) {
            Ok(value) if (least..=most).contains(&value) => value,
            _ => {
                self.refuse(name, &text, &format!("a whole number from {least} to {most}"));
                default
            }
        }
    }

    fn seconds(&mut self, names: &[&'static str], default: f64) -> Duration {
        let fallback = Duration::from_secs_f64(default);
        let Some((name, text)) = self.raw(names) else {
            self.show(names[0], format!("{default} s"), false);
            return fallback;
        };
        self.show(name, format!("{text} s"), true);
        let parsed = f64::from_str(&text).ok().filter(|s| *s >= 0.001 && *s <= 1e7);
        parsed.map(Duration::from_secs_f64).unwrap_or_else(|| {
            self.refuse(name, &text, "seconds, 0.001 or more");
            fallback
        })
    }

    fn switch(&mut self, name: &'static str, default: bool) -> bool {
        let Some((name, text)) = self.raw(&[name]) else {
            self.show(name, default, false);
            return default;
        };
        self.show(name, &text, true);
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" => false,
            _ => {
                self.refuse(name, &text, "true or false");
                default
            }
        }
    }

    fn parallel(&mut self) -> usize {
        let names = ["CACHE_MAX_CONNECTIONS", "REDIS_MAX_CONNECTIONS"];
        usize::try_from(self.number(&names, 50, 1, 10_000)).unwrap_or(usize::MAX)
    }

    fn limit(&mut self) -> Option<NonZeroU32> {
        let on = self.switch("RATE_LIMIT_ENABLED", true);
        let rate = self.number(&["RATE_LIMIT_PER_MINUTE"], 100, 1, 1_000_000);
        NonZeroU32::new(rate).filter(|_| on)
    }

    fn chunk(&mut self) -> NonZeroU32 {
        let rows = self.number(&["BULK_INSERT_CHUNK_SIZE"], 1000, 1, 100_000);
        NonZeroU32::new(rows).unwrap_or(NonZeroU32::MIN)
    }

    fn lock_ttl(&mut self) -> Duration {
        let ttl = self.seconds(&["LOCK_TTL"], 10.0);
        if ttl < Duration::from_secs(1) {
            self.refuse("LOCK_TTL", &ttl.as_secs_f64().to_string(), "at least 1 second");
        }
        ttl
    }
}

/// The URL with everything between the user's name and the host replaced.
fn hide_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(authority);
    let shown = match authority.rsplit_once('@') {
        None => authority.to_owned(),
        Some((user, host)) => format!("{}@{host}", hide_secret(user)),
    };
    format!("{scheme}://{shown}{}", hide_parameters(tail))
}

fn hide_secret(user: &str) -> String {
    user.split_once(':').map_or_else(|| user.to_owned(), |(name, _)| format!("{name}:***"))
}

fn hide_parameters(tail: &str) -> String {
    match tail.split_once('?') {
        Some((path, query)) if query.contains("password") => format!("{path}?***"),
        _ => tail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let map = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Settings::read(&map)
    }

    #[test]
    fn an_empty_environment_needs_nothing_installed() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.database, DatabaseUrl::Sqlite("sqlite://var/rounds.db".to_owned()));
        assert_eq!(settings.redis, None);
        assert_eq!(settings.pool_connections, 30);
        assert_eq!(settings.cache_ttl, Duration::from_secs(900));
        assert_eq!(settings.reads_per_minute, NonZeroU32::new(100));
        assert_eq!(settings.slow_query, Duration::from_millis(100));
    }

    #[test]
    fn every_variable_is_read() {
        let settings = read(&[
            ("DATABASE_URL", "postgres://me:secret@localhost/rounds"),
            ("REDIS_URL", "redis://localhost"),
            ("DB_POOL_SIZE", "3"),
            ("DB_MAX_OVERFLOW", "4"),
            ("DB_POOL_TIMEOUT", "5"),
            ("DB_POOL_RECYCLE", "6"),
            ("DB_POOL_PRE_PING", "on"),
            ("DB_ECHO", "true"),
            ("CACHE_ENABLED", "no"),
            ("CACHE_DEFAULT_TTL", "7"),
            ("CACHE_MAX_CONNECTIONS", "8"),
            ("RATE_LIMIT_ENABLED", "true"),
            ("RATE_LIMIT_PER_MINUTE", "9"),
            ("QUERY_SLOW_THRESHOLD", "0.5"),
            ("BULK_INSERT_CHUNK_SIZE", "11"),
            ("LOCK_TTL", "12"),
        ])
        .unwrap();
        assert!(matches!(settings.database, DatabaseUrl::Postgres(_)));
        assert_eq!(settings.redis.as_deref(), Some("redis://localhost"));
        assert_eq!(settings.pool_connections, 7);
        assert_eq!(settings.pool_timeout, Duration::from_secs(5));
        assert_eq!(settings.pool_recycle, Duration::from_secs(6));
        assert!(settings.pool_ping && settings.echo && !settings.cache);
        assert_eq!(settings.cache_ttl, Duration::from_secs(7));
        assert_eq!(settings.cache_parallel, 8);
        assert_eq!(settings.reads_per_minute, NonZeroU32::new(9));
        assert_eq!(settings.slow_query, Duration::from_millis(500));
        assert_eq!(settings.chunk_rows.get(), 11);
        assert_eq!(settings.lock_ttl, Duration::from_secs(12));
    }

    #[test]
    fn every_bad_variable_is_named_at_once() {
        let error = read(&[
            ("DATABASE_URL", "mysql://x"),
            ("DB_POOL_SIZE", "0"),
            ("DB_ECHO", "perhaps"),
            ("CACHE_DEFAULT_TTL", "-1"),
            ("LOCK_TTL", "0.5"),
        ])
        .unwrap_err()
        .to_string();
        for name in ["DATABASE_URL", "DB_POOL_SIZE", "DB_ECHO", "CACHE_DEFAULT_TTL", "LOCK_TTL"] {
            assert!(error.contains(name), "{name} is missing in\n{error}");
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let settings = read(&[
            ("DATABASE_URL", "postgres://me:hunter2@localhost:5432/rounds?password=hunter2"),
            ("REDIS_URL", "redis://:hunter2@localhost:6379/0"),
        ])
        .unwrap();
        let shown = settings.to_string();
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("postgres://me:***@localhost:5432/rounds"), "{shown}");
    }

    #[test]
    fn a_refused_url_does_not_leak_its_password() {
        let error = read(&[("DATABASE_URL", "mysql://me:hunter2@localhost/x")]).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}
