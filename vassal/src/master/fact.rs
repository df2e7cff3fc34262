//! What the tasks of a master tell it: readers of sockets and pidfds turn all they see into these.

use std::os::fd::OwnedFd;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use shared::settings::Touched;
use shared::summons::Sealed;
use shared::sys::process;
use tokio::sync::mpsc;

use super::daemons;
use super::roster::{Event, Gen, Key};

/// What a task saw.
#[derive(Debug)]
pub(crate) enum Fact {
    /// Something for the roster.
    Roster(Event),
    /// A nursery's extension runs: its build and its interpreter.
    Hello(Gen, String, String),
    /// A worker exists, under this pid.
    Born(Gen, Key, Pid, OwnedFd),
    /// A worker of this vassal has served its first request.
    Loyal,
    /// Files that modules were loaded from.
    Modules(Vec<String>),
    /// A byte came through `master-fifo`.
    Command(u8),
    /// Watched files were touched.
    Touched(Vec<Touched>),
    /// Somebody connects while there are no workers.
    Knock,
    /// A worker's request runs longer than `harakiri` allows.
    Stuck(Gen, Key),
    /// The time is over that a worker had to end by a signal.
    Overdue(Gen, Key),
    /// The application could not be imported.
    NoApp(Gen, String),
    /// A nursery imported the applications of these mount points, in so many milliseconds.
    Loaded(Gen, u64, Vec<String>),
    /// The Emperor sent a byte, perhaps with settings.
    Order(u8, Option<OwnedFd>),
    /// The Emperor is gone.
    LinkLost,
    /// A signal came.
    Signal(Signal),
    /// An attached daemon ended.
    Daemon(daemons::Id, Option<process::Ended>),
    /// The settings were read anew (standalone).
    Prepared(Box<Result<Sealed, String>>),
}

/// Where tasks send their facts.
pub(crate) type Facts = mpsc::Sender<Fact>;
