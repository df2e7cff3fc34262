//! Sources of vassals.
//!
//! A monitor reports snapshots: what is there now. Kernel events only wake it, so that lost,
//! merged or self-caused events can neither lose nor bounce a vassal; what changed is decided
//! by [`reconcile`], which is pure. The daemon looks at files by `stat` alone: it never opens
//! one that a tenant may own.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use shared::summons::Version;

use crate::vassal::name::VassalName;

/// A directory: one vassal a file.
pub mod directory;
/// A shell pattern: one vassal a match.
pub mod glob;
/// Files that are being written, and bursts of events: when to look.
pub mod patience;
/// What changed between what is known and what is seen.
pub mod reconcile;
/// The task of one source: waits, looks, reports.
pub mod source;
/// Wake-ups from the kernel.
pub mod watch;

/// What a monitor saw of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The vassal's name.
    pub name: VassalName,
    /// The file, absolute.
    pub path: PathBuf,
    /// The identity of the file that is read.
    pub version: Version,
    /// What counts as a change when it differs: the same, or with `emperor-nofollow` the
    /// identity of the link.
    pub mark: Version,
    /// The rule of the Emperor that it breaks.
    pub barred: Option<String>,
}

/// What a monitor saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// The source cannot be looked at: every vassal is held as it is.
    Gone {
        /// Why.
        reason: String,
    },
    /// Everything that is there.
    Seen(Seen),
}

/// A complete snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The vassals.
    pub sightings: Vec<Sighting>,
    /// Entries that look like vassals and cannot be: name and reason.
    pub unfit: Vec<(String, String)>,
    /// Files whose last link lies elsewhere: changes there are to wake the monitor too.
    pub targets: Vec<(VassalName, PathBuf)>,
    /// Whether kernel events tell of every change (else the monitor has to look often).
    pub observable: bool,
}

/// A source of vassals.
pub trait Monitor: Send {
    /// The source as it was configured, for logs and statistics.
    fn label(&self) -> &str;

    /// Looks.
    fn scan(&mut self) -> Scan;

    /// The directory whose events are worth a look, if there is one.
    fn directory(&self) -> Option<PathBuf>;
}

/// The identity of a file.
pub fn version(file: &Metadata) -> Version {
    Version {
        dev: file.dev(),
        ino: file.ino(),
        mtime_ns: i128::from(file.mtime()) * 1_000_000_000 + i128::from(file.mtime_nsec()),
        size: file.size(),
        uid: file.uid(),
        gid: file.gid(),
    }
}
