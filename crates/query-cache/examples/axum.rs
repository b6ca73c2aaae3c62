//! A web server whose handler reads through a cache: asks itself a hundred times at once, changes
//! something, asks again, and ends.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use futures::future::try_join_all;
use query_cache::{Cache, Cached, Policy, template};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Stands for a database.
#[derive(Clone, Default)]
struct Database {
    ward: Arc<AtomicU32>,
}

impl Database {
    async fn shifts(self, person: u32) -> Result<Vec<String>, io::Error> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let ward = self.ward.load(Ordering::SeqCst);
        Ok(vec![format!("person {person}: ward {ward}, nights")])
    }

    async fn transfer(&self, ward: u32) {
        self.ward.store(ward, Ordering::SeqCst);
    }
}

/// What the handlers share: cheap to clone.
#[derive(Clone)]
struct App {
    database: Database,
    cache: Cache,
    shifts: Cached<(u32,), Vec<String>>,
}

impl App {
    fn new() -> Self {
        let (database, cache) = (Database::default(), Cache::builder().build());
        let policy = Policy::ttl(Duration::from_secs(300)).stale_for(Duration::from_secs(60));
        let source = database.clone();
        let shifts = cache
            .wrap(template!("shifts/{person}", person: u32), policy, move |person| {
                source.clone().shifts(person)
            })
            .tag(|(person,)| format!("person:{person}"));
        Self { database, cache, shifts }
    }
}

/// The answer, and in a header where it comes from: `cache-status: Local`.
async fn shifts(State(app): State<App>, Path(person): Path<u32>) -> impl IntoResponse {
    match app.shifts.traced(person).await {
        Ok(shifts) => {
            let status = [("cache-status", format!("{:?}", shifts.origin))];
            (status, Json(&*shifts.value)).into_response()
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

async fn transfer(
    State(app): State<App>,
    Path((person, ward)): Path<(u32, u32)>,
) -> Result<(), (StatusCode, String)> {
    app.database.transfer(ward).await;
    // After the write: whoever asks from now on gets the new ward.
    let told = app.cache.invalidate_tag(format!("person:{person}")).await;
    told.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

/// Asks the server: the status line, the cache's header and the body.
async fn ask(at: std::net::SocketAddr, method: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(at).await?;
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let shown = |line: &&str| {
        line.starts_with("HTTP") || line.starts_with("cache") || line.starts_with('[')
    };
    Ok(answer.lines().filter(shown).collect::<Vec<_>>().join("  "))
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = App::new();
    let router = Router::new()
        .route("/shifts/{person}", get(shifts))
        .route("/shifts/{person}/{ward}", axum::routing::put(transfer))
        .with_state(app.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = listener.local_addr()?;
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    try_join_all((0..100).map(|_| ask(at, "GET", "/shifts/7"))).await?;
    println!("100 requests at once: {} load", app.cache.stats().loads);
    println!("GET  {}", ask(at, "GET", "/shifts/7").await?);
    println!("PUT  {}", ask(at, "PUT", "/shifts/7/3").await?);
    println!("GET  {}", ask(at, "GET", "/shifts/7").await?);
    println!("GET  {}", ask(at, "GET", "/shifts/7").await?);
    let stats = app.cache.stats();
    println!("{} requests for shifts, {} loads", stats.total_queries(), stats.loads);

    app.cache.close().await?;
    server.abort();
    Ok(())
}
