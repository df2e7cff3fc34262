//! A request body that the application reads from the connection itself (`body-buffering = false`).
//!
//! Its thread waits for the client, which is why the loop takes bodies whole otherwise. A body
//! that breaks off or breaks its coding is an error for who reads, never a clean end. A connection
//! of HTTP ends after the answer, as nobody knows before it what will be left unread; one of
//! FastCGI, which announces nothing, goes on if the body was read to its end.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::connection::Connection;
use super::reply::Reply;
use crate::protocol::{chunked, fastcgi};
use crate::request::{Length, Request};
use crate::tls::session::{self, Shared};

/// Bytes that one read of a chunked body takes.
const READ_MAX: usize = 16 * 1024;
/// Reads by which the end of a body is looked for that nobody asked for: it is a few bytes.
const LOOKS: u32 = 4;
/// The most that may wait to be told a web server while a body is read, bytes.
const ASIDES_MAX: usize = 16 * 1024;
/// What a client is told that waits for it (RFC 9110 section 10.1.1).
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Where the bytes come from.
#[derive(Debug)]
struct Source {
    socket: Arc<OwnedFd>,
    tls: Option<Shared>,
}

impl Source {
    /// Reads without waiting; zero is the client's end.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &self.tls else {
            return loop {
                match nix::unistd::read(&self.socket, buffer) {
                    Err(Errno::EINTR) => {}
                    other => break other.map_err(Into::into),
                }
            };
        };
        let mut tls = session::lock(tls);
        if tls.is_over() {
            return Ok(0); // whoever answered in place of the application
        }
        let read = tls.read(self.socket.as_fd(), buffer);
        if read.is_err() && tls.waiting() > 0 {
            tls.flush(self.socket.as_fd())?;
        }
        read
    }

    /// Sends a few bytes.
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let Some(tls) = &self.tls else {
            nix::unistd::write(&self.socket, bytes)?;
            return Ok(());
        };
        let mut tls = session::lock(tls);
        tls.seal(&[bytes])?;
        tls.flush(self.socket.as_fd()).map(drop)
    }
}

/// A body on its way to the application.
#[derive(Debug)]
pub struct Stream {
    source: Source,
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
    Stdin(Box<fastcgi::Stdin>),
}

impl Stream {
    /// The body of `request`, of which `rest` came with the head. `capacity` is there for FastCGI:
    /// how many requests the server runs at a time.
    pub(super) fn new(
        connection: &Connection,
        request: &Request,
        rest: &[u8],
        limit: u64,
        patience: Duration,
        capacity: Option<u32>,
    ) -> Self {
        let coding = match (capacity, request.length) {
            (Some(capacity), length) => {
                Coding::Stdin(Box::new(fastcgi::Stdin::new(request.stream, length, capacity)))
            }
            (None, Length::None | Length::Stream) => Coding::Left(0),
            (None, Length::Known(bytes)) => Coding::Left(bytes),
            (None, Length::Chunked) => Coding::Chunked(chunked::Decoder::default()),
        };
        let tls = connection.output.session().cloned();
        Self {
            source: Source { socket: Arc::clone(&connection.socket), tls },
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
            Coding::Stdin(decoder) => decoder.done(),
        }
    }

    /// What the protocol has to answer besides, and what came behind the body; `None` where the
    /// connection cannot go on, because something of the body may still come. Does not wait.
    pub(super) fn leave(mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut buffer = [0; READ_MAX];
        for _ in 0..LOOKS {
            self.decode().ok()?;
            if self.done() {
                break;
            }
            let count = self.source.read(&mut buffer).ok()?;
            self.raw.extend_from_slice(&buffer[..count]);
        }
        match self.coding {
            Coding::Stdin(mut decoder) if decoder.done() && !decoder.aborted() => {
                Some((decoder.answers(), self.raw))
            }
            Coding::Stdin(_) | Coding::Left(_) | Coding::Chunked(_) => None,
        }
    }

    /// Bytes of the body that came, the coding taken off.
    pub fn size(&self) -> u64 {
        self.taken
    }

