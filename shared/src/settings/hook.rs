//! Hooks: what is done at the phases of a start, of a worker's life and of the end.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Address, Principal};

/// When a hook is carried out, in the order of a start (uWSGI's `hook-<phase>`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The configuration was read; the launcher's.
    Asap,
    /// Before `chroot`; the launcher's.
    PreJail,
    /// Directly after it; the launcher's, still outside of `chroot`, which comes later.
    InJail,
    /// As the one before; the launcher's.
    PostJail,
    /// Inside `chroot`, before privileges are dropped; the launcher's.
    AsRoot,
    /// Privileges were dropped; the launcher's.
    AsUser,
    /// A generation begins.
    MasterStart,
    /// Before the application is loaded.
    PreApp,
    /// After it was loaded.
    PostApp,
    /// In each worker, after its fork.
    PostFork,
    /// In each worker that is about to take requests.
    Accepting,
    /// The same, and not in a worker that replaces another one.
    AcceptingOnce,
    /// In the first worker that is about to take requests.
    Accepting1,
    /// The same, and not when it replaces another one.
    #[serde(rename = "accepting1-once")]
    Accepting1Once,
    /// The server ends.
    AsUserAtexit,
    /// An Emperor's: in a vassal, before anything of its file is read.
    AsVassal,
    /// An Emperor's: beside it, after a vassal was started.
    AsEmperor,
}

impl Phase {
    /// The phases that a server's own configuration may name.
    pub const ALL: [Self; 15] = [
        Self::Asap,
        Self::PreJail,
        Self::InJail,
        Self::PostJail,
        Self::AsRoot,
        Self::AsUser,
        Self::MasterStart,
        Self::PreApp,
        Self::PostApp,
        Self::PostFork,
        Self::Accepting,
        Self::AcceptingOnce,
        Self::Accepting1,
        Self::Accepting1Once,
        Self::AsUserAtexit,
    ];

    /// What stands behind `hook-`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asap => "asap",
            Self::PreJail => "pre-jail",
            Self::InJail => "in-jail",
            Self::PostJail => "post-jail",
            Self::AsRoot => "as-root",
            Self::AsUser => "as-user",
            Self::MasterStart => "master-start",
            Self::PreApp => "pre-app",
            Self::PostApp => "post-app",
            Self::PostFork => "post-fork",
            Self::Accepting => "accepting",
            Self::AcceptingOnce => "accepting-once",
            Self::Accepting1 => "accepting1",
            Self::Accepting1Once => "accepting1-once",
            Self::AsUserAtexit => "as-user-atexit",
            Self::AsVassal => "as-vassal",
            Self::AsEmperor => "as-emperor",
        }
    }

    /// Whether it is the launcher's: such hooks are a part of the plan.
    pub fn is_launch(self) -> bool {
        self.is_before_drop() || self == Self::AsUser
    }

    /// Whether privileges were not dropped yet.
    pub fn is_before_drop(self) -> bool {
        matches!(self, Self::Asap | Self::PreJail | Self::InJail | Self::PostJail | Self::AsRoot)
    }
}

/// One hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// When.
    pub phase: Phase,
    /// The option that asked for it.
    pub option: String,
    /// Its value, as it is told.
    pub text: String,
    /// What.
    pub deed: Deed,
}

impl Hook {
    /// Whether anybody's file may ask for it at any phase: it is carried out with the rights of
    /// whoever the file belongs to.
    pub fn is_anybodys(&self) -> bool {
        !self.phase.is_before_drop()
            || self.option.starts_with("wait-for-")
            || self.option == "file-write"
    }
}

impl fmt::Display for Hook {
    /// As it stands in a file.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} = {}", self.option, self.text)
    }
}

/// What a hook does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// `exec`, `safeexec`: `/bin/sh -c` this, and wait for it.
    Run {
        /// The command.
        command: String,
        /// A failure is one of the start.
        must: bool,
    },
    /// `chdir`, `cd`.
    Chdir(PathBuf),
    /// `mkdir`; one that is there already will do.
    Mkdir(PathBuf),
    /// `sticky`: a directory in which everybody may make files.
    Sticky(PathBuf),
    /// `chmod`.
    Chmod {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// `chown`.
    Chown {
        /// The file.
        path: PathBuf,
        /// Whose it becomes.
        user: Principal,
        /// The group.
        group: Principal,
    },
    /// `unlink`; nothing there will do.
    Unlink(PathBuf),
    /// `create`, `write`, `writen`, `append`, `appendn`.
    Write {
        /// The file.
        path: PathBuf,
        /// All that is written, the newline included.
        text: String,
        /// Behind what is there.
        append: bool,
    },
    /// `writefifo`, `spinningfifo`.
    Fifo {
        /// The FIFO.
        path: PathBuf,
        /// What is written.
        text: String,
        /// Wait for somebody who reads.
        patient: bool,
    },
    /// `mount`.
    Mount {
        /// The kind of file system.
        kind: String,
        /// What is mounted.
        source: String,
        /// Where.
        target: PathBuf,
        /// The kernel's flags.
        flags: u64,
    },
    /// `umount`.
    Umount {
        /// Where.
        target: PathBuf,
        /// The kernel's flags.
        flags: i32,
    },
    /// `hostname`.
    Hostname(String),
    /// `putenv`.
    Set {
        /// The variable's name.
        name: String,
        /// Its value.
        value: String,
    },
    /// `log`, `print`.
    Say(String),
    /// `exit`: with this code.
    Exit(i32),
    /// `unix_signal`: what the master does on a signal.
    Signal {
        /// The signal's number.
        number: i32,
        /// What is done.
        order: Order,
    },
    /// `wait_for_*`.
    Wait {
        /// For what.
        what: Awaited,
        /// How long.
        limit: Duration,
    },
}

/// What a signal may make the master do. uWSGI takes any C function; these are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// `gracefully_kill_them_all`.
    StopGracefully,
    /// `kill_them_all`.
    Stop,
    /// `grace_them_all`, `reap_them_all`.
    Reload,
    /// `stats`.
    Statistics,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// Something of this path.
    Anything(PathBuf),
    /// A regular file.
    File(PathBuf),
    /// A directory.
    Directory(PathBuf),
    /// A mounted file system.
    Mountpoint(PathBuf),
    /// A network interface.
    Interface(String),
    /// A socket that accepts.
    Socket(Address),
}

impl fmt::Display for Awaited {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anything(path)
            | Self::File(path)
            | Self::Directory(path)
            | Self::Mountpoint(path) => write!(out, "{}", path.display()),
            Self::Interface(name) => out.write_str(name),
            Self::Socket(address) => write!(out, "{address}"),
        }
    }
}
