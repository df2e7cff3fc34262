//! When to look: after a burst of events has ended, and not at files that are being written.
//! Time is a parameter.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A burst is over after this long without an event.
pub const QUIET: Duration = Duration::from_millis(50);
/// A burst that does not end is looked at after this long all the same.
pub const QUIET_CAP: Duration = Duration::from_millis(500);
/// A file that nobody closed counts as written after this long without a change.
pub const SETTLED: Duration = Duration::from_secs(1);

/// What the kernel told of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whisper {
    /// It was made or written, and is still open.
    Writing,
    /// It is complete: closed, moved into place, or gone.
    Complete,
    /// Something else; worth a look.
    Other,
}

/// The events since the last look.
#[derive(Debug, Default)]
pub struct Patience {
    burst: Option<(Instant, Instant)>,
    writing: HashMap<PathBuf, Instant>,
}

impl Patience {
    /// Takes one event.
    pub fn heard(&mut self, path: &Path, whisper: Whisper, now: Instant) {
        let (first, _) = self.burst.unwrap_or((now, now));
        self.burst = Some((first, now));
        match whisper {
            Whisper::Writing => {
                self.writing.insert(path.to_owned(), now);
            }
            Whisper::Complete => {
                self.writing.remove(path);
            }
            Whisper::Other => {}
        }
    }

    /// When to look next because of events; `None`: nothing happened.
    pub fn due(&self) -> Option<Instant> {
        let burst = self.burst.map(|(first, last)| (last + QUIET).min(first + QUIET_CAP));
        let settled = self.writing.values().map(|last| *last + SETTLED).min();
        burst.into_iter().chain(settled).min()
    }

    /// A look is being taken: the burst is over. Which paths have to be left alone comes back.
    pub fn look(&mut self, now: Instant) -> HashSet<PathBuf> {
        self.burst = None;
        self.writing.retain(|_, last| *last + SETTLED > now);
        self.writing.keys().cloned().collect()
    }

    /// What is not a plain file with one name (a link is made in one step) is never held.
    pub fn whole(&mut self, path: &Path) {
        self.writing.remove(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "/sites/a.ini";

    #[test]
    fn a_burst_is_looked_at_once_when_it_ends_or_lasts_too_long() {
        let (start, mut patience) = (Instant::now(), Patience::default());
        assert_eq!(patience.due(), None);
        for step in 0..20 {
            let now = start + Duration::from_millis(step * 40);
            patience.heard(Path::new(FILE), Whisper::Other, now);
            assert_eq!(patience.due(), Some((now + QUIET).min(start + QUIET_CAP)));
        }
        patience.look(start + QUIET_CAP);
        assert_eq!(patience.due(), None);
    }

    #[test]
    fn a_file_is_held_until_it_is_closed_or_settled() {
        let (start, mut patience) = (Instant::now(), Patience::default());
        let path = Path::new(FILE);
        patience.heard(path, Whisper::Writing, start);
        assert_eq!(patience.look(start + QUIET), [path.to_owned()].into());
        assert_eq!(patience.due(), Some(start + SETTLED));
        assert!(patience.look(start + SETTLED).is_empty());
        patience.heard(path, Whisper::Writing, start);
        patience.heard(path, Whisper::Complete, start);
        assert!(patience.look(start + QUIET).is_empty());
    }
}
