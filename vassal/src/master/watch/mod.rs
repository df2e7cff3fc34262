//! Files whose change asks for something (`touch-reload` and its relatives, `fs-reload`).
//!
//! inotify only wakes; what counts is what the file is then: it exists or not, and its time of
//! change is later than the one remembered. A burst of changes is one. Where the kernel does not
//! let a directory be watched, the files are looked at each second.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use shared::settings::{Touched, Watch};
use shared::sys::readiness;
use tokio::io::unix::AsyncFd;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Fact, Facts, output};

/// Where a path can change.
mod places;

use places::places;

/// A burst is over after so much quiet.
const QUIET: Duration = Duration::from_millis(50);
/// A burst that does not end is cut here.
const BURST: Duration = Duration::from_millis(500);
/// How often files are looked at that cannot be watched.
const POLL: Duration = Duration::from_secs(1);

/// What may happen to a directory on the way to a file.
const WAY: AddWatchFlags = AddWatchFlags::IN_CREATE
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_MOVE)
    .union(AddWatchFlags::IN_DELETE_SELF)
    .union(AddWatchFlags::IN_MOVE_SELF);
/// What may happen to a file besides.
const FILE: AddWatchFlags = AddWatchFlags::IN_CLOSE_WRITE.union(AddWatchFlags::IN_ATTRIB);

/// Watches as long as it lives.
pub(super) struct Watcher {
    watches: Vec<Watch>,
    _task: JoinSet<()>,
}

impl Watcher {
    /// Watches these files from now on; `None` where there are none.
    pub(super) fn new(watches: &[Watch], facts: &Facts) -> Option<Self> {
        if watches.is_empty() {
            return None;
        }
        let known = watches.iter().filter_map(Known::new).collect();
        let mut task = JoinSet::new();
        task.spawn(run(known, facts.clone()));
        Some(Self { watches: watches.to_vec(), _task: task })
    }

    /// What is watched.
    pub(super) fn watches(&self) -> &[Watch] {
        &self.watches
    }
}

/// What tells one state of a file from another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    /// Device and inode.
    identity: (u64, u64),
    /// When it was changed: seconds and nanoseconds.
    changed: (i64, i64),
}

/// A watched file and what was last seen of it.
struct Known {
    path: PathBuf,
    then: Touched,
    state: Option<State>,
    /// Something happened in the directory itself (`fs-reload`).
    stirred: bool,
}

impl Known {
    fn new(watch: &Watch) -> Option<Self> {
        let path = std::path::absolute(&watch.path).ok()?;
        let state = state(&path);
        Some(Self { path, then: watch.then.clone(), state, stirred: false })
    }

    /// Whether changes inside of it count, too.
    fn below(&self) -> bool {
        matches!(self.then, Touched::Below | Touched::BelowAtOnce)
    }

    /// One look: whether it was touched since the last one.
    fn touched(&mut self) -> bool {
        let now = state(&self.path);
        // taken in any case: what stays would count for a later touch of another file
        let stirred = std::mem::take(&mut self.stirred);
        let touched = is_touched(self.state, now) || stirred;
        if touched {
            self.state = now;
        }
        touched
    }
}

fn state(path: &Path) -> Option<State> {
    let found = path.metadata().ok()?;
    let changed = (found.mtime(), found.mtime_nsec());
    Some(State { identity: (found.dev(), found.ino()), changed })
}

/// It appeared, it disappeared, it was changed later than before, or it is another file.
fn is_touched(before: Option<State>, now: Option<State>) -> bool {
    match (before, now) {
        (Some(before), Some(now)) => {
            now.changed > before.changed || now.identity != before.identity
        }
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    }
}

/// Tells what was touched, for ever.
async fn run(mut known: Vec<Known>, facts: Facts) {
    let mut eye = match Eye::open() {
        Ok(eye) => Some(eye),
        Err(error) => {
            output::say(&format!("files are looked at each second: inotify: {error}"));
            None
        }
    };
    let mut said = eye.is_none();
    loop {
        let polls = match &mut eye {
            Some(eye) => {
                let blind = eye.look_at(&known);
                if let (Some(error), false) = (&blind, std::mem::replace(&mut said, true)) {
                    output::say(&format!("files are looked at each second: {error}"));
                }
                blind.is_some()
            }
            None => true,
        };
        // what changed before it was watched
        let mut list = Vec::new();
        for one in known.iter_mut().filter_map(|one| one.touched().then_some(one)) {
            output::say(&format!("*** {} has been touched ***", one.path.display()));
            list.push(one.then.clone());
        }
        if !list.is_empty() && facts.send(Fact::Touched(list)).await.is_err() {
            return;
        }
        match &mut eye {
            Some(eye) if polls => {
                let _ = tokio::time::timeout(POLL, eye.wait(&mut known)).await;
            }
            Some(eye) => eye.wait(&mut known).await,
            None => tokio::time::sleep(POLL).await,
        }
    }
}

