//! A client's connection, and the table in which a process keeps its connections.

use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, OnceLock};

use nix::sys::socket::{MsgFlags, recv};
use serde::{Deserialize, Serialize};

use super::output::Output;
use super::upload::Upload;
use crate::tls::client::Client;

/// Slots of one page of the table.
const PAGE: usize = 1024;
/// Pages of the table: descriptors up to a million.
const PAGES: usize = 1024;

/// Who the client is, as text for the application and the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// `REMOTE_ADDR`; empty on a UNIX socket.
    pub address: String,
    /// `REMOTE_PORT`; empty on a UNIX socket.
    pub port: String,
}

impl Peer {
    /// The client's address for people.
    pub fn name(&self) -> &str {
        if self.address.is_empty() { "a local client" } else { &self.address }
    }
}

impl From<Option<SocketAddr>> for Peer {
    fn from(address: Option<SocketAddr>) -> Self {
        address.map_or_else(Self::default, |address| Self {
            address: address.ip().to_canonical().to_string(),
            port: address.port().to_string(),
        })
    }
}

/// What a connection is doing.
#[derive(Debug)]
pub enum Phase {
    /// Waiting for a request, or for the rest of its head.
    Head,
    /// Taking a request's body.
    Body(Box<Upload>),
    /// The answer is complete; what the client still sends is thrown away until it closes, so
    /// that the kernel does not cut the answer off.
    Linger {
        /// Bytes that are still tolerated.
        left: usize,
        /// When it is closed whatever the client does, monotonic milliseconds.
        until: u64,
    },
}

/// What happens when the output is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The next request.
    Next,
    /// The connection is closed.
    Close,
    /// The connection is reset, which tells the client that something is missing.
    Reset,
    /// The sending side is closed, the client's end awaited.
    Linger,
}

impl After {
    /// Whether the end is a regular one, which TLS announces.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Close | Self::Linger)
    }
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    /// The socket, non-blocking.
    pub socket: Arc<OwnedFd>,
    /// Who is there.
    pub peer: Peer,
    /// The certificate that the client showed.
    pub client: Option<Box<Client>>,
    /// The number of the listener it came by.
    pub listener: usize,
    /// What it is doing.
    pub phase: Phase,
    /// Bytes that were read and not consumed.
    pub input: Vec<u8>,
    /// Whether `input` was looked at and found incomplete.
    pub looked: bool,
    /// Whether the last read took everything that was there.
    pub drained: bool,
    /// What waits to be sent.
    pub output: Output,
    /// What happens when it was sent.
    pub after: After,
    /// Whether the loop is told when the socket is writable.
    pub watches_output: bool,
    /// Requests answered on it.
    pub served: u64,
    /// When a head that began to come has to be whole, monotonic milliseconds; 0 while none has.
    pub head_until: u64,
    /// Whether it is known who is there: a proxy has still to say it where this is false.
    pub announced: bool,
    /// FastCGI's number of the request in hand ([`crate::request::Request::stream`]).
    pub stream: u16,
}

impl Connection {
    /// A fresh connection.
    pub fn new(socket: OwnedFd, peer: Peer, listener: usize) -> Self {
        Self {
            socket: Arc::new(socket),
            peer,
            client: None,
            listener,
            phase: Phase::Head,
            input: Vec::new(),
            looked: false,
            drained: false,
            output: Output::default(),
            after: After::Next,
            watches_output: false,
            served: 0,
            head_until: 0,
            announced: true,
            stream: 0,
        }
    }

    /// Lets its close be a reset. A UNIX socket knows none: there it stays a plain end.
    pub fn reset(&self) {
        let _ = shared::sys::socket::reset_at_close(&self.socket);
    }

    /// Whether something happened that no event has told yet: bytes came (an idle connection is
    /// not closed under a request, and a client is not slow while every thread was busy with
    /// others), or the client took some of what waits for it (one that reads
    /// slowly frees the socket's buffer in steps that can be seconds apart).
    pub fn still_moves(&mut self) -> bool {
        if !self.output.is_empty() {
            let before = self.output.left();
            let flushed = self.output.flush(self.socket.as_fd());
            return flushed.is_ok() && self.output.left() < before;
        }
        let peek = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        !matches!(self.phase, Phase::Linger { .. })
            && self.after == After::Next
            && matches!(recv(self.socket.as_raw_fd(), &mut [0], peek), Ok(count) if count > 0)
    }

    /// Whether no request is in progress: it can be passed on or closed without harm.
    pub fn idle(&self) -> bool {
        self.announced
            && matches!(self.phase, Phase::Head)
            && self.output.is_empty()
            && self.after == After::Next
            && !self.output.greets()
    }
}

/// A place for the connection with one descriptor number.
#[derive(Debug, Default)]
pub struct Slot {
    /// The connection; whoever holds the lock serves it.
    pub connection: Mutex<Option<Box<Connection>>>,
    /// An event came while another thread served it.
    pub pending: AtomicBool,
    /// When it has to be looked at, monotonic milliseconds.
    pub deadline: AtomicU64,
    /// Whether the wheel has this descriptor. Only touched by the thread that has the turn.
    pub watched: AtomicBool,
}

/// All connections of a process, by descriptor number; pages are made when they are needed.
#[derive(Debug)]
pub struct Table {
    pages: Box<[OnceLock<Box<[Slot]>>]>,
}

impl Default for Table {
    fn default() -> Self {
        Self { pages: (0..PAGES).map(|_| OnceLock::new()).collect() }
    }
}

impl Table {
    /// The slot of a descriptor; `None` beyond the table (the connection is refused then).
    pub fn slot(&self, fd: RawFd) -> Option<&Slot> {
        let number = usize::try_from(fd).ok()?;
        let page = self.pages.get(number / PAGE)?;
        Some(&page.get_or_init(|| (0..PAGE).map(|_| Slot::default()).collect())[number % PAGE])
    }

    /// Every slot that exists, with its number.
    pub fn slots(&self) -> impl Iterator<Item = (RawFd, &Slot)> {
        let pages = self.pages.iter().enumerate().filter_map(|(n, page)| Some((n, page.get()?)));
        pages.flat_map(|(page, slots)| {
            slots.iter().enumerate().map(move |(at, slot)| ((page * PAGE + at) as RawFd, slot))
        })
    }
}
