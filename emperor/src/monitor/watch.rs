//! Wake-ups from the kernel (inotify, through `notify`): never a decision.
//!
//! `notify` has a thread of its own; what it hears is put into one shared [`Patience`], so that
//! a storm of events costs no memory. Reading a file is not heard at all: else every launcher
//! would wake its own monitor.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::patience::{Patience, Whisper};

/// What the thread of `notify` and the task of a source share.
#[derive(Debug, Default)]
pub struct Ear {
    patience: Mutex<Patience>,
    /// Woken by each event.
    pub bell: Notify,
}

impl Ear {
    /// The events so far.
    pub fn patience(&self) -> MutexGuard<'_, Patience> {
        self.patience.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, event: &notify::Result<notify::Event>) {
        let now = Instant::now();
        match event {
            Ok(event) => {
                let Some(whisper) = whisper(event.kind) else { return };
                // of a rename inside the directory only the new name is complete
                let path = event.paths.last().map_or(Path::new(""), PathBuf::as_path);
                self.patience().heard(path, whisper, now);
            }
            Err(_) => self.patience().heard(Path::new(""), Whisper::Other, now),
        }
        self.bell.notify_one();
    }
}

/// What an event says about its file; `None`: nothing.
fn whisper(kind: EventKind) -> Option<Whisper> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(_))
        | EventKind::Remove(_) => Some(Whisper::Complete),
        EventKind::Access(_) => None,
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Data(_)) => Some(Whisper::Writing),
        EventKind::Modify(_) | EventKind::Any | EventKind::Other => Some(Whisper::Other),
    }
}

/// The watched directories of one source.
pub struct Watch {
    watcher: Option<RecommendedWatcher>,
    ear: Arc<Ear>,
    /// Each with the identity that it had: a directory that was replaced is watched anew.
    watched: HashMap<PathBuf, (u64, u64)>,
}

impl Watch {
    /// Starts listening. Where the kernel refuses (no watches left), the source is polled.
    pub fn new() -> Self {
        let ear = Arc::new(Ear::default());
        let heard = Arc::clone(&ear);
        let watcher = notify::recommended_watcher(move |event| heard.hear(&event)).ok();
        Self { watcher, ear, watched: HashMap::new() }
    }

    /// Where events arrive.
    pub fn ear(&self) -> Arc<Ear> {
        Arc::clone(&self.ear)
    }

    /// Watches exactly these directories. True when each of them is.
    pub fn watch(&mut self, directories: &[PathBuf]) -> bool {
        let Some(watcher) = &mut self.watcher else { return false };
        let gone: Vec<PathBuf> =
            self.watched.keys().filter(|path| !directories.contains(path)).cloned().collect();
        for path in gone {
            let _ = watcher.unwatch(&path);
            self.watched.remove(&path);
        }
        let mut healthy = true;
        for path in directories {
            let Ok(now) = fs::metadata(path).map(|file| (file.dev(), file.ino())) else {
                if self.watched.remove(path).is_some() {
                    let _ = watcher.unwatch(path);
                }
                healthy = false;
                continue;
            };
            if self.watched.get(path) == Some(&now) {
                continue;
            }
            if self.watched.remove(path).is_some() {
                let _ = watcher.unwatch(path);
            }
            match watcher.watch(path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(path.clone(), now);
                }
                Err(_) => healthy = false,
            }
        }
        healthy
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Watch").field("watched", &self.watched).finish_non_exhaustive()
    }
}
