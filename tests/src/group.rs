//! A control group with a limit, of either version of the kernel's interface.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::{not_run, until};

/// Where control groups are mounted.
const ROOT: &str = "/sys/fs/cgroup";

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of memory.
    Memory,
    /// Processes and threads.
    Processes,
}

/// A group that is removed when the test is over.
pub struct Group {
    place: PathBuf,
    file: &'static str,
}

impl Group {
    /// Makes a group without a limit; `None` where that is not possible.
    pub fn new(limit: Limit) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("emperor-test-{}-{number}", std::process::id());
        let (controller, first, second) = match limit {
            Limit::Memory => ("memory", "memory.limit_in_bytes", "memory.max"),
            Limit::Processes => ("pids", "pids.max", "pids.max"),
        };
        let given = fs::read_to_string(Path::new(ROOT).join("cgroup.subtree_control"));
        let one_tree =
            given.is_ok_and(|given| given.split_whitespace().any(|one| one == controller));
        let (parent, file) = if one_tree {
            (PathBuf::from(ROOT), second)
        } else {
            (Path::new(ROOT).join(controller), first)
        };
        let place = parent.join(name);
        let made = parent.join("cgroup.procs").exists() && fs::create_dir(&place).is_ok();
        let group = Self { place, file };
        if made && group.place.join(file).exists() {
            // with swap a limit of memory is none
            let _ = fs::write(group.place.join("memory.swap.max"), "0");
            return Some(group);
        }
        not_run(&format!("no control group of {controller} can be made"));
        None
    }

    /// A shell's words that put it into the group.
    pub fn enter(&self) -> String {
        format!("echo $$ > {}/cgroup.procs", self.place.display())
    }

    /// Sets the limit; `None` takes it away.
    ///
    /// # Panics
    /// If the kernel refuses.
    pub fn limit(&self, value: Option<u64>) {
        let none = if self.file == "memory.limit_in_bytes" { "-1" } else { "max" };
        let text = value.map_or_else(|| none.to_owned(), |value| value.to_string());
        fs::write(self.place.join(self.file), text).expect("the group takes the limit");
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // processes leave it some time after their end
        until(Duration::from_secs(5), || {
            fs::remove_dir(&self.place).is_ok() || !self.place.exists()
        });
    }
}
