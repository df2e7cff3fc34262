//! Which files are checked: those that are named, and those that an Emperor would pick from a
//! directory. Nothing is opened here but standard input; only names and owners are looked at.

use std::fs::{self, Metadata, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use shared::finding::{Finding, Origin};
use shared::listed::{List, Listed};
use shared::name::{Unfit, fit};
use shared::owner;
use shared::rule;
use shared::summons::Version;
use tempfile::TempDir;

use super::arguments::Wanted;

/// The most of standard input that is read, bytes: one more than a file may have.
const INPUT_MAX: u64 = 1024 * 1024 + 1;

/// User and group that own nothing.
const NOBODY: u32 = 65534;

/// One file to check.
#[derive(Debug)]
pub(super) struct Subject {
    /// As it is shown.
    pub(super) shown: PathBuf,
    /// Where it is, absolute.
    pub(super) path: PathBuf,
    /// Whom to become for reading it, when root checks.
    owner: Option<(u32, u32)>,
    /// What it was when it was picked; `None`: it cannot be looked at.
    pub(super) version: Option<Version>,
    /// It is one of a directory's: judged as an Emperor of this machine would start it.
    pub(super) vassal: bool,
    /// It is an Emperor's own, and read as its daemon reads it.
    pub(super) emperor: bool,
    /// Why there is nothing to read.
    pub(super) problem: Option<Finding>,
    /// What is known already.
    pub(super) findings: Vec<Finding>,
    /// Standard input, kept in a file while it is read, and the directory that it counts from.
    pub(super) input: Option<(TempDir, PathBuf)>,
}

/// Finds the files, in the order in which they were named; those of a directory by name. An
/// Emperor's list says more of what is wanted.
pub(super) fn collect(wanted: &mut Wanted) -> io::Result<Vec<Subject>> {
    let mut list = Vec::new();
    if wanted.listed {
        let List { sets, files } = serde_json::from_reader(io::stdin().lock())?;
        wanted.emperor.sets.extend(sets);
        listed(files, &mut list);
    }
    for name in &wanted.names {
        if name.as_os_str() == "-" {
            list.push(standard_input(wanted)?);
            continue;
        }
        match fs::metadata(name) {
            Ok(data) if data.is_dir() => directory(name, wanted, &mut list),
            found => list.push(file(name, name, found, false)),
        }
    }
    Ok(list)
}

fn file(name: &Path, shown: &Path, found: io::Result<Metadata>, vassal: bool) -> Subject {
    let path = std::path::absolute(name).unwrap_or_else(|_| name.to_owned());
    let problem = match &found {
        Ok(data) if data.is_file() => None,
        Ok(_) => Some("not a regular file".to_owned()),
        Err(error) => Some(format!("cannot be read: {error}")),
    };
    Subject {
        owner: owner::of(&path).ok().filter(|(uid, _)| *uid != 0),
        problem: problem.map(|message| unreadable(&path, message)),
        shown: shown.to_owned(),
        path,
        version: found.ok().map(|data| version(&data)),
        vassal,
        emperor: false,
        findings: Vec::new(),
        input: None,
    }
}

/// The files of an Emperor, which looked at their names and owners.
fn listed(files: Vec<Listed>, list: &mut Vec<Subject>) {
    for Listed { path, vassal, findings } in files {
        let mut subject = file(&path, &path, fs::metadata(&path), vassal);
        subject.emperor = !vassal;
        if findings.is_empty() || subject.problem.is_none() {
            subject.findings = findings;
        } else {
            // the Emperor's reason is the better one
            subject.problem = findings.into_iter().next();
        }
        list.push(subject);
    }
}

/// A finding about a file as a whole.
pub(super) fn unreadable(path: &Path, message: impl Into<String>) -> Finding {
    let origin = Origin::File { path: path.into(), line: 1, column: 1, value: 0 };
    Finding::error(Some(origin), None, message).rule(rule::UNREADABLE)
}

fn directory(name: &Path, wanted: &Wanted, list: &mut Vec<Subject>) {
    let entries = match fs::read_dir(name) {
        Ok(entries) => entries,
        Err(error) => return list.push(file(name, name, Err(error), true)),
    };
    let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.sort();
    for entry in names {
        let path = name.join(&entry);
        // a link without a target is not there for an Emperor either
        let Ok(data) = fs::metadata(&path) else { continue };
        if !data.is_file() {
            continue;
        }
        let text = entry.to_string_lossy();
        match fit(&text, &wanted.emperor.extensions) {
            Ok(()) => list.push(file(&path, &path, Ok(data), true)),
            Err(Unfit::Silently) => {}
            Err(Unfit::Loudly(why)) => {
                let mut subject = file(&path, &path, Ok(data), true);
                subject.problem = Some(unreadable(&subject.path, why));
                list.push(subject);
            }
        }
    }
}

/// Standard input becomes a file of ours that nobody else can write. Whose text it is nobody
/// can tell: root has it read by a user that owns nothing.
fn standard_input(wanted: &Wanted) -> io::Result<Subject> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(INPUT_MAX).read_to_end(&mut bytes)?;
    let shown = wanted.stdin.clone().unwrap_or_else(|| "-".into());
    let name = match shown.file_name() {
        Some(name) if wanted.stdin.is_some() => name.to_owned(),
        Some(_) | None => "standard-input.ini".into(),
    };
    let root = geteuid().is_root();
    // root's own TMPDIR may be closed to others
    let place = if root { PathBuf::from("/tmp") } else { std::env::temp_dir() };
    let directory = tempfile::tempdir_in(place)?;
    let path = directory.path().join(name);
    fs::write(&path, bytes)?;
    if root {
        for (path, mode) in [(path.as_path(), 0o640), (directory.path(), 0o710)] {
            chown(path, None, Some(NOBODY))?;
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
    }
    let place = std::path::absolute(shown.parent().unwrap_or(Path::new("")).join("."))?;
    let mut subject = file(&path, &shown, fs::metadata(&path), false);
    subject.owner = root.then_some((NOBODY, NOBODY));
    subject.input = Some((directory, place));
    Ok(subject)
}

impl Subject {
    /// Whom to become for reading it; `None`: who we are.
    pub(super) fn owner(&self) -> Option<(u32, u32)> {
        self.owner.filter(|_| geteuid().is_root())
    }
}

fn version(data: &Metadata) -> Version {
    Version {
        dev: data.dev(),
        ino: data.ino(),
        mtime_ns: i128::from(data.mtime()) * 1_000_000_000 + i128::from(data.mtime_nsec()),
        size: data.size(),
        uid: data.uid(),
        gid: data.gid(),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::super::arguments;
    use super::*;

    fn wanted(words: &[&Path]) -> Wanted {
        let words: Vec<OsString> = words.iter().map(|word| word.as_os_str().to_owned()).collect();
        arguments::parse(&words).unwrap()
    }

    #[test]
    fn a_directory_gives_the_files_that_an_emperor_would_pick() {
        let place = tempfile::tempdir().unwrap();
        let here = place.path();
        for name in ["b.ini", "a.yaml", ".c.ini", "d.txt", "e:f.ini"] {
            fs::write(here.join(name), "").unwrap();
        }
        fs::create_dir(here.join("g.ini")).unwrap();
        std::os::unix::fs::symlink("nowhere", here.join("h.ini")).unwrap();
        let list = collect(&mut wanted(&[here])).unwrap();
        let names: Vec<_> = list.iter().map(|one| one.path.file_name().unwrap()).collect();
        assert_eq!(names, ["a.yaml", "b.ini", "e:f.ini"]);
        assert!(list.iter().all(|one| one.vassal));
        assert!(list[2].problem.as_ref().unwrap().message.contains("\":\""));
    }

    #[test]
    fn what_is_named_and_is_no_file_is_said() {
        let place = tempfile::tempdir().unwrap();
        let fifo = place.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let list = collect(&mut wanted(&[&place.path().join("none.ini"), &fifo])).unwrap();
        let texts: Vec<_> = list.iter().map(|one| &one.problem.as_ref().unwrap().message).collect();
        assert!(texts[0].contains("No such file") && texts[1].contains("not a regular file"));
    }
}
