//! The task of one source: waits for a reason to look, looks, reports what it saw.

use std::collections::HashSet;
use std::fs;
use std::future::Future;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::watch::Watch;
use super::{Monitor, Scan, Seen};
use crate::vassal::name::VassalName;

/// How often to look without a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// While kernel events tell of every change.
    pub healthy: Duration,
    /// While they do not.
    pub deaf: Duration,
}

/// One look.
#[derive(Debug)]
pub struct Look {
    /// What was seen.
    pub scan: Scan,
    /// Names that are being written.
    pub held: HashSet<VassalName>,
}

/// Where looks go. The future resolves when the look was taken in.
pub type Report = Box<dyn FnMut(Look) -> Pin<Box<dyn Future<Output = bool> + Send>> + Send>;

/// Looks whenever there is a reason, until the reports are no longer wanted (`report` says
/// false). `rescan` asks for a look from outside.
pub async fn run(
    mut monitor: Box<dyn Monitor>,
    pace: Pace,
    rescan: Arc<Notify>,
    mut report: Report,
) {
    let mut watch = Watch::new();
    let ear = watch.ear();
    let mut targets: Vec<PathBuf> = Vec::new();
    loop {
        // watched before the look: what changes after it is heard
        let mut healthy = attend(&mut watch, &*monitor, &targets);
        let held = ear.patience().look(Instant::now());
        let scan = monitor.scan();
        let mut names = HashSet::new();
        let mut again = false;
        if let Scan::Seen(seen) = &scan {
            let lie = target_directories(seen);
            if lie != targets {
                targets = lie;
                again = true;
            }
            healthy &= seen.observable;
            names = writing(seen, &held, |path| ear.patience().whole(path));
        }
        if !report(Look { scan, held: names }).await {
            return;
        }
        if again {
            // directories of link targets are watched only from now on
            continue;
        }
        let regular = Instant::now() + if healthy { pace.healthy } else { pace.deaf };
        wait(&ear, &rescan, regular).await;
    }
}

/// Returns when it is time to look.
async fn wait(ear: &super::watch::Ear, rescan: &Notify, regular: Instant) {
    loop {
        let due = ear.patience().due().map_or(regular, |due| due.min(regular));
        tokio::select! {
            () = sleep_until(due.into()) => return,
            () = rescan.notified() => return,
            // an event may put the look off (a burst goes on) or bring it forward
            () = ear.bell.notified() => {}
        }
    }
}

/// Watches the source's directory (while it is gone: its parent) and those of link targets.
fn attend(watch: &mut Watch, monitor: &dyn Monitor, more: &[PathBuf]) -> bool {
    let Some(directory) = monitor.directory() else { return false };
    let present = fs::metadata(&directory).is_ok_and(|file| file.is_dir());
    let mut wanted = Vec::new();
    if present {
        wanted.push(directory);
        wanted.extend(more.iter().cloned());
    } else if let Some(parent) = directory.parent().filter(|path| path.is_dir()) {
        wanted.push(parent.to_owned());
    }
    wanted.sort();
    wanted.dedup();
    watch.watch(&wanted) && present
}

fn target_directories(seen: &Seen) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> =
        seen.targets.iter().filter_map(|(_, path)| path.parent().map(Path::to_owned)).collect();
    list.sort();
    list.dedup();
    list
}

/// The names whose file (or link target) is being written. A link, or a file with several
/// names, is made in one step and is never held for having been created.
fn writing(seen: &Seen, held: &HashSet<PathBuf>, whole: impl Fn(&Path)) -> HashSet<VassalName> {
    let mut names = HashSet::new();
    for one in seen.sightings.iter().filter(|one| held.contains(&one.path)) {
        let plain =
            fs::symlink_metadata(&one.path).is_ok_and(|file| file.is_file() && file.nlink() == 1);
        if plain {
            names.insert(one.name.clone());
        } else {
            whole(&one.path);
        }
    }
    for (name, _) in seen.targets.iter().filter(|(_, path)| held.contains(path)) {
        names.insert(name.clone());
    }
    names
}
