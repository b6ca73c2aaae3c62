//! A port on which a server can be stopped and started again.

use std::{net::TcpListener, ops::Range};

/// Below the ports that Linux (32768 up) and macOS (49152 up) lend to outgoing connections. A
/// server on a lent port could lose it between kill and restart, and a client that dials a stopped
/// server there can connect to itself.
const PORTS: Range<u16> = 15_000..32_000;

/// Tries before giving up; with fewer than half the ports taken, failure is beyond unlikely.
const TRIES: usize = 64;

/// A port of 127.0.0.1 that was free a moment ago. Another process may still take it first, which
/// the caller sees as a server that does not start.
pub(crate) fn free() -> std::io::Result<u16> {
    let mut refusal = None;
    for _ in 0..TRIES {
        let port = fastrand::u16(PORTS);
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(_) => return Ok(port),
            Err(error) => refusal = Some(error),
        }
    }
    Err(refusal.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_bound_and_lies_outside_the_lent_ones() {
        let port = free().unwrap();
        assert!(PORTS.contains(&port));
        TcpListener::bind(("127.0.0.1", port)).unwrap();
    }
}
