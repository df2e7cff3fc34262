//! One control group for each process tree, where the machine gives us a writable one.
//!
//! With it a tree is killed surely and at once, whatever its processes did to hide. Without
//! it the Emperor, as sub-reaper, ends what lands on it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The directory below which trees get theirs.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    base: PathBuf,
}

/// The group of one tree; removed when dropped.
#[derive(Debug)]
pub struct Cgroup {
    directory: PathBuf,
}

static SERIAL: AtomicU64 = AtomicU64::new(1);

impl Hierarchy {
    /// Our own group, if it is of version 2 and we may make groups in it.
    pub fn find() -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let base = locate(&own, &mounts)?;
        let hierarchy = Self { base };
        // trying is the only honest test (mode bits say nothing of a read-only mount)
        let probe = hierarchy.make("probe").ok()?;
        fs::metadata(probe.directory.join("cgroup.kill")).ok()?;
        drop(probe);
        hierarchy.clear(|pid| Path::new("/proc").join(pid).exists());
        Some(hierarchy)
    }

    /// Removes the groups of Emperors that were killed. A group in which something still runs
    /// cannot be removed, and stays.
    fn clear(&self, lives: impl Fn(&str) -> bool) {
        let Ok(entries) = fs::read_dir(&self.base) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let maker = name.to_str().and_then(|name| name.strip_prefix("emperor."));
            let pid = maker.and_then(|rest| rest.split('.').next());
            if pid.is_some_and(|pid| pid.parse::<u32>().is_ok() && !lives(pid)) {
                let _ = fs::remove_dir(entry.path());
            }
        }
    }

    /// Makes a group for a tree of this vassal.
    pub fn make(&self, name: &str) -> io::Result<Cgroup> {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let name: String = name
            .chars()
            .map(|one| if one.is_ascii_alphanumeric() || "-_.".contains(one) { one } else { '_' })
            .take(100)
            .collect();
        let directory = self.base.join(format!("emperor.{}.{serial}.{name}", std::process::id()));
        fs::create_dir(&directory)?;
        Ok(Cgroup { directory })
    }
}

impl Cgroup {
    /// Where a launcher writes its pid.
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// Kills everything in it.
    pub fn kill(&self) -> io::Result<()> {
        fs::write(self.directory.join("cgroup.kill"), "1")
    }

    /// Removes it; false while something still ends in it.
    pub fn remove(&self) -> bool {
        match fs::remove_dir(&self.directory) {
            Ok(()) => true,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The directory of our own group of version 2.
fn locate(own: &str, mounts: &str) -> Option<PathBuf> {
    let inside = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        if right.split(' ').next() != Some("cgroup2") {
            return None;
        }
        let mut fields = left.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        // the mount may show only a part of the hierarchy
        let below = Path::new("/").join(inside);
        let below = below.strip_prefix(root).ok()?.to_owned();
        Some(Path::new(point).join(below))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_group_is_found_in_plain_and_hybrid_layouts() {
        let mounts = "25 1 0:22 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      26 1 0:23 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        for (own, want) in [
            ("4:memory:/x\n0::/\n", Some("/sys/fs/cgroup/unified/")),
            ("0::/system.slice/emperor\n", Some("/sys/fs/cgroup/unified/system.slice/emperor")),
            ("4:memory:/x\n", None),
        ] {
            assert_eq!(locate(own, mounts), want.map(PathBuf::from), "{own}");
        }
        let part = "26 1 0:23 /docker/a /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        assert_eq!(locate("0::/docker/a/b\n", part), Some("/sys/fs/cgroup/b".into()));
    }

    #[test]
    fn only_empty_groups_of_emperors_that_are_gone_are_removed() {
        let base = tempfile::tempdir().unwrap();
        let names = ["emperor.7.1.a.ini", "emperor.8.1.a.ini", "emperor.7.2.b", "emperor.service"];
        for name in names {
            fs::create_dir(base.path().join(name)).unwrap();
        }
        fs::write(base.path().join("emperor.7.2.b/busy"), "").unwrap();
        let hierarchy = Hierarchy { base: base.path().to_owned() };
        hierarchy.clear(|pid| pid == "8");
        let left = names.map(|name| base.path().join(name).exists());
        assert_eq!(left, [false, true, true, true]);
    }
}
