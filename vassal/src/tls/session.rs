//! The encryption of one connection: rustls, without a socket of its own.
//!
//! What comes in is decrypted as far as the caller's buffer goes; what goes out is encrypted
//! a piece at a time, so that a slow client costs one piece of memory and not a whole answer.

use std::io::{self, IoSlice, Read, Write};
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use rustls::ServerConnection;

use super::Service;
use super::client::Client;

/// Encrypted bytes that one read takes: about a record of the largest size (RFC 8446 section 5.2).
const READ: usize = 16 * 1024;
/// Plain bytes that are encrypted before the socket is tried.
const PIECE: usize = 64 * 1024;
/// The type of a record that begins a handshake (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;

/// What whoever speaks plain HTTP on such a socket is told.
const PLAIN: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\
Content-Length: 65\r\nConnection: close\r\n\r\nplain HTTP was sent to a port that speaks TLS: write https://...\n";

/// A session that its loop uses and, while that waits for an application, who answers in its
/// place. The lock is held for work that never waits.
pub type Shared = Arc<Mutex<Session>>;

/// The session itself.
pub fn lock(session: &Shared) -> MutexGuard<'_, Session> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The TLS of one connection.
#[derive(Debug)]
pub struct Session {
    tls: ServerConnection,
    /// Encrypted bytes that wait for the socket.
    sealed: Vec<u8>,
    sent: usize,
    /// Encrypted bytes that came and for whose content the last reader had no room.
    kept: Vec<u8>,
    stage: Stage,
    headway: Headway,
    export: bool,
    verbose: bool,
    client: Option<Box<Client>>,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing came yet.
    Silent,
    /// The handshake is under way.
    Greeting,
    /// Both sides may send.
    Open,
    /// Nothing more is encrypted or decrypted: it failed, or the end was said.
    Over,
}

/// What the last read took of the client that is nothing plain yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headway {
    /// Not a byte.
    None,
    /// Some of the handshake or of a record.
    Some,
    /// The end of the handshake.
    Open,
}

impl Session {
    /// A session on which nothing came yet.
    pub fn new(service: &Service) -> Result<Self, rustls::Error> {
        let mut tls = ServerConnection::new(service.config.clone())?;
        // pieces are small, and whatever rustls has is taken out of it at once
        tls.set_buffer_limit(None);
        Ok(Self {
            tls,
            sealed: Vec::new(),
            sent: 0,
            kept: Vec::new(),
            stage: Stage::Silent,
            headway: Headway::None,
            export: service.export,
            verbose: service.verbose,
            client: None,
        })
    }

    /// The same for several users.
    pub fn shared(self) -> Shared {
        Arc::new(Mutex::new(self))
    }

    /// Whether something was read: no other process can go on with the connection.
    pub fn begun(&self) -> bool {
        self.stage != Stage::Silent
    }

    /// Whether the handshake is under way.
    pub fn greets(&self) -> bool {
        self.stage == Stage::Greeting
    }

    /// The certificate that the client showed, once.
    pub fn take_client(&mut self) -> Option<Box<Client>> {
        self.client.take()
    }

    /// What the last read took besides plain bytes.
    pub fn headway(&self) -> Headway {
        self.headway
    }

    /// Encrypted bytes that wait for the socket.
    pub fn waiting(&self) -> usize {
        self.sealed.len() - self.sent
    }

