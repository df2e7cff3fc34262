//! One connection's way: read a head, take its body, call the application, send the answer,
//! and again.

use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::atomic::Ordering::{AcqRel, Relaxed, Release};
use std::sync::{MutexGuard, TryLockError};

use nix::errno::Errno;
use nix::sys::epoll::{EpollEvent, EpollFlags};
use nix::sys::socket::{Shutdown, shutdown};
use shared::settings::Wire;

use super::connection::{After, Connection, Phase};
use super::engine::{CLIENT, Core, Engine, READ_MAX, Waiting};
use super::receive::{linger, receive};
use super::upload::{Body, Trouble, Upload};
use super::{App, Turn};
use crate::protocol::{HEAD_MAX, Parsed, Refusal, fastcgi, http, scgi, uwsgi};
use crate::request::{Length, Request};
use crate::scoreboard::Place;

/// Reads, requests or pieces of a file of one connection before others have their turn.
const STEPS_MAX: u32 = 64;
/// How long a closing connection waits for the client's end, milliseconds.
const LINGER: u64 = 2000;
/// Bytes that are thrown away while lingering before the connection is cut.
const LINGER_BYTES: usize = 8 << 20;

/// What becomes of a connection after an event was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It stays, waiting for the next event.
    Stay,
    /// It is closed.
    Gone,
    /// It is idle and the worker drains: it can be passed on.
    Idle,
}

/// What one look at the input led to.
pub(super) enum Step {
    /// Go on at once: there may be more to do.
    Again,
    /// Wait for the next event.
    Wait,
    /// Close.
    Gone,
}