/// inotify, and what is watched by it.
struct Eye {
    inotify: Inotify,
    ready: AsyncFd<OwnedFd>,
    /// What matters in each directory.
    names: HashMap<WatchDescriptor, Matters>,
}

/// What matters in a directory.
#[derive(Default)]
struct Matters {
    names: Vec<OsString>,
    /// Of these files (by their place in the list) it is all that is in there.
    below: Vec<usize>,
}

impl Eye {
    fn open() -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        let ready = readiness::watch(inotify.as_fd().try_clone_to_owned()?)?;
        Ok(Self { inotify, ready, names: HashMap::new() })
    }

    /// Watches the way to each file as it is now. Returns why one cannot be watched, if so.
    fn look_at(&mut self, known: &[Known]) -> Option<String> {
        // by device and inode: two ways to one directory share its watch
        let mut wanted: HashMap<(u64, u64), Wanted> = HashMap::new();
        for (at, one) in known.iter().enumerate() {
            for place in places(&one.path) {
                let Some(wanted) = want(&mut wanted, place.directory) else { continue };
                wanted.mask.set(FILE, place.last || wanted.mask.contains(FILE));
                wanted.matters.names.push(place.name);
            }
            if one.below()
                && one.path.is_dir()
                && let Some(wanted) = want(&mut wanted, one.path.clone())
            {
                wanted.mask.insert(FILE | AddWatchFlags::IN_MODIFY);
                wanted.matters.below.push(at);
            }
        }
        let mut names: HashMap<WatchDescriptor, Matters> = HashMap::new();
        let mut blind = None;
        for Wanted { directory, mask, matters } in wanted.into_values() {
            match self.inotify.add_watch(&directory, mask | AddWatchFlags::IN_ONLYDIR) {
                Ok(watch) => {
                    let all = names.entry(watch).or_default();
                    all.names.extend(matters.names);
                    all.below.extend(matters.below);
                }
                // it went meanwhile, which is seen above it
                Err(Errno::ENOENT | Errno::ENOTDIR) => {}
                // a directory that may be passed but not read does not matter on the way
                Err(Errno::EACCES) if !mask.intersects(FILE) => {}
                Err(error) => blind = Some(format!("{}: {error}", directory.display())),
            }
        }
        for watch in self.names.keys().filter(|watch| !names.contains_key(watch)) {
            // one whose directory is gone has gone by itself
            let _ = self.inotify.rm_watch(*watch);
        }
        self.names = names;
        blind
    }

    /// Waits for a burst that matters, until it is over.
    async fn wait(&mut self, known: &mut [Known]) {
        let mut end: Option<Instant> = None;
        loop {
            let burst = async {
                match end {
                    Some(end) => tokio::time::sleep_until(end.min(Instant::now() + QUIET)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                ready = self.ready.readable() => {
                    let Ok(mut ready) = ready else { return };
                    ready.clear_ready();
                }
                () = burst => return,
            }
            if self.read(known) {
                end.get_or_insert(Instant::now() + BURST);
            }
        }
    }

    /// Takes what is there; whether anything of it matters.
    fn read(&self, known: &mut [Known]) -> bool {
        let mut matters = false;
        loop {
            let events = match self.inotify.read_events() {
                Ok(events) => events,
                Err(Errno::EINTR) => continue,
                Err(_) => return matters,
            };
            for event in events {
                if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
                    matters = true;
                    continue;
                }
                let Some(here) = self.names.get(&event.wd) else { continue };
                for at in &here.below {
                    known[*at].stirred = true;
                    matters = true;
                }
                // without a name it is the directory itself
                let name = event.name.as_deref();
                matters |= name.is_none_or(|name| here.names.iter().any(|one| one == name));
            }
        }
    }
}

