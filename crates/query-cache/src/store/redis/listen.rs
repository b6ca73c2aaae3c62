//! A connection of its own on which the server tells what others do.
//!
//! Whoever removes or expires names publishes them in the same step. On the listening connection the
//! epoch is asked for again and again: the answer comes after everything that was told before it, so
//! it proves that nothing was missed up to when the question was sent, and that the server has
//! forgotten nothing.

use std::pin::pin;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::{self, Either};
use redis::aio::{MultiplexedConnection, SendError};
use redis::{Client, ErrorKind, Pipeline, ProtocolVersion, PushInfo, PushKind, RedisError, Value};
use tokio::sync::mpsc;

use crate::clock::now;
use crate::error::StoreError;
use crate::store::{Heard, Listen, Versions};

use super::RedisStore;
use super::cluster::Share;
use super::link::Session;
use super::node::config;
use super::wire::{self, Deed};

/// So many messages may wait to be read; more are a gap.
const WAITING: usize = 4096;

/// A question that is not answered for so long, or twice as long as between two of them, ends the
/// connection.
const PATIENCE: Duration = Duration::from_secs(1);

/// The pause before the next connection doubles from the first of these to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(800));

impl Listen for RedisStore {
    async fn listen(&self, every: Duration, tell: impl FnMut(Heard) + Send) {
        let open = async || {
            let mut line = Line::new();
            line.add(self, slice::from_ref(&self.link.setup.channel), None, every).await?;
            Ok(line)
        };
        listen(open, every, tell).await;
    }
}

/// Listens on what `open` gives, and again on another when that breaks.
pub(super) async fn listen<F: Future<Output = Result<Line, StoreError>>>(
    open: impl Fn() -> F,
    every: Duration,
    mut tell: impl FnMut(Heard) + Send,
) {
    let mut pause = PAUSES.0;
    loop {
        let error = match open().await {
            Ok(mut line) => {
                pause = PAUSES.0;
                line.hear(every, &mut tell).await
            }
            Err(error) => error,
        };
        tracing::debug!(%error, "Redis is not listened to");
        tell(Heard::Gap);
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(PAUSES.1);
    }
}

/// What comes by itself.
enum Mail {
    Message(Vec<u8>),
    Disconnected,
}

/// Connections that are subscribed, one to each server there is, and one place for their mail.
pub(super) struct Line {
    ends: Vec<End>,
    sender: mpsc::Sender<Mail>,
    mail: mpsc::Receiver<Mail>,
    /// There was more mail than could wait.
    lost: Arc<AtomicBool>,
}

struct End {
    store: RedisStore,
    /// What names belong to as long as this end lasts.
    session: Arc<Session>,
    connection: MultiplexedConnection,
    share: Option<Share>,
}

impl Line {
    pub(super) fn new() -> Self {
        let (sender, mail) = mpsc::channel(WAITING);
        Self { ends: Vec::new(), sender, mail, lost: Arc::default() }
    }

    /// Listens to `channels` where `store` is. Of a cluster's node that is as long as it has `share`.
    pub(super) async fn add(
        &mut self,
        store: &RedisStore,
        channels: &[Vec<u8>],
        share: Option<Share>,
        every: Duration,
    ) -> Result<(), StoreError> {
        // The connection for commands finds out whether the server has changed.
        store.read(&[]).await?;
        let session =
            store.link.current().ok_or_else(|| StoreError::new("the connection broke"))?;
        let client = &session.connection().client;
        let connection = self
            .connect(client, channels, PATIENCE.max(2 * every))
            .await
            .map_err(StoreError::new)?;
        self.ends.push(End { store: store.clone(), session, connection, share });
        Ok(())
    }

