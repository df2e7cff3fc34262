//! The loop of a worker's threads.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::{Instant, SystemTime};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};
use shared::settings::Wire;
use shared::sys::calendar;
use shared::sys::socket;

use super::App;
use super::affinity;
use super::connection::{After, Connection, Peer, Table};
use super::content::Content;
use super::control::{self, News};
use super::lifespan::Lifespan;
use super::log::{Journal, Scratch};
pub use super::outfit::Outfit;
use super::vigil::Post;
use super::wheel::Wheel;
use crate::request::Request;
use crate::scoreboard::Count;
use crate::tls::session::Session;

/// Bytes that one read takes at most.
pub(super) const READ_MAX: usize = 64 * 1024;
/// Connections accepted per wake-up of a worker with several threads.
const ACCEPT_MAX: usize = 64;
/// Connections accepted (and served at once) per wake-up of a worker with one thread.
const ACCEPT_SERVE_MAX: usize = 16;
/// Events taken at once by a worker with one thread.
const EVENTS_MAX: usize = 64;
/// Answers are held back no longer than this, counted from the first that is held: each write
/// wakes a peer, and woken one by one they cost a fifth of a Flask request (measured).
const HOLD_LIMIT: std::time::Duration = std::time::Duration::from_millis(1);

/// The stack of a thread: what CPython's own limits of recursion expect.
const STACK: usize = 8 << 20;
/// The name of the thread that looks for late requests.
pub(super) const VIGIL: &str = "uWSGIHarakiri";
/// How often a draining worker looks for connections to let go of, milliseconds.
const SWEEP: u64 = 100;

/// How every connection is watched, besides what it waits for.
pub(super) const CLIENT: EpollFlags = EpollFlags::EPOLLET.union(EpollFlags::EPOLLRDHUP);

/// How what all workers wait for is watched: one of them is woken.
pub(super) const SHARED_WAIT: EpollFlags = EpollFlags::EPOLLIN.union(EpollFlags::EPOLLEXCLUSIVE);

/// What an epoll event is about; connections are their own descriptor number.
pub(super) const LISTENER: u64 = 1 << 32;
const CONTROL: u64 = 2 << 32;
const WAKE: u64 = 3 << 32;
pub(super) const HANDED: u64 = 4 << 32;

/// What the thread that has the turn may touch.
#[derive(Debug, Default)]
pub struct Waiting {
    pub(super) wheel: Wheel,
    /// Until when listeners are left alone, and which.
    pub(super) resting: Option<(u64, Vec<usize>)>,
}

/// A worker's loop.
#[derive(Debug)]
pub struct Engine<A> {
    pub(super) app: A,
    pub(super) outfit: Outfit,
    pub(super) epoll: Epoll,
    pub(super) wake: EventFd,
    pub(super) table: Table,
    pub(super) ports: Vec<String>,
    pub(super) turn: Mutex<Waiting>,
    pub(super) draining: AtomicBool,
    /// It drains, and nobody takes its connections.
    pub(super) leaving: AtomicBool,
    /// Others serve on while this worker drains: nobody waits for its end.
    pub(super) patient: AtomicBool,
    pub(super) successors: Mutex<Option<OwnedFd>>,
    pub(super) open: AtomicUsize,
    pub(super) loyal: AtomicBool,
    /// When accepting failed last, monotonic milliseconds; 0: never.
    pub(super) full: AtomicU64,
    retired: AtomicBool,
    pub(super) span: Lifespan,
    pub(super) posts: Vec<Post>,
    pub(super) journal: Journal,
    pub(super) content: Option<Content>,
    /// There is more than one application: requests are counted for each.
    pub(super) several: bool,
    /// The thread that looks for late requests; `None` where it could not be started.
    pub(super) vigil: OnceLock<Option<Thread>>,
    /// Whether every request has somebody who looks how long it runs.
    pub(super) watched: bool,
}

/// Monotonic milliseconds, the same in every process of the machine.
pub fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap_or(TimeSpec::new(0, 0));
    now.tv_sec() as u64 * 1000 + now.tv_nsec() as u64 / 1_000_000
}