/// A directory that is to be watched.
struct Wanted {
    directory: PathBuf,
    mask: AddWatchFlags,
    matters: Matters,
}

/// The place of a directory in the list; `None` when it went meanwhile.
fn want(list: &mut HashMap<(u64, u64), Wanted>, directory: PathBuf) -> Option<&mut Wanted> {
    let found = directory.metadata().ok()?;
    let fresh = || Wanted { directory, mask: WAY, matters: Matters::default() };
    Some(list.entry((found.dev(), found.ino())).or_insert_with(fresh))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_touched_when_it_comes_goes_or_is_newer() {
        let at = |inode, changed| Some(State { identity: (1, inode), changed });
        assert!(!is_touched(None, None));
        assert!(is_touched(None, at(1, (1, 0))) && is_touched(at(1, (1, 0)), None));
        assert!(is_touched(at(1, (1, 0)), at(1, (1, 1))));
        assert!(is_touched(at(1, (1, 5)), at(1, (2, 0))));
        assert!(!is_touched(at(1, (2, 0)), at(1, (2, 0))));
        assert!(!is_touched(at(1, (2, 0)), at(1, (1, 9))), "its time was set back");
        assert!(is_touched(at(1, (2, 0)), at(2, (1, 0))), "another file took its place");
    }

    #[test]
    fn a_change_inside_of_a_directory_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let watch = Watch { path: dir.path().into(), then: Touched::Below };
        let mut known = Known::new(&watch).unwrap();
        write(&dir.path().join("inside"));
        // a new name changes the directory's own time, too
        known.stirred = true;
        assert!(known.touched());
        assert!(!known.touched());
        known.stirred = true;
        assert!(known.touched());
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    /// Does each of these things, and waits each time until it is told what was touched.
    fn told(watches: &[Watch], things: &[&dyn Fn()]) -> Vec<Vec<Touched>> {
        runtime().block_on(async {
            let (facts, mut inbox) = tokio::sync::mpsc::channel(8);
            let _keep = Watcher::new(watches, &facts).unwrap();
            let mut found = Vec::new();
            for thing in things {
                thing();
                let fact = tokio::time::timeout(Duration::from_secs(10), inbox.recv()).await;
                let Ok(Some(Fact::Touched(list))) = fact else { panic!("{found:?} {fact:?}") };
                found.push(list);
            }
            found
        })
    }

    fn write(path: &Path) {
        fs::write(path, "x").unwrap();
    }

    #[test]
    fn a_file_that_is_not_there_yet_is_seen_with_its_directory() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a/b/file");
        let watch = Watch { path: file.clone(), then: Touched::Reload };
        let make = || {
            fs::create_dir_all(dir.path().join("a/b")).unwrap();
            write(&file);
        };
        let touch = || write(&file);
        let rename = || fs::rename(dir.path().join("a"), dir.path().join("c")).unwrap();
        let back = || fs::rename(dir.path().join("c"), dir.path().join("a")).unwrap();
        let remove = || fs::remove_file(&file).unwrap();
        let found = told(&[watch], &[&make, &touch, &rename, &back, &remove]);
        assert_eq!(found, vec![vec![Touched::Reload]; 5]);
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_a_touch() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        for name in ["1", "2"] {
            fs::create_dir(dir.path().join(name)).unwrap();
            write(&dir.path().join(name).join("file"));
        }
        let current = dir.path().join("current");
        symlink("1", &current).unwrap();
        let watch = Watch { path: current.join("file"), then: Touched::Chain };
        let swap = || {
            symlink("2", dir.path().join("next")).unwrap();
            fs::rename(dir.path().join("next"), &current).unwrap();
        };
        assert_eq!(told(&[watch], &[&swap]), [[Touched::Chain]]);
    }

    #[test]
    fn what_happens_in_a_directory_counts_where_that_is_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("inside");
        let other = dir.path().join("other");
        let watches = [
            Watch { path: dir.path().into(), then: Touched::Below },
            Watch { path: other.clone(), then: Touched::Execute("x".into()) },
        ];
        let make = || write(&inside);
        let both = || write(&other);
        let found = told(&watches, &[&make, &both]);
        assert_eq!(found[0], [Touched::Below]);
        assert_eq!(found[1], [Touched::Below, Touched::Execute("x".into())]);
    }
}
