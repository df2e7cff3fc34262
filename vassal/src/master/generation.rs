//! A generation's processes as the master holds them: an interpreter, its workers, the sockets
//! to each. Everything here carries out; nothing decides.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::socket::{Shutdown, shutdown};
use nix::unistd::Pid;
use shared::exit::Exit;
use shared::settings::Serve;
use shared::sys::process::{self, Ended};
use shared::sys::{descriptor, readiness};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::output::{self, Tail};
use super::roster::{Event, Gen, Key, seats};
use super::tally::{Sum, Tally};
use super::{Fact, Facts, interpreter, law};
use crate::handover::Listener;
use crate::nursery::{self, Outfit};
use crate::scoreboard::{self, Count, Scoreboard};
use crate::worker::control;

/// The program text that makes an interpreter load the extension by path and enter it.
const BOOT: &str = "import sys,importlib.machinery as m,importlib.util as u;\
l=m.ExtensionFileLoader('_vassal',sys.argv[1]);s=u.spec_from_loader('_vassal',l);\
x=u.module_from_spec(s);l.exec_module(x);x.main()";

/// Why a nursery cannot be started.
#[derive(Debug, thiserror::Error)]
pub(super) enum HatchError {
    /// There is no interpreter to start.
    #[error("{0}")]
    Interpreter(String),
    /// It cannot be executed.
    #[error("interpreter {path}: {source}")]
    Execute {
        /// The interpreter.
        path: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A pipe, a socket, memory.
    #[error("the nursery's sockets: {0}")]
    Resources(#[from] io::Error),
}

/// One worker's handles.
struct Hand {
    id: u32,
    seat: u32,
    control: Arc<AsyncFd<OwnedFd>>,
    process: Option<(Pid, OwnedFd)>,
    /// Its end is decided: a request took too long.
    doomed: bool,
}

/// An error with the place of the option that it is about.
fn named(origin: &str, error: String) -> String {
    if origin.is_empty() { error } else { format!("{origin}: {error}") }
}

/// A nursery and its workers.
pub(super) struct Brood {
    /// The settings of this generation.
    pub(super) serve: Serve,
    /// The scoreboard.
    pub(super) board: Scoreboard,
    /// Version and path of the interpreter, once it said hello.
    pub(super) interpreter: String,
    memory: OwnedFd,
    nursery: Arc<AsyncFd<OwnedFd>>,
    pid: Pid,
    pidfd: Arc<AsyncFd<OwnedFd>>,
    hands: BTreeMap<Key, Hand>,
    /// Ids that workers had so far.
    ids: BTreeSet<u32>,
    paused: bool,
    /// Connections that predecessors pass on: the end that is sent to, and the workers' end.
    door: OwnedFd,
    entrance: OwnedFd,
    /// Where workers write request lines that do not go with all output.
    lines: Option<OwnedFd>,
    /// What workers did, by their numbers.
    pub(super) tally: Tally,
    requests: u64,
    /// The numbers of all workers that this generation ever had.
    known: BTreeSet<u32>,
}

/// The pipe of request lines, where they have a way of their own.
fn requests(serve: &Serve, copies: &mut tokio::task::JoinSet<()>) -> io::Result<Option<OwnedFd>> {
    if serve.logs.requests.is_plain() {
        return Ok(None);
    }
    let (reader, writer) = io::pipe()?;
    descriptor::nonblocking(&writer, true)?;
    output::copy_requests(reader, copies)?;
    Ok(Some(writer.into()))
}

impl Brood {
    /// Starts an interpreter for a generation.
    pub(super) fn hatch(
        name: Gen,
        serve: Serve,
        environment: &[(OsString, OsString)],
        extension: &Path,
        facts: &Facts,
        copies: &mut tokio::task::JoinSet<()>,
    ) -> Result<Self, HatchError> {
        let path = interpreter::find(serve.home.as_deref())
            .map_err(|error| HatchError::Interpreter(named(&serve.home_origin, error)))?;
        let (ours, theirs) = descriptor::packet_pair()?;
        let (reader, writer) = io::pipe()?;
        let (door, entrance) = descriptor::packet_pair()?;
        descriptor::nonblocking(&entrance, true)?;
        let memory = scoreboard::create(seats(&law(&serve)), serve.threads)?;
        let board = Scoreboard::map(&memory, serve.threads)?;
        let child = Command::new(&path)
            .args(interpreter::flags(&serve.python))
            .args(["-c", BOOT])
            .arg(extension)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::from(writer.try_clone()?))
            .stderr(Stdio::from(writer))
            .spawn()
            .map_err(|source| HatchError::Execute { path: path.display().to_string(), source })?;
        let pid = Pid::from_raw(child.id() as i32);
        let pidfd = Arc::new(readiness::watch(process::pidfd(pid)?)?);
        descriptor::nonblocking(&ours, true)?;
        let nursery = Arc::new(readiness::watch(ours)?);
        let tail = output::copy(reader, copies)?;
        let lines = requests(&serve, copies)?;
        tokio::spawn(hear_nursery(name, Arc::clone(&nursery), facts.clone()));
        tokio::spawn(await_nursery(name, Arc::clone(&pidfd), tail, facts.clone()));
        Ok(Self {
            serve,
            board,
            interpreter: String::new(),
            memory,
            nursery,
            pid,
            pidfd,
            hands: BTreeMap::new(),
            ids: BTreeSet::new(),
            paused: false,
            door,
            entrance,
            lines,
            tally: Tally::default(),
            requests: 0,
            known: BTreeSet::new(),
        })
    }

    /// Sends the outfit: settings, hand-over socket, scoreboard, the locks' memory, listeners.
    pub(super) fn equip(
        &self,
        number: u64,
        listeners: &[Listener],
        locks: BorrowedFd<'_>,
        statistics: bool,
    ) -> io::Result<()> {
        let outfit = Outfit {
            serve: self.serve.clone(),
            generation: number,
            master: std::process::id() as i32,
            shows: statistics || self.serve.harakiri.is_some(),
            lines: self.lines.is_some(),
            listeners: listeners.iter().map(|one| one.listen.clone()).collect(),
        };
        let text = outfit.seal()?;
        let mut descriptors = vec![self.entrance.as_fd(), self.memory.as_fd(), text.as_fd(), locks];
        descriptors.extend(self.lines.as_ref().map(AsFd::as_fd));
        descriptors.extend(listeners.iter().map(|one| one.socket.as_fd()));
        control::send(self.nursery.get_ref(), &nursery::Order::Outfit, &descriptors)
    }

    /// Has a worker forked, and listens to it.
    pub(super) fn fork(
        &mut self,
        name: Gen,
        key: Key,
        id: u32,
        seat: u32,
        facts: &Facts,
    ) -> io::Result<()> {
        self.requests += self.board.read(seat as usize, Count::Requests);
        self.board.clear(seat as usize);
        let (ours, theirs) = descriptor::packet_pair()?;
        descriptor::nonblocking(&ours, true)?;
        let first = self.known.insert(id);
        let order = nursery::Order::Fork { id, seat, first };
        control::send(self.nursery.get_ref(), &order, &[theirs.as_fd()])?;
        let control = Arc::new(readiness::watch(ours)?);
        tokio::spawn(hear_worker(name, key, Arc::clone(&control), facts.clone()));
        if self.paused {
            // it finds this when it begins to listen
            let _ = control::send(control.get_ref(), &control::Order::Pause, &[]);
        }
        self.hands.insert(key, Hand { id, seat, control, process: None, doomed: false });
        Ok(())
    }

    /// Has all workers, later ones too, stop accepting connections, or accept them again.
    pub(super) fn pause(&mut self, paused: bool) {
        self.paused = paused;
        let order = if paused { control::Order::Pause } else { control::Order::Resume };
        for hand in self.hands.values() {
            let _ = control::send(hand.control.get_ref(), &order, &[]);
        }
    }

    /// Has its workers look whether connections wait.
    pub(super) fn look(&self) {
        for hand in self.hands.values() {
            let _ = control::send(hand.control.get_ref(), &control::Order::Look, &[]);
        }
    }

    /// Whether its workers leave connections alone.
    pub(super) fn paused(&self) -> bool {
        self.paused
    }

    /// A worker exists; returns its id, and whether it is the first one of this id.
    pub(super) fn born(&mut self, key: Key, pid: Pid, pidfd: OwnedFd) -> Option<(u32, bool)> {
        let hand = self.hands.get_mut(&key)?;
        hand.process = Some((pid, pidfd));
        self.tally.born(hand.id);
        Some((hand.id, self.ids.insert(hand.id)))
    }

    /// Where predecessors pass connections to.
    pub(super) fn door(&self) -> BorrowedFd<'_> {
        self.door.as_fd()
    }