    /// Reads plain bytes. `Ok(0)` is the client's end, `WouldBlock` that more has to come (what
    /// there is to send may wait: [`Session::waiting`]). Fewer bytes than `buffer` has room for
    /// mean that the socket was empty. After any other error there may be a last message to send;
    /// reading on then throws away what comes.
    pub fn read(&mut self, socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        let mut raw = [0; READ];
        // what of it is still encrypted; what is kept came by such a read and fits
        let mut pending = 0..self.kept.len();
        raw[pending.clone()].copy_from_slice(&std::mem::take(&mut self.kept));
        let mut filled = 0;
        let mut empty = false;
        self.headway = Headway::None;
        loop {
            if self.stage == Stage::Over {
                return receive(socket, buffer);
            }
            match self.tls.reader().read(&mut buffer[filled..]) {
                Ok(0) => return Ok(filled),
                Ok(count) => {
                    filled += count;
                    if filled == buffer.len() {
                        self.kept = raw[pending].to_vec();
                        return Ok(filled);
                    }
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Ok(filled),
            }
            if !pending.is_empty() {
                let mut left = &raw[pending.clone()];
                self.take(&mut left)?;
                pending.start = pending.end - left.len();
                continue;
            }
            if empty {
                return if filled > 0 { Ok(filled) } else { Err(io::ErrorKind::WouldBlock.into()) };
            }
            match receive(socket, &mut raw) {
                // a client that vanishes without a word has cut nothing that a length does not show
                Ok(0) => return Ok(filled),
                Ok(count) => {
                    empty = count < READ;
                    pending = 0..count;
                    if self.headway == Headway::None {
                        self.headway = Headway::Some;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => empty = true,
                Err(error) => return Err(error),
            }
        }
    }

    /// Decrypts some of what came: rustls takes a few records at a time and wants their content
    /// to be read before it takes more.
    fn take(&mut self, raw: &mut &[u8]) -> io::Result<()> {
        if self.stage == Stage::Silent {
            if raw[0] != HANDSHAKE && raw[0].is_ascii_uppercase() {
                self.stage = Stage::Over;
                self.sealed.extend_from_slice(PLAIN);
                return Err(io::Error::other("plain HTTP on a TLS socket"));
            }
            self.stage = Stage::Greeting;
        }
        let taken = match self.tls.read_tls(raw) {
            Ok(0) => Err(io::ErrorKind::InvalidData.into()),
            other => other,
        };
        let done = taken.and_then(|_| {
            let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
            self.tls.process_new_packets().map_err(invalid)
        });
        self.pump();
        if let Err(error) = done {
            self.stage = Stage::Over;
            return Err(error);
        }
        if self.stage == Stage::Greeting && !self.tls.is_handshaking() {
            self.stage = Stage::Open;
            self.headway = Headway::Open;
            let certificate = self.tls.peer_certificates().and_then(<[_]>::first);
            self.client = certificate.map(|one| Box::new(Client::new(one, self.export)));
        }
        Ok(())
    }

    /// Collects what rustls wants to send.
    fn pump(&mut self) {
        while self.tls.wants_write() {
            if self.tls.write_tls(&mut self.sealed).is_err() {
                return; // memory never refuses
            }
        }
    }

    /// Encrypts up to [`PIECE`] bytes of the parts; returns how many that were.
    pub fn seal(&mut self, parts: &[&[u8]]) -> io::Result<usize> {
        if self.stage == Stage::Over {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let mut room = PIECE;
        let mut cut: [IoSlice<'_>; 3] = std::array::from_fn(|_| IoSlice::new(&[]));
        debug_assert!(parts.len() <= cut.len());
        for (place, part) in cut.iter_mut().zip(parts) {
            let taken = part.len().min(room);
            *place = IoSlice::new(&part[..taken]);
            room -= taken;
        }
        let count = self.tls.writer().write_vectored(&cut[..parts.len()])?;
        self.pump();
        Ok(count)
    }

    /// Sends what waits; `true` when nothing is left.
    pub fn flush(&mut self, socket: BorrowedFd<'_>) -> io::Result<bool> {
        while self.sent < self.sealed.len() {
            match nix::unistd::write(socket, &self.sealed[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        self.sealed = Vec::new();
        self.sent = 0;
        Ok(true)
    }

    /// Says that nothing more will be sent (RFC 8446 section 6.1); `true` where that has to be
    /// flushed.
    pub fn end(&mut self) -> bool {
        if self.stage != Stage::Open {
            return false;
        }
        self.stage = Stage::Over;
        self.tls.send_close_notify();
        self.pump();
        true
    }

    /// Whether nothing more is encrypted or decrypted.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// Sends a whole short answer and says that nothing follows; what the socket does not take at
    /// once is lost.
    pub fn farewell(&mut self, socket: BorrowedFd<'_>, answer: &[u8]) -> io::Result<()> {
        debug_assert!(answer.len() <= PIECE);
        self.seal(&[answer])?;
        self.end();
        self.flush(socket).map(drop)
    }

    /// Whether failures are logged.
    pub fn verbose(&self) -> bool {
        self.verbose
    }
}

/// One read, repeated when a signal interrupted it.
fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match nix::unistd::read(socket, buffer) {
            Err(Errno::EINTR) => {}
            other => return other.map_err(Into::into),
        }
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
