//! One request: calling the application, sending its answer (or a refusal), counting.

use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::time::Instant;

use shared::settings::Wire;

use super::connection::{After, Connection, Phase};
use super::content::Content;
use super::control::News;
use super::engine::{Core, Engine};
use super::files::Now;
use super::log::Entry;
use super::manner::Advice;
use super::reply::{Facts, Reply};
use super::serve::Step;
use super::upload::Body;
use super::view::Frame;
use super::{App, Call, Turn};
use crate::protocol::{Refusal, fastcgi};
use crate::request::Request;
use crate::scoreboard::{APPS_MAX, Count, Place};

/// Answers are only held back while applications take less than this, microseconds: whoever's
/// answer is held waits for the next application's end.
const QUICK: u64 = 1000;

/// Bytes of a head that are shown where nobody asks for more: enough for a request line.
const BRIEF: usize = 256;

/// Says that requests choose no code: once a process, or a web server that is set up so would
/// fill the log.
fn say_steering() {
    static SAID: AtomicBool = AtomicBool::new(false);
    if !SAID.swap(true, Relaxed) {
        eprintln!(
            "a request names code or a file by a variable such as UWSGI_FILE or UWSGI_SCRIPT: \
             that has no effect here, the vassal's own file names the application"
        );
    }
}

