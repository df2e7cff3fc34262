//! What still has to be sent on a connection: bytes, then perhaps a piece of a file.
//!
//! An answer is written at once as far as the socket takes it; the rest waits here and is sent
//! by the loop when the socket is writable again, without a thread that waits.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;
use std::sync::MutexGuard;

use nix::errno::Errno;
use nix::sys::sendfile::sendfile64;
use nix::sys::uio::writev;

use crate::protocol::fastcgi::{self, CONTENT_MAX};
use crate::tls::session::{self, Session, Shared};

/// Bytes of a file that one call sends at most, and calls of one flush: a client that takes a
/// file as fast as it is read does not hold the worker until the end.
const PIECE_MAX: u64 = 2 << 20;
const PIECES_MAX: u32 = 8;
/// Bytes of a file that are encrypted at once, and in one flush: encryption costs more than
/// sending.
const SEALED_PIECE: u64 = 64 << 10;
const SEALED_MAX: u64 = 2 << 20;

/// Bytes of a file that are read at once where the kernel does not send it.
const COPIED_PIECE: usize = 16 << 10;

/// A piece of a regular file, sent by the kernel where nothing forbids it.
#[derive(Debug)]
pub struct Piece {
    /// The file; its own position is never moved.
    pub file: File,
    /// Where the piece starts.
    pub offset: i64,
    /// Bytes left.
    pub left: u64,
}

/// A piece that is sent in records of FastCGI.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// The request's number.
    id: u16,
    /// Bytes of the piece that the last record's header still covers.
    covered: u64,
    /// Whether the answer ends with the piece.
    last: bool,
}

/// Bytes and a file piece that wait for the socket.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    sent: usize,
    piece: Option<Piece>,
    frame: Option<Frame>,
    paused: bool,
    copies: bool,
    tls: Option<Shared>,
}

impl Output {
    /// What is sent from here on is encrypted.
    pub fn secure(&mut self, session: Session) {
        self.tls = Some(session.shared());
    }

