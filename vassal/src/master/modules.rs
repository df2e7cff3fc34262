//! The files of the application's modules (`py-autoreload`), looked at from time to time.
//!
//! By looking, not by waiting for the kernel: a developer's files often lie where the kernel does
//! not tell of changes (mounted from another machine), and the option names the interval itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::{Master, output};

/// Files that are looked at.
const FILES_MAX: usize = 50_000;

/// What was last seen of each file.
#[derive(Debug, Default)]
pub(super) struct Modules {
    files: BTreeMap<PathBuf, Option<SystemTime>>,
    looked: Option<Instant>,
}

impl Modules {
    /// More files are looked at from now on.
    pub(super) fn add(&mut self, files: Vec<String>) {
        for file in files.into_iter().map(PathBuf::from) {
            if self.files.len() >= FILES_MAX {
                return;
            }
            let changed = changed(&file);
            self.files.entry(file).or_insert(changed);
        }
    }

    /// One look, where the last one is long enough ago: a file that changed. One that is away for
    /// a moment, because an editor replaces it, has not changed yet.
    pub(super) fn look(&mut self, every: Duration, now: Instant) -> Option<PathBuf> {
        let due = self.looked.is_none_or(|looked| now.duration_since(looked) >= every);
        if !due {
            return None;
        }
        self.looked = Some(now);
        let mut found = None;
        for (path, known) in &mut self.files {
            let time = changed(path);
            if time.is_some() && time != *known {
                *known = time;
                found.get_or_insert_with(|| path.clone());
            }
        }
        found
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|found| found.modified()).ok()
}

impl Master {
    /// A changed module is a reload.
    pub(super) fn look_at_modules(&mut self, every: Duration, now: Instant) {
        if let Some(path) = self.modules.look(every, now) {
            output::say(&format!("*** {} has changed ***", path.display()));
            self.read_anew();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn a_changed_file_is_found_once_and_a_missing_one_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.py");
        fs::write(&path, "").unwrap();
        let mut modules = Modules::default();
        modules.add(vec![path.display().to_string(), "/no/such/file".into()]);
        let (mut now, every) = (Instant::now(), Duration::from_secs(2));
        let mut look = |seconds| {
            now += Duration::from_secs(seconds);
            modules.look(every, now)
        };
        assert_eq!(look(0), None);
        let touch = |seconds| {
            let time = SystemTime::now() + Duration::from_secs(seconds);
            File::create(&path).unwrap().set_modified(time).unwrap();
        };
        touch(5);
        assert_eq!(look(1), None, "not yet");
        assert_eq!(look(1), Some(path.clone()));
        assert_eq!(look(2), None);
        fs::remove_file(&path).unwrap();
        assert_eq!(look(2), None);
        touch(9);
        assert_eq!(look(2), Some(path.clone()));
    }
}
