//! What the Emperor hands to a launcher, and what comes back.
//!
//! The Emperor starts `vassal --summons NAME` with one end of a `SOCK_SEQPACKET` pair as
//! standard input and pipes as standard output and error. The first packet is a [`Summons`];
//! with it travel (SCM_RIGHTS, in this order) the link, when `mode` is not `Prepare`, and then one listening
//! socket for each of `listeners`. The launcher answers with [`Answer`]s, one a packet, and
//! closes the channel before any code of the tenant runs. A packet is at most
//! [`PACKET_MAX`] bytes: larger settings travel in a sealed memfd.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::plan::Plan;
use crate::settings::{Hook, Listen, Settings};

/// The largest packet on the summons channel, bytes.
pub const PACKET_MAX: usize = 128 * 1024;

/// What a launcher is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Read, plan, carry out, become the master.
    Start,
    /// Read and plan only: answer [`Answer::Prepared`] or [`Answer::Refused`], then end.
    Prepare,
}

/// The file's identity as the monitor saw it. What the reader opens must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Version {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// Modification time, nanoseconds since the epoch.
    pub mtime_ns: i128,
    /// Size, bytes.
    pub size: u64,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// What the Emperor's configuration allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// `emperor-tyrant`: the vassal runs as the file's owner, whatever the file says.
    pub tyrant: bool,
    /// `refuse-root`: a vassal that would run as root is refused.
    pub refuse_root: bool,
}

/// A file of the Emperor's that is read with every vassal's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// Read where it stands.
    Include(PathBuf),
    /// Read after everything else; only magic variables are replaced in it.
    Inherit(PathBuf),
}

/// The Emperor's first packet to a launcher.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summons {
    /// The vassal's name: the file's name.
    pub name: String,
    /// The configuration file, absolute.
    pub file: PathBuf,
    /// What to do.
    pub mode: Mode,
    /// The file's owner and identity as the monitor saw it.
    pub version: Version,
    /// What is allowed.
    pub policy: Policy,
    /// `vassal-set`, in order: before the file.
    pub sets: Vec<String>,
    /// `vassals-inherit-before`, then `vassals-include-before` files.
    pub before: Vec<Template>,
    /// `vassals-inherit`, then `vassals-include` files: after the file.
    pub after: Vec<Template>,
    /// `UWSGI_VASSAL_X=v` of the Emperor's environment, as (`x`, `v`) options.
    pub options: Vec<(String, String)>,
    /// The listening sockets that come with this packet.
    pub listeners: Vec<Listen>,
    /// `binary-path`: another server to run instead of ours (uWSGI itself).
    pub binary: Option<PathBuf>,
    /// The number of the first generation of this process tree.
    pub generation: u64,
    /// Another tree of this vassal serves, which this one is to relieve.
    #[serde(default)]
    pub heir: bool,
    /// The vassal's cgroup directory, to enter first; `None` where there is none.
    pub cgroup: Option<PathBuf>,
    /// `hook-as-vassal` and its relatives of the Emperor's configuration.
    #[serde(default)]
    pub hooks: Vec<Hook>,
}

/// What `vassal --errand NAME` does for the Emperor, which itself never waits for a hook: sealed
/// memory on standard input holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Errand {
    /// `hook-as-emperor` and its relatives.
    pub hooks: Vec<Hook>,
    /// The owner of the vassal's file, user and group.
    pub owner: (u32, u32),
}

/// A launcher's packet to the Emperor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The file was read. `settings` travel in a sealed memfd attached to this packet.
    Prepared {
        /// What root would have to do.
        plan: Box<Plan>,
        /// Warnings.
        findings: Vec<Finding>,
    },
    /// The file or a step of the launch is refused; the launcher ends with `exit`.
    Refused {
        /// Everything that is wrong.
        findings: Vec<Finding>,
        /// The exit code.
        exit: i32,
    },
    /// The sockets are bound and attached to this packet, in the order named.
    Bound {
        /// What each attached socket is; port 0 was replaced by the port chosen.
        listeners: Vec<Listen>,
    },
    /// The program that runs is not ours (`binary-path`): only the public bytes will come.
    Foreign,
}

/// What a sealed memfd of settings holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sealed {
    /// The settings.
    pub settings: Settings,
    /// The generation they are for.
    pub generation: u64,
}
