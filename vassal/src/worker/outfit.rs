//! What a worker process starts with.

use std::os::fd::{AsRawFd, OwnedFd};

use shared::settings::Serve;

use crate::handover::Listener;
use crate::scoreboard::Scoreboard;
use crate::tls::Service;

/// What belongs to a worker process before its threads start.
#[derive(Debug)]
pub struct Outfit {
    /// The settings.
    pub serve: Serve,
    /// The request sockets, non-blocking.
    pub listeners: Vec<Listener>,
    /// What those of them need that speak TLS, by their number; empty where none does.
    pub tls: Vec<Option<Service>>,
    /// The way to the master.
    pub control: OwnedFd,
    /// Where predecessors and siblings pass connections to.
    pub handed: OwnedFd,
    /// Where request lines go, when that is not where all output goes.
    pub lines: Option<OwnedFd>,
    /// The scoreboard.
    pub board: Scoreboard,
    /// This worker's seat on it.
    pub seat: usize,
    /// This worker's number, from 1.
    pub id: u32,
    /// Whether running requests are shown on the scoreboard.
    pub shows: bool,
}

impl Outfit {
    /// The request sockets of this worker (`map-socket`), with their number among all.
    pub(super) fn served(&self) -> impl Iterator<Item = (usize, &Listener)> {
        let ours = |number: usize| {
            let mut crews = self.serve.crews.iter();
            crews
                .find(|crew| crew.socket as usize == number)
                .is_none_or(|crew| crew.workers.contains(&self.id))
        };
        self.listeners.iter().enumerate().filter(move |(number, _)| ours(*number))
    }

    /// Whether a request socket is for some workers only.
    pub(super) fn is_mapped(&self, number: usize) -> bool {
        self.serve.crews.iter().any(|crew| crew.socket as usize == number)
    }

    /// Whether requests on a socket are sent to HTTPS.
    pub(super) fn redirects(&self, number: usize) -> bool {
        let list = &self.serve.front.redirects;
        !list.is_empty() && list.contains(&(number as u32))
    }

    /// Whether a request socket speaks TLS.
    pub(super) fn is_secure(&self, number: usize) -> bool {
        self.tls.get(number).is_some_and(Option::is_some)
    }

    /// `SERVER_PORT` of each request socket.
    pub(super) fn ports(&self) -> Vec<String> {
        self.listeners.iter().map(port).collect()
    }
}

/// `SERVER_PORT` of a listener.
fn port(listener: &Listener) -> String {
    use nix::sys::socket::{SockaddrIn, SockaddrIn6, SockaddrStorage, getsockname};
    let name = getsockname::<SockaddrStorage>(listener.socket.as_raw_fd()).ok();
    let v4 = name.as_ref().and_then(|n| n.as_sockaddr_in()).map(SockaddrIn::port);
    let v6 = name.as_ref().and_then(|n| n.as_sockaddr_in6()).map(SockaddrIn6::port);
    v4.or(v6).map_or_else(String::new, |port| port.to_string())
}
