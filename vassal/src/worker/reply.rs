//! An answer: how head and body are framed, the same for every protocol and application.
//!
//! The application gives a status, fields and blocks; this decides about lengths, chunking,
//! `Date` and `Connection`, holds the head back until the first byte of the body (so that an
//! error before it can still become a 500), and never sends more than the head announced.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use shared::settings::Wire;

use super::framing::{self, decimal, hexadecimal};
use super::head;
pub use super::head::HeadError;
use super::manner::{self, Say};
pub use super::outcome::{Conclusion, Notes};
use super::output::{Output, Piece};
use super::status::phrase;
use super::vigil::Post;
use crate::protocol::fastcgi;
use crate::request::Version;

/// What the module `uwsgi` asks of an answer.
#[path = "reply_aside.rs"]
mod aside;

/// Answers up to this size are held back while more requests are at hand.
const HOLD_MAX: usize = 16 * 1024;
/// Only the answer of an application that took at least this long is worth holding back.
const HOLD_FROM: Duration = Duration::from_micros(20);

/// What is known of the request that is answered.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// What is spoken on the connection.
    pub wire: Wire,
    /// FastCGI's number of the request ([`crate::request::Request::stream`]).
    pub stream: u16,
    /// The client's version.
    pub version: Version,
    /// A HEAD request: the answer has no body.
    pub head_only: bool,
    /// Client and server would keep the connection.
    pub keep: bool,
    /// Other requests are at hand: a short wait with this answer costs nobody.
    pub crowd: bool,
    /// When the request was complete.
    pub began: Instant,
    /// How long the client may take none of what waits for it.
    pub patience: Duration,
    /// Files are read and written in place of being sent by the kernel.
    pub copies: bool,
}

/// How far the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// No status yet.
    Blank,
    /// The head is complete but not sent.
    Headed,
    /// The head is on its way; blocks follow.
    Flowing,
    /// Complete.
    Ended,
    /// Ended early: the client must see that something is missing.
    Aborted,
}

/// One answer on its way.
#[derive(Debug)]
pub struct Reply<'a> {
    socket: BorrowedFd<'a>,
    output: &'a mut Output,
    pub(super) head: &'a mut Vec<u8>,
    date: &'a str,
    facts: Facts,
    pub(super) stage: Stage,
    pub(super) status: u16,
    length: Option<u64>,
    chunked: bool,
    close: bool,
    dated: bool,
    body: u64,
    head_size: usize,
    pub(super) fields: usize,
    lost: Option<io::ErrorKind>,
    failed: bool,
    blocks: u32,
    pub(super) file: bool,
    notes: Notes,
    post: Option<&'a Post>,
    leaving: Option<&'a AtomicBool>,
    pub(super) say: Say<'a>,
}

impl<'a> Reply<'a> {
    /// A blank answer. `head` is scratch space, `date` the current `Date`.
    pub fn new(
        socket: BorrowedFd<'a>,
        output: &'a mut Output,
        head: &'a mut Vec<u8>,
        date: &'a str,
        facts: Facts,
    ) -> Self {
        head.clear();
        Self {
            socket,
            output,
            head,
            date,
            facts,
            stage: Stage::Blank,
            status: 0,
            length: None,
            chunked: false,
            close: !facts.keep,
            dated: false,
            body: 0,
            head_size: 0,
            fields: 0,
            lost: None,
            failed: false,
            blocks: 0,
            file: false,
            notes: Notes::default(),
            post: None,
            leaving: None,
            say: Say::default(),
        }
    }

    /// Asks at this post before anything is sent.
    pub fn ask_at(&mut self, post: &'a Post) {
        self.post = Some(post);
    }

    /// What is said about the request, for its line in the log.
    pub fn notes(&mut self) -> &mut Notes {
        &mut self.notes
    }

    /// Whether a head was given (and perhaps replaced).
    pub fn begun(&self) -> bool {
        self.stage != Stage::Blank
    }

    /// Whether the head left already, so that it cannot be replaced.
    pub fn sent(&self) -> bool {
        !matches!(self.stage, Stage::Blank | Stage::Headed)
    }

    /// Forgets a head that is not complete: whoever gave it has to begin anew.
    pub fn reset(&mut self) {
        debug_assert!(!self.sent());
        self.head.clear();
        (self.length, self.fields, self.dated) = (None, 0, false);
        (self.close, self.status, self.stage) = (!self.facts.keep, 0, Stage::Blank);
    }

    /// Starts (or replaces) the head with a status such as `200 OK`. A missing reason is filled
    /// in, as uWSGI does.
    pub fn status(&mut self, status: &[u8]) -> Result<(), HeadError> {
        self.reset();
        let code = head::code(status)?;
        self.status = code;
        if self.facts.wire.is_fastcgi() {
            framing::reserve(self.head);
        }
        let start: &[u8] =
            if self.facts.wire.has_status_field() { b"Status: " } else { b"HTTP/1.1 " };
        self.head.extend_from_slice(start);
        if status.len() > 4 {
            self.head.extend_from_slice(status);
        } else {
            self.head.extend_from_slice(&status[..3]);
            self.head.push(b' ');
            self.head.extend_from_slice(match phrase(code) {
                "" => b"Unknown",
                known => known.as_bytes(),
            });
        }
        self.head.extend_from_slice(b"\r\n");
        self.stage = Stage::Headed;
        Ok(())
    }

