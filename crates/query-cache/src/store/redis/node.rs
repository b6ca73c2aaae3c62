//! One connection to one server for all callers, made on first use and replaced when it breaks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, Pipeline, RedisError, Value};

use crate::clock::now;
use crate::sync::lock;

use super::clock::{self, Clock};
use super::epoch::Life;
use super::script::Scripts;

/// Making a connection may take so long, all in all.
pub(super) const CONNECT: Duration = Duration::from_secs(1);

/// A connection that was asked something and said nothing for so long is given up: the other end
/// may be gone without a word.
const SILENCE: Duration = Duration::from_secs(2);

/// The pause after a failed attempt doubles up to this.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

pub(super) fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(Duration::from_secs(5)))
        .set_pipeline_buffer_size(512)
}

pub(super) struct Node {
    pub(super) client: Client,
    /// What was confirmed before a restart or a fail-over is taken to be remembered after it.
    trusted: bool,
    connection: Mutex<Option<Arc<Connection>>>,
    /// One attempt at a time.
    attempts: tokio::sync::Mutex<Attempts>,
}

#[derive(Default)]
struct Attempts {
    pause: Duration,
    failed: Option<(Instant, RedisError)>,
}

/// A connection, and what is known of the server at its other end.
pub(super) struct Connection {
    handle: MultiplexedConnection,
    /// Where it leads.
    pub(super) client: Client,
    /// `None` of a server that is no primary.
    pub(super) life: Option<Life>,
    pub(super) clock: Clock,
    broken: AtomicBool,
    begun: Instant,
    /// Milliseconds after `begun`, plus one, of the first question since the last answer.
    silent_since: AtomicU64,
}

impl Node {
    pub(super) fn new(client: Client, trusted: bool) -> Arc<Self> {
        let (connection, attempts) = (Mutex::default(), tokio::sync::Mutex::default());
        Arc::new(Self { client, trusted, connection, attempts })
    }

    pub(super) fn current(&self) -> Option<Arc<Connection>> {
        lock(&self.connection).as_ref().filter(|connection| connection.works()).map(Arc::clone)
    }

    /// To be called in a task of its own: a caller that has less time than a connection takes would
    /// begin anew for ever.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, RedisError> {
        let mut attempts = self.attempts.lock().await;
        if let Some(connection) = self.current() {
            return Ok(connection);
        }
        if let Some((when, error)) = &attempts.failed
            && now().saturating_duration_since(*when) < attempts.pause
        {
            return Err(error.clone());
        }
        let opened = Connection::open(&self.client, self.trusted);
        match in_time(2 * CONNECT, opened).await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                *lock(&self.connection) = Some(Arc::clone(&connection));
                *attempts = Attempts::default();
                Ok(connection)
            }
            Err(error) => {
                tracing::debug!(%error, "no connection to Redis");
                let pause = (2 * attempts.pause).clamp(LONGEST_PAUSE / 16, LONGEST_PAUSE);
                *attempts = Attempts { pause, failed: Some((now(), error.clone())) };
                Err(error)
            }
        }
    }
}

impl Connection {
    async fn open(client: &Client, trusted: bool) -> Result<Self, RedisError> {
        let mut handle = client.get_multiplexed_async_connection_with_config(&config()).await?;
        let life = if trusted { Some(Life::unknown()) } else { life(&mut handle).await? };
        let mut greeting = Pipeline::new();
        Scripts::load(&mut greeting);
        greeting.cmd("TIME");
        let answers: Vec<Value> = greeting.query_async(&mut handle).await?;
        let Some(time) = answers.last().and_then(clock::time) else {
            return Err((ErrorKind::UnexpectedReturnType, "a greeting was not understood").into());
        };
        Ok(Self {
            handle,
            client: client.clone(),
            life,
            clock: Clock::new(time),
            broken: AtomicBool::new(false),
            begun: now(),
            silent_since: AtomicU64::new(0),
        })
    }

    pub(super) async fn ask(&self, pipe: &Pipeline) -> Result<Vec<Value>, RedisError> {
        let asked = u64::try_from(now().saturating_duration_since(self.begun).as_millis())
            .unwrap_or(u64::MAX)
            + 1;
        // Loses against an earlier question that has no answer yet: then it is that one that counts.
        _ = self.silent_since.compare_exchange(0, asked, Ordering::Relaxed, Ordering::Relaxed);
        let answer = pipe.query_async(&mut self.handle.clone()).await;
        self.silent_since.store(0, Ordering::Relaxed);
        if let Err(error) = &answer
            && is_the_end(error)
        {
            self.broken.store(true, Ordering::Release);
        }
        answer
    }

    /// Leaves it to those who wait for an answer; others make a new one.
    pub(super) fn give_up(&self) {
        self.broken.store(true, Ordering::Release);
    }

    pub(super) fn works(&self) -> bool {
        let silent_since = self.silent_since.load(Ordering::Relaxed);
        let asked = Duration::from_millis(silent_since.saturating_sub(1));
        let silent =
            silent_since > 0 && now().saturating_duration_since(self.begun) > asked + SILENCE;
        !silent && !self.broken.load(Ordering::Acquire)
    }
}

/// Whether another connection may do better: this one is gone, or leads to a server that is no
/// primary any more, is still loading, or has lost the scripts.
fn is_the_end(error: &RedisError) -> bool {
    let lost = ["READONLY", "MASTERDOWN", "LOADING", "NOSCRIPT", "EXECABORT", "UNBLOCKED", "MOVED"];
    error.is_unrecoverable_error()
        || error.is_timeout()
        || error.code().is_some_and(|code| lost.contains(&code))
}

async fn life(connection: &mut MultiplexedConnection) -> Result<Option<Life>, RedisError> {
    match redis::cmd("INFO").query_async::<String>(connection).await {
        Ok(info) => Ok(Life::read(&info)),
        Err(error) if error.is_unrecoverable_error() || error.is_timeout() => Err(error),
        Err(error) => {
            tracing::debug!(%error, "the server does not tell one life from another");
            Ok(Some(Life::unknown()))
        }
    }
}

pub(super) async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, RedisError> {
    let timed_out = |_| RedisError::from((ErrorKind::Io, "the server did not answer in time"));
    tokio::time::timeout(limit, answer).await.map_err(timed_out).flatten()
}