    /// A connection that is subscribed.
    async fn connect(
        &self,
        client: &Client,
        channels: &[Vec<u8>],
        patience: Duration,
    ) -> Result<MultiplexedConnection, RedisError> {
        let info = client.get_connection_info().clone();
        // Answers and messages on one connection, in their order.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(info.set_redis_settings(settings))?;
        let (sender, lost) = (self.sender.clone(), Arc::clone(&self.lost));
        let config = config().set_response_timeout(Some(patience)).set_push_sender(move |push| {
            if let Some(mail) = mail_in(push)
                && sender.try_send(mail).is_err()
            {
                lost.store(true, Ordering::Release);
            }
            Ok::<(), SendError>(())
        });
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        connection.subscribe(channels).await?;
        Ok(connection)
    }

    /// Listens until something breaks, and says what.
    async fn hear(&mut self, every: Duration, tell: &mut (impl FnMut(Heard) + Send)) -> StoreError {
        loop {
            if let Err(error) = self.hear_once(every, tell).await {
                return StoreError::new(error);
            }
        }
    }

    async fn hear_once(
        &mut self,
        every: Duration,
        tell: &mut (impl FnMut(Heard) + Send),
    ) -> Result<(), RedisError> {
        let asked = now();
        let asking: Vec<_> = self.ends.iter().map(End::ask).collect();
        let answers = self.hear_until(future::try_join_all(asking), tell).await??;
        // What was told before the answers is here.
        while let Ok(mail) = self.mail.try_recv() {
            tell(read(mail)?);
        }
        if self.lost.swap(false, Ordering::AcqRel) {
            tell(Heard::Gap);
        }
        if let Some((end, _)) = self.ends.iter().zip(&answers).find(|(end, is)| !end.lasts(is)) {
            // Whoever is at its other end is asked anew who it is.
            end.session.connection().give_up();
            return Err((ErrorKind::Client, "the server has forgotten what it knew").into());
        }
        tell(Heard::Proven(asked));
        let rest = tokio::time::sleep_until((asked + every).into());
        self.hear_until(rest, tell).await
    }

    /// Tells what comes meanwhile.
    async fn hear_until<T>(
        &mut self,
        end: impl Future<Output = T>,
        tell: &mut (impl FnMut(Heard) + Send),
    ) -> Result<T, RedisError> {
        let mut end = pin!(end);
        loop {
            match future::select(end.as_mut(), pin!(self.mail.recv())).await {
                Either::Left((ended, _)) => return Ok(ended),
                Either::Right((mail, _)) => tell(read(mail.unwrap_or(Mail::Disconnected))?),
            }
        }
    }
}

impl End {
    fn ask(&self) -> impl Future<Output = Result<Vec<Value>, RedisError>> + Send + use<> {
        let mut question = Pipeline::with_capacity(2);
        question.cmd("GET").arg(self.session.setup().epoch_key());
        if self.share.is_some() {
            question.cmd("CLUSTER").arg("SLOTS");
        }
        let mut connection = self.connection.clone();
        async move { question.query_async(&mut connection).await }
    }

    /// Whether everything is as it was, if that is what was answered.
    fn lasts(&self, answers: &[Value]) -> bool {
        let in_use = self.store.link.current();
        in_use.is_none_or(|session| session.epoch == self.session.epoch)
            && self.session.check(answers.first()).is_ok()
            && self.share.as_ref().is_none_or(|share| share.is_in(answers.get(1)))
    }
}

fn mail_in(push: PushInfo) -> Option<Mail> {
    match (push.kind, push.data.into_iter().nth(1)) {
        (PushKind::Disconnection, _) => Some(Mail::Disconnected),
        (PushKind::Message, Some(Value::BulkString(message))) => Some(Mail::Message(message)),
        // Of another shape than a message can have: not understood either.
        (PushKind::Message, _) => Some(Mail::Message(Vec::new())),
        _ => None,
    }
}

/// What is told for a piece of mail.
fn read(mail: Mail) -> Result<Heard, RedisError> {
    let Mail::Message(message) = mail else {
        return Err((ErrorKind::Io, "the connection was closed").into());
    };
    Ok(match wire::read_message(&message) {
        Some((Deed::Removed, names)) => Heard::Removed(names),
        Some((Deed::Expired, names)) => Heard::Expired(names),
        None => Heard::Gap,
    })
}