/// What one thread keeps between requests.
pub(super) struct Core<C> {
    pub(super) app: C,
    pub(super) number: u32,
    pub(super) scratch: Box<[u8]>,
    pub(super) request: Request,
    pub(super) head: Vec<u8>,
    pub(super) held: Vec<RawFd>,
    pub(super) held_since: Option<Instant>,
    pub(super) crowd: bool,
    pub(super) releasing: bool,
    /// The event that is served told of the client's end: reading goes on up to it.
    pub(super) ended: bool,
    /// The longest time an application took lately, microseconds; it fades.
    pub(super) peak: u64,
    pub(super) now: u64,
    pub(super) scribe: Scratch,
    date: (u64, String),
}

impl<C> Core<C> {
    /// The time and the `Date` of an answer, made anew each second. Lent: [`Core::give_back`].
    pub(super) fn date(&mut self) -> (u64, String) {
        let epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        if self.date.0 != epoch {
            self.date = (epoch, calendar::universal(epoch as i64).http_date());
        }
        (epoch, std::mem::take(&mut self.date.1))
    }

    /// Takes back what [`Core::date`] lent.
    pub(super) fn give_back(&mut self, epoch: u64, date: String) {
        self.date = (epoch, date);
    }
}

impl<A: App> Engine<A> {
    /// Registers listeners, control and hand-over sockets.
    pub fn new(app: A, mut outfit: Outfit) -> io::Result<Self> {
        let threads = outfit.serve.threads;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let wake = EventFd::new()?;
        for (number, listener) in outfit.served() {
            epoll.add(&listener.socket, EpollEvent::new(SHARED_WAIT, LISTENER | number as u64))?;
        }
        epoll.add(&outfit.handed, EpollEvent::new(SHARED_WAIT, HANDED))?;
        epoll.add(&outfit.control, EpollEvent::new(EpollFlags::EPOLLIN, CONTROL))?;
        epoll.add(&wake, EpollEvent::new(EpollFlags::EPOLLIN, WAKE))?;
        let ports = outfit.ports();
        let span = Lifespan::new(&outfit.serve, outfit.id, monotonic());
        let journal = Journal::new(&outfit.serve, outfit.lines.take());
        let content = Content::of(&outfit.serve.content, outfit.id);
        let serve = &outfit.serve;
        let several = serve.python.points(serve.target.is_some()).len() > 1;
        let watched =
            outfit.serve.harakiri.is_some() || content.as_ref().is_some_and(Content::limits);
        Ok(Self {
            app,
            outfit,
            epoll,
            wake,
            table: Table::default(),
            ports,
            turn: Mutex::default(),
            draining: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            patient: AtomicBool::new(false),
            successors: Mutex::new(None),
            open: AtomicUsize::new(0),
            loyal: AtomicBool::new(false),
            full: AtomicU64::new(0),
            retired: AtomicBool::new(false),
            span,
            posts: (0..threads).map(|_| Post::default()).collect(),
            journal,
            content,
            several,
            vigil: OnceLock::new(),
            watched,
        })
    }

    /// Serves until the worker is told to drain and nothing is left in hand.
    pub fn run(&self) {
        affinity::bind(self.outfit.id, self.outfit.serve.surroundings.cpu_affinity);
        self.outfit.board.count(self.outfit.seat, Count::Accepting).store(1, Relaxed);
        self.tell(&News::Accepting);
        std::thread::scope(|scope| {
            let stack = match self.outfit.serve.python.thread_stack {
                0 => STACK,
                bytes => bytes as usize,
            };
            for core in 1..self.outfit.serve.threads {
                let name = format!("uWSGIWorker{}Core{core}", self.outfit.id);
                let thread = std::thread::Builder::new().name(name).stack_size(stack);
                let started = thread.spawn_scoped(scope, move || self.thread(core));
                if let Err(error) = started {
                    eprintln!("thread {core} of worker {}: {error}", self.outfit.id);
                }
            }
            if self.watched {
                let thread = std::thread::Builder::new().name(VIGIL.into());
                let vigil = thread.spawn_scoped(scope, || self.keep_vigil());
                if let Err(error) = &vigil {
                    // the master still ends late requests, without an answer
                    eprintln!("worker {} cannot watch its requests: {error}", self.outfit.id);
                }
                let _ = self.vigil.set(vigil.ok().map(|vigil| vigil.thread().clone()));
            }
            self.thread(0);
            if let Some(Some(vigil)) = self.vigil.get() {
                vigil.unpark();
            }
        });
    }

