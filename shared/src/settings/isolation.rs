//! What a vassal keeps of root, what it does not share with the machine, and what it locks.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a vassal keeps of root, and what it does not share with the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Isolation {
    /// `cap`: capabilities that stay when privileges are dropped, as the kernel calls them
    /// (`CAP_KILL`).
    pub capabilities: Vec<String>,
    /// `unshare`: namespaces of its own, before `chroot`.
    pub unshare: Vec<Namespace>,
    /// `unshare2`: the same after `chroot`.
    pub unshare2: Vec<Namespace>,
}

/// A kind of namespace (namespaces(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Namespace {
    /// System V and POSIX queues, segments, semaphores.
    Ipc,
    /// The host's name.
    Uts,
    /// Network devices and addresses; sockets that are bound already stay where they are.
    Net,
    /// Mounts.
    Mount,
}

impl Namespace {
    /// Its name in `unshare`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipc => "ipc",
            Self::Uts => "uts",
            Self::Net => "net",
            Self::Mount => "mount",
        }
    }
}

/// A file that is locked as long as the server runs (`flock` and its relatives).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The option that asked for it.
    pub option: String,
    /// The file, absolute.
    pub path: PathBuf,
    /// Whether one that is locked by others is waited for.
    pub waits: bool,
    /// Whether it is locked once the log is open, and not first of all.
    pub late: bool,
}
