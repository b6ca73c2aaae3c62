//! A port on which a server can be stopped and started again.

use std::{net::TcpListener, ops::Range};

use crate::Error;

/// Below the ports that Linux (32768 up) and macOS (49152 up) lend to outgoing connections. A
/// server on a lent port could lose it between kill and restart, and a client that dials a stopped
/// server there can connect to itself.
const PORTS: Range<u16> = 15_000..32_000;

/// Tries before giving up; with fewer than half the ports taken, failure is beyond unlikely.
const TRIES: usize = 64;

/// Attempts to start a server, each on another port, since one found free may be taken before it is
/// used.
const ATTEMPTS: usize = 3;

/// Starts a server on a free port; the last attempt's failure when none succeeds.
pub(crate) fn on_a_free_one(mut start: impl FnMut(u16) -> Result<(), Error>) -> Result<(), Error> {
    let mut outcome = Ok(());
    for _ in 0..ATTEMPTS {
        outcome = start(free().map_err(Error::io("bind", "127.0.0.1"))?);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// A port of 127.0.0.1 that was free a moment ago.
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

    #[test]
    fn a_port_that_was_taken_meanwhile_costs_an_attempt_and_no_more() {
        let taken = || Error::io("bind", "127.0.0.1")(std::io::ErrorKind::AddrInUse.into());
        let after = |failures| {
            let mut attempts = 0;
            let started = on_a_free_one(|_| {
                attempts += 1;
                if attempts > failures { Ok(()) } else { Err(taken()) }
            });
            (started.is_ok(), attempts)
        };
        assert_eq!(after(0), (true, 1));
        assert_eq!(after(ATTEMPTS - 1), (true, ATTEMPTS));
        assert_eq!(after(ATTEMPTS), (false, ATTEMPTS));
    }
}
