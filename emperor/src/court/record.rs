//! What the court holds of one vassal: the decisions' state and everything real beside it.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::unistd::Pid;
use shared::finding::Finding;
use shared::link::Status;
use shared::plan::Plan;
use shared::settings::Listen;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::board::{Blacklisted, Moments, Reply, Word};
use crate::cgroup::Cgroup;
use crate::journal::Journal;
use crate::monitor::Sighting;
use crate::vassal::lifecycle::{Life, Tree, Wish};

/// A listening socket of a vassal: the Emperor keeps a copy of each.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) listen: Listen,
    pub(super) socket: OwnedFd,
}

/// One process tree.
#[derive(Debug)]
pub(super) struct Grove {
    pub(super) pid: Pid,
    pub(super) pidfd: Arc<OwnedFd>,
    pub(super) link: Arc<OwnedFd>,
    pub(super) cgroup: Option<Cgroup>,
    /// Byte 1 came: it is worth one line in the log.
    pub(super) spawned: bool,
    /// As it was carried out; `None` until the launcher answered.
    pub(super) plan: Option<Plan>,
    pub(super) listeners: Vec<Listener>,
    /// What the master told last.
    pub(super) status: Status,
}

/// A launcher that reads a changed file.
#[derive(Debug)]
pub(super) struct Preparation {
    /// Answers of an earlier one are not mistaken for this one's.
    pub(super) serial: u64,
    pub(super) pid: Pid,
    pub(super) task: AbortHandle,
}

/// What a launcher read.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) plan: Plan,
    /// A sealed memory that holds the settings: passed on unread.
    pub(super) settings: OwnedFd,
    pub(super) findings: Vec<Finding>,
}

/// Everything of one vassal.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) life: Life,
    pub(super) sighting: Sighting,
    /// The source that found it.
    pub(super) source: usize,
    /// Its file is gone; it is on its way out.
    pub(super) gone: bool,
    pub(super) trees: BTreeMap<Tree, Grove>,
    pub(super) preparation: Option<Preparation>,
    pub(super) prepared: Option<Prepared>,
    /// Sockets without a tree: between a death and the next start.
    pub(super) listeners: Vec<Listener>,
    pub(super) journal: Journal,
    pub(super) findings: Vec<Finding>,
    /// Warnings that are in the log already.
    pub(super) said: Vec<Finding>,
    pub(super) waiters: Vec<(Wish, oneshot::Sender<Reply>)>,
    pub(super) moments: Moments,
    pub(super) blacklisted: Option<Blacklisted>,
    pub(super) word: Word,
    pub(super) since: SystemTime,
    pub(super) ready: bool,
    pub(super) accepting: bool,
    pub(super) loyal: bool,
    /// The last heartbeat, if the vassal beats at all.
    pub(super) heartbeat: Option<Instant>,
    /// When the next try is due, for people.
    pub(super) retry_at: Option<SystemTime>,
}

impl Record {
    pub(super) fn new(sighting: Sighting, source: usize, generation: u64, keep: usize) -> Self {
        let found = modified(&sighting);
        Self {
            life: Life::new(generation),
            sighting,
            source,
            gone: false,
            trees: BTreeMap::new(),
            preparation: None,
            prepared: None,
            listeners: Vec::new(),
            journal: Journal::new(keep),
            findings: Vec::new(),
            said: Vec::new(),
            waiters: Vec::new(),
            moments: Moments { born: found, last_mod: found, ..Moments::default() },
            blacklisted: None,
            word: Word::Starting,
            since: SystemTime::now(),
            ready: false,
            accepting: false,
            loyal: false,
            heartbeat: None,
            retry_at: None,
        }
    }

    /// Its processes that the court knows by pid.
    pub(super) fn pids(&self) -> impl Iterator<Item = Pid> + '_ {
        let trees = self.trees.values().map(|grove| grove.pid);
        trees.chain(self.preparation.as_ref().map(|one| one.pid))
    }

    /// The tree that serves, or is to.
    pub(super) fn grove(&self) -> Option<&Grove> {
        self.trees.get(&self.life.tree()?)
    }

    /// A new tree starts: nothing is known of it.
    pub(super) fn forget_status(&mut self) {
        self.ready = false;
        self.accepting = false;
        self.heartbeat = None;
    }
}

/// The file's modification time.
pub(super) fn modified(sighting: &Sighting) -> Option<SystemTime> {
    let nanos = u64::try_from(sighting.mark.mtime_ns).ok()?;
    Some(UNIX_EPOCH + Duration::from_nanos(nanos))
}
