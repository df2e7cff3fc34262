//! What runs beside the workers, or at their edges: hooks, daemons, limits of processes.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Hook;

/// What runs beside the workers, or at their edges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Surroundings {
    /// `attach-daemon` and its relatives, in the order of the file.
    #[serde(default)]
    pub daemons: Vec<Daemon>,
    /// `reload-mercy`: how long a daemon may take to end; 0 in the file is the default, as in uWSGI.
    #[serde(default = "mercy")]
    pub daemon_mercy: Duration,
    /// `cpu-affinity`: how many processors each worker is bound to; 0: all.
    #[serde(default)]
    pub cpu_affinity: u32,
    /// Hooks of the phases after the launch, in their order.
    #[serde(default)]
    pub hooks: Vec<Hook>,
    /// `never-swap`: no page of workers and interpreter is swapped out.
    #[serde(default)]
    pub never_swap: bool,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            daemons: Vec::new(),
            daemon_mercy: Daemon::MERCY,
            cpu_affinity: 0,
            hooks: Vec::new(),
            never_swap: false,
        }
    }
}

fn mercy() -> Duration {
    Daemon::MERCY
}

/// A program that the master runs beside the workers (`attach-daemon`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daemon {
    /// What `/bin/sh -c` is given.
    pub command: String,
    /// Who keeps the pid, and where.
    pub kind: DaemonKind,
    /// `attach-control-daemon`, `control=1`: the vassal stops when it ends.
    pub control: bool,
    /// `stopsignal`: the number of the signal that asks it to end.
    pub stop_signal: i32,
    /// `reloadsignal`: sent at a reload instead of a new start.
    pub reload_signal: Option<i32>,
    /// `chdir`: its working directory.
    pub chdir: Option<PathBuf>,
    /// `max_throttle`: the longest pause before it is started again.
    pub max_throttle: Duration,
}

/// How a daemon is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DaemonKind {
    /// A child of the master; a reload starts it anew.
    Plain,
    /// It writes its pid there and detaches itself; a reload leaves it alone
    /// (`smart-attach-daemon`).
    Detaching(PathBuf),
    /// A child whose pid the master writes there; a reload leaves it alone
    /// (`smart-attach-daemon2`).
    Smart(PathBuf),
}

impl Daemon {
    /// How long a daemon may take to end before it is killed. uWSGI has 3 s, which cuts the jobs
    /// of a queue's worker off.
    pub const MERCY: Duration = Duration::from_secs(30);
    /// The longest pause before a daemon that ends at once is started again.
    pub const THROTTLE: Duration = Duration::from_mins(1);
    /// SIGTERM.
    pub const STOP: i32 = 15;

    /// A daemon of this command with nothing else asked for.
    pub fn new(command: String, kind: DaemonKind) -> Self {
        Self {
            command,
            kind,
            control: false,
            stop_signal: Self::STOP,
            reload_signal: None,
            chdir: None,
            max_throttle: Self::THROTTLE,
        }
    }

    /// Where its pid stands, if anywhere.
    pub fn pidfile(&self) -> Option<&PathBuf> {
        match &self.kind {
            DaemonKind::Plain => None,
            DaemonKind::Detaching(path) | DaemonKind::Smart(path) => Some(path),
        }
    }
}

/// Limits of all processes of a vassal; `None` leaves what was inherited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// `max-fd`: descriptors of a process (`RLIMIT_NOFILE`).
    #[serde(default)]
    pub descriptors: Option<u64>,
    /// `limit-as`: address space of a process, bytes (`RLIMIT_AS`).
    #[serde(default)]
    pub address_space: Option<u64>,
    /// `limit-nproc`: processes of the user (`RLIMIT_NPROC`).
    #[serde(default)]
    pub processes: Option<u64>,
    /// `prio`: the nice value, -20 to 19.
    #[serde(default)]
    pub nice: Option<i32>,
    /// `never-swap`: as much memory may be locked as there is (`RLIMIT_MEMLOCK`).
    #[serde(default)]
    pub lock_memory: bool,
}
