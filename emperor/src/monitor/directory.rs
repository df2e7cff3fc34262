//! A directory of vassal files.

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Monitor, Scan, Seen, Sighting, version};
use crate::vassal::name::{Unfit, VassalName};

/// How the entries of a source are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// `emperor-extra-extension`.
    pub extra: Vec<String>,
    /// `emperor-nofollow`: a link counts by itself.
    pub nofollow: bool,
    /// `emperor-tyrant`: each file's owner is who its vassal becomes.
    pub tyrant: bool,
    /// The Emperor's own user: whose links may be read.
    pub me: u32,
}

/// A watched directory.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    label: String,
    rules: Rules,
}

impl Directory {
    /// A directory, absolute.
    pub fn new(path: PathBuf, rules: Rules) -> Self {
        Self { label: path.display().to_string(), path, rules }
    }
}

impl Monitor for Directory {
    fn label(&self) -> &str {
        &self.label
    }

    fn directory(&self) -> Option<PathBuf> {
        Some(self.path.clone())
    }

    fn scan(&mut self) -> Scan {
        match list(&self.path, &self.rules) {
            Ok(seen) => Scan::Seen(seen),
            Err(error) => Scan::Gone { reason: error.to_string() },
        }
    }
}

fn list(directory: &Path, rules: &Rules) -> io::Result<Seen> {
    let own = fs::metadata(directory)?;
    let entries = fs::read_dir(directory)?;
    let mut seen = Seen { observable: true, ..Seen::default() };
    for entry in entries {
        // an error in the middle means that the snapshot is not whole
        add(&entry?, &own, rules, &mut seen);
    }
    Ok(seen)
}

fn add(entry: &DirEntry, directory: &Metadata, rules: &Rules, seen: &mut Seen) {
    let name = entry.file_name();
    let Some(text) = name.to_str() else {
        let shown = name.to_string_lossy().into_owned();
        if VassalName::parse(&shown, &rules.extra).is_ok() {
            seen.unfit.push((shown, "a name that is not UTF-8 cannot be a vassal".to_owned()));
        }
        return;
    };
    let name = match VassalName::parse(text, &rules.extra) {
        Ok(name) => name,
        Err(Unfit::Silently) => return,
        Err(Unfit::Loudly(why)) => return seen.unfit.push((text.to_owned(), why.to_owned())),
    };
    let path = entry.path();
    // an entry that goes while it is looked at is simply not there
    let Ok(link) = fs::symlink_metadata(&path) else { return };
    let linked = link.file_type().is_symlink();
    let file = if linked && !rules.nofollow {
        let Ok(target) = fs::metadata(&path) else { return };
        // only links of root, or of the user that this Emperor runs as, are read
        if link.uid() == 0 || link.uid() == rules.me {
            if let Ok(target) = fs::read_link(&path) {
                let target = path.parent().map_or(target.clone(), |parent| parent.join(target));
                seen.targets.push((name.clone(), target));
            }
        } else {
            seen.observable = false;
        }
        target
    } else {
        behind(&path, &link)
    };
    if !(file.is_file() || (linked && rules.nofollow)) {
        return;
    }
    let barred = rules.tyrant.then(|| tyrant(directory, &link, &file)).flatten();
    let mark = version(if rules.nofollow { &link } else { &file });
    seen.sightings.push(Sighting { name, path, version: version(&file), mark, barred });
}

/// What will be read where a link counts by itself: its target, or the link that leads nowhere.
fn behind(path: &Path, link: &Metadata) -> Metadata {
    fs::metadata(path).unwrap_or_else(|_| link.clone())
}

/// The rules of tyrant mode, from what `stat` tells: whoever can put a file there, or choose
/// what a link points to, must not be able to choose another user's name for it.
fn tyrant(directory: &Metadata, link: &Metadata, file: &Metadata) -> Option<String> {
    const OTHERS_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    if directory.mode() & OTHERS_WRITE != 0 && directory.mode() & STICKY == 0 {
        return Some("everybody may replace files in its directory (mode o+w, not sticky)".into());
    }
    if file.uid() == 0 || file.gid() == 0 {
        return Some("tyrant mode refuses a file that belongs to root's user or group".into());
    }
    if file.nlink() > 1 {
        return Some("tyrant mode refuses a file with more than one hard link".into());
    }
    let of_root = link.uid() == 0 && directory.uid() == 0;
    if link.file_type().is_symlink() && link.uid() != file.uid() && !of_root {
        return Some("tyrant mode refuses a link to somebody else's file".into());
    }
    None
}

/// The present state of one file by the same rules, for a reload that must not wait for the
/// next scan. `None`: it is not there.
pub fn glance(path: &Path, name: &VassalName, rules: &Rules) -> Option<Sighting> {
    let link = fs::symlink_metadata(path).ok()?;
    let linked = link.file_type().is_symlink();
    let file = if rules.nofollow { behind(path, &link) } else { fs::metadata(path).ok()? };
    let directory = fs::metadata(path.parent()?).ok()?;
    let barred = rules.tyrant.then(|| tyrant(&directory, &link, &file)).flatten();
    let mark = version(if rules.nofollow { &link } else { &file });
    (file.is_file() || linked).then(|| Sighting {
        name: name.clone(),
        path: path.to_owned(),
        version: version(&file),
        mark,
        barred,
    })
}
