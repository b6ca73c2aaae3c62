//! A private Redis Cluster.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::{Error, Options, OwnRedis, port, wait};

const READY_WITHIN: Duration = Duration::from_secs(30);

const ANSWERED_WITHIN: Duration = Duration::from_secs(1);

const SLOTS: u16 = 16_384;

/// Primaries of one cluster that share all slots evenly, each an [`OwnRedis`]. They are stopped
/// and removed when dropped. Starting them takes about a second.
///
/// A node that was killed and restarted is the same member, and empty.
#[derive(Debug)]
pub struct OwnRedisCluster {
    nodes: Vec<OwnRedis>,
}

impl OwnRedisCluster {
    /// Starts a cluster of `primaries` nodes without replicas.
    ///
    /// # Panics
    ///
    /// When it cannot, saying what to do.
    #[must_use]
    pub fn start(primaries: u16) -> Self {
        Self::start_with(primaries, &Options::default()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same, with `options` for each node.
    ///
    /// # Errors
    ///
    /// As [`OwnRedis::start_with`]; [`Error::NotReady`] too when the nodes do not find each other.
    pub fn start_with(primaries: u16, options: &Options) -> Result<Self, Error> {
        let mut nodes = Vec::new();
        let mut buses = Vec::new();
        for _ in 0..primaries {
            let bus = port::free().map_err(Error::io("bind", "127.0.0.1"))?;
            let options = options
                .clone()
                .setting("cluster-enabled", "yes")
                .setting("cluster-port", bus.to_string())
                .setting("cluster-announce-ip", "127.0.0.1")
                .setting("cluster-node-timeout", "2000");
            nodes.push(OwnRedis::start_with(&options)?);
            buses.push(bus);
        }
        let share = SLOTS / primaries.max(1);
        for (at, (node, bus)) in (0u16..).zip(nodes.iter().zip(&buses)) {
            let last = if at + 1 == primaries { SLOTS } else { (at + 1) * share } - 1;
            send(node, &format!("CLUSTER ADDSLOTSRANGE {} {last}", at * share))?;
            send(&nodes[0], &format!("CLUSTER MEET 127.0.0.1 {} {bus}", node.address().port()))?;
        }
        let cluster = Self { nodes };
        let mut states = String::new();
        let whole = wait::until(READY_WITHIN, || {
            states = cluster.states();
            cluster.is_whole()
        });
        let failure = Error::NotReady { server: "redis-server", log: states };
        if whole { Ok(cluster) } else { Err(failure) }
    }

    /// The URLs of all nodes.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(OwnRedis::url).collect()
    }

    /// The nodes, in the order of their slots: the first one has the lowest.
    pub fn nodes(&mut self) -> &mut [OwnRedis] {
        &mut self.nodes
    }

    /// Whether all nodes know each other and agree that every slot is served.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let known = format!("cluster_known_nodes:{}\r", self.nodes.len());
        self.nodes.iter().all(|node| {
            send(node, "CLUSTER INFO")
                .is_ok_and(|state| state.contains("cluster_state:ok") && state.contains(&known))
        })
    }

    fn states(&self) -> String {
        let state = |node| send(node, "CLUSTER INFO").unwrap_or_else(|error| error.to_string());
        self.nodes.iter().map(state).collect()
    }
}

/// The answer of `node` to a command without spaces in its words: one line, or one text.
fn send(node: &OwnRedis, command: &str) -> Result<String, Error> {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&node.address(), ANSWERED_WITHIN)?;
        stream.set_read_timeout(Some(ANSWERED_WITHIN))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        let (mut stream, mut answer) = (BufReader::new(stream), String::new());
        stream.read_line(&mut answer)?;
        if let Some(length) = answer.strip_prefix('$').and_then(|text| text.trim().parse().ok()) {
            let mut text = vec![0; length];
            stream.read_exact(&mut text)?;
            return Ok(String::from_utf8_lossy(&text).into_owned());
        }
        Ok(answer)
    };
    let answer = ask().map_err(Error::io("ask", node.url()))?;
    let refused = || Error::Client { program: "redis-server", output: answer.clone() };
    if answer.starts_with('-') { Err(refused()) } else { Ok(answer) }
}
