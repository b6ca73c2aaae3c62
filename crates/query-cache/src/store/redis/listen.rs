//! A connection of its own on which the server tells what others do.
//!
//! Whoever removes or expires names publishes them in the same step. On the listening connection the
//! epoch is asked for again and again: the answer comes after everything that was told before it, so
//! it proves that nothing was missed up to when the question was sent, and that the server has
//! forgotten nothing.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::{self, Either};
use redis::aio::{MultiplexedConnection, SendError};
use redis::{Client, ErrorKind, ProtocolVersion, PushInfo, PushKind, RedisError, Value};
use tokio::sync::mpsc;

use crate::clock::now;
use crate::error::StoreError;
use crate::store::{Heard, Listen, Versions};

use super::RedisStore;
use super::epoch::Epoch;
use super::link::Setup;
use super::wire::{self, Deed};

/// So many messages may wait to be read; more are a gap.
const WAITING: usize = 4096;

/// A question that is not answered for so long, or twice as long as between two of them, ends the
/// connection.
const PATIENCE: Duration = Duration::from_secs(1);

/// The pause before the next connection doubles from the first of these to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(800));

impl Listen for RedisStore {
    async fn listen(&self, every: Duration, mut tell: impl FnMut(Heard) + Send) {
        let mut pause = PAUSES.0;
        loop {
            let error = match Line::open(self, every).await {
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
}

/// What comes by itself.
enum Mail {
    Message(Vec<u8>),
    Disconnected,
}

struct Line<'a> {
    store: &'a RedisStore,
    /// What names belong to as long as this line lasts.
    epoch: Epoch,
    connection: MultiplexedConnection,
    mail: mpsc::Receiver<Mail>,
    /// There was more mail than could wait.
    lost: Arc<AtomicBool>,
}

impl<'a> Line<'a> {
    async fn open(store: &'a RedisStore, every: Duration) -> Result<Self, StoreError> {
        // The connection for commands finds out whether the server has changed.
        store.read(&[]).await?;
        let epoch = store.link.epoch().ok_or_else(|| StoreError::new("the connection broke"))?;
        let (connection, mail, lost) =
            connect(store, PATIENCE.max(2 * every)).await.map_err(StoreError::new)?;
        Ok(Self { store, epoch, connection, mail, lost })
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
        let mut connection = self.connection.clone();
        let key = self.store.link.setup.epoch_key();
        let answer = async move { redis::cmd("GET").arg(key).query_async(&mut connection).await };
        let answer: Value = self.hear_until(answer, tell).await??;
        // What was told before the answer is here.
        while let Ok(mail) = self.mail.try_recv() {
            tell(read(mail)?);
        }
        if self.lost.swap(false, Ordering::AcqRel) {
            tell(Heard::Gap);
        }
        let in_use = self.store.link.epoch().unwrap_or(self.epoch);
        if Epoch::read(&answer) != Some(self.epoch) || in_use != self.epoch {
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

/// A connection that is subscribed, where its mail comes, and whether some was lost.
async fn connect(
    store: &RedisStore,
    patience: Duration,
) -> Result<(MultiplexedConnection, mpsc::Receiver<Mail>, Arc<AtomicBool>), RedisError> {
    let info = store.link.setup.client.get_connection_info().clone();
    // Answers and messages on one connection, in their order.
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(info.set_redis_settings(settings))?;
    let (sender, mail) = mpsc::channel(WAITING);
    let lost = Arc::new(AtomicBool::new(false));
    let mark = Arc::clone(&lost);
    let config =
        Setup::config().set_response_timeout(Some(patience)).set_push_sender(move |push| {
            if let Some(mail) = mail_in(push)
                && sender.try_send(mail).is_err()
            {
                mark.store(true, Ordering::Release);
            }
            Ok::<(), SendError>(())
        });
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    connection.subscribe(store.channel()).await?;
    Ok((connection, mail, lost))
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
