//! What a launcher hands to the master it becomes: the last value made as root.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use shared::plan::Plan;
use shared::settings::{Address, Listen, Settings};
use shared::sys::{queue, socket};

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    /// Where and what; a port 0 was replaced by the port that the kernel chose.
    pub listen: Listen,
    /// The socket, non-blocking and close-on-exec.
    pub socket: OwnedFd,
}

impl Listener {
    /// How many connections wait, and how many may; zeros where the kernel does not tell.
    pub fn queue(&self) -> (u32, u32) {
        let (tcp, unix) = (|| socket::backlog(&self.socket), || queue::of(&self.socket));
        let lengths = match self.listen.address {
            Address::Tcp(_) => tcp(),
            Address::Unix(_) | Address::Abstract(_) => unix(),
            Address::Descriptor(_) => tcp().or_else(|_| unix()),
        };
        lengths.unwrap_or((0, 0))
    }
}

/// Connections that wait on the fullest of these sockets.
pub fn waiting(listeners: &[Listener]) -> u32 {
    listeners.iter().map(|one| one.queue().0).max().unwrap_or(0)
}

/// The way to the Emperor.
#[derive(Debug)]
pub struct Link {
    /// The vassal's end of the link.
    pub socket: OwnedFd,
    /// Whether the other end is our Emperor and reads frames.
    pub frames: bool,
}

/// A file to remove at the end (`vacuum`), by whoever made it: the directory's descriptor is
/// kept from then, and only the very same inode is removed.
#[derive(Debug)]
pub struct Vacuum {
    /// The directory, opened when the file was made.
    pub directory: OwnedFd,
    /// The file's name in it.
    pub name: OsString,
    /// The file's device and inode.
    pub identity: (u64, u64),
}

/// The file of `logto`: the directory's descriptor is kept from when the log was opened, so that
/// it is found again after `chdir` and `chroot`.
#[derive(Debug)]
pub struct LogFile {
    /// The directory (`O_PATH`).
    pub directory: OwnedFd,
    /// The file's name in it.
    pub name: OsString,
    /// The mode of a new file.
    pub mode: u32,
}

/// Everything a master starts with. The process has already become the tenant.
#[derive(Debug)]
pub struct Handover {
    /// The settings as read.
    pub settings: Settings,
    /// The plan that was carried out.
    pub plan: Plan,
    /// The request sockets and the statistics socket.
    pub listeners: Vec<Listener>,
    /// The link; `None` when there is no Emperor.
    pub link: Option<Link>,
    /// The number of the first generation.
    pub generation: u64,
    /// Another process tree of this vassal serves until this one does.
    pub heir: bool,
    /// The whole environment for the interpreter; the master's own never reaches it.
    pub environment: Vec<(OsString, OsString)>,
    /// The extension's path as seen from inside the jail.
    pub extension: PathBuf,
    /// Standalone only: the program and arguments (`vassal --prepare ...`) that print the
    /// settings anew (JSON of `shared::summons::Sealed`) when a reload is asked for.
    pub prepare: Option<Vec<OsString>>,
    /// What to remove at the end.
    pub vacuum: Vec<Vacuum>,
    /// The file of `logto`, which standard error is already.
    pub log: Option<LogFile>,
    /// Files that are locked, or will be once the predecessor has gone.
    pub locks: Vec<OwnedFd>,
}
