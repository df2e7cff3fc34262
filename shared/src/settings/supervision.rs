//! How many workers there are, when they are replaced, and what the master listens to.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many workers there are, when they are replaced, and what the master listens to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Supervision {
    /// `cheaper`: the number of workers follows the load.
    pub cheaper: Option<Cheaper>,
    /// `cheap`: no worker before the first connection.
    pub cheap: bool,
    /// `idle`: without a request for this long the workers are stopped until the next connection.
    pub idle: Option<Duration>,
    /// `die-on-idle`: the server ends then.
    pub die_on_idle: bool,
    /// `max-worker-lifetime`: an older worker is replaced.
    pub max_lifetime: Option<Duration>,
    /// `max-worker-lifetime-delta`: added once more for each further worker.
    pub max_lifetime_delta: Duration,
    /// `reload-on-rss`, `-as`, `-uss`, `-pss`: a worker above is replaced after a request.
    pub reload_on: Memory,
    /// `evil-reload-on-rss`, `-as`: a worker above is killed.
    pub evil_reload_on: Memory,
    /// `mem-collector-freq`: how often the second kind is looked for.
    pub collector: Duration,
    /// `forkbomb-delay`: the pause when workers end too fast.
    pub forkbomb_delay: Duration,
    /// `exit-on-reload`: end in place of a reload that was asked of the server itself.
    pub exit_on_reload: bool,
    /// `touch-reload` and its relatives, `fs-reload`.
    pub watches: Vec<Watch>,
    /// `py-autoreload`: how often the files of loaded modules are looked at.
    pub autoreload: Option<Duration>,
    /// `py-auto-reload-ignore`: modules whose files do not count.
    pub autoreload_ignore: Vec<String>,
    /// `master-fifo`: named pipes for commands, in the order of their numbers.
    pub fifos: Vec<PathBuf>,
    /// `pidfile2`: written by the tenant.
    pub pidfile2: Option<PathBuf>,
    /// `safe-pidfile`, `safe-pidfile2`: the same, once a generation serves. uWSGI, too, writes
    /// either after the drop.
    #[serde(default)]
    pub safe_pidfiles: Vec<PathBuf>,
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            cheaper: None,
            cheap: false,
            idle: None,
            die_on_idle: false,
            max_lifetime: None,
            max_lifetime_delta: Duration::ZERO,
            reload_on: Memory::default(),
            evil_reload_on: Memory::default(),
            collector: Duration::from_secs(3),
            forkbomb_delay: Duration::from_secs(2),
            exit_on_reload: false,
            watches: Vec::new(),
            autoreload: None,
            autoreload_ignore: Vec::new(),
            fifos: Vec::new(),
            pidfile2: None,
            safe_pidfiles: Vec::new(),
        }
    }
}

/// How the number of workers follows the load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cheaper {
    /// `cheaper`: the least number of workers.
    pub least: u32,
    /// `cheaper-initial`: workers at the start.
    pub initial: u32,
    /// `cheaper-step`: how many are added at a time.
    pub step: u32,
    /// `cheaper-algo`: who decides.
    pub algorithm: Algorithm,
    /// `cheaper-overload`: looks, connections or seconds, whatever the algorithm counts.
    pub overload: u64,
    /// `cheaper-idle`: how long there must be too many free workers before `spare2` lets one go.
    pub idle: Duration,
    /// `cheaper-rss-limit-soft`: above these bytes of all workers none is added; 0 is without limit.
    pub rss_soft: u64,
    /// `cheaper-rss-limit-hard`: above these bytes workers are stopped; 0 is without limit.
    pub rss_hard: u64,
    /// `cheaper-busyness-*`.
    pub busyness: Busyness,
}

/// Who decides about the number of workers (`cheaper-algo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// One worker should always be free.
    Spare,
    /// `cheaper` workers should always be free; what is more than that goes after a rest.
    Spare2,
    /// No more than `overload` connections should wait.
    Backlog,
    /// The share of time that workers are busy should stay between two bounds.
    Busyness,
    /// Only the operator (`master-fifo`).
    Manual,
}

/// The numbers of the algorithm `busyness` (`cheaper-busyness-*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Busyness {
    /// Above this share (percent) workers are added.
    pub most: u64,
    /// Below this share (percent) one is stopped in the end.
    pub least: u64,
    /// So many windows of little work stop a worker.
    pub multiplier: u64,
    /// Added to the multiplier when a worker was stopped too early.
    pub penalty: u64,
    /// Say what is decided.
    pub verbose: bool,
    /// More waiting connections than this are an emergency; 0 is never.
    pub alert: u64,
    /// So many windows of little work stop a worker that was added in an emergency.
    pub alert_multiplier: u64,
    /// Workers added at a time in an emergency.
    pub alert_step: u32,
    /// Connections that wait for so many seconds without a break are an emergency; 0 is never.
    pub nonzero: u64,
}

impl Default for Busyness {
    fn default() -> Self {
        Self {
            most: 50,
            least: 25,
            multiplier: 10,
            penalty: 2,
            verbose: false,
            alert: 33,
            alert_multiplier: 3,
            alert_step: 1,
            nonzero: 60,
        }
    }
}

/// Limits of a worker's memory, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Resident.
    pub rss: Option<u64>,
    /// The address space.
    pub space: Option<u64>,
    /// Resident and not shared.
    pub uss: Option<u64>,
    /// Resident, what is shared counted in parts.
    pub pss: Option<u64>,
}

impl Memory {
    /// Whether any limit is set.
    pub fn any(&self) -> bool {
        self.rss.or(self.space).or(self.uss).or(self.pss).is_some()
    }
}

/// A file or directory, and what follows from a change of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The path, relative to the directory after `chdir`.
    pub path: PathBuf,
    /// What follows.
    pub then: Touched,
}

/// What follows from a change of a watched file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Touched {
    /// `touch-reload`: a new generation.
    Reload,
    /// `touch-workers-reload`: each worker is replaced.
    Workers,
    /// `touch-chain-reload`: one worker after the other is replaced.
    Chain,
    /// `touch-logreopen`: the log is opened again.
    LogReopen,
    /// `touch-logrotate`: the log is rotated.
    LogRotate,
    /// `touch-exec`: a command runs.
    Execute(String),
    /// `fs-reload`: as [`Touched::Reload`], and changes inside a directory count.
    Below,
    /// `fs-brutal-reload`: the same without mercy for the old workers.
    BelowAtOnce,
}
