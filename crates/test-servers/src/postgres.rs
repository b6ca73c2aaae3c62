//! A private PostgreSQL server.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    Durability, Error, Options, PostgresBinaries,
    account::Home,
    port,
    process::{Process, StopSignal},
    shared,
};

/// Recovery after a kill included.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A PostgreSQL server of one test, stopped and removed when dropped.
///
/// Starting one takes a second or two, most of it `initdb`; where a database of its own is enough,
/// [`postgres_url`](crate::postgres_url) is far cheaper.
#[derive(Debug)]
pub struct OwnPostgres {
    // Before `home`: the server stops before its folder goes.
    process: Option<Process>,
    binaries: PostgresBinaries,
    options: Options,
    port: u16,
    home: Home,
}

impl OwnPostgres {
    /// Starts a server with default options.
    ///
    /// # Panics
    ///
    /// When it cannot, saying what to do.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&Options::default()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts a server.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] without binaries, [`Error::NotReady`] with the server's own words when
    /// it refuses to start (a misspelt setting, for one).
    pub fn start_with(options: &Options) -> Result<Self, Error> {
        let binaries = PostgresBinaries::find()?;
        let home = Home::new("postgres")?;
        initialise(&home, &binaries.initdb)?;
        let options = options.clone();
        let mut server = Self { process: None, binaries, options, port: 0, home };
        port::on_a_free_one(|port| {
            server.port = port;
            server.run()
        })?;
        Ok(server)
    }

    /// The URL of the superuser's database. The same after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Makes a new empty database and gives its URL.
    ///
    /// # Errors
    ///
    /// [`Error::Client`] when the server refuses, is paused or is not running.
    pub fn create_database(&self) -> Result<String, Error> {
        shared::create_database(&self.binaries.psql, &self.url())
    }

    /// SIGKILL to the server and all its backends, as a power cut would. Committed data stays.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Freezes server and backends: connections stay open, nothing answers.
    pub fn pause(&mut self) {
        self.process.iter_mut().for_each(Process::pause);
    }

    /// Ends a [`pause`](Self::pause).
    pub fn resume(&mut self) {
        self.process.iter_mut().for_each(Process::resume);
    }

    /// Stops the server if it runs and starts it on the same port and data.
    ///
    /// # Panics
    ///
    /// When it does not come back, with the end of its log.
    pub fn restart(&mut self) {
        self.process = None;
        self.run().unwrap_or_else(|error| panic!("{error}"));
    }

    fn run(&mut self) -> Result<(), Error> {
        let mut command = self.home.command(&self.binaries.postgres);
        command.args(arguments(self.port, &self.options));
        let mut process = Process::start(&self.home, &mut command, StopSignal::Quit)?;
        let id = process.id();
        let pid_file = data(&self.home).join("postmaster.pid");
        process.wait_ready("postgres", READY_WITHIN, || is_ready(&pid_file, id))?;
        self.process = Some(process);
        Ok(())
    }
}

fn data(home: &Home) -> PathBuf {
    home.path().join("data")
}

fn initialise(home: &Home, initdb: &Path) -> Result<(), Error> {
    let mut command: Command = home.command(initdb);
    command.args(["-D", "data", "-U", "postgres", "--auth=trust", "--no-sync"]);
    // One answer to every `ORDER BY`, whatever the machine's language.
    command.args(["--locale=C", "--encoding=UTF8"]).stdin(Stdio::null());
    let output = command.output().map_err(Error::io("run", initdb))?;
    if output.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Client { program: "initdb", output })
}

fn arguments(port: u16, options: &Options) -> Vec<String> {
    let mut settings = vec![
        ("listen_addresses", "127.0.0.1"),
        // Below the data directory, whose path may be too long to name in a socket address.
        ("unix_socket_directories", "."),
        // Tests run in parallel, each with a pool.
        ("max_connections", "400"),
    ];
    if options.durability == Durability::Fast {
        // Not `synchronous_commit = off`: a kill of the server would then lose commits.
        settings.extend([("fsync", "off"), ("full_page_writes", "off")]);
    }
    let given = options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let settings = settings.into_iter().chain(given);
    let pairs = settings.flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]);
    ["-D", "data", "-p"]
        .map(str::to_owned)
        .into_iter()
        .chain([port.to_string()])
        .chain(pairs)
        .collect()
}

/// The server writes its id in line 1 of this file and its state in line 8; after a kill the file of
/// the one before is still there.
fn is_ready(pid_file: &Path, id: u32) -> bool {
    let text = fs::read_to_string(pid_file).unwrap_or_default();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.first() == Some(&id.to_string().as_str()) && lines.get(7) == Some(&"ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_file_of_the_server_before_is_not_taken_for_ours() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("postmaster.pid");
        assert!(!is_ready(&file, 7));
        fs::write(&file, "7\n/data\n1\n20000\n.\n127.0.0.1\n1 2\nstarting\n").unwrap();
        assert!(!is_ready(&file, 7));
        fs::write(&file, "7\n/data\n1\n20000\n.\n127.0.0.1\n1 2\nready   \n").unwrap();
        assert!(is_ready(&file, 7));
        assert!(!is_ready(&file, 8));
    }

    #[test]
    fn measurements_keep_fsync_and_given_settings_come_last() {
        let options =
            Options::default().durability(Durability::Durable).setting("max_connections", "7");
        let arguments = arguments(20_000, &options);
        assert!(!arguments.iter().any(|argument| argument.starts_with("fsync")));
        assert_eq!(arguments.last().unwrap(), "max_connections=7");
    }
}
