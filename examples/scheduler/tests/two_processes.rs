//! One process publishes, another reads through a cache of its own: with Redis between them nothing
//! stays stale in either.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "shared with the tests of one process")]
mod desk;
#[path = "support/program.rs"]
#[expect(dead_code, reason = "shared with the tests of the whole program")]
mod program;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use desk::{Desk, everything};
use program::{Place, bundled};
use scheduler::domain::{Assignment, Schedule, Slot};
use scheduler::parts::Parts;
use scheduler::readings::Readings;

/// No process serves longer than this what another one has outdated.
const BOUND: Duration = Duration::from_secs(1);

/// Before each answer of the other process; its test harness writes lines of its own.
const ANSWER: &str = "answer ";

/// All read models as one number.
async fn digest(readings: &Readings) -> String {
    let mut hasher = DefaultHasher::new();
    everything(readings, &bundled()).await.hash(&mut hasher);
    hasher.finish().to_string()
}

/// The other process, which goes on listening while it waits: answers each line with what it reads. Does nothing unless it is started as such.
#[tokio::test(flavor = "multi_thread")]
async fn reader() {
    if std::env::var_os("READER").is_none() {
        return;
    }
    let settings = scheduler::settings::Settings::read(&std::env::vars().collect()).unwrap();
    let parts = Parts::connect(&settings, "a block of nobody").await.unwrap();
    for line in std::io::stdin().lines() {
        line.unwrap();
        println!("\n{ANSWER}{}", digest(&parts.readings).await);
    }
}

struct Reader {
    child: Child,
    ask: ChildStdin,
    answers: std::io::Lines<BufReader<ChildStdout>>,
}

impl Reader {
    fn start(place: &Place) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "reader", "--nocapture"]).envs(place.environment());
        let command = command.env("READER", "").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let ask = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, ask, answers }
    }

    fn read(&mut self) -> String {
        writeln!(self.ask).unwrap();
        let mut lines = self.answers.by_ref().map(Result::unwrap);
        lines.find_map(|line| line.strip_prefix(ANSWER).map(str::to_owned)).expect("it has ended")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Publishes again and again, and looks at both processes after each publication.
async fn nothing_stays_stale(place: Place) {
    let mut desk = Desk::open(&place).await;
    let mut other = Reader::start(&place);
    let mut random = fastrand::Rng::with_seed(11);
    let mut cells: Vec<Assignment> = Vec::new();
    for round in 0..20 {
        for _ in 0..random.usize(1..8) {
            let slot = Slot::ALL[random.usize(..3)];
            let cell = desk.work(random.usize(..6), random.usize(..3), random.usize(..28), slot);
            cells.retain(|a| (a.person, a.date, a.slot) != (cell.person, cell.date, cell.slot));
            cells.push(cell);
        }
        if round % 5 == 4 {
            cells.truncate(cells.len() / 2);
            desk.programme.people[0].name.push('i');
            desk.parts.writes.import(&desk.programme).await.unwrap();
        }
        desk.publish(&Schedule { assignments: cells.clone() }).await;
        let published = Instant::now();
        let asked = digest(&desk.parts.readings.uncached()).await;
        assert_eq!(
            digest(&desk.parts.readings).await,
            asked,
            "round {round}, where it was published"
        );
        loop {
            // An answer that was begun later than the bound must not be stale.
            let begun = published.elapsed();
            if other.read() == asked {
                break;
            }
            assert!(begun < BOUND, "round {round}: the other process is stale after {begun:?}");
        }
    }
    let stats = desk.parts.cache.stats();
    assert!(stats.local_hits > 1000 && stats.store_errors == 0, "{stats:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_stale_on_sqlite_and_redis() {
    let redis = test_servers::OwnRedis::start();
    nothing_stays_stale(Place::new().with("REDIS_URL", &redis.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_stale_on_postgres_and_redis() {
    let redis = test_servers::OwnRedis::start();
    let place = Place::new().with("DATABASE_URL", &test_servers::postgres_url());
    nothing_stays_stale(place.with("REDIS_URL", &redis.url())).await;
}