    /// Adds a field. What concerns the connection is the server's: `Connection: close` is
    /// heeded, the rest of it dropped.
    pub fn field(&mut self, name: &[u8], value: &[u8]) -> Result<(), HeadError> {
        debug_assert!(self.stage == Stage::Headed);
        head::field(name, value)?;
        if self.head.len() + name.len() + value.len() + 4 > self.say.limit() {
            return Err(HeadError::Size);
        }
        if self.say.leaves_out(name, value) {
            return Ok(());
        }
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"date") => self.dated = true,
            10 if name.eq_ignore_ascii_case(b"connection") => {
                self.close |= value.trim_ascii().eq_ignore_ascii_case(b"close");
                return Ok(());
            }
            10 if name.eq_ignore_ascii_case(b"keep-alive") => return Ok(()),
            // two of them would leave it to the web server which one counts
            6 if self.facts.wire.has_status_field() && name.eq_ignore_ascii_case(b"status") => {
                return Ok(());
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let digits = value.trim_ascii();
                let number = std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok());
                if !digits.iter().all(u8::is_ascii_digit) || self.length.is_some() {
                    return Err(HeadError::Length);
                }
                self.length = Some(number.ok_or(HeadError::Length)?);
                if matches!(self.status, 204 | 205) {
                    return Ok(());
                }
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                return Err(HeadError::HopByHop);
            }
            _ => {}
        }
        self.fields += 1;
        manner::put(self.head, name, value);
        Ok(())
    }

    /// Statuses whose answers have no body and no length of it (RFC 9110 section 6.4.1).
    fn bodiless(&self) -> bool {
        matches!(self.status, 204 | 304)
    }

    /// The status that has no content but says its length, 0 (RFC 9110 section 15.3.6).
    fn resets(&self) -> bool {
        self.status == 205
    }

    /// Whether bytes of the body are sent at all.
    fn silent(&self) -> bool {
        self.facts.head_only || self.bodiless() || self.resets()
    }

    /// Completes the head. `total` is the body's size where it is known.
    fn seal(&mut self, mut total: Option<u64>) {
        if self.post.is_some_and(|post| !post.claim()) {
            self.note(Err(io::ErrorKind::BrokenPipe.into()));
        }
        self.fields += self.say.add_fields(self.head);
        self.close |= self.leaves();
        let http = self.facts.wire == Wire::Http;
        if self.resets() {
            // whatever the application announced
            (self.length, total) = (None, Some(0));
        }
        if self.length.is_none() && !self.bodiless() {
            match total {
                // an empty answer to HEAD says nothing about the length of the one to GET
                Some(0) if self.facts.head_only => {}
                Some(size) => {
                    self.length = Some(size);
                    self.fields += 1;
                    self.head.extend_from_slice(b"Content-Length: ");
                    decimal(self.head, size);
                    self.head.extend_from_slice(b"\r\n");
                }
                None if http && self.facts.version == Version::Http11 => {
                    self.chunked = true;
                    self.head.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
                }
                // its own framing tells the end
                None if self.facts.wire.is_fastcgi() => {}
                None => self.close = true,
            }
        }
        if http {
            if !self.dated {
                self.head.extend_from_slice(b"Date: ");
                self.head.extend_from_slice(self.date.as_bytes());
                self.head.extend_from_slice(b"\r\n");
            }
            if self.close {
                self.head.extend_from_slice(b"Connection: close\r\n");
            } else if self.facts.version == Version::Http10 {
                self.head.extend_from_slice(b"Connection: keep-alive\r\n");
            }
        }
        self.head.extend_from_slice(b"\r\n");
        self.head_size = self.head.len();
        if self.facts.wire.is_fastcgi() {
            self.head_size -= fastcgi::HEADER;
        }
        self.stage = Stage::Flowing;
    }

    /// Bytes that the announced length still allows.
    fn room(&self) -> u64 {
        if self.silent() { 0 } else { self.length.map_or(u64::MAX, |all| all - self.body) }
    }

    /// The whole body at once: `parts` are at most two blocks.
    pub fn whole(&mut self, body: &[u8]) {
        debug_assert!(self.stage == Stage::Headed);
        if self.replaced() {
            return;
        }
        self.seal(Some(body.len() as u64));
        self.blocks += u32::from(!body.is_empty());
        let take = self.room().min(body.len() as u64) as usize;
        self.body = take as u64;
        self.send_all(&body[..take], !self.short());
        self.stage = Stage::Ended;
    }

    /// Whether less than the announced length was sent, and not because there is no body.
    fn short(&self) -> bool {
        self.length.is_some_and(|all| self.body < all) && !self.silent()
    }

    /// Sends head and body of a complete answer, or holds them back: while other requests are
    /// at hand, and where the application took long enough for that to pay.
    fn send_all(&mut self, body: &[u8], last: bool) {
        if self.facts.wire.is_fastcgi() {
            let (id, head) = (self.facts.stream, self.head.as_mut_slice());
            let written = framing::send_head(self.output, self.socket, id, head, body, last);
            self.note(written);
            return;
        }
        let parts: [&[u8]; 2] = [self.head, body];
        let small = parts[0].len() + body.len() <= HOLD_MAX;
        if self.facts.crowd && small && self.facts.began.elapsed() > HOLD_FROM {
            self.output.hold(&parts);
        } else {
            let written = self.output.write(self.socket, &parts);
            self.note(written);
        }
    }

    /// The next block of a body whose end is not known yet. Empty blocks are nothing.
    pub fn block(&mut self, block: &[u8]) {
        if block.is_empty() || matches!(self.stage, Stage::Ended | Stage::Aborted) {
            return;
        }
        if self.replaced() {
            return;
        }
        let fresh = self.stage == Stage::Headed;
        if fresh {
            self.seal(None);
        } else {
            self.head.clear();
        }
        let take = self.room().min(block.len() as u64) as usize;
        self.body += take as u64;
        self.blocks = self.blocks.saturating_add(1);
        if fresh && self.length == Some(take as u64) {
            // iterators of frameworks announce their one block's length
            self.send_all(&block[..take], false);
            return;
        }
        if self.facts.wire.is_fastcgi() {
            let (id, head, block) = (self.facts.stream, self.head.as_mut_slice(), &block[..take]);
            let written = if fresh {
                framing::send_head(self.output, self.socket, id, head, block, false)
            } else {
                framing::send(self.output, self.socket, id, block, false)
            };
            self.note(written);
            return;
        }
        let mut tail: &[u8] = b"";
        if self.chunked && take > 0 {
            hexadecimal(self.head, take);
            self.head.extend_from_slice(b"\r\n");
            tail = b"\r\n";
        }
        if self.head.is_empty() && take == 0 {
            return;
        }
        let written = self.output.write(self.socket, &[self.head, &block[..take], tail]);
        self.note(written);
    }

    /// A piece of a file as the (rest of the) body, which is not chunked. A known length is announced.
    pub fn piece(&mut self, mut piece: Piece) {
        debug_assert!(!self.chunked);
        if self.replaced() || self.stage == Stage::Ended {
            return;
        }
        if self.stage == Stage::Headed {
            self.seal(Some(piece.left));
            if self.facts.wire.is_fastcgi() {
                self.send_all(b"", false);
            } else {
                let written = self.output.write(self.socket, &[self.head]);
                self.note(written);
            }
        }
        self.file = true;
        piece.left = piece.left.min(self.room());
        self.body += piece.left;
        if self.lost.is_none() {
            self.output.copy(self.facts.copies);
            if self.facts.wire.is_fastcgi() {
                let last = !self.short();
                self.output.attach_framed(piece, self.facts.stream, last);
            } else {
                self.output.attach(piece);
            }
            let written = self.output.flush(self.socket).map(drop);
            self.note(written);
        }
        self.stage = Stage::Ended;
    }

    /// The body is complete.
    pub fn end(&mut self) {
        match self.stage {
            Stage::Headed => self.whole(b""),
            Stage::Flowing => {
                if self.facts.wire.is_fastcgi() && !self.short() {
                    let (output, id) = (&mut *self.output, self.facts.stream);
                    let written = framing::send(output, self.socket, id, b"", true);
                    self.note(written);
                }
                if self.chunked && !self.silent() {
                    let written = self.output.write(self.socket, &[b"0\r\n\r\n"]);
                    self.note(written);
                }
                self.stage = Stage::Ended;
            }
            Stage::Blank | Stage::Ended | Stage::Aborted => {}
        }
    }

    /// The application failed. Before the head left this becomes a 500 with `text` as body;
    /// afterwards the connection ends without the final chunk.
    pub fn fail(&mut self, text: &str) {
        self.failed = true;
        if self.sent() {
            if self.stage == Stage::Flowing {
                self.stage = Stage::Aborted;
            }
            return;
        }
        self.refuse(500, "Internal Server Error", text);
    }

    /// Ends the connection after this answer.
    pub fn close(&mut self) {
        self.close = true;
    }

    fn note(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.lost.get_or_insert(error.kind());
        }
    }

    /// What became of it. An answer that was never begun, or whose body fell short of the
    /// announced length, ends the connection.
    pub fn conclude(self) -> Conclusion {
        let short = self.short();
        let whole = self.stage == Stage::Ended && !short && self.lost.is_none();
        Conclusion {
            status: self.status,
            keep: whole && !self.close,
            body: self.body,
            head: self.head_size,
            fields: self.fields,
            blocks: self.blocks,
            file: self.file,
            lost: self.lost.is_some(),
            aborted: self.stage != Stage::Ended || short,
            open_ended: self.open_ended(),
            failed: self.failed,
        }
    }
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
