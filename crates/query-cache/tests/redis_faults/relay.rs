//! An address behind which the server can change, and a line that can be cut or slow.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

#[derive(Clone, Copy, Debug)]
struct Line {
    /// Nobody is connected to a server without an address.
    server: Option<SocketAddr>,
    delay: Duration,
    /// Nothing more is handed on for who has subscribed to something.
    silent: bool,
    /// Connections of an earlier turn are closed.
    turn: u64,
}

/// Hands everything on to one server at a time.
pub(crate) struct Relay {
    address: SocketAddr,
    line: watch::Sender<Line>,
    accepting: AbortHandle,
}

impl Relay {
    pub(crate) async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let line =
            Line { server: Some(address_of(url)), delay: Duration::ZERO, silent: false, turn: 0 };
        let line = watch::Sender::new(line);
        let state = line.subscribe();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, state.clone()));
            }
        });
        Self { address, line, accepting: accepting.abort_handle() }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}/", self.address)
    }

    /// Closes all connections; new ones lead to the server at `url`.
    pub(crate) fn lead_to(&self, url: &str) {
        self.change(|line| line.server = Some(address_of(url)));
    }

    /// Closes all connections, and makes no new ones.
    pub(crate) fn cut(&self) {
        self.change(|line| line.server = None);
    }

    /// From now on bytes take so long each way.
    pub(crate) fn slow_down(&self, delay: Duration) {
        self.line.send_modify(|line| line.delay = delay);
    }

    /// From now on, or no longer, nothing is handed on for connections that have subscribed to
    /// something; they stay open.
    pub(crate) fn silence_listeners(&self, silent: bool) {
        self.line.send_modify(|line| line.silent = silent);
    }

    fn change(&self, change: impl FnOnce(&mut Line)) {
        self.line.send_modify(|line| {
            change(line);
            line.turn += 1;
        });
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.cut();
        self.accepting.abort();
    }
}

fn address_of(url: &str) -> SocketAddr {
    url.trim_start_matches("redis://").trim_end_matches('/').parse().unwrap()
}

async fn serve(client: TcpStream, mut line: watch::Receiver<Line>) {
    let Line { server, turn, .. } = *line.borrow_and_update();
    let Some(server) = server else { return };
    let Ok(server) = TcpStream::connect(server).await else { return };
    _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (there, back, listens) = (line.clone(), line.clone(), AtomicBool::new(false));
    tokio::select! {
        () = hand_on(from_client, to_server, there, &listens) => (),
        () = hand_on(from_server, to_client, back, &listens) => (),
        _ = line.wait_for(|line| line.turn != turn) => (),
    }
}

async fn hand_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut line: watch::Receiver<Line>,
    listens: &AtomicBool,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let subscribes = buffer[..length].windows(9).any(|word| word == b"SUBSCRIBE");
        listens.fetch_or(subscribes, Ordering::Relaxed);
        if listens.load(Ordering::Relaxed) && line.wait_for(|line| !line.silent).await.is_err() {
            return;
        }
        let delay = line.borrow().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