    /// Tells a worker to drain.
    pub(super) fn drain(&self, key: Key, order: control::Order, to: Option<BorrowedFd<'_>>) {
        if let Some(hand) = self.hands.get(&key) {
            let descriptors: Vec<BorrowedFd<'_>> = to.into_iter().collect();
            let _ = control::send(hand.control.get_ref(), &order, &descriptors);
        }
    }

    /// Kills a worker; `false` when there is nothing to kill. One that has not reported yet
    /// ends by itself when its control socket closes.
    pub(super) fn kill(&self, key: Key) -> bool {
        let Some(hand) = self.hands.get(&key) else { return false };
        if let Some((_, pidfd)) = &hand.process {
            return process::signal(pidfd, Signal::SIGKILL).unwrap_or(false);
        }
        shutdown(hand.control.get_ref().as_raw_fd(), Shutdown::Both).is_ok()
    }

    /// Decides the end of a worker; `false` where that was decided before.
    pub(super) fn doom(&mut self, key: Key) -> bool {
        self.hands.get_mut(&key).is_some_and(|hand| !std::mem::replace(&mut hand.doomed, true))
    }

    /// Whether that was decided.
    pub(super) fn is_doomed(&self, key: Key) -> bool {
        self.hands.get(&key).is_some_and(|hand| hand.doomed)
    }

