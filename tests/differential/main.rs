//! The configuration as we understand it, compared line by line with what the real uWSGI lists
//! for the same files: files of our own that use every part of the dialect, and, where it is at
//! hand, a corpus of files that people wrote.
//!
//! Every program runs as nobody, in namespaces and a throw-away file system of its own: the
//! corpus holds commands, logs and daemons. Files of the corpus are named by their number.

mod sandbox;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use sandbox::{Listing, Reference, listing};
use tests::{Dir, Subject, not_run, note, only, root};

/// Files of the corpus whose lists differ, and why; any other difference is a defect.
const KNOWN: &str = include_str!("corpus.txt");

#[test]
fn own_files_are_listed_as_uwsgi_lists_them() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("differential/own");
    for reference in references() {
        let dir = Dir::new();
        copy(&own, dir.path());
        for name in [
            "arithmetic",
            "joined",
            "logic",
            "magic",
            "nested",
            "placeholders",
            "scramble",
            "sources",
        ] {
            let file = dir.path().join(format!("{name}.ini"));
            let ours = listing(&sandbox::ours(&dir), &file, &[]);
            let theirs = listing(&reference.program(&dir), &file, &paths(&file, &ours));
            match theirs {
                Listing::Shown(theirs) => same(name, &ours, &theirs),
                Listing::Nothing(said) => panic!("{name}: {}: {said}", reference.name()),
            }
        }
    }
}

#[test]
fn files_that_people_wrote_are_listed_as_uwsgi_lists_them() {
    let Some(corpus) = corpus() else { return };
    for reference in references() {
        let known: Vec<usize> = KNOWN
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(' '))
            .filter(|(_, reason)| reason.starts_with(reference.name()))
            .filter_map(|(number, _)| number.parse().ok())
            .collect();
        let next = AtomicUsize::new(0);
        let compared: Vec<(usize, Outcome)> = std::thread::scope(|scope| {
            let work = || {
                let dir = Dir::new();
                let (ours, theirs) = (sandbox::ours(&dir), reference.program(&dir));
                let mut done = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(from) = corpus.get(number) else { return done };
                    let file = dir.path().join(format!("{number:03}.ini"));
                    fs::copy(from, &file).expect("the corpus can be read");
                    done.push((number, compare(&ours, &theirs, &file)));
                }
            };
            let workers = [scope.spawn(work), scope.spawn(work)];
            workers.into_iter().flat_map(|one| one.join().expect("a worker ends")).collect()
        });
        verdict(&compared, &known, reference);
    }
}

/// What came of one file.
enum Outcome {
    /// uWSGI does not get as far as listing it.
    Refused,
    Equal,
    Different(String),
}

fn compare(ours: &Path, theirs: &Path, file: &Path) -> Outcome {
    let mine = listing(ours, file, &[]);
    match listing(theirs, file, &paths(file, &mine)) {
        Listing::Nothing(_) => Outcome::Refused,
        Listing::Shown(theirs) => match difference(&mine, &theirs) {
            None => Outcome::Equal,
            Some(text) => Outcome::Different(text),
        },
    }
}

fn verdict(compared: &[(usize, Outcome)], known: &[usize], reference: Reference) {
    let mut wrong = Vec::new();
    let (mut equal, mut accepted) = (0, 0);
    for (number, outcome) in compared {
        match outcome {
            Outcome::Refused => {}
            Outcome::Equal => {
                equal += 1;
                accepted += 1;
                if known.contains(number) {
                    wrong.push(format!("{number:03} is equal and listed as different"));
                }
            }
            Outcome::Different(text) => {
                accepted += 1;
                if !known.contains(number) {
                    wrong.push(format!("{number:03}: {text}"));
                }
            }
        }
    }
    note(&format!("{}: {equal} of {accepted} files are listed alike", reference.name()));
    assert!(wrong.is_empty(), "{}:\n{}", reference.name(), wrong.join("\n"));
    assert!(accepted >= compared.len() / 2, "{} accepts only {accepted}", reference.name());
    assert!(equal * 100 >= accepted * 95, "{equal} of {accepted}");
}

fn references() -> Vec<Reference> {
    if !only(Subject::Ours) || !root() {
        return Vec::new();
    }
    if !sandbox::works() {
        not_run("this system gives no private mounts (unshare, overlay)");
        return Vec::new();
    }
    let (there, missing): (Vec<_>, Vec<_>) =
        Reference::ALL.into_iter().partition(|one| one.exists());
    for one in missing {
        not_run(&format!("no uWSGI of {}", one.name()));
    }
    there
}

/// The files of the corpus in the order of their names.
fn corpus() -> Option<Vec<PathBuf>> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/ini");
    let Ok(found) = fs::read_dir(place) else {
        not_run("the corpus is not at hand");
        return None;
    };
    let mut files: Vec<PathBuf> = found.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Some(files)
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the files are in the repository").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).expect("an empty directory");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a readable file");
        }
    }
}

/// Paths that a file and its values name: uWSGI opens some of them before it lists anything.
fn paths(file: &Path, ours: &Listing) -> Vec<String> {
    let text = fs::read(file).unwrap_or_default();
    let mut all = String::from_utf8_lossy(&text).into_owned();
    let lines = ours.lines().join("\n");
    all.push_str(&lines);
    let word = |c: char| c.is_ascii_alphanumeric() || "/_.@+-".contains(c);
    let mut found: Vec<String> = all
        .split(|c: char| !word(c))
        .filter_map(|word| word.find('/').map(|at| word[at..].to_owned()))
        .filter(|path| path.len() > 1 && !path.starts_with("//"))
        .collect();
    let base = file.parent().map(|path| path.display().to_string()).unwrap_or_default();
    for line in lines.lines() {
        let Some((name, value)) = line.split_once(" = ") else { continue };
        match name {
            "chdir" | "chdir2" | "include" if value.starts_with('/') => {
                found.push(format!("{value}/"));
            }
            // relative to the directory of the start
            "chdir" | "logto" | "pidfile" | "daemonize" => found.push(format!("{base}/{value}/x")),
            _ => {}
        }
    }
    found
}

fn same(name: &str, ours: &Listing, theirs: &[String]) {
    if let Some(text) = difference(ours, theirs) {
        panic!("{name}: {text}");
    }
}

fn difference(ours: &Listing, theirs: &[String]) -> Option<String> {
    let ours = match ours {
        Listing::Shown(ours) => ours,
        Listing::Nothing(said) => return Some(format!("we list nothing: {said}")),
    };
    if ours.as_slice() == theirs {
        return None;
    }
    let at = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
    Some(format!("line {at}: ours {:?}, uWSGI's {:?}", ours.get(at), theirs.get(at)))
}
