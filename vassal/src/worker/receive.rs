//! Reading from a client, encrypted or not.

use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;

use super::App;
use super::connection::{After, Connection, Phase};
use super::engine::{Core, Engine};
use super::serve::Step;
use crate::tls::session::Headway;

impl<A: App> Engine<A> {
    /// As [`receive`], for a head: its time begins with the first byte, and where that is encrypted
    /// before anything of it can be read. A handshake is counted for itself.
    pub(super) fn receive_head(
        &self,
        connection: &mut Connection,
        buffer: &mut [u8],
    ) -> Result<usize, Step> {
        let received = receive(connection, buffer);
        if received.is_err() {
            let headway = connection.output.tls().map(|tls| tls.headway());
            match headway {
                Some(Headway::Some) => self.begin_head(connection),
                Some(Headway::Open) => connection.head_until = 0,
                Some(Headway::None) | None => {}
            }
        }
        received
    }

    /// The time of a head begins, if it has not begun.
    pub(super) fn begin_head(&self, connection: &mut Connection) {
        if connection.head_until == 0 {
            let limit = self.outfit.serve.head_limit(self.wire(connection.listener));
            connection.head_until = self.clock() + limit.as_millis() as u64;
        }
    }
}

/// Reads once. `Err` is what to do instead: nothing there, or the client's end.
pub(super) fn receive(connection: &mut Connection, buffer: &mut [u8]) -> Result<usize, Step> {
    if connection.output.tls().is_some() {
        return receive_sealed(connection, buffer);
    }
    loop {
        match nix::unistd::read(connection.socket.as_fd(), buffer) {
            Ok(0) => return Err(Step::Gone),
            Ok(count) => return Ok(count),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return Err(Step::Wait),
            Err(_) => return Err(Step::Gone),
        }
    }
}

/// The same through the connection's encryption. A handshake may have something to send, and
/// the client of one that failed is told why before the end.
fn receive_sealed(connection: &mut Connection, buffer: &mut [u8]) -> Result<usize, Step> {
    let Some(mut tls) = connection.output.tls() else { return Err(Step::Gone) };
    match tls.read(connection.socket.as_fd(), buffer) {
        Ok(0) => Err(Step::Gone),
        Ok(count) => {
            if let Some(client) = tls.take_client() {
                connection.client = Some(client);
            }
            Ok(count)
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(if tls.waiting() > 0 { Step::Again } else { Step::Wait })
        }
        Err(_) if matches!(connection.phase, Phase::Linger { .. }) => Err(Step::Gone),
        Err(error) => {
            if tls.verbose() {
                eprintln!("TLS with {} failed: {error}", connection.peer.name());
            }
            connection.phase = Phase::Head;
            connection.after = After::Linger;
            Err(Step::Again)
        }
    }
}

/// Throws away what the client still sends, until it closes.
pub(super) fn linger<C>(connection: &mut Connection, core: &mut Core<C>) -> Step {
    loop {
        match receive(connection, &mut core.scratch) {
            Ok(count) => match &mut connection.phase {
                Phase::Linger { left, .. } if count < *left => *left -= count,
                _ => return Step::Gone,
            },
            Err(step) => return step,
        }
    }
}
