//! One connection for the commands of all callers, made on first use and replaced when it breaks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, Pipeline, RedisError, Value};

use crate::clock::now;
use crate::error::StoreError;
use crate::name::Name;
use crate::sync::lock;

use super::clock::{self, Clock};
use super::epoch::{Epoch, Life};
use super::script::Scripts;

/// Making a connection may take so long, all in all.
const CONNECT: Duration = Duration::from_secs(1);

/// A connection that was asked something and said nothing for so long is given up: the other end
/// may be gone without a word.
const SILENCE: Duration = Duration::from_secs(2);

/// The pause after a failed attempt doubles up to this.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// What is the same for all connections of a store.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) client: Client,
    pub(super) prefix: Vec<u8>,
    /// What was confirmed before a restart or a fail-over is taken to be remembered after it.
    pub(super) trusts_restarts: bool,
    pub(super) scripts: Scripts,
}

impl Setup {
    pub(super) fn epoch_key(&self) -> Vec<u8> {
        [&self.prefix, &b"epoch"[..]].concat()
    }

    pub(super) fn config() -> AsyncConnectionConfig {
        AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(Duration::from_secs(5)))
            .set_pipeline_buffer_size(512)
    }
}

pub(super) struct Link {
    pub(super) setup: Arc<Setup>,
    session: Mutex<Option<Arc<Session>>>,
    /// One attempt at a time.
    attempts: tokio::sync::Mutex<Attempts>,
}

#[derive(Default)]
struct Attempts {
    pause: Duration,
    failed: Option<(Instant, RedisError)>,
}

/// A connection, and what is known of the server at its other end.
pub(super) struct Session {
    connection: MultiplexedConnection,
    setup: Arc<Setup>,
    pub(super) epoch: Epoch,
    pub(super) clock: Clock,
    broken: AtomicBool,
    begun: Instant,
    /// Milliseconds after `begun`, plus one, of the first question since the last answer.
    silent_since: AtomicU64,
}

/// Why an answer is none.
#[derive(Debug)]
pub(super) enum Fault {
    /// The names it was asked for belong to another epoch than the server's.
    Epoch,
    /// It is not what such a question is answered with.
    Shape,
}

impl Link {
    pub(super) fn new(setup: Arc<Setup>) -> Arc<Self> {
        let (session, attempts) = (Mutex::default(), tokio::sync::Mutex::default());
        Arc::new(Self { setup, session, attempts })
    }