    /// The connection's TLS.
    pub fn tls(&self) -> Option<MutexGuard<'_, Session>> {
        self.tls.as_ref().map(session::lock)
    }

    /// The same, for who reads or answers in place of the loop.
    pub fn session(&self) -> Option<&Shared> {
        self.tls.as_ref()
    }

    /// Whether the connection is bound to this process: its TLS cannot be passed on.
    pub fn is_bound(&self) -> bool {
        self.tls().is_some_and(|tls| tls.begun())
    }

    /// Whether a TLS handshake is under way.
    pub fn greets(&self) -> bool {
        self.tls().is_some_and(|tls| tls.greets())
    }

    /// Forgets what waits, and the connection's TLS with it.
    pub fn abandon(&mut self) {
        *self = Self::default();
    }

    /// Ends the TLS of a connection that is about to be closed; `true` where that has to be
    /// flushed.
    pub fn end_tls(&mut self) -> bool {
        self.tls().is_some_and(|mut tls| tls.end())
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.sent == self.bytes.len()
            && self.piece.is_none()
            && self.frame.is_none()
            && self.tls().is_none_or(|tls| tls.waiting() == 0)
    }

    /// Bytes in memory that wait.
    pub fn waiting(&self) -> usize {
        let sealed = self.tls().map_or(0, |tls| tls.waiting());
        self.bytes.len() - self.sent + sealed
    }

    /// Everything that waits, bytes of a file too.
    pub fn left(&self) -> u64 {
        self.waiting() as u64 + self.piece.as_ref().map_or(0, |piece| piece.left)
    }

    /// Puts bytes behind what waits, without trying the socket.
    pub fn hold(&mut self, parts: &[&[u8]]) {
        debug_assert!(self.piece.is_none(), "a file piece is the end of an answer");
        if self.sent > self.bytes.len() - self.sent {
            // a client that never catches up would make this grow by all it was ever sent
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
    }

    /// Puts a file piece behind what waits.
    pub fn attach(&mut self, piece: Piece) {
        if piece.left > 0 {
            self.piece = Some(piece);
        }
    }

    /// Whether files are read and written from now on (`disable-sendfile`).
    pub fn copy(&mut self, copies: bool) {
        self.copies = copies;
    }

    /// The same in records of FastCGI; `last` ends the answer of this number.
    pub fn attach_framed(&mut self, piece: Piece, id: u16, last: bool) {
        if piece.left > 0 {
            self.piece = Some(piece);
            self.frame = Some(Frame { id, covered: 0, last });
        } else if last {
            self.hold(&[&fastcgi::end(id)]);
        }
    }

    /// What has to be sent before the piece goes on: the header of its next record, or the end.
    fn announce(&mut self) {
        let Some(frame) = &mut self.frame else { return };
        match &self.piece {
            Some(piece) if frame.covered == 0 => {
                frame.covered = piece.left.min(CONTENT_MAX as u64);
                self.bytes.extend_from_slice(&fastcgi::stdout(frame.id, frame.covered as usize));
            }
            Some(_) => {}
            None => {
                if frame.last {
                    self.bytes.extend_from_slice(&fastcgi::end(frame.id));
                }
                self.frame = None;
            }
        }
    }

    /// Sends the parts if nothing waits before them; what the socket does not take waits.
    pub fn write(&mut self, socket: BorrowedFd<'_>, parts: &[&[u8]]) -> io::Result<()> {
        if self.tls.is_some() || !self.is_empty() {
            self.hold(parts);
            return self.flush(socket).map(drop);
        }
        let slices: [IoSlice<'_>; 3] =
            std::array::from_fn(|at| IoSlice::new(parts.get(at).copied().unwrap_or_default()));
        debug_assert!(parts.len() <= slices.len());
        let mut sent = match retry(|| writev(socket, &slices[..parts.len()])) {
            Ok(sent) => sent,
            Err(Errno::EAGAIN) => 0,
            Err(error) => return Err(error.into()),
        };
        for part in parts {
            let done = sent.min(part.len());
            self.bytes.extend_from_slice(&part[done..]);
            sent -= done;
        }
        Ok(())
    }

    /// Whether the last flush stopped although the socket takes more.
    pub fn paused(&self) -> bool {
        self.paused
    }

    /// Sends what waits; `true` when nothing is left, `false` when the socket is full or enough
    /// was sent for once ([`Output::paused`]).
    pub fn flush(&mut self, socket: BorrowedFd<'_>) -> io::Result<bool> {
        self.paused = false;
        if self.tls.is_some() {
            return self.flush_sealed(socket);
        }
        let mut pieces = 0;
        loop {
            while self.sent < self.bytes.len() {
                match retry(|| nix::unistd::write(socket, &self.bytes[self.sent..])) {
                    Ok(count) => self.sent += count,
                    Err(Errno::EAGAIN) => return Ok(false),
                    Err(error) => return Err(error.into()),
                }
            }
            // an idle connection keeps no buffer
            self.bytes = Vec::new();
            self.sent = 0;
            self.announce();
            if !self.bytes.is_empty() {
                continue;
            }
            let Some(piece) = &mut self.piece else { return Ok(true) };
            if pieces == PIECES_MAX {
                self.paused = true;
                return Ok(false);
            }
            pieces += 1;
            let covered = self.frame.map_or(PIECE_MAX, |frame| frame.covered);
            let count = piece.left.min(covered) as usize;
            let passed = if self.copies {
                copy(piece, socket, count)
            } else {
                retry(|| sendfile64(socket, &piece.file, Some(&mut piece.offset), count))
            };
            match passed {
                // a file system that cannot do this (sendfile(2))
                Err(Errno::EINVAL | Errno::ENOSYS) if !self.copies => self.copies = true,
                Ok(0) => return Err(io::Error::other("the file became shorter while it was sent")),
                Ok(count) => {
                    piece.left -= count as u64;
                    if let Some(frame) = &mut self.frame {
                        frame.covered -= count as u64;
                    }
                }
                Err(Errno::EAGAIN) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
            if piece.left == 0 {
                self.piece = None;
            }
        }
    }
}

impl Output {
    /// As [`Output::flush`], piece by piece through the encryption.
    fn flush_sealed(&mut self, socket: BorrowedFd<'_>) -> io::Result<bool> {
        let Some(mut tls) = self.tls.as_ref().map(session::lock) else { return Ok(true) };
        let mut sealed = 0;
        let mut block = Vec::new();
        loop {
            if !tls.flush(socket)? {
                return Ok(false);
            }
            if self.sent < self.bytes.len() {
                self.sent += tls.seal(&[&self.bytes[self.sent..]])?;
                continue;
            }
            self.bytes = Vec::new();
            self.sent = 0;
            let Some(piece) = &mut self.piece else { return Ok(true) };
            if sealed >= SEALED_MAX {
                self.paused = true;
                return Ok(false);
            }
            block.resize(piece.left.min(SEALED_PIECE) as usize, 0);
            let count = piece.file.read_at(&mut block, piece.offset as u64)?;
            if count == 0 {
                return Err(io::Error::other("the file became shorter while it was sent"));
            }
            tls.seal(&[&block[..count]])?;
            sealed += count as u64;
            piece.offset += count as i64;
            piece.left -= count as u64;
            if piece.left == 0 {
                self.piece = None;
            }
        }
    }
}

/// Sends at most so many bytes of a piece as [`sendfile64`] does, but by reading and writing.
fn copy(piece: &mut Piece, socket: BorrowedFd<'_>, most: usize) -> nix::Result<usize> {
    let mut block = [0; COPIED_PIECE];
    let block = &mut block[..most.min(COPIED_PIECE)];
    let error = |error: io::Error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
    let read = loop {
        match piece.file.read_at(block, piece.offset as u64).map_err(error) {
            Err(Errno::EINTR) => {}
            other => break other?,
        }
    };
    if read == 0 {
        return Ok(0);
    }
    let sent = retry(|| nix::unistd::write(socket, &block[..read]))?;
    piece.offset += sent as i64;
    Ok(sent)
}

/// Repeats a call that a signal interrupted.
fn retry<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_client_that_is_always_behind_costs_what_waits_and_no_more() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut output = Output::default();
        let (block, mut buffer) = (vec![7; 65536], vec![0; 65536]);
        while output.is_empty() {
            output.write(ours.as_fd(), &[&block]).unwrap();
        }
        for _ in 0..200 {
            theirs.read_exact(&mut buffer).unwrap();
            output.write(ours.as_fd(), &[&block]).unwrap();
            assert!(output.waiting() > 0, "the client has caught up");
        }
        assert!(output.bytes.len() < 8 * block.len(), "{} bytes are kept", output.bytes.len());
    }

    #[test]
    fn a_large_file_is_sent_with_pauses() {
        let socket = File::options().write(true).open("/dev/null").unwrap();
        let once = PIECE_MAX * u64::from(PIECES_MAX);
        let file = tempfile::tempfile().unwrap();
        file.set_len(once * 2 + 1).unwrap();
        let mut output = Output::default();
        output.attach(Piece { file, offset: 0, left: once * 2 + 1 });
        for left in [once + 1, 1] {
            assert!(!output.flush(socket.as_fd()).unwrap());
            assert!(output.paused());
            assert_eq!(output.left(), left);
        }
        assert!(output.flush(socket.as_fd()).unwrap() && !output.paused());
    }

    #[test]
    fn where_the_kernel_cannot_send_a_file_it_is_copied() {
        // sendfile(2) refuses what is appended to
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("target");
        let socket = File::options().create(true).append(true).open(&path).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        let body: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        file.write_all(&body).unwrap();
        let mut output = Output::default();
        output.attach(Piece { file, offset: 7, left: 90_000 });
        while !output.flush(socket.as_fd()).unwrap() {}
        assert!(output.is_empty());
        assert!(std::fs::read(path).unwrap() == body[7..90_007]);
    }

    #[test]
    fn a_file_over_fastcgi_is_cut_into_records_and_ended() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        let body: Vec<u8> = (0..150_000_u32).map(|n| n as u8).collect();
        file.write_all(&body).unwrap();
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            theirs.read_to_end(&mut all).unwrap();
            all
        });
        let mut output = Output::default();
        output.attach_framed(Piece { file, offset: 0, left: 150_000 }, 7, true);
        assert!(!output.is_empty());
        assert!(output.flush(ours.as_fd()).unwrap() && output.is_empty());
        drop(ours);
        let (all, mut seen, mut at) = (reader.join().unwrap(), Vec::new(), 0);
        while all[at + 1] == 6 {
            let length = usize::from(all[at + 4]) << 8 | usize::from(all[at + 5]);
            assert_eq!(all[at + 3], 7);
            seen.extend_from_slice(&all[at + 8..at + 8 + length]);
            at += 8 + length;
        }
        assert_eq!(seen, body);
        assert_eq!((all[at + 1], all.len() - at), (3, 16), "it ends with END_REQUEST");
    }

    #[test]
    fn what_the_socket_does_not_take_is_sent_later_in_order() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let body: Vec<u8> = (0..1_000_000u32).map(|n| n as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let mut output = Output::default();
        output.write(ours.as_fd(), &[b"head", &body]).unwrap();
        assert!(!output.is_empty());
        output.attach(Piece { file, offset: 2, left: 5 });
        let mut seen = Vec::new();
        let mut buffer = vec![0; 65536];
        while !output.flush(ours.as_fd()).unwrap() {
            let count = theirs.read(&mut buffer).unwrap();
            seen.extend_from_slice(&buffer[..count]);
        }
        drop(ours);
        theirs.read_to_end(&mut seen).unwrap();
        assert_eq!(&seen[..4], b"head");
        assert_eq!(&seen[4..body.len() + 4], &body[..]);
        assert_eq!(&seen[body.len() + 4..], b"23456");
    }
}