    /// Tells the master something; a master that is gone is noticed elsewhere.
    pub(super) fn tell(&self, news: &News) {
        let _ = control::send(&self.outfit.control, news, &[]);
    }

    /// The socket on which this worker and its master talk; it stays open.
    pub fn control(&self) -> BorrowedFd<'_> {
        self.outfit.control.as_fd()
    }

    /// Asks to be replaced, once (`reload-on-exception`).
    pub fn retire(&self) {
        if !self.retired.swap(true, Relaxed) {
            self.tell(&News::Full);
        }
    }

    /// Whether nothing is left to do.
    pub(super) fn finished(&self) -> bool {
        self.draining.load(Relaxed) && self.open.load(Relaxed) == 0
    }

    /// Monotonic milliseconds.
    #[expect(clippy::unused_self, reason = "the one place to change when time is injected")]
    pub(super) fn clock(&self) -> u64 {
        monotonic()
    }

    fn thread(&self, number: u32) {
        let mut core = Core {
            app: self.app.enter(number),
            number,
            scratch: vec![0; READ_MAX].into_boxed_slice(),
            request: Request::default(),
            head: Vec::with_capacity(1024),
            held: Vec::new(),
            held_since: None,
            crowd: false,
            releasing: false,
            ended: false,
            peak: 0,
            now: self.clock(),
            scribe: Scratch::default(),
            date: (0, String::new()),
        };
        let alone = self.outfit.serve.threads == 1;
        let mut events = vec![EpollEvent::empty(); if alone { EVENTS_MAX } else { 1 }];
        while !self.finished() {
            let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            if self.finished() {
                break;
            }
            let count = match self.epoll.wait(&mut events, self.patience(&turn)) {
                Ok(count) => count,
                Err(nix::errno::Errno::EINTR) => 0,
                Err(error) => {
                    eprintln!("worker {} cannot wait for events: {error}", self.outfit.id);
                    std::process::abort();
                }
            };
            core.now = self.clock();
            self.expire(&mut turn, &mut core);
            self.wake_listeners(&mut turn, core.now);
            if alone {
                for (at, event) in events[..count].iter().enumerate() {
                    core.crowd = at + 1 < count;
                    core.ended = tells_end(event);
                    self.event(event.data(), &mut core, &mut turn, true);
                    if core.held_since.is_some_and(|since| since.elapsed() > HOLD_LIMIT) {
                        self.release(&mut core);
                    }
                }
                self.release(&mut core);
            } else if count == 1 {
                let token = events[0].data();
                core.ended = tells_end(&events[0]);
                if token < LISTENER {
                    self.serve(token as RawFd, &mut core, Some(turn));
                } else {
                    self.event(token, &mut core, &mut turn, false);
                }
            }
        }
        // the next thread sees the end too
        let _ = self.wake.write(1);
        self.app.leave(core.app);
    }

    /// One event that is not (or, with one thread, may be) a connection's.
    fn event(
        &self,
        token: u64,
        core: &mut Core<A::Core>,
        turn: &mut MutexGuard<'_, Waiting>,
        alone: bool,
    ) {
        match token & !0xffff_ffff {
            0 => self.serve(token as RawFd, core, None),
            LISTENER => self.accept((token & 0xffff_ffff) as usize, core, turn, alone),
            CONTROL => self.obey(turn),
            HANDED => drop(self.take_over(turn)),
            // its only purpose was to end the wait
            _ => drop(self.wake.read()),
        }
    }

    /// How long to wait for events: until the next deadline of a connection.
    fn patience(&self, waiting: &Waiting) -> EpollTimeout {
        let most = if self.draining.load(Relaxed) { SWEEP } else { 60_000 };
        let rest = waiting.resting.as_ref().map(|(until, _)| *until);
        match waiting.wheel.next().into_iter().chain(rest).min() {
            Some(next) => EpollTimeout::from(next.saturating_sub(self.clock()).min(most) as u16),
            None if self.draining.load(Relaxed) => EpollTimeout::from(most as u16),
            None => EpollTimeout::NONE,
        }
    }

    /// Sends what was held back.
    fn release(&self, core: &mut Core<A::Core>) {
        core.crowd = false;
        core.held_since = None;
        core.releasing = true;
        for fd in std::mem::take(&mut core.held) {
            self.serve(fd, core, None);
        }
        core.releasing = false;
    }

    /// Takes connections from a listener.
    fn accept(
        &self,
        number: usize,
        core: &mut Core<A::Core>,
        turn: &mut MutexGuard<'_, Waiting>,
        alone: bool,
    ) {
        let Some(listener) = self.outfit.listeners.get(number) else { return };
        let most = if alone { ACCEPT_SERVE_MAX } else { ACCEPT_MAX };
        let fair = self.fair_share();
        if fair == 1 {
            self.step_back(number);
        }
        for _ in 0..most.min(fair) {
            let (socket, peer) = match socket::accept(&listener.socket) {
                Ok(accepted) => accepted,
                Err(error) => return self.refused(number, &error, turn),
            };
            let connection = self.meet(socket, peer.into(), number);
            if alone {
                self.serve_fresh(connection, core, turn);
            } else {
                self.register(connection, turn, EpollFlags::EPOLLIN);
            }
        }
    }

    /// One connection more or less.
    pub(super) fn count_open(&self, more: bool) -> usize {
        let before =
            if more { self.open.fetch_add(1, Relaxed) } else { self.open.fetch_sub(1, Relaxed) };
        let after = if more { before + 1 } else { before - 1 };
        self.outfit.board.count(self.outfit.seat, Count::Open).store(after as u64, Relaxed);
        after
    }

    /// A connection object for a socket that was just accepted.
    pub(super) fn meet(&self, socket: OwnedFd, peer: Peer, number: usize) -> Box<Connection> {
        self.count_open(true);
        let mut connection = Box::new(Connection::new(socket, peer, number));
        connection.announced = !self.is_proxied(number);
        if !self.encrypt(&mut connection) {
            // without a session nothing can be said: the client sees the end
            connection.after = After::Close;
        }
        connection
    }

    /// Gives a fresh connection its TLS, where its listener speaks it.
    pub(super) fn encrypt(&self, connection: &mut Connection) -> bool {
        let Some(Some(service)) = self.outfit.tls.get(connection.listener) else { return true };
        match Session::new(service) {
            Ok(session) => {
                connection.output.secure(session);
                true
            }
            Err(error) => {
                eprintln!("worker {} cannot speak TLS: {error}", self.outfit.id);
                false
            }
        }
    }

    /// Puts a connection into the table and the epoll set.
    pub(super) fn register(
        &self,
        mut connection: Box<Connection>,
        waiting: &mut Waiting,
        interest: EpollFlags,
    ) {
        let fd = connection.socket.as_raw_fd();
        let Some(slot) = self.table.slot(fd) else {
            self.forget(connection);
            return;
        };
        let deadline = self.clock() + self.patience_of(&connection);
        slot.deadline.store(deadline, Relaxed);
        connection.watches_output = interest.contains(EpollFlags::EPOLLOUT);
        let mut place = slot.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let event = EpollEvent::new(interest | CLIENT, fd as u64);
        if self.epoll.add(connection.socket.as_fd(), event).is_err() {
            self.forget(connection);
            return;
        }
        if !slot.watched.swap(true, Relaxed) {
            waiting.wheel.add(fd, self.next_look(self.clock(), deadline));
        }
        *place = Some(connection);
    }

    /// When a connection with this deadline is looked at next: its deadline may move nearer.
    pub(super) fn next_look(&self, now: u64, deadline: u64) -> u64 {
        let soon = self.outfit.serve.socket_timeout.as_millis() as u64;
        deadline.min(now + soon.max(1000))
    }

    /// Closes a connection.
    pub(super) fn forget(&self, mut connection: Box<Connection>) {
        // a reset says that an answer is not whole, and `close_notify` the opposite
        if connection.after != After::Reset && connection.output.end_tls() {
            let _ = connection.output.flush(connection.socket.as_fd());
        }
        drop(connection);
        if self.count_open(false) == 0 && self.draining.load(Relaxed) {
            let _ = self.wake.write(1);
        }
    }

    /// What the listener speaks.
    pub(super) fn wire(&self, number: usize) -> Wire {
        self.outfit.listeners.get(number).map_or(Wire::Http, |listener| listener.listen.wire)
    }
}

/// Whether an event tells that the client will send no more (or is gone).
fn tells_end(event: &EpollEvent) -> bool {
    event.events().intersects(EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR)
}
