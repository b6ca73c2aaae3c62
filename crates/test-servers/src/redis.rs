//! A private Redis server.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    time::Duration,
};

use crate::{
    Durability, Error, Options,
    account::Home,
    find, port,
    process::{Process, StopSignal},
};

const READY_WITHIN: Duration = Duration::from_secs(30);

/// A Redis server of one test, stopped and removed when dropped. Starting one takes milliseconds.
#[derive(Debug)]
pub struct OwnRedis {
    // Before `home`: the server stops before its folder goes.
    process: Option<Process>,
    program: PathBuf,
    options: Options,
    port: u16,
    home: Home,
}

impl OwnRedis {
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
    /// [`Error::NotFound`] without a binary, [`Error::NotReady`] with the server's own words when it
    /// refuses to start (a misspelt setting, for one).
    pub fn start_with(options: &Options) -> Result<Self, Error> {
        let (program, home) = (find::redis_server()?, Home::new("redis")?);
        let options = options.clone();
        let mut server = Self { process: None, program, options, port: 0, home };
        port::on_a_free_one(|port| {
            server.port = port;
            server.run()
        })?;
        Ok(server)
    }

    /// The URL of database 0. The same after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// SIGKILL, as a power cut would. The data is lost unless the server is
    /// [`Durable`](Durability::Durable).
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Freezes the server: connections stay open, nothing answers.
    pub fn pause(&mut self) {
        self.process.iter_mut().for_each(Process::pause);
    }

    /// Ends a [`pause`](Self::pause).
    pub fn resume(&mut self) {
        self.process.iter_mut().for_each(Process::resume);
    }

    /// Stops the server if it runs and starts it on the same port: empty, or with its data when it
    /// is [`Durable`](Durability::Durable).
    ///
    /// # Panics
    ///
    /// When it does not come back, with the end of its log.
    pub fn restart(&mut self) {
        self.process = None;
        self.run().unwrap_or_else(|error| panic!("{error}"));
    }

    fn run(&mut self) -> Result<(), Error> {
        let mut command = self.home.command(&self.program);
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string()]);
        command.args(["--dir", "."]).args(["--save", ""]);
        if self.options.durability == Durability::Durable {
            command.args(["--appendonly", "yes", "--appendfsync", "always"]);
        }
        for (name, value) in &self.options.settings {
            command.arg(format!("--{name}")).arg(value);
        }
        let mut process = Process::start(&self.home, &mut command, StopSignal::Kill)?;
        let address = self.address();
        process.wait_ready("redis-server", READY_WITHIN, || answers(address))?;
        self.process = Some(process);
        Ok(())
    }
}

/// Whether PING is answered: not merely connected, which a server still reading its file is too.
fn answers(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let limit = Duration::from_secs(1);
        let mut stream = TcpStream::connect_timeout(&address, limit)?;
        stream.set_read_timeout(Some(limit))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(answer == *b"+PONG")
    };
    ask().unwrap_or(false)
}
