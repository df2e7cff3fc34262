//! What the kernel says about processes: trees, identities, capabilities, roots, mappings.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// One process, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process(pub i32);

/// The lines of `/proc/PID/status` that tests look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Real, effective, saved and file-system user.
    pub uids: Vec<u32>,
    /// Real, effective, saved and file-system group.
    pub gids: Vec<u32>,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Inheritable, permitted, effective, bounding and ambient capability sets.
    pub caps: [u64; 5],
    /// The state letter.
    pub state: char,
    /// The parent.
    pub parent: i32,
    /// How many threads.
    pub threads: u32,
}

impl Process {
    /// Whether it exists and is not merely a corpse.
    pub fn alive(self) -> bool {
        self.status().is_some_and(|status| status.state != 'Z' && status.state != 'X')
    }

    /// Reads `/proc/PID/status`.
    pub fn status(self) -> Option<Status> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0)).ok()?;
        let field = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
        };
        let numbers = |name: &str| -> Vec<u32> {
            field(name)
                .unwrap_or("")
                .split_whitespace()
                .filter_map(|word| word.parse().ok())
                .collect()
        };
        let set = |name: &str| u64::from_str_radix(field(name).unwrap_or("0"), 16).unwrap_or(0);
        Some(Status {
            uids: numbers("Uid"),
            gids: numbers("Gid"),
            groups: numbers("Groups"),
            caps: [set("CapInh"), set("CapPrm"), set("CapEff"), set("CapBnd"), set("CapAmb")],
            state: field("State")?.chars().next()?,
            parent: field("PPid")?.parse().ok()?,
            threads: field("Threads")?.parse().ok()?,
        })
    }

    /// The program that runs in it.
    pub fn executable(self) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/exe", self.0)).ok()
    }

    /// Its root directory.
    pub fn root(self) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/root", self.0)).ok()
    }

    /// Its working directory.
    pub fn directory(self) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/cwd", self.0)).ok()
    }

    /// Its command line, or its title if it wrote one.
    pub fn command(self) -> String {
        let bytes = fs::read(format!("/proc/{}/cmdline", self.0)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).trim_end_matches('\0').replace('\0', " ")
    }

    /// Whether a file with this text in its path is mapped.
    pub fn maps(self, part: &str) -> bool {
        fs::read_to_string(format!("/proc/{}/maps", self.0)).is_ok_and(|text| text.contains(part))
    }

    /// Whether its program is a Python.
    pub fn is_python(self) -> bool {
        self.executable()
            .and_then(|path| Some(path.file_name()?.to_string_lossy().starts_with("python")))
            .unwrap_or(false)
    }

    /// Its children that are alive.
    pub fn children(self) -> Vec<Process> {
        all().into_iter().filter(|child| child.parent() == Some(self.0) && child.alive()).collect()
    }

    /// Its parent's number.
    pub fn parent(self) -> Option<i32> {
        self.status().map(|status| status.parent)
    }

    /// Everything below it that is alive, itself not included.
    pub fn descendants(self) -> BTreeSet<Process> {
        let pairs: Vec<(Process, i32)> = all()
            .into_iter()
            .filter_map(|process| {
                let status = process.status()?;
                (status.state != 'Z').then_some((process, status.parent))
            })
            .collect();
        let mut found = BTreeSet::new();
        let mut wanted = vec![self.0];
        while let Some(parent) = wanted.pop() {
            for (child, _) in pairs.iter().filter(|(_, above)| *above == parent) {
                if found.insert(*child) {
                    wanted.push(child.0);
                }
            }
        }
        found
    }

    /// Sends a signal; a process that is gone is not an error.
    ///
    /// # Panics
    /// If it is none: 0 and less mean groups of processes, of which this test is one.
    pub fn signal(self, signal: nix::sys::signal::Signal) {
        // 0 and less mean groups, this test's own among them
        assert!(self.0 > 1, "no process has the number {}", self.0);
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.0), signal).ok();
    }
}

/// Every process of the machine that this process may see.
pub fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| Some(Process(entry.file_name().to_str()?.parse().ok()?)))
        .collect()
}