impl<A: App> Engine<A> {
    /// Serves the connection with this descriptor, if there is one.
    pub(super) fn serve(&self, fd: RawFd, core: &mut Core<A::Core>, mut turn: Turn<'_>) {
        let Some(slot) = self.table.slot(fd) else { return };
        loop {
            let mut place = match slot.connection.try_lock() {
                Ok(place) => place,
                Err(TryLockError::Poisoned(place)) => place.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    // whoever serves it looks at this flag after letting go of the lock
                    slot.pending.store(true, Release);
                    match slot.connection.try_lock() {
                        Ok(place) => place,
                        Err(_) => return,
                    }
                }
            };
            slot.pending.store(false, Relaxed);
            let Some(connection) = place.as_deref_mut() else { return };
            let fate = self.drive(connection, core, &mut turn);
            match fate {
                Fate::Stay => {
                    let patience = self.patience_of(connection);
                    slot.deadline.store(self.clock_of(core) + patience, Relaxed);
                }
                Fate::Gone | Fate::Idle => {
                    if let Some(connection) = place.take() {
                        if fate == Fate::Gone {
                            self.forget(connection);
                        } else {
                            *place = self.pass_on(connection);
                            if let Some(connection) = place.as_deref() {
                                // nobody took it: it may send one more request
                                let limit = self.clock() + self.last_chance(connection);
                                slot.deadline.store(limit, Relaxed);
                            }
                        }
                    }
                }
            }
            drop(place);
            if !slot.pending.swap(false, AcqRel) {
                return;
            }
            // an event came meanwhile (the turn may be long gone); it may have been the last
            core.ended = true;
        }
    }

    /// Serves a connection that was just accepted, by a worker with one thread: one that closes
    /// after its request is never registered at all.
    pub(super) fn serve_fresh(
        &self,
        mut connection: Box<Connection>,
        core: &mut Core<A::Core>,
        waiting: &mut MutexGuard<'_, Waiting>,
    ) {
        core.crowd = false;
        let fate = self.drive(&mut connection, core, &mut None);
        match fate {
            Fate::Gone => self.forget(connection),
            Fate::Stay | Fate::Idle => {
                let fd = connection.socket.as_raw_fd();
                let interest = if connection.output.is_empty() {
                    EpollFlags::EPOLLIN
                } else {
                    EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT
                };
                let patience = self.patience_of(&connection);
                self.register(connection, waiting, interest);
                if let Some(slot) = self.table.slot(fd) {
                    slot.deadline.store(self.clock_of(core) + patience, Relaxed);
                }
            }
        }
    }

    /// The time of the last event, which is near enough for deadlines.
    fn clock_of(&self, core: &Core<A::Core>) -> u64 {
        if self.outfit.serve.threads == 1 { core.now } else { self.clock() }
    }

    /// Brings a connection as far as it goes without waiting.
    fn drive(
        &self,
        connection: &mut Connection,
        core: &mut Core<A::Core>,
        turn: &mut Turn<'_>,
    ) -> Fate {
        if !core.releasing {
            connection.drained = false; // there was an event: something may be there
        }
        let mut steps = 0;
        loop {
            steps += 1;
            if steps > STEPS_MAX && self.rearm(connection) {
                return Fate::Stay; // one fast client is not served before all others
            }
            if !connection.output.is_empty() {
                if core.crowd && !connection.watches_output {
                    return Fate::Stay; // held back; `release` comes soon
                }
                match connection.output.flush(connection.socket.as_fd()) {
                    Ok(true) => {}
                    Ok(false) if connection.output.paused() => steps = STEPS_MAX,
                    Ok(false) => return self.watch_output(connection, true),
                    Err(_) => return Fate::Gone,
                }
            }
            if !connection.output.is_empty() {
                continue;
            }
            if connection.after.is_end() && connection.output.end_tls() {
                continue;
            }
            match connection.after {
                After::Next => {}
                After::Close => return Fate::Gone,
                After::Reset => {
                    connection.reset();
                    return Fate::Gone;
                }
                After::Linger => {
                    if shutdown(connection.socket.as_raw_fd(), Shutdown::Write).is_err() {
                        return Fate::Gone;
                    }
                    connection.after = After::Next;
                    let until = self.clock() + LINGER;
                    connection.phase = Phase::Linger { left: LINGER_BYTES, until };
                    connection.input = Vec::new();
                }
            }
            if connection.watches_output && self.watch_output(connection, false) == Fate::Gone {
                return Fate::Gone;
            }
            let step = match connection.phase {
                _ if !connection.announced => self.meet_client(connection, core),
                // only held back answers were to be sent: the last read left nothing behind
                Phase::Head if core.releasing && connection.drained => Step::Wait,
                Phase::Head => self.head(connection, core, turn),
                Phase::Body(_) => self.body(connection, core, turn),
                Phase::Linger { .. } => linger(connection, core),
            };
            match step {
                Step::Again => {}
                Step::Wait if self.draining.load(Relaxed) && connection.idle() => {
                    return Fate::Idle;
                }
                Step::Wait => return Fate::Stay,
                Step::Gone => return Fate::Gone,
            }
        }
    }

    /// Asks for an event about what is true now; `false` where the loop does not know it yet.
    pub(super) fn rearm(&self, connection: &mut Connection) -> bool {
        let interest = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | CLIENT;
        let mut event = EpollEvent::new(interest, connection.socket.as_raw_fd() as u64);
        let armed = self.epoll.modify(connection.socket.as_fd(), &mut event).is_ok();
        connection.watches_output = armed;
        armed
    }

    /// Asks to be told when the socket is writable (or no longer).
    fn watch_output(&self, connection: &mut Connection, yes: bool) -> Fate {
        if connection.watches_output == yes {
            return Fate::Stay;
        }
        let mut interest = EpollFlags::EPOLLIN | CLIENT;
        interest.set(EpollFlags::EPOLLOUT, yes);
        let fd = connection.socket.as_raw_fd();
        let mut event = EpollEvent::new(interest, fd as u64);
        match self.epoll.modify(connection.socket.as_fd(), &mut event) {
            Ok(()) => connection.watches_output = yes,
            Err(Errno::ENOENT) => {} // fresh: it is registered with the right interest next
            Err(_) => return Fate::Gone,
        }
        Fate::Stay
    }

    /// How many requests the vassal runs at a time.
    pub(super) fn capacity(&self) -> u32 {
        self.outfit.serve.processes.saturating_mul(self.outfit.serve.threads)
    }

    /// Reads and parses a head; calls the application when the body is there too.
    fn head(
        &self,
        connection: &mut Connection,
        core: &mut Core<A::Core>,
        turn: &mut Turn<'_>,
    ) -> Step {
        let mut read = READ_MAX;
        let owned;
        let mut scratch = std::mem::take(&mut core.scratch);
        let bytes: &[u8] = if connection.input.is_empty() {
            read = match self.receive_head(connection, &mut scratch) {
                Ok(count) => count,
                Err(step) => {
                    core.scratch = scratch;
                    return step;
                }
            };
            owned = Vec::new();
            &scratch[..read]
        } else {
            let before = connection.input.len();
            if connection.looked {
                read = match self.receive_head(connection, &mut scratch) {
                    Ok(count) => count,
                    Err(step) => {
                        core.scratch = scratch;
                        return step;
                    }
                };
                connection.input.extend_from_slice(&scratch[..read]);
                // nothing can have become complete without the end of a line
                let line = connection.input[before..].contains(&b'\n');
                let http = self.wire(connection.listener) == Wire::Http;
                if http && !line && connection.input.len() < HEAD_MAX {
                    core.scratch = scratch;
                    let more = read == READ_MAX || core.ended;
                    return if more { Step::Again } else { Step::Wait };
                }
            }
            owned = std::mem::take(&mut connection.input);
            &owned
        };
        let step = self.look(connection, core, turn, bytes, read);
        drop(owned);
        core.scratch = scratch;
        step
    }

    /// Parses `bytes`, of which `read` came with the last read.
    fn look(
        &self,
        connection: &mut Connection,
        core: &mut Core<A::Core>,
        turn: &mut Turn<'_>,
        bytes: &[u8],
        read: usize,
    ) -> Step {
        let mut request = std::mem::take(&mut core.request);
        let parsed = match self.wire(connection.listener) {
            Wire::Http => http::parse(bytes, &mut request),
            Wire::Uwsgi => match uwsgi::parse(bytes, &mut request) {
                uwsgi::Packet::Request(parsed) => parsed,
                uwsgi::Packet::Ping(_) => {
                    core.request = request;
                    core.crowd = false;
                    connection.output.hold(&[&uwsgi::PONG]);
                    connection.after = After::Close;
                    return Step::Again;
                }
            },
            Wire::Fastcgi | Wire::FastcgiNph => {
                match fastcgi::parse(bytes, &mut request, self.capacity()) {
                    fastcgi::Packet::Request(parsed) => parsed,
                    fastcgi::Packet::Aside(asides) => {
                        core.request = request;
                        core.crowd = false;
                        return step_aside(connection, bytes, &asides);
                    }
                }
            }
            Wire::Scgi | Wire::ScgiNph => scgi::parse(bytes, &mut request),
            Wire::Stats | Wire::Zerg | Wire::Pooled => {
                Parsed::Refused(Refusal { status: 0, reason: "not a request socket" })
            }
        };
        connection.stream = request.stream;
        let step = match parsed {
            Parsed::Incomplete => {
                connection.input = bytes.to_vec();
                connection.looked = true;
                self.begin_head(connection);
                if read == READ_MAX || core.ended { Step::Again } else { Step::Wait }
            }
            Parsed::Refused(refusal) => self.refuse(connection, core, refusal),
            Parsed::Complete(end) => {
                connection.looked = false;
                connection.head_until = 0;
                self.complete(connection, core, turn, &mut request, bytes, end, read)
            }
        };
        core.request = request;
        step
    }

    /// A head is complete: the body is there, or has to be taken first.
    #[expect(clippy::too_many_arguments, reason = "the pieces of one buffer, split for borrowing")]
    fn complete(
        &self,
        connection: &mut Connection,
        core: &mut Core<A::Core>,
        turn: &mut Turn<'_>,
        request: &mut Request,
        bytes: &[u8],
        end: usize,
        read: usize,
    ) -> Step {
        let (head, rest) = bytes.split_at(end);
        if self.outfit.redirects(connection.listener) {
            return self.redirect(connection, core, request, head);
        }
        let limit = self.outfit.serve.limit_post;
        let spill = self.outfit.serve.post_buffering;
        let small = |size: u64| (limit == 0 || size <= limit) && (spill == 0 || size < spill);
        let stream = self.wire(connection.listener).is_fastcgi();
        // where the body lies in `rest`, and what of `rest` belongs to the request
        let at_hand = match request.length {
            length if stream => fastcgi::whole(rest, request.stream, length),
            Length::None => Some((0..0, 0)),
            Length::Known(size) if size <= rest.len() as u64 => {
                Some((0..size as usize, size as usize))
            }
            Length::Known(_) | Length::Chunked | Length::Stream => None,
        };
        let Some((place, used)) = at_hand.filter(|(place, _)| small(place.len() as u64)) else {
            let mut taken = std::mem::take(request);
            let too_large =
                matches!(taken.length, Length::Known(size) if limit > 0 && size > limit);
            if self.outfit.serve.python.streams && !too_large {
                return self.stream(connection, core, turn, &mut taken, head, rest);
            }
            let expects = taken.expects_continue && rest.is_empty();
            let upload = match Upload::new(head.to_vec(), taken, limit, spill) {
                Ok(upload) if stream => upload.of_stream(self.capacity()),
                Ok(upload) => upload,
                Err(refusal) => return self.refuse(connection, core, refusal),
            };
            if expects {
                core.crowd = false;
                connection.output.hold(&[b"HTTP/1.1 100 Continue\r\n\r\n"]);
            }
            connection.phase = Phase::Body(Box::new(upload));
            connection.input = rest.to_vec();
            // what was read with the head is looked at first, then the socket
            return Step::Again;
        };
        let size = place.len() as u64;
        let body = if place.is_empty() { Body::Empty } else { Body::Memory(&rest[place]) };
        self.answer(connection, core, turn, request, head, body, size);
        connection.input = rest[used..].to_vec();
        connection.drained = connection.input.is_empty() && read < READ_MAX && !core.ended;
        if connection.input.is_empty() && connection.output.is_empty() {
            let drained = connection.after == After::Next && read < READ_MAX && !core.ended;
            return if drained { Step::Wait } else { Step::Again };
        }
        Step::Again
    }

    /// Takes more of a body; calls the application when it is whole.
    fn body(
        &self,
        connection: &mut Connection,
        core: &mut Core<A::Core>,
        turn: &mut Turn<'_>,
    ) -> Step {
        let Phase::Body(mut upload) = std::mem::replace(&mut connection.phase, Phase::Head) else {
            return Step::Gone;
        };
        if !upload.done() {
            let mut input = std::mem::take(&mut connection.input);
            if input.is_empty() {
                match receive(connection, &mut core.scratch) {
                    Ok(count) => input.extend_from_slice(&core.scratch[..count]),
                    Err(step) => {
                        if matches!(step, Step::Gone) {
                            self.place(core, Place::ReadErrors);
                        }
                        connection.phase = Phase::Body(upload);
                        return step;
                    }
                }
            }
            match upload.feed(&input) {
                Ok(used) => connection.input = input.split_off(used),
                Err(Trouble::Refused(refusal)) => return self.refuse(connection, core, refusal),
                Err(Trouble::Storage(error)) => {
                    eprintln!("a request body cannot be stored: {error}");
                    let full = Refusal { status: 503, reason: "no room for the request body" };
                    return self.refuse(connection, core, full);
                }
            }
            let answers = upload.answers();
            if !answers.is_empty() {
                connection.output.hold(&[&answers]);
            }
            if upload.aborted() {
                let keep = upload.request.keep_alive;
                connection.after = if keep { After::Next } else { After::Close };
                return Step::Again;
            }
            if !upload.done() {
                connection.phase = Phase::Body(upload);
                return Step::Again;
            }
        }
        let size = upload.size();
        let mut request = std::mem::take(&mut upload.request);
        let head = std::mem::take(&mut upload.head);
        match upload.body() {
            Ok(body) => self.answer(connection, core, turn, &mut request, &head, body, size),
            Err(error) => {
                eprintln!("a request body cannot be read back: {error}");
                let lost = Refusal { status: 503, reason: "the request body was lost" };
                return self.refuse(connection, core, lost);
            }
        }
        Step::Again
    }
}

/// Takes out of the input what belongs to no request, and answers it.
fn step_aside(connection: &mut Connection, bytes: &[u8], asides: &fastcgi::Asides) -> Step {
    connection.input = asides.cut(bytes);
    connection.looked = false;
    connection.output.hold(&[&asides.answer]);
    if asides.close {
        connection.after = After::Close;
    }
    Step::Again
}