    /// Sends a worker a signal by its number; `false` when there is nobody to send it to, or no
    /// such signal.
    pub(super) fn signal(&self, key: Key, number: i32) -> bool {
        let process = self.hands.get(&key).and_then(|hand| hand.process.as_ref());
        let (Some((_, pidfd)), Ok(signal)) = (process, Signal::try_from(number)) else {
            return false;
        };
        process::signal(pidfd, signal).unwrap_or(false)
    }

    /// A worker's pid.
    pub(super) fn pid(&self, key: Key) -> Option<Pid> {
        self.hands.get(&key)?.process.as_ref().map(|(pid, _)| *pid)
    }

    /// Tells the nursery to end.
    pub(super) fn quit(&self) {
        let _ = control::send(self.nursery.get_ref(), &nursery::Order::Quit, &[]);
    }

    /// Kills the nursery.
    pub(super) fn kill_nursery(&self) {
        let _ = process::signal(self.pidfd.get_ref(), Signal::SIGKILL);
    }

    /// The nursery's pid.
    pub(super) fn nursery_pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Everybody's pid.
    pub(super) fn pids(&self) -> impl Iterator<Item = Pid> {
        let workers = self.hands.values().filter_map(|hand| hand.process.as_ref());
        workers.map(|(pid, _)| *pid).chain([self.pid])
    }

    /// Requests served by all workers this generation ever had.
    pub(super) fn requests(&self) -> u64 {
        let seats = 0..self.board.seats();
        self.requests + seats.map(|seat| self.board.read(seat, Count::Requests)).sum::<u64>()
    }

    /// What all workers of a number did, those included that are gone.
    pub(super) fn sum(&self, id: u32) -> Sum {
        let alive = self.hands.values().filter(|hand| hand.id == id);
        let sums = alive.map(|hand| Sum::of(&self.board, hand.seat as usize));
        sums.fold(self.tally.sum(id), Sum::plus)
    }

    /// Forgets a worker that ended.
    pub(super) fn forget(&mut self, key: Key) {
        if let Some(hand) = self.hands.remove(&key) {
            self.tally.gone(hand.id, &self.board, hand.seat as usize);
            self.board.count(hand.seat as usize, Count::Accepting).store(0, Relaxed);
        }
    }
}

/// One message from a control socket.
async fn message<T: serde::de::DeserializeOwned>(socket: &AsyncFd<OwnedFd>) -> Option<T> {
    let read = socket.async_io(Interest::READABLE, |fd| control::receive::<T>(fd)).await;
    read.ok().flatten().map(|(message, _)| message)
}

/// Turns a nursery's messages into facts.
async fn hear_nursery(name: Gen, socket: Arc<AsyncFd<OwnedFd>>, facts: Facts) {
    while let Some(news) = message::<nursery::News>(&socket).await {
        let fact = match news {
            nursery::News::Hello { build, interpreter } => Fact::Hello(name, build, interpreter),
            nursery::News::Modules { files } => Fact::Modules(files),
            nursery::News::Loaded { millis, points } => Fact::Loaded(name, millis, points),
            nursery::News::NoApp { reason } => Fact::NoApp(name, reason),
        };
        if facts.send(fact).await.is_err() {
            return;
        }
    }
}

