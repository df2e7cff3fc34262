//! One client connection, with what is needed to judge its loss.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use nix::libc::linger;
use nix::sys::socket::{setsockopt, sockopt};
use tests::http::{Client, Response, Stream};

use crate::question::{Fault, Question};
use crate::toll::{Ports, Toll};

/// How long a server that has announced the end of a connection may take for it.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// The ports of a connection.
pub(crate) fn ports(stream: &TcpStream) -> std::io::Result<Ports> {
    Ok((stream.peer_addr()?.port(), stream.local_addr()?.port()))
}

/// Has a connection leave nothing behind when it is closed. Both sides have said all when this is
/// asked for; thousands of ended connections a second would fill the table that
/// [`Toll::kill_one`] reads.
pub(crate) fn leave_nothing(stream: &TcpStream) {
    let at_once = linger { l_onoff: 1, l_linger: 0 };
    setsockopt(stream, sockopt::Linger, &at_once).ok();
}

/// A connection.
pub(crate) struct Line {
    /// The client at its end.
    pub(crate) client: Client,
    ports: Ports,
    opened: Instant,
}

impl Line {
    /// Connects. A connection that is not made is a loss that nothing forgives.
    pub(crate) fn open(toll: &Toll, kind: &'static str, address: SocketAddr) -> Option<Self> {
        let opened = Instant::now();
        let made = Client::connect(address).and_then(|client| {
            let Stream::Tcp(stream) = &client.stream else { unreachable!("the address is TCP") };
            let ports = ports(stream)?;
            Ok(Self { client, ports, opened })
        });
        match made {
            Ok(line) => Some(line),
            Err(error) => {
                toll.bad(kind, None, opened, Fault::Wrong(format!("not connected: {error}")));
                None
            }
        }
    }

    /// Reads the answer to a question that was sent then, and enters it into the book. `None`
    /// where there was none and the connection is of no more use.
    pub(crate) fn answer(
        &mut self,
        toll: &Toll,
        kind: &'static str,
        question: &Question,
        sent: Instant,
    ) -> Option<Response> {
        let answer = self.client.response(true).map_err(Fault::from);
        match answer.and_then(|answer| Ok((question.check(&answer)?, answer))) {
            Ok((pid, answer)) => {
                toll.good(kind, pid, sent.elapsed());
                Some(answer)
            }
            Err(fault) => {
                self.lost(toll, kind, sent, fault);
                None
            }
        }
    }

    /// Enters a loss.
    pub(crate) fn lost(&self, toll: &Toll, kind: &str, sent: Instant, fault: Fault) {
        toll.bad(kind, Some((self.ports, self.opened)), sent, fault);
    }

    /// Waits for the end that the server has announced.
    pub(crate) fn end(mut self, toll: &Toll, kind: &str) {
        let now = Instant::now();
        if !self.client.closed_within(ENDS_WITHIN) {
            let what = "the announced end of the connection does not come";
            self.lost(toll, kind, now, Fault::Wrong(what.into()));
        }
        if let Stream::Tcp(stream) = &self.client.stream {
            leave_nothing(stream);
        }
    }
}

/// Whether the server said that it will close after this answer.
pub(crate) fn announces_end(answer: &Response) -> bool {
    answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
}
