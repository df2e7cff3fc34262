//! What became of all requests, and which losses are forgiven.
//!
//! A loss is put down to a killed worker by what the kernel knows, not by chance: before a worker
//! is killed it is stopped, and the peers of all sockets that it has open are written down. A
//! request without an answer is forgiven if its connection is among them, was open at that time,
//! and simply ended. One whose connection still waited in the backlog, or was with another worker,
//! or that got a wrong answer, is lost.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tests::process::Process;
use tests::until;

use crate::question::Fault;

/// Losses that are told in full.
const TOLD: usize = 50;

/// A connection as the kernel names it: the port of the server, the port of the client.
pub(crate) type Ports = (u16, u16);

/// What became of the requests to one vassal.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Good answers, by the kind of client.
    pub(crate) answered: BTreeMap<&'static str, u64>,
    /// Requests on a connection of a worker that was killed after they had been sent.
    pub(crate) killed: u64,
    /// Requests on a kept connection of a worker that had been killed before they were sent.
    pub(crate) orphaned: u64,
    /// Pipelined requests behind an answer that announced the end of the connection.
    pub(crate) put_off: u64,
    /// Everything else: there must be none.
    pub(crate) lost: u64,
    /// The first of those.
    pub(crate) told: Vec<String>,
    /// The longest time that a client at full load waited for an answer.
    pub(crate) longest: Duration,
}

/// The book of one vassal.
#[derive(Debug)]
pub(crate) struct Toll {
    start: Instant,
    tally: Mutex<Tally>,
    /// When the worker was killed that had this connection.
    killed: Mutex<HashMap<Ports, Vec<Instant>>>,
    workers: Mutex<BTreeSet<i32>>,
    over: AtomicBool,
}

/// A lock whose holder never leaves anything half done.
fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Toll {
    /// An empty one, which begins now.
    pub(crate) fn new() -> Self {
        let (tally, killed, workers) = Default::default();
        Self { start: Instant::now(), tally, killed, workers, over: AtomicBool::new(false) }
    }

    /// Whether the clients are to end.
    pub(crate) fn over(&self) -> bool {
        self.over.load(Relaxed)
    }

    /// Lets the clients end.
    pub(crate) fn end(&self) {
        self.over.store(true, Relaxed);
    }

    /// What became of the requests so far.
    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        locked(&self.tally)
    }

    /// All good answers so far.
    pub(crate) fn answers(&self) -> u64 {
        self.tally().answered.values().sum()
    }

    /// A good answer of this process.
    pub(crate) fn good(&self, kind: &'static str, pid: i32, time: Duration) {
        locked(&self.workers).insert(pid);
        let mut tally = self.tally();
        *tally.answered.entry(kind).or_default() += 1;
        tally.longest = tally.longest.max(time);
    }

    /// A request without a good answer, on a connection opened and asked at these times.
    pub(crate) fn bad(
        &self,
        kind: &str,
        line: Option<(Ports, Instant)>,
        sent: Instant,
        fault: Fault,
    ) {
        let death = line.and_then(|(ports, opened)| {
            let book = locked(&self.killed);
            book.get(&ports)?.iter().copied().filter(|death| *death >= opened).max()
        });
        let mut tally = self.tally();
        match (fault, death) {
            (Fault::Ended(_), Some(death)) if death >= sent => tally.killed += 1,
            (Fault::Ended(_), Some(_)) => tally.orphaned += 1,
            (Fault::Ended(what) | Fault::Wrong(what), death) => {
                tally.lost += 1;
                if tally.told.len() < TOLD {
                    let of_dead = if death.is_some() { " (of a killed worker)" } else { "" };
                    let (at, took) = (self.start.elapsed(), sent.elapsed());
                    let told = format!("{at:.1?}: {kind}{of_dead}, asked {took:.1?} ago: {what}");
                    tally.told.push(told);
                }
            }
        }
    }

    /// Kills one of the master's workers that have answered something, whichever `choose` picks.
    pub(crate) fn kill_one(&self, master: Process, choose: impl FnOnce(usize) -> usize) -> bool {
        let theirs = |pid: i32| Process(pid).alive() && Process(pid).parent() == Some(master.0);
        let mut workers = locked(&self.workers);
        workers.retain(|pid| theirs(*pid));
        let count = workers.len();
        let Some(pid) = workers.iter().copied().nth(choose(count)) else { return false };
        drop(workers);
        let worker = Process(pid);
        worker.signal(Signal::SIGSTOP);
        let stopped = until(Duration::from_secs(2), || all_stopped(worker));
        if !stopped || worker.parent() != Some(master.0) {
            worker.signal(Signal::SIGCONT);
            return false;
        }
        let peers = peers(worker);
        let now = Instant::now();
        let mut book = locked(&self.killed);
        for ports in peers {
            book.entry(ports).or_default().push(now);
        }
        drop(book);
        worker.signal(Signal::SIGKILL);
        true
    }
}

/// Whether no thread of a process runs any more.
fn all_stopped(process: Process) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{}/task", process.0)) else { return false };
    threads.flatten().all(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
    })
}

/// The connections that a process has open.
fn peers(process: Process) -> BTreeSet<Ports> {
    let links = fs::read_dir(format!("/proc/{}/fd", process.0)).into_iter().flatten().flatten();
    let sockets: HashSet<String> = links
        .filter_map(|link| {
            let target = fs::read_link(link.path()).ok()?.to_string_lossy().into_owned();
            Some(target.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect();
    let mut found = BTreeSet::new();
    // twice: the table is read in steps and changes meanwhile, so one look may miss a line
    for _ in 0..2 {
        let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
        found.extend(table.lines().skip(1).filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let port = |field: &str| u16::from_str_radix(field.rsplit(':').next()?, 16).ok();
            let ports = (port(fields.get(1)?)?, port(fields.get(2)?)?);
            (sockets.contains(*fields.get(9)?) && ports.1 != 0).then_some(ports)
        }));
    }
    found
}