/// Waits for a process by its pidfd.
pub(super) async fn ended(pidfd: &AsyncFd<OwnedFd>) -> Option<Ended> {
    loop {
        let mut ready = pidfd.readable().await.ok()?;
        match process::reap(pidfd.get_ref()) {
            Ok(Some(ended)) => return Some(ended),
            Ok(None) => ready.clear_ready(),
            Err(_) => return None,
        }
    }
}

/// As [`ended`]; never, for a process that is not known yet.
async fn end_of(pidfd: Option<&AsyncFd<OwnedFd>>) -> Option<Ended> {
    match pidfd {
        Some(pidfd) => ended(pidfd).await,
        None => std::future::pending().await,
    }
}

/// Tells when a nursery ended, and what it printed last if it should not have.
async fn await_nursery(name: Gen, pidfd: Arc<AsyncFd<OwnedFd>>, tail: Tail, facts: Facts) {
    let how = ended(&pidfd).await.map_or_else(|| "it vanished".into(), |how| how.to_string());
    // what it printed may still be on its way
    tokio::task::yield_now().await;
    let said = output::text(&tail);
    let why = format!("the interpreter ended before it served: {how}\n{said}");
    let _ = facts.send(Fact::Roster(Event::NurseryEnded(name, why))).await;
}

/// Takes hold of a process that says it is a worker; `None` where it is no child of ours. Fails
/// without a descriptor for it.
fn watched(pid: Pid) -> io::Result<Option<(OwnedFd, AsyncFd<OwnedFd>)>> {
    let pidfd = match process::pidfd(pid) {
        Err(error) if error.raw_os_error() == Some(Errno::ESRCH as i32) => return Ok(None),
        other => other?,
    };
    if process::reap(&pidfd).is_err() {
        return Ok(None);
    }
    let watch = readiness::watch(pidfd.try_clone()?)?;
    Ok(Some((pidfd, watch)))
}

/// Turns a worker's messages, and its end, into facts.
async fn hear_worker(name: Gen, key: Key, socket: Arc<AsyncFd<OwnedFd>>, facts: Facts) {
    let mut process = None;
    let mut reason = None;
    let mut how = None;
    // it never was, or is given up at once: for want of memory, processes or descriptors
    let mut unforked = false;
    loop {
        // the process counts, not its socket: a child that the application forked may hold that
        // open for as long as it lives
        let news = tokio::select! {
            biased;
            news = message::<control::News>(&socket) => news,
            end = end_of(process.as_ref()) => {
                how = end;
                process = None;
                // what it said last is still there
                let last = control::receive::<control::News>(socket.get_ref());
                if let Ok(Some((control::News::NoApp(why), _))) = last {
                    reason = Some(why);
                }
                None
            }
        };
        let Some(news) = news else { break };
        let fact = match news {
            control::News::Born(pid) => {
                let pid = Pid::from_raw(pid);
                // a pid is only believed when it is a child of ours
                match watched(pid) {
                    Ok(Some((pidfd, watch))) => {
                        process = Some(watch);
                        Fact::Born(name, key, pid, pidfd)
                    }
                    Ok(None) => continue,
                    // it ends when its control socket closes
                    Err(error) => {
                        let why = format!("a worker (pid: {pid}) cannot be watched: {error}");
                        unforked = true;
                        reason = Some(why);
                        break;
                    }
                }
            }
            control::News::Accepting => Fact::Roster(Event::Accepting(name, key)),
            control::News::Loyal => Fact::Loyal,
            control::News::Modules(files) => Fact::Modules(files),
            control::News::Stuck => Fact::Stuck(name, key),
            control::News::Full => Fact::Roster(Event::Full(name, key)),
            control::News::NoApp(why) => {
                reason = Some(why);
                continue;
            }
            control::News::NoFork(why) => {
                unforked = true;
                reason = Some(why);
                continue;
            }
        };
        if facts.send(fact).await.is_err() {
            return;
        }
    }
    if let Some(pidfd) = &process {
        how = ended(pidfd).await;
    }
    if how.is_none() && reason.is_some() && !unforked {
        // it was gone before it could be watched, but it said why: it ends by this code then
        how = Some(Ended::Code(Exit::NoApp.code()));
    }
    let _ = facts.send(Fact::Roster(Event::WorkerEnded(name, key, how, reason))).await;
}
