//! The world that a configuration is read in: everything outside the text that its meaning
//! depends on. A value of its own, so that tests can pin it.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use nix::unistd::{Gid, Group, Uid, User};

use super::scheme::Schemes;

/// The surroundings of a configuration.
#[derive(Clone, Debug)]
pub struct World {
    /// The environment: `$(NAME)` and, for a command line, `UWSGI_*`.
    pub environment: Vec<(OsString, OsString)>,
    /// The working directory at start (`%v`); relative paths count from here.
    pub directory: PathBuf,
    /// The host's name (`%h`).
    pub host: String,
    /// The number of processors (`%k`).
    pub cpus: usize,
    /// The user that starts (`%u`) and its name (`%U`).
    pub user: (u32, String),
    /// The group that starts (`%g`) and its name (`%G`).
    pub group: (u32, String),
    /// The time of the start since the epoch (`%t`, `%T`).
    pub now: Duration,
    /// The version (`%V`).
    pub version: String,
    /// The path of the program (`%b`).
    pub binary: PathBuf,
    /// What may be used beside files.
    pub schemes: Schemes,
}

impl World {
    /// The world of the running process; nothing is run in it.
    pub fn of_this_process() -> io::Result<Self> {
        let (uid, gid) = (Uid::current(), Gid::current());
        let user = User::from_uid(uid)?.map_or_else(|| uid.to_string(), |user| user.name);
        let group = Group::from_gid(gid)?.map_or_else(|| gid.to_string(), |group| group.name);
        Ok(Self {
            environment: std::env::vars_os().collect(),
            directory: std::env::current_dir()?,
            host: nix::unistd::gethostname()?.to_string_lossy().into_owned(),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            user: (uid.as_raw(), user),
            group: (gid.as_raw(), group),
            now: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            binary: std::env::current_exe()?,
            schemes: Schemes::Off,
        })
    }

    /// A variable of the environment.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let found = self.environment.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.to_string_lossy().into_owned())
    }
}

#[cfg(test)]
impl World {
    /// A small world that never changes.
    pub(crate) fn for_tests() -> Self {
        Self {
            environment: vec![("HOME".into(), "/home/alice".into())],
            directory: "/start".into(),
            host: "host".into(),
            cpus: 2,
            user: (1000, "alice".into()),
            group: (100, "users".into()),
            now: Duration::from_secs(1_000_000_000),
            version: "1.2.3".into(),
            binary: "/usr/bin/vassal".into(),
            schemes: Schemes::Off,
        }
    }
}
