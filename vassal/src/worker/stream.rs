//! A request body that the application reads from the connection itself (`body-buffering = false`).
//!
//! Its thread waits for the client, which is why the loop takes bodies whole otherwise. A body
//! that breaks off or breaks its coding is an error for who reads, never a clean end; the
//! connection ends after the answer.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::protocol::chunked;
use crate::request::{Length, Request};

/// Bytes that one read of a chunked body takes.
const READ_MAX: usize = 16 * 1024;

/// A body on its way to the application.
#[derive(Debug)]
pub struct Stream {
    socket: Arc<OwnedFd>,
    /// What came and was not looked at.
    raw: Vec<u8>,
    /// What was decoded and not read.
    data: Vec<u8>,
    coding: Coding,
    taken: u64,
    /// `limit-post`; 0 is without limit.
    limit: u64,
    /// How long the client may send nothing.
    patience: Duration,
    /// The client waits to be told to go on.
    expects: bool,
}

#[derive(Debug)]
enum Coding {
    Left(u64),
    Chunked(chunked::Decoder),
}

impl Stream {
    /// The body of `request`, of which `rest` came with the head.
    pub(super) fn new(
        socket: &Arc<OwnedFd>,
        request: &Request,
        rest: &[u8],
        limit: u64,
        patience: Duration,
    ) -> Self {
        let coding = match request.length {
            Length::None | Length::Stream => Coding::Left(0),
            Length::Known(bytes) => Coding::Left(bytes),
            Length::Chunked => Coding::Chunked(chunked::Decoder::default()),
        };
        Self {
            socket: Arc::clone(socket),
            raw: rest.to_vec(),
            data: Vec::new(),
            coding,
            taken: 0,
            limit,
            patience,
            expects: request.expects_continue && rest.is_empty(),
        }
    }

    /// Whether the whole body came.
    pub fn done(&self) -> bool {
        match &self.coding {
            Coding::Left(left) => *left == 0,
            Coding::Chunked(decoder) => decoder.done(),
        }
    }

    /// Bytes of the body that came, the coding taken off.
    pub fn size(&self) -> u64 {
        self.taken
    }

    /// Reads some of the body, at least a byte unless it is over. Waits for the client: to be
    /// called without any lock that others need.
    ///
    /// Fails when the client ends early, sends nothing for too long, breaks the coding, or sends
    /// more than `limit-post`.
    pub fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.data.is_empty() {
                let take = self.data.len().min(into.len());
                into[..take].copy_from_slice(&self.data[..take]);
                self.data.drain(..take);
                return Ok(take);
            }
            if self.done() || into.is_empty() {
                return Ok(0);
            }
            if self.raw.is_empty() {
                self.receive()?;
            }
            self.decode()?;
        }
    }

    fn decode(&mut self) -> io::Result<()> {
        let used = match &mut self.coding {
            Coding::Left(left) => {
                let take = (*left).min(self.raw.len() as u64) as usize;
                *left -= take as u64;
                self.data.extend_from_slice(&self.raw[..take]);
                take
            }
            Coding::Chunked(decoder) => {
                let data = &mut self.data;
                let used = decoder.decode(&self.raw, |part| {
                    data.extend_from_slice(part);
                    Ok(())
                });
                used.map_err(|refusal| io::Error::new(io::ErrorKind::InvalidData, refusal.reason))?
            }
        };
        self.raw.drain(..used);
        self.taken += self.data.len() as u64;
        if self.limit > 0 && self.taken > self.limit {
            let text = "the request body is larger than limit-post";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        Ok(())
    }

    /// Reads once from the connection.
    fn receive(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.expects) {
            nix::unistd::write(&self.socket, b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut buffer = [0; READ_MAX];
        loop {
            match nix::unistd::read(&self.socket, &mut buffer) {
                Ok(0) => {
                    let text = "the client ended before its request body";
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
                }
                Ok(count) => {
                    self.raw.extend_from_slice(&buffer[..count]);
                    return Ok(());
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => self.wait()?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn wait(&self) -> io::Result<()> {
        let timeout = PollTimeout::try_from(self.patience).unwrap_or(PollTimeout::MAX);
        let mut watch = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut watch, timeout) {
            Ok(0) => {
                let text = "the client sends its request body too slowly";
                Err(io::Error::new(io::ErrorKind::TimedOut, text))
            }
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn stream(length: Length, rest: &[u8], limit: u64) -> (Stream, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut request = Request::default();
        request.length = length;
        let socket = Arc::new(OwnedFd::from(ours));
        (Stream::new(&socket, &request, rest, limit, Duration::from_millis(50)), theirs)
    }

    fn all(stream: &mut Stream) -> io::Result<Vec<u8>> {
        let (mut whole, mut part) = (Vec::new(), [0; 3]);
        loop {
            match stream.read(&mut part)? {
                0 => return Ok(whole),
                count => whole.extend_from_slice(&part[..count]),
            }
        }
    }

    #[test]
    fn both_codings_are_read_to_their_end_and_no_further() {
        let (mut known, mut client) = stream(Length::Known(8), b"hel", 0);
        client.write_all(b"lo youGET /").unwrap();
        assert_eq!(all(&mut known).unwrap(), b"hello yo");
        assert!(known.done());
        let (mut chunked, mut client) = stream(Length::Chunked, b"5\r\nhe", 0);
        client.write_all(b"llo\r\n1\r\n!\r\n0\r\n\r\nGET /").unwrap();
        assert_eq!(all(&mut chunked).unwrap(), b"hello!");
        assert!(chunked.done());
        assert_eq!(chunked.size(), 6);
    }

    #[test]
    fn what_is_not_whole_or_not_right_is_an_error() {
        let (mut late, _client) = stream(Length::Known(8), b"hel", 0);
        assert_eq!(all(&mut late).unwrap_err().kind(), io::ErrorKind::TimedOut);
        let (mut short, client) = stream(Length::Known(8), b"hel", 0);
        drop(client);
        assert_eq!(all(&mut short).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let (mut broken, _client) = stream(Length::Chunked, b"zz\r\n", 0);
        assert_eq!(all(&mut broken).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(!broken.done());
        let (mut large, _client) = stream(Length::Chunked, b"5\r\nhello\r\n0\r\n\r\n", 4);
        assert_eq!(all(&mut large).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