    /// Reads some of the body, at least a byte unless it is over. Waits for the client, which is
    /// sent meanwhile what there is of `reply`: it may want to see that first. To be called
    /// without any lock that others need.
    ///
    /// Fails when the client ends early, sends nothing for too long, breaks the coding, or sends
    /// more than `limit-post`.
    pub fn read(
        &mut self,
        into: &mut [u8],
        mut reply: Option<&mut Reply<'_>>,
    ) -> io::Result<usize> {
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
                self.receive(&mut reply)?;
            }
            self.decode()?;
        }
    }

    fn decode(&mut self) -> io::Result<()> {
        let before = self.data.len();
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
            Coding::Stdin(decoder) => {
                let data = &mut self.data;
                let used = decoder.decode(&self.raw, |part| {
                    data.extend_from_slice(part);
                    Ok(())
                });
                if decoder.aborted() {
                    let text = "the web server gave the request up";
                    return Err(io::Error::new(io::ErrorKind::ConnectionAborted, text));
                }
                if decoder.unsent() > ASIDES_MAX {
                    let text = "records of other requests in the body";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                }
                used.map_err(|refusal| io::Error::new(io::ErrorKind::InvalidData, refusal.reason))?
            }
        };
        self.raw.drain(..used);
        self.taken += (self.data.len() - before) as u64;
        if self.limit > 0 && self.taken > self.limit {
            let text = "the request body is larger than limit-post";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        Ok(())
    }

    /// Reads once from the connection.
    fn receive(&mut self, reply: &mut Option<&mut Reply<'_>>) -> io::Result<()> {
        let answered = reply.as_ref().is_some_and(|reply| reply.sent());
        if std::mem::take(&mut self.expects) && !answered {
            self.source.write(CONTINUE)?;
        }
        let mut buffer = [0; READ_MAX];
        loop {
            match self.source.read(&mut buffer) {
                Ok(0) => {
                    let text = "the client ended before its request body";
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
                }
                Ok(count) => {
                    self.raw.extend_from_slice(&buffer[..count]);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(reply)?,
                Err(error) => return Err(error),
            }
        }
    }

    fn wait(&self, reply: &mut Option<&mut Reply<'_>>) -> io::Result<()> {
        let mut events = PollFlags::POLLIN;
        events.set(PollFlags::POLLOUT, reply.as_mut().is_some_and(|reply| reply.push()));
        let timeout = PollTimeout::try_from(self.patience).unwrap_or(PollTimeout::MAX);
        let mut watch = [PollFd::new(self.source.socket.as_fd(), events)];
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
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::time::Instant;

    use shared::settings::Wire;

    use super::*;
    use crate::request::Version;
    use crate::worker::connection::Peer;
    use crate::worker::output::Output;
    use crate::worker::reply::Facts;

    fn stream_of(
        length: Length,
        rest: &[u8],
        limit: u64,
        capacity: Option<u32>,
    ) -> (Stream, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut request = Request::default();
        (request.length, request.stream) = (length, u16::from(capacity.is_some()));
        let connection = Connection::new(ours.into(), Peer::default(), 0);
        let patience = Duration::from_millis(50);
        (Stream::new(&connection, &request, rest, limit, patience, capacity), theirs)
    }

    fn stream(length: Length, rest: &[u8], limit: u64) -> (Stream, UnixStream) {
        stream_of(length, rest, limit, None)
    }

    /// A record of the stream `STDIN`.
    fn stdin(content: &[u8]) -> Vec<u8> {
        [&[1, 5, 0, 1, 0, content.len() as u8, 0, 0], content].concat()
    }

    fn all(stream: &mut Stream) -> io::Result<Vec<u8>> {
        let (mut whole, mut part) = (Vec::new(), [0; 3]);
        loop {
            match stream.read(&mut part, None)? {
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

    #[test]
    fn records_are_taken_off_and_the_next_request_is_left() {
        let end = [&stdin(b"")[..], b"next"].concat();
        let (mut whole, mut client) = stream_of(Length::Known(8), &stdin(b"hel")[..9], 0, Some(1));
        client.write_all(&[&b"el"[..], &stdin(b"lo yo"), &end].concat()).unwrap();
        assert_eq!(all(&mut whole).unwrap(), b"hello yo");
        let (answers, rest) = whole.leave().unwrap();
        assert_eq!((answers.as_slice(), rest.as_slice()), (&b""[..], &b"next"[..]));
        // who reads the length only leaves the end of the stream
        let (mut exact, mut client) = stream_of(Length::Known(3), &stdin(b"hey"), 0, Some(1));
        assert_eq!(exact.read(&mut [0; 3], None).unwrap(), 3);
        client.write_all(&end).unwrap();
        assert_eq!(exact.leave().unwrap().1, b"next");
        // of these something is still to come, or was not read
        let (unread, _client) = stream_of(Length::Known(3), b"", 0, Some(1));
        assert!(unread.leave().is_none());
        let (mut given_up, mut client) = stream_of(Length::Known(3), &stdin(b"h"), 0, Some(1));
        client.write_all(&[1, 2, 0, 1, 0, 0, 0, 0]).unwrap();
        assert_eq!(all(&mut given_up).unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
        assert!(given_up.leave().is_none());
    }

    #[test]
    fn what_waits_for_the_client_is_sent_while_its_body_is_awaited() {
        let (mut body, mut client) = stream(Length::Known(5), b"", 0);
        body.patience = Duration::from_secs(20);
        let socket = Arc::clone(&body.source.socket);
        let (mut output, mut head, mut sent) = (Output::default(), Vec::new(), 0);
        let block = vec![7; 100_000];
        while output.is_empty() {
            output.write(socket.as_fd(), &[&block]).unwrap();
            sent += block.len();
        }
        let facts = Facts {
            wire: Wire::Http,
            stream: 0,
            version: Version::Http11,
            head_only: false,
            keep: false,
            crowd: false,
            copies: false,
            began: Instant::now(),
            patience: Duration::ZERO,
        };
        let mut reply = Reply::new(socket.as_fd(), &mut output, &mut head, "", facts);
        let client = std::thread::spawn(move || {
            // it wants to see all of the answer before it goes on
            client.read_exact(&mut vec![0; sent]).unwrap();
            client.write_all(b"hello").unwrap();
            client
        });
        assert_eq!(body.read(&mut [0; 5], Some(&mut reply)).unwrap(), 5);
        client.join().unwrap();
    }
}