    /// Sends what `build` makes for a connection, and has its answers read. Once more over a new
    /// connection if the first one broke or belongs to an epoch that is over: whatever is sent may be
    /// done twice.
    pub(super) async fn run<T>(
        self: &Arc<Self>,
        build: impl Fn(&Session) -> Pipeline,
        read: impl Fn(&Session, Vec<Value>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let mut first = true;
        loop {
            let session = self.session().await.map_err(StoreError::new)?;
            let error = match session.ask(&build(&session)).await {
                Ok(answers) => match read(&session, answers) {
                    Ok(answer) => return Ok(answer),
                    Err(fault) => {
                        session.broken.store(true, Ordering::Release);
                        StoreError::new(fault.describe())
                    }
                },
                Err(error) => StoreError::new(error),
            };
            if !first || session.works() {
                return Err(error);
            }
            first = false;
        }
    }

    /// The epoch of the connection in use, if there is one.
    pub(super) fn epoch(&self) -> Option<Epoch> {
        self.current().map(|session| session.epoch)
    }

    fn current(&self) -> Option<Arc<Session>> {
        lock(&self.session).as_ref().filter(|session| session.works()).map(Arc::clone)
    }

    async fn session(self: &Arc<Self>) -> Result<Arc<Session>, RedisError> {
        if let Some(session) = self.current() {
            return Ok(session);
        }
        // In a task of its own: a caller that has less time than a connection takes would begin
        // anew for ever.
        let link = Arc::clone(self);
        let connected = tokio::spawn(async move { link.connect().await }).await;
        let aborted = |_| RedisError::from((ErrorKind::Io, "the runtime is shutting down"));
        connected.map_err(aborted)?
    }

    async fn connect(&self) -> Result<Arc<Session>, RedisError> {
        let mut attempts = self.attempts.lock().await;
        if let Some(session) = self.current() {
            return Ok(session);
        }
        if let Some((when, error)) = &attempts.failed
            && now().saturating_duration_since(*when) < attempts.pause
        {
            return Err(error.clone());
        }
        let timed_out = |_| RedisError::from((ErrorKind::Io, "the server did not answer in time"));
        let opened = tokio::time::timeout(2 * CONNECT, Session::open(&self.setup)).await;
        match opened.map_err(timed_out).flatten() {
            Ok(session) => {
                let session = Arc::new(session);
                *lock(&self.session) = Some(Arc::clone(&session));
                *attempts = Attempts::default();
                Ok(session)
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

impl Session {
    async fn open(setup: &Arc<Setup>) -> Result<Self, RedisError> {
        let config = Setup::config();
        let mut connection =
            setup.client.get_multiplexed_async_connection_with_config(&config).await?;
        let life =
            if setup.trusts_restarts { Life::unknown() } else { life(&mut connection).await? };
        let mut greeting = Pipeline::new();
        greeting.add_command(Epoch::claim(&setup.epoch_key(), &life));
        Scripts::load(&mut greeting);
        greeting.cmd("TIME");
        let answers: Vec<Value> = greeting.query_async(&mut connection).await?;
        let epoch = answers.first().and_then(Epoch::read);
        let time = answers.last().and_then(clock::time);
        let (Some(epoch), Some(time)) = (epoch, time) else {
            return Err((ErrorKind::UnexpectedReturnType, "a greeting was not understood").into());
        };
        Ok(Self {
            connection,
            setup: Arc::clone(setup),
            epoch,
            clock: Clock::new(time),
            broken: AtomicBool::new(false),
            begun: now(),
            silent_since: AtomicU64::new(0),
        })
    }

    /// Where the bytes or the version of `name` are: readable, then this epoch's number, then the
    /// name.
    pub(super) fn key(&self, name: &Name) -> Vec<u8> {
        [&self.setup.prefix, self.epoch.number(), name.as_bytes()].concat()
    }

    /// Hands over where each of `names` is, in one buffer.
    pub(super) fn keys(&self, names: &[Name], mut each: impl FnMut(&[u8])) {
        let mut key = [&self.setup.prefix, self.epoch.number()].concat();
        let before = key.len();
        for name in names {
            key.truncate(before);
            key.extend_from_slice(name.as_bytes());
            each(&key);
        }
    }

    pub(super) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Whether `answer` is what the name of the epoch holds as long as this one lasts.
    pub(super) fn check(&self, answer: Option<&Value>) -> Result<(), Fault> {
        let held = answer.and_then(Epoch::read);
        if held == Some(self.epoch) { Ok(()) } else { Err(Fault::Epoch) }
    }

    async fn ask(&self, pipe: &Pipeline) -> Result<Vec<Value>, RedisError> {
        let asked = u64::try_from(now().saturating_duration_since(self.begun).as_millis())
            .unwrap_or(u64::MAX)
            + 1;
        // Loses against an earlier question that has no answer yet: then it is that one that counts.
        _ = self.silent_since.compare_exchange(0, asked, Ordering::Relaxed, Ordering::Relaxed);
        let answer = pipe.query_async(&mut self.connection.clone()).await;
        self.silent_since.store(0, Ordering::Relaxed);
        if let Err(error) = &answer
            && is_the_end(error)
        {
            self.broken.store(true, Ordering::Release);
        }
        answer
    }

    fn works(&self) -> bool {
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
    let lost = ["READONLY", "MASTERDOWN", "LOADING", "NOSCRIPT", "EXECABORT", "UNBLOCKED"];
    error.is_unrecoverable_error()
        || error.is_timeout()
        || error.code().is_some_and(|code| lost.contains(&code))
}

async fn life(connection: &mut MultiplexedConnection) -> Result<Life, RedisError> {
    match redis::cmd("INFO").query_async::<String>(connection).await {
        Ok(info) => Life::read(&info)
            .ok_or_else(|| (ErrorKind::Client, "the server is not a primary").into()),
        Err(error) if error.is_unrecoverable_error() || error.is_timeout() => Err(error),
        Err(error) => {
            tracing::debug!(%error, "the server does not tell one life from another");
            Ok(Life::unknown())
        }
    }
}

impl Fault {
    fn describe(&self) -> &'static str {
        match self {
            Self::Epoch => "the server has forgotten what it knew",
            Self::Shape => "an answer of Redis was not understood",
        }
    }
}
