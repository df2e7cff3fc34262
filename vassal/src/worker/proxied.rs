//! Connections that a proxy announces (PROXY protocol): the header is read before anything else
//! of the connection, and by its own length, so that what follows it is none of this file's.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};

use super::App;
use super::connection::{Connection, Peer};
use super::engine::{Core, Engine};
use super::serve::Step;
use crate::protocol::Refusal;
use crate::protocol::proxy::{self, Header};

impl<A: App> Engine<A> {
    /// Whether connections of this listener begin with a header.
    pub(super) fn is_proxied(&self, number: usize) -> bool {
        let proxied = &self.outfit.serve.protocols.proxied;
        let listener = self.outfit.listeners.get(number);
        !proxied.is_empty()
            && listener.is_some_and(|listener| proxied.contains(&listener.listen.address))
    }

    /// Takes the header, as soon as it is whole.
    pub(super) fn meet_client(
        &self,
        connection: &mut Connection,
        core: &mut Core<A::Core>,
    ) -> Step {
        let buffer = &mut core.scratch[..proxy::HEADER_MAX];
        let fd = connection.socket.as_raw_fd();
        let count = match recv(fd, buffer, MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT) {
            Ok(0) => return Step::Gone,
            Ok(count) => count,
            Err(Errno::EINTR) => return Step::Again,
            Err(Errno::EAGAIN) => return Step::Wait,
            Err(_) => return Step::Gone,
        };
        match proxy::parse(&buffer[..count]) {
            Header::Incomplete if core.ended => Step::Gone,
            Header::Incomplete => {
                if connection.head_until == 0 {
                    let limit = self.outfit.serve.socket_timeout;
                    connection.head_until = self.clock() + limit.as_millis() as u64;
                }
                Step::Wait
            }
            Header::Complete(size, client) => {
                // it was seen: it is there
                let taken = nix::unistd::read(connection.socket.as_fd(), &mut buffer[..size]);
                if taken != Ok(size) {
                    return Step::Gone;
                }
                connection.announced = true;
                connection.head_until = 0;
                if client.is_some() {
                    connection.peer = Peer::from(client);
                }
                Step::Again
            }
            Header::Wrong(reason) => self.refuse(connection, core, Refusal { status: 0, reason }),
        }
    }
}
