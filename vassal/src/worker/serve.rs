//! One connection's way: read a head, take its body, call the application, send the answer,
//! and again.

use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::{MutexGuard, PoisonError, TryLockError};
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::epoll::{EpollEvent, EpollFlags};
use nix::sys::socket::{Shutdown, shutdown};
use shared::settings::Wire;

use super::connection::{After, Connection, Phase};
use super::control::News;
use super::drain::LAST_CHANCE;
use super::engine::{CLIENT, Core, Engine, READ_MAX, Waiting};
use super::log::{self, Line, Subject};
use super::reply::{Facts, Reply};
use super::upload::{Body, Trouble, Upload};
use super::{App, Call, Turn};
use crate::protocol::{HEAD_MAX, Parsed, Refusal, http, uwsgi};
use crate::request::{Length, Request};
use crate::scoreboard::{Count, Place};

/// Answers are only held back while applications take less than this, microseconds: whoever's
/// answer is held waits for the next application's end.
const QUICK: u64 = 1000;
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
enum Step {
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
                            // nobody took it: it may send one more request
                            slot.deadline.store(self.clock() + LAST_CHANCE, Relaxed);
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

    /// How long the connection may stay as it is, milliseconds.
    pub(super) fn patience_of(&self, connection: &Connection) -> u64 {
        let serve = &self.outfit.serve;
        let limit = match connection.phase {
            Phase::Linger { until, .. } => return until.saturating_sub(self.clock()),
            Phase::Head if connection.idle() && connection.input.is_empty() => {
                // keep-alive that is switched off says nothing about a client's first request
                match connection.served {
                    0 => serve.keepalive.max(serve.socket_timeout),
                    _ => serve.keepalive,
                }
            }
            Phase::Head | Phase::Body(_) => serve.socket_timeout,
        };
        (limit.as_millis() as u64).max(250)
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
            match connection.after {
                After::Next => {}
                After::Close => return Fate::Gone,
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
    fn rearm(&self, connection: &mut Connection) -> bool {
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
            read = match receive(connection, &mut scratch) {
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
                read = match receive(connection, &mut scratch) {
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
            Wire::Stats => Parsed::Refused(Refusal { status: 0, reason: "not a request socket" }),
        };
        let step = match parsed {
            Parsed::Incomplete => {
                connection.input = bytes.to_vec();
                connection.looked = true;
                if read == READ_MAX || core.ended { Step::Again } else { Step::Wait }
            }
            Parsed::Refused(refusal) => self.refuse(connection, core, refusal),
            Parsed::Complete(end) => {
                connection.looked = false;
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
        let limit = self.outfit.serve.limit_post;
        let spill = self.outfit.serve.post_buffering;
        let (body, size) = match request.length {
            Length::None => (Body::Empty, 0),
            Length::Known(size)
                if size <= rest.len() as u64
                    && (limit == 0 || size <= limit)
                    && (spill == 0 || size < spill) =>
            {
                (Body::Memory(&rest[..size as usize]), size)
            }
            Length::Known(_) | Length::Chunked => {
                let taken = std::mem::take(request);
                let expects = taken.expects_continue && rest.is_empty();
                let upload = match Upload::new(head.to_vec(), taken, limit, spill) {
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
            }
        };
        self.answer(connection, core, turn, request, head, body, size);
        connection.input = rest[size as usize..].to_vec();
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
            if !upload.done() {
                connection.phase = Phase::Body(upload);
                return Step::Again;
            }
        }
        let size = upload.size();
        let request = std::mem::take(&mut upload.request);
        let head = std::mem::take(&mut upload.head);
        match upload.body() {
            Ok(body) => self.answer(connection, core, turn, &request, &head, body, size),
            Err(error) => {
                eprintln!("a request body cannot be read back: {error}");
                let lost = Refusal { status: 503, reason: "the request body was lost" };
                return self.refuse(connection, core, lost);
            }
        }
        Step::Again
    }

    /// Calls the application and does what the answer's end asks for.
    #[expect(clippy::too_many_arguments, reason = "the pieces of one request, split for borrowing")]
    fn answer(
        &self,
        connection: &mut Connection,
        core: &mut Core<A::Core>,
        turn: &mut Turn<'_>,
        request: &Request,
        head: &[u8],
        body: Body<'_>,
        size: u64,
    ) {
        let (board, seat, number) = (&self.outfit.board, self.outfit.seat, core.number as usize);
        let wire = self.wire(connection.listener);
        let began = Instant::now();
        board.place(seat, number, Place::Since).store(self.clock(), Relaxed);
        let mut buffer = std::mem::take(&mut core.head);
        // what waits must not wait for a slow application: they are held while all are quick
        let crowd = core.crowd && core.peak < QUICK;
        let (epoch, date) = core.date();
        board.place(seat, number, Place::Began).store(epoch, Relaxed);
        let facts = Facts {
            wire,
            version: request.version,
            head_only: request.head_only(head),
            keep: wire == Wire::Http
                && request.keep_alive
                && !self.outfit.serve.keepalive.is_zero()
                && !self.draining.load(Relaxed),
            crowd,
            began,
        };
        let call = Call {
            request,
            head,
            body,
            size,
            peer: &connection.peer,
            wire,
            port: self.ports.get(connection.listener).map_or("", String::as_str),
            core: core.number,
        };
        let logs = !self.outfit.serve.disable_logging;
        let subject = logs.then(|| Subject::of(&call));
        let socket = connection.socket.as_fd();
        let mut reply = Reply::new(socket, &mut connection.output, &mut buffer, &date, facts);
        let post = self.outfit.serve.harakiri.and_then(|_| self.posts.get(number));
        if let Some(post) = post {
            post.enter(&connection.socket);
            reply.ask_at(post);
        }
        if self.outfit.shows {
            board.show(seat, number, head);
            board.place(seat, number, Place::Wire).store(u64::from(wire == Wire::Uwsgi), Relaxed);
        }
        self.app.handle(&mut core.app, call, &mut reply, turn.take());
        let end = reply.conclude();
        if let Some(post) = post {
            post.leave();
        }
        core.head = buffer;
        core.give_back(epoch, date);
        connection.served += 1;
        connection.after = match (end.keep, end.lost || end.aborted) {
            (true, _) => After::Next,
            (false, true) => After::Close,
            // the client asked for the end, or it is uwsgi: nothing more can be on its way
            (false, false) if wire == Wire::Uwsgi || !request.keep_alive => After::Close,
            (false, false) => After::Linger,
        };
        if end.failed {
            board.count(seat, Count::Exceptions).fetch_add(1, Relaxed);
        }
        if end.lost {
            self.place(core, Place::WriteErrors);
            connection.output = super::output::Output::default();
        }
        if core.crowd && !connection.output.is_empty() {
            core.held.push(connection.socket.as_raw_fd());
            core.held_since.get_or_insert_with(Instant::now);
        }
        let micros = began.elapsed().as_micros() as u64;
        core.peak = micros.max(core.peak - core.peak.div_ceil(64));
        board.place(seat, number, Place::Since).store(0, Relaxed);
        let served = self.tally(core, end.body + end.head as u64, micros);
        if let Some(subject) = subject {
            let line = Line {
                worker_requests: served,
                all_requests: (0..board.seats()).map(|at| board.read(at, Count::Requests)).sum(),
                micros,
                began: epoch as i64,
                core: core.number,
                address: &connection.peer.address,
                end,
            };
            log::write(request, head, &subject, &line);
        }
    }

    /// Counts a request; returns how many this worker has served.
    fn tally(&self, core: &Core<A::Core>, bytes: u64, micros: u64) -> u64 {
        let (board, seat) = (&self.outfit.board, self.outfit.seat);
        self.place(core, Place::Requests);
        board.count(seat, Count::Sent).fetch_add(bytes, Relaxed);
        board.count(seat, Count::Running).fetch_add(micros, Relaxed);
        let average = board.count(seat, Count::Average);
        average.store(average.load(Relaxed).midpoint(micros), Relaxed);
        let served = board.count(seat, Count::Requests).fetch_add(1, Relaxed) + 1;
        if !self.loyal.load(Relaxed) && !self.loyal.swap(true, Acquire) {
            self.tell(&News::Loyal);
        }
        if served >= self.full_at.load(Relaxed) {
            let age = std::time::Duration::from_millis(self.clock() - self.started);
            if age >= self.outfit.serve.min_worker_lifetime {
                self.full_at.store(u64::MAX, Relaxed);
                self.tell(&News::Full);
            }
        }
        served
    }

    /// Adds one to a counter of this thread.
    fn place(&self, core: &Core<A::Core>, which: Place) {
        let counter = self.outfit.board.place(self.outfit.seat, core.number as usize, which);
        counter.fetch_add(1, Relaxed);
    }

    /// Answers a request that never reaches the application, and ends the connection.
    fn refuse(
        &self,
        connection: &mut Connection,
        core: &mut Core<A::Core>,
        refusal: Refusal,
    ) -> Step {
        let who = match connection.peer.address.as_str() {
            "" => "a local client",
            address => address,
        };
        eprintln!("request of {who} refused: {} ({})", refusal.reason, refusal.status);
        self.place(core, Place::ReadErrors);
        connection.input = Vec::new();
        connection.phase = Phase::Head;
        if refusal.status == 0 {
            return Step::Gone;
        }
        let (epoch, date) = core.date();
        let text = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nDate: {date}\r\n\
             Connection: close\r\n\r\n{}\n",
            refusal.status,
            refusal.phrase(),
            refusal.reason.len() + 1,
            refusal.reason,
        );
        core.give_back(epoch, date);
        connection.output.hold(&[text.as_bytes()]);
        core.crowd = false;
        connection.after = After::Linger;
        Step::Again
    }

    /// Looks at the connections whose deadline has come.
    pub(super) fn expire(&self, waiting: &mut MutexGuard<'_, Waiting>, core: &mut Core<A::Core>) {
        if self.draining.load(Relaxed) {
            self.sweep(core.now);
        }
        while let Some(list) = waiting.wheel.take(core.now) {
            for fd in list {
                let Some(slot) = self.table.slot(fd) else { continue };
                let deadline = slot.deadline.load(Relaxed);
                let mut place = match slot.connection.try_lock() {
                    Ok(place) => place,
                    Err(TryLockError::Poisoned(place)) => PoisonError::into_inner(place),
                    Err(TryLockError::WouldBlock) => {
                        waiting.wheel.add(fd, core.now + 1000);
                        continue;
                    }
                };
                let Some(connection) = place.as_deref_mut() else {
                    slot.watched.store(false, Relaxed);
                    continue;
                };
                if deadline > core.now {
                    waiting.wheel.add(fd, self.next_look(core.now, deadline));
                    continue;
                }
                if connection.still_moves() {
                    // the socket may have swallowed the rest without an event to come
                    self.rearm(connection);
                    let patience = self.patience_of(connection);
                    slot.deadline.store(core.now + patience, Relaxed);
                    waiting.wheel.add(fd, self.next_look(core.now, core.now + patience));
                    continue;
                }
                slot.watched.store(false, Relaxed);
                let waits =
                    !connection.input.is_empty() || matches!(connection.phase, Phase::Body(_));
                if waits
                    && connection.output.is_empty()
                    && !matches!(connection.phase, Phase::Linger { .. })
                {
                    let late = Refusal { status: 408, reason: "the request came too slowly" };
                    self.refuse(connection, core, late);
                    let _ = connection.output.flush(connection.socket.as_fd());
                }
                if let Some(connection) = place.take() {
                    self.forget(connection);
                }
            }
        }
    }
}

/// Reads once. `Err` is what to do instead: nothing there, or the client's end.
fn receive(connection: &Connection, buffer: &mut [u8]) -> Result<usize, Step> {
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

/// Throws away what the client still sends, until it closes.
fn linger<C>(connection: &mut Connection, core: &mut Core<C>) -> Step {
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
