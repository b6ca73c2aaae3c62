//! The connection on which names of one epoch are asked for, by all callers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redis::{Client, ErrorKind, Pipeline, RedisError, Value};

use crate::error::StoreError;
use crate::name::Name;
use crate::sync::lock;

use super::cluster::nodes::Nodes;
use super::epoch::Epoch;
use super::node::{self, Connection, Node};
use super::script::Scripts;

/// What is in a slot that is on its way to another node is asked for again so often,
const MOVING: usize = 40;

/// and after such a pause.
const MEANWHILE: Duration = Duration::from_millis(25);

/// What is the same for all connections of a store.
#[derive(Debug)]
pub(super) struct Setup {
    /// Begins all names.
    pub(super) prefix: Vec<u8>,
    /// Where it is told what was done.
    pub(super) channel: Vec<u8>,
    pub(super) scripts: Arc<Scripts>,
}

impl Setup {
    pub(super) fn epoch_key(&self) -> Vec<u8> {
        [&self.prefix, &b"epoch"[..]].concat()
    }
}

/// Where the connection leads.
pub(super) enum Route {
    Server(Arc<Node>),
    /// Whichever node has this part of a cluster.
    Part(Arc<Nodes>, usize),
}

impl Route {
    async fn connection(&self) -> Result<Arc<Connection>, RedisError> {
        match self {
            Self::Server(node) => node.connection().await,
            Self::Part(nodes, part) => nodes.connection(*part).await,
        }
    }

    fn redirected(&self, from: &Client, error: &RedisError) {
        if let Self::Part(nodes, part) = self {
            nodes.redirected(*part, from, error);
        }
    }
}

pub(super) struct Link {
    pub(super) setup: Arc<Setup>,
    pub(super) route: Route,
    session: Mutex<Option<Arc<Session>>>,
    /// One attempt at a time.
    attempts: tokio::sync::Mutex<()>,
}

/// A connection in one epoch.
pub(super) struct Session {
    connection: Arc<Connection>,
    setup: Arc<Setup>,
    pub(super) epoch: Epoch,
    /// The epoch is.
    over: AtomicBool,
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
    pub(super) fn new(setup: Arc<Setup>, route: Route) -> Arc<Self> {
        let (session, attempts) = (Mutex::default(), tokio::sync::Mutex::default());
        Arc::new(Self { setup, route, session, attempts })
    }

    /// Sends what `build` makes for a connection, and has its answers read. Once more over a new
    /// connection if the first one broke or belongs to an epoch that is over: whatever is sent may be
    /// done twice.
    ///
    /// What is on its way to another node is waited for, up to a second.
    pub(super) async fn run<T>(
        self: &Arc<Self>,
        build: impl Fn(&Session) -> Pipeline,
        read: impl Fn(&Session, Vec<Value>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        for _ in 0..MOVING {
            if let Some(answer) = self.run_unless_moving(&build, &read).await? {
                return Ok(answer);
            }
            tokio::time::sleep(MEANWHILE).await;
        }
        Err(StoreError::new("the slot is being moved to another node"))
    }

    /// The same without waiting: `None` for what is on its way to another node, where a part of it
    /// may have been done.
    pub(super) async fn run_unless_moving<T>(
        self: &Arc<Self>,
        build: impl Fn(&Session) -> Pipeline,
        read: impl Fn(&Session, Vec<Value>) -> Result<T, Fault>,
    ) -> Result<Option<T>, StoreError> {
        let mut first = true;
        loop {
            let session = match self.session().await {
                Err(error) if is_moving(&error) => return Ok(None),
                session => session.map_err(StoreError::new)?,
            };
            let error = match session.connection.ask(&build(&session)).await {
                Ok(answers) => match read(&session, answers) {
                    Ok(answer) => return Ok(Some(answer)),
                    Err(fault) => {
                        session.over.store(true, Ordering::Release);
                        // Whoever is at its other end is asked anew who it is.
                        session.connection.give_up();
                        StoreError::new(fault.describe())
                    }
                },
                Err(error) if is_moving(&error) => return Ok(None),
                Err(error) => {
                    self.route.redirected(&session.connection.client, &error);
                    StoreError::new(error)
                }
            };
            if !first || session.works() {
                return Err(error);
            }
            first = false;
        }
    }

    /// The connection in use, if there is one.
    pub(super) fn current(&self) -> Option<Arc<Session>> {
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
        let _one_at_a_time = self.attempts.lock().await;
        if let Some(session) = self.current() {
            return Ok(session);
        }
        let mut opened = self.open().await;
        if opened.as_ref().is_err_and(|error| error.code() == Some("MOVED")) {
            // It was said where it is now.
            opened = self.open().await;
        }
        let session = Arc::new(opened?);
        *lock(&self.session) = Some(Arc::clone(&session));
        Ok(session)
    }

    async fn open(&self) -> Result<Session, RedisError> {
        let connection = self.route.connection().await?;
        let opened = node::in_time(node::CONNECT, Session::open(&self.setup, &connection)).await;
        if let Err(error) = &opened {
            self.route.redirected(&connection.client, error);
        }
        opened
    }
}

impl Session {
    async fn open(setup: &Arc<Setup>, connection: &Arc<Connection>) -> Result<Self, RedisError> {
        let Some(life) = &connection.life else {
            // It may be one by the next time.
            connection.give_up();
            return Err((ErrorKind::Client, "the server is not a primary").into());
        };
        let mut claim = Pipeline::with_capacity(1);
        claim.add_command(Epoch::claim(&setup.epoch_key(), life));
        let answers = connection.ask(&claim).await?;
        let Some(epoch) = answers.first().and_then(Epoch::read) else {
            return Err((ErrorKind::UnexpectedReturnType, "a greeting was not understood").into());
        };
        let (setup, connection) = (Arc::clone(setup), Arc::clone(connection));
        Ok(Self { connection, setup, epoch, over: AtomicBool::new(false) })
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

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether `answer` is what the name of the epoch holds as long as this one lasts.
    pub(super) fn check(&self, answer: Option<&Value>) -> Result<(), Fault> {
        let held = answer.and_then(Epoch::read);
        if held == Some(self.epoch) { Ok(()) } else { Err(Fault::Epoch) }
    }

    fn works(&self) -> bool {
        !self.over.load(Ordering::Acquire) && self.connection.works()
    }
}

/// Whether names in one slot are at two nodes, or at the other one, just now.
fn is_moving(error: &RedisError) -> bool {
    error.code().is_some_and(|code| ["ASK", "TRYAGAIN"].contains(&code))
}

impl Fault {
    fn describe(&self) -> &'static str {
        match self {
            Self::Epoch => "the server has forgotten what it knew",
            Self::Shape => "an answer of Redis was not understood",
        }
    }
}
