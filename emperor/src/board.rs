//! What the court publishes, and how it is asked: the only door between it and the API.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use shared::finding::Finding;
use tokio::sync::oneshot;

use crate::journal::Journal;
use crate::vassal::lifecycle::{Denied, Reloads, Verb};
use crate::vassal::name::VassalName;

/// Where a vassal stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// It serves what its file says.
    Running,
    /// It is about to.
    Starting,
    /// It serves, but not what its file says: the last reload was rejected.
    Degraded,
    /// It finishes its requests.
    Stopping,
    /// It was stopped by hand.
    Stopped,
    /// It cannot be started; its file has to change.
    Failed,
    /// It failed, and is tried again after a while.
    Throttled,
    /// Its configuration is refused.
    Invalid,
}

impl Word {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Running,
        Self::Starting,
        Self::Degraded,
        Self::Stopping,
        Self::Stopped,
        Self::Failed,
        Self::Throttled,
        Self::Invalid,
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Starting => "starting",
            Self::Degraded => "degraded",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Throttled => "throttled",
            Self::Invalid => "invalid",
        }
    }

    /// Whether requests are answered.
    pub fn up(self) -> bool {
        matches!(self, Self::Running | Self::Degraded)
    }
}

/// The status of a vassal, as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct App {
    /// The file's name.
    pub id: String,
    /// The file.
    pub file: PathBuf,
    /// Where it stands.
    pub state: Word,
    /// Why it is not simply running: a traceback, `file:line: ...`, an exit.
    pub reason: Option<String>,
    /// Since when it stands there.
    pub since: String,
    /// The generation that serves.
    pub generation: u64,
    /// The master.
    pub pid: Option<i32>,
    /// Pids of the workers, by worker id.
    pub workers: Vec<u32>,
    /// Pid of the nursery.
    pub nursery: Option<u32>,
    /// Pids of workers that finish their requests.
    pub draining: Vec<u32>,
    /// The interpreter.
    pub interpreter: Option<String>,
    /// The user that it runs as.
    pub uid: Option<u32>,
    /// The group that it runs as.
    pub gid: Option<u32>,
    /// Everything that was noticed in its configuration.
    pub findings: Vec<Finding>,
    /// Starts after deaths.
    pub restarts: u64,
    /// Reloads that served and that were rejected.
    pub reloads: Tally,
    /// How it ended last.
    pub last_exit: Option<String>,
    /// What it listens on.
    pub listeners: Vec<String>,
    /// Requests served since the master started.
    pub requests: u64,
    /// Workers replaced because they died, since the master started.
    pub respawns: u64,
    /// It has served a request.
    pub loyal: bool,
    /// When it is tried again.
    pub retry_at: Option<String>,
}

/// Reloads by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// A new generation serves.
    pub served: u64,
    /// The old one went on.
    pub rejected: u64,
}

impl From<Reloads> for Tally {
    fn from(reloads: Reloads) -> Self {
        Self { served: reloads.served, rejected: reloads.rejected }
    }
}

/// The moments that uWSGI's statistics tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    /// The file's modification time when it was found.
    pub born: Option<SystemTime>,
    /// The file's modification time at the last reload.
    pub last_mod: Option<SystemTime>,
    /// The first spawn.
    pub first_run: Option<SystemTime>,
    /// The last spawn or reload.
    pub last_run: Option<SystemTime>,
    /// Byte 1.
    pub last_ready: Option<SystemTime>,
    /// Byte 5.
    pub last_accepting: Option<SystemTime>,
    /// Byte 17.
    pub last_loyal: Option<SystemTime>,
    /// Byte 26.
    pub last_heartbeat: Option<SystemTime>,
    /// When it was told to stop.
    pub cursed: Option<SystemTime>,
}

/// What uWSGI calls the blacklist, for one vassal.
#[derive(Clone, Copy, Debug)]
pub struct Blacklisted {
    /// The delay, milliseconds.
    pub level: u64,
    /// Failures so far.
    pub attempt: u32,
    /// The first of them.
    pub first: SystemTime,
    /// The last of them.
    pub last: SystemTime,
}

/// Everything that is published of one vassal.
#[derive(Clone, Debug)]
pub struct Published {
    /// For the API.
    pub app: Arc<App>,
    /// Its last lines.
    pub journal: Journal,
    /// For uWSGI's statistics.
    pub moments: Moments,
    /// For uWSGI's statistics.
    pub blacklisted: Option<Blacklisted>,
    /// Byte 1 came.
    pub ready: bool,
    /// Byte 5 came.
    pub accepting: bool,
    /// The file's owner.
    pub owner: (u32, u32),
    /// The monitor that found it.
    pub monitor: Arc<str>,
}

/// The public notice board of the court.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<BTreeMap<VassalName, Published>>>);

impl Board {
    fn vassals(&self) -> MutexGuard<'_, BTreeMap<VassalName, Published>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts up what is known of a vassal.
    pub fn put(&self, name: &VassalName, published: Published) {
        self.vassals().insert(name.clone(), published);
    }

    /// Takes a vassal down.
    pub fn remove(&self, name: &VassalName) {
        self.vassals().remove(name);
    }

    /// Everything, by name.
    pub fn all(&self) -> Vec<(VassalName, Published)> {
        self.vassals().iter().map(|(name, one)| (name.clone(), one.clone())).collect()
    }

    /// One vassal, by name or by a stem that is unique.
    pub fn find(&self, wanted: &str) -> Option<(VassalName, Published)> {
        let vassals = self.vassals();
        let exact = VassalName::verbatim(wanted);
        if let Some(one) = vassals.get(&exact) {
            return Some((exact, one.clone()));
        }
        let mut stems = vassals.iter().filter(|(name, _)| name.stem() == wanted);
        let (name, one) = stems.next()?;
        stems.next().is_none().then(|| (name.clone(), one.clone()))
    }

    /// All names.
    pub fn names(&self) -> Vec<VassalName> {
        self.vassals().keys().cloned().collect()
    }

    /// How many vassals stand where.
    pub fn counts(&self) -> BTreeMap<Word, usize> {
        let mut counts = BTreeMap::new();
        for one in self.vassals().values() {
            *counts.entry(one.app.state).or_default() += 1;
        }
        counts
    }
}

/// A request to the court.
#[derive(Debug)]
pub struct Petition {
    /// About this vassal.
    pub name: VassalName,
    /// What is asked for.
    pub verb: Verb,
    /// Answer when it is done, not when it is taken.
    pub wait: bool,
    /// The answer.
    pub reply: oneshot::Sender<Reply>,
}

/// The court's answer.
#[derive(Debug)]
pub enum Reply {
    /// Taken; it will be done.
    Taken,
    /// Done; the new status is on the board.
    Done,
    /// It makes no sense now.
    Denied(Denied),
    /// It was tried and did not work.
    Failed(String),
    /// There is no such vassal (any more).
    Unknown,
}
