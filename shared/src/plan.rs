//! The launch plan: what has to be done as root before a vassal may run, as one value.
//!
//! `vassal --plan FILE` prints it. The Emperor compares the plan of a changed file with the one
//! that runs: equal plans need a new generation only, different plans a succession.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::settings::{
    Hook, Isolation, Limits, Listen, Lock, Logfile, Namespace, Tuning, Wire, Zerg,
};

/// Who a vassal becomes. Numbers: names were looked up when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Supplementary groups, sorted; always set, never inherited.
    pub groups: Vec<u32>,
}

/// The launch plan of one vassal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Who it becomes; `None`: nothing is dropped (not started as root, or nobody named).
    pub identity: Option<Identity>,
    /// The new root directory.
    pub chroot: Option<PathBuf>,
    /// The working directory, inside the new root.
    pub chdir: Option<PathBuf>,
    /// The file mode mask.
    pub umask: Option<u32>,
    /// The listening sockets, in order.
    pub sockets: Vec<Listen>,
    /// Further sockets, which other servers give.
    #[serde(default)]
    pub zerg: Zerg,
    /// What is spoken on those where nobody says it.
    #[serde(default = "usual")]
    pub protocol: Wire,
    /// What is kept of root, and what is not shared with the machine.
    #[serde(default)]
    pub isolation: Isolation,
    /// Files that are locked.
    #[serde(default)]
    pub locks: Vec<Lock>,
    /// What the sockets are told beyond their address.
    #[serde(default)]
    pub tuning: Tuning,
    /// Mode of UNIX sockets.
    pub chmod_socket: Option<u32>,
    /// Owner of UNIX sockets.
    pub chown_socket: Option<(u32, Option<u32>)>,
    /// Connections that wait in the kernel.
    pub backlog: u32,
    /// Where the master's pid is written.
    pub pidfile: Option<PathBuf>,
    /// Where the output goes.
    pub logto: Option<PathBuf>,
    /// What becomes of that file when it is opened.
    #[serde(default)]
    pub logfile: Logfile,
    /// Whether sockets and pid file are removed at the end.
    pub vacuum: bool,
    /// Limits of all processes.
    pub limits: Limits,
    /// What is done at the phases of the launch, in their order.
    #[serde(default)]
    pub hooks: Vec<Hook>,
    /// Variables of the interpreter's environment.
    pub env: Vec<(String, Option<String>)>,
    /// The build that made this plan: after an upgrade of the package no plan is equal.
    pub build: String,
}

fn usual() -> Wire {
    Wire::Uwsgi
}

impl fmt::Display for Isolation {
    /// As [`Plan`] is written.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Isolation { capabilities, unshare, unshare2 } = self;
        let names = |list: &[Namespace]| -> Vec<String> {
            list.iter().map(|one| one.name().to_owned()).collect()
        };
        let kept: Vec<String> = capabilities
            .iter()
            .map(|name| name.trim_start_matches("CAP_").to_ascii_lowercase())
            .collect();
        for (key, list) in
            [("cap", kept), ("unshare", names(unshare)), ("unshare2", names(unshare2))]
        {
            if !list.is_empty() {
                writeln!(out, "{key} = {}", list.join(","))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Plan {
    /// One `key = value` a line, in the order in which the steps are taken.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(who) = &self.identity {
            let groups: Vec<String> = who.groups.iter().map(u32::to_string).collect();
            writeln!(out, "uid = {}\ngid = {}\ngroups = {}", who.uid, who.gid, groups.join(","))?;
        }
        for (key, path) in [
            ("logto", &self.logto),
            ("pidfile", &self.pidfile),
            ("chroot", &self.chroot),
            ("chdir", &self.chdir),
        ] {
            if let Some(path) = path {
                writeln!(out, "{key} = {}", path.display())?;
            }
        }
        if let Some(mode) = self.logfile.mode {
            writeln!(out, "logfile-chmod = {mode:03o}")?;
        }
        for (key, given) in
            [("logfile-chown", self.logfile.owned), ("log-truncate", self.logfile.truncate)]
        {
            if given {
                writeln!(out, "{key} = true")?;
            }
        }
        if let Some(mask) = self.umask {
            writeln!(out, "umask = {mask:03o}")?;
        }
        for listen in &self.sockets {
            let tls = if listen.tls.is_some() { " (TLS)" } else { "" };
            writeln!(out, "{} = {}{tls}", listen.wire, listen.address)?;
        }
        for server in &self.zerg.servers {
            writeln!(out, "zerg = {}", server.display())?;
        }
        for lock in &self.locks {
            writeln!(out, "{} = {}", lock.option, lock.path.display())?;
        }
        write!(out, "{}", self.isolation)?;
        let Tuning { reuse_port, freebind, keepalive, fast_open, send_buffer, receive_buffer } =
            &self.tuning;
        for (key, on) in
            [("reuse-port", reuse_port), ("freebind", freebind), ("so-keepalive", keepalive)]
        {
            if *on {
                writeln!(out, "{key} = true")?;
            }
        }
        for (key, number) in [
            ("tcp-fast-open", fast_open),
            ("socket-sndbuf", send_buffer),
            ("socket-rcvbuf", receive_buffer),
        ] {
            if let Some(number) = number {
                writeln!(out, "{key} = {number}")?;
            }
        }
        if let Some(mode) = self.chmod_socket {
            writeln!(out, "chmod-socket = {mode:03o}")?;
        }
        match self.chown_socket {
            Some((uid, Some(gid))) => writeln!(out, "chown-socket = {uid}:{gid}")?,
            Some((uid, None)) => writeln!(out, "chown-socket = {uid}")?,
            None => {}
        }
        let Limits { descriptors, address_space, processes, nice, lock_memory } = self.limits;
        for (key, number) in
            [("max-fd", descriptors), ("limit-as", address_space), ("limit-nproc", processes)]
        {
            if let Some(number) = number {
                writeln!(out, "{key} = {number}")?;
            }
        }
        if let Some(nice) = nice {
            writeln!(out, "prio = {nice}")?;
        }
        if lock_memory {
            writeln!(out, "never-swap = true")?;
        }
        for hook in &self.hooks {
            writeln!(out, "{hook}")?;
        }
        for (name, value) in &self.env {
            match value {
                Some(value) => writeln!(out, "env = {name}={value}")?,
                None => writeln!(out, "env = {name}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for crate::settings::Wire {
    /// The option name that asks for this wire.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Http => "http",
            Self::Uwsgi => "socket",
            Self::Fastcgi => "fastcgi-socket",
            Self::FastcgiNph => "fastcgi-nph-socket",
            Self::Scgi => "scgi-socket",
            Self::ScgiNph => "scgi-nph-socket",
            Self::Stats => "stats",
            Self::Zerg => "zerg-server",
            Self::Pooled => "zerg-pool",
        })
    }
}
