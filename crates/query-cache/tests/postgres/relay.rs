//! A relay between client and server whose connections can be frozen: what a network does that loses
//! all packets.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections to `server` until they are frozen; later ones are forwarded.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    generation: watch::Sender<u64>,
}

impl Relay {
    pub(crate) async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (generation, seen) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, server.clone(), seen.clone()));
            }
        });
        Self { address, generation }
    }

    /// Connections there are stay open and carry nothing any more.
    pub(crate) fn freeze(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }
}

async fn forward(mut client: TcpStream, server: String, mut generation: watch::Receiver<u64>) {
    let mut server = TcpStream::connect(server).await.unwrap();
    generation.mark_unchanged();
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        // Both ends stay open until the relay is gone.
        _ = generation.changed() => std::future::pending().await,
    }
}