impl<A: App> Engine<A> {
    /// Calls the application and does what the answer's end asks for.
    #[expect(clippy::too_many_arguments, reason = "the pieces of one request, split for borrowing")]
    #[expect(clippy::too_many_lines, reason = "the steps of one request, in order")]
    pub(super) fn answer(
        &self,
        connection: &mut Connection,
        core: &mut Core<A::Core>,
        turn: &mut Turn<'_>,
        request: &mut Request,
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
            stream: request.stream,
            version: request.version,
            head_only: request.head_only(head),
            keep: request.keep_alive
                && (wire.is_fastcgi() || !self.outfit.serve.keepalive.is_zero())
                && !self.draining.load(Relaxed),
            crowd,
            began,
            patience: self.outfit.serve.patience(wire),
            copies: self.outfit.serve.content.files.copied,
        };
        let secure = self.outfit.is_secure(connection.listener);
        let frame = Frame {
            head,
            wire,
            secure,
            peer: &connection.peer,
            port: self.port(connection.listener),
        };
        if request.steers {
            say_steering();
        }
        let socket = connection.socket.as_fd();
        let post = self.posts.get(number).filter(|_| self.watched);
        if let Some(post) = post {
            let tls = connection.output.session();
            post.enter(&connection.socket, tls, wire, request.stream);
        }
        let mut reply = Reply::new(socket, &mut connection.output, &mut buffer, &date, facts);
        reply.announce(&self.leaving);
        if let Some(post) = post {
            reply.ask_at(post);
        }
        // should the worker die of it, the log names the request
        let told = if self.outfit.shows { head } else { &head[..head.len().min(BRIEF)] };
        board.show(seat, number, told);
        board.place(seat, number, Place::Wire).store(wire as u64, Relaxed);
        let now = Now { epoch: epoch as i64, monotonic: core.now };
        let content = self.content.as_ref();
        reply.say().mind(content.and_then(Content::manner));
        let decided =
            content.and_then(|content| content.before(frame, request, now, &mut reply, turn));
        if let Some(limit) = decided.as_ref().and_then(|decided| decided.harakiri) {
            self.bound(core.number, limit);
        }
        let view = frame.view(request);
        let adviser = content.and_then(|content| content.adviser(view, now));
        reply.say().heed(adviser.as_ref().map(|adviser| adviser as &dyn Advice));
        let own = content.and_then(|content| content.answer(decided, &view, now, &mut reply, turn));
        if own.is_none() {
            let call = Call {
                request,
                head,
                body,
                size,
                peer: frame.peer,
                wire,
                secure,
                client: connection.client.as_deref(),
                port: frame.port,
                core: core.number,
            };
            self.app.handle(&mut core.app, call, &mut reply, turn.take());
        }
        let mut notes = std::mem::take(reply.notes());
        let learned = reply.say().take_learned();
        // the application may have asked for a deadline of its own
        let guarded = reply.post().is_some();
        let end = reply.conclude();
        if let Some(content) = content {
            content.after(frame, request, now, end.status, &learned, &mut notes);
        }
        if let Some(post) = self.posts.get(number).filter(|_| guarded) {
            post.leave();
        }
        core.head = buffer;
        core.give_back(epoch, date);
        connection.served += 1;
        connection.after = match (end.keep, end.lost || end.aborted) {
            (true, _) => After::Next,
            // a body without length or chunks must not look whole
            (false, true) if end.open_ended && !end.lost => After::Reset,
            (false, true) => After::Close,
            // the client asked for the end, or is a web server: nothing more can be on its way
            (false, false) if wire.has_variables() || !request.keep_alive => After::Close,
            (false, false) => After::Linger,
        };
        if let Some(which) = own {
            self.place(core, which);
        }
        if end.failed {
            board.count(seat, Count::Exceptions).fetch_add(1, Relaxed);
            self.place(core, Place::Exceptions);
        }
        if self.several && own.is_none() {
            self.count_for(notes.app, end.failed);
        }
        if end.lost {
            self.place(core, Place::WriteErrors);
            connection.output.abandon();
        }
        if core.crowd && !connection.output.is_empty() {
            core.held.push(connection.socket.as_raw_fd());
            core.held_since.get_or_insert_with(Instant::now);
        }
        let micros = began.elapsed().as_micros() as u64;
        core.peak = micros.max(core.peak - core.peak.div_ceil(64));
        board.place(seat, number, Place::Since).store(0, Relaxed);
        let served = self.tally(core, end.body + end.head as u64, micros);
        if self.journal.is_active() || notes.wanted {
            let requests = (0..board.seats()).map(|at| board.read(at, Count::Requests));
            let entry = Entry {
                request,
                head,
                wire,
                secure,
                peer: &connection.peer,
                port: self.port(connection.listener),
                size,
                end,
                notes: &notes,
                micros,
                began: epoch,
                worker: self.outfit.id,
                worker_requests: served,
                all_requests: requests.sum(),
                core: core.number,
            };
            self.journal.note(&entry, &mut core.scribe);
        }
    }

    /// `SERVER_PORT` of a listener.
    fn port(&self, number: usize) -> &str {
        self.ports.get(number).map_or("", String::as_str)
    }

    /// Counts a request for its application.
    fn count_for(&self, app: i32, failed: bool) {
        let Some(app) = usize::try_from(app).ok().filter(|app| *app < APPS_MAX) else { return };
        let (board, seat) = (&self.outfit.board, self.outfit.seat);
        board.app(seat, app, false).fetch_add(1, Relaxed);
        if failed {
            board.app(seat, app, true).fetch_add(1, Relaxed);
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
        if self.span.ends(served, || self.clock()) {
            self.retire();
        }
        served
    }

    /// Adds one to a counter of this thread.
    pub(super) fn place(&self, core: &Core<A::Core>, which: Place) {
        let counter = self.outfit.board.place(self.outfit.seat, core.number as usize, which);
        counter.fetch_add(1, Relaxed);
    }

    /// Answers a request that never reaches the application, and ends the connection.
    pub(super) fn refuse(
        &self,
        connection: &mut Connection,
        core: &mut Core<A::Core>,
        refusal: Refusal,
    ) -> Step {
        let who = connection.peer.name();
        eprintln!("request of {who} refused: {} ({})", refusal.reason, refusal.status);
        self.place(core, Place::ReadErrors);
        connection.input = Vec::new();
        connection.phase = Phase::Head;
        connection.head_until = 0;
        let wire = self.wire(connection.listener);
        let silent = !matches!(wire, Wire::Http | Wire::Uwsgi) && connection.stream == 0;
        let mute = silent && refusal.status == 408;
        if refusal.status == 0 || mute {
            return Step::Gone;
        }
        let (epoch, date) = core.date();
        let text = format!(
            "{} {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nDate: {date}\r\n\
             Connection: close\r\n\r\n{}\n",
            refusal.status,
            refusal.phrase(),
            refusal.reason.len() + 1,
            refusal.reason,
        );
        core.give_back(epoch, date);
        connection.output.hold(&[&ready(wire, connection.stream, &text)]);
        core.crowd = false;
        connection.after = After::Linger;
        Step::Again
    }
}

/// An answer of the server's own, from its status on, as the client's protocol wants it. Who has
/// not shown (by a `stream`) that it speaks the socket's protocol probably speaks HTTP.
pub(super) fn ready(wire: Wire, stream: u16, text: &str) -> Vec<u8> {
    let start = if wire.has_status_field() && stream != 0 { "Status: " } else { "HTTP/1.1 " };
    let text = format!("{start}{text}");
    if wire.is_fastcgi() && stream != 0 {
        return fastcgi::answer(stream, text.as_bytes());
    }
    text.into_bytes()
}
