//! Python interpreters that are found here, and environments for tests.
//!
//! `PYTHONS` (a list separated by colons) replaces the search.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::programs::{self, Subject, subject};

/// A CPython, by its minor version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// `(3, 11)`.
    pub version: (u32, u32),
    /// Its program.
    pub path: PathBuf,
}

/// One CPython of each minor version from 3.8 on.
pub fn interpreters() -> Vec<Python> {
    let mut found = BTreeMap::new();
    for path in candidates() {
        if let Some(version) = ask(&path)
            && version >= (3, 8)
        {
            found.entry(version).or_insert(path);
        }
    }
    found.into_iter().map(|(version, path)| Python { version, path }).collect()
}

/// Programs that look like a Python.
fn candidates() -> Vec<PathBuf> {
    if let Some(list) = env::var_os("PYTHONS") {
        return env::split_paths(&list).collect();
    }
    let mut dirs: Vec<PathBuf> = Vec::new();
    if let Some(home) = env::var_os("HOME") {
        for versions in [".pyenv/versions", ".local/share/uv/python"] {
            if let Ok(entries) = Path::new(&home).join(versions).read_dir() {
                dirs.extend(entries.flatten().map(|entry| entry.path().join("bin")));
            }
        }
    }
    dirs.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let mut found = Vec::new();
    for dir in dirs.iter().filter(|dir| !dir.ends_with("shims")) {
        for minor in 8..20 {
            let path = dir.join(format!("python3.{minor}"));
            if path.is_file() {
                found.push(path);
            }
        }
    }
    found
}

/// Asks a program for its version; `None` if it is no working CPython.
fn ask(path: &Path) -> Option<(u32, u32)> {
    let code = "import sys; print(sys.implementation.name, *sys.version_info[:2])";
    let output = Command::new(path).args(["-Sc", code]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut words = text.split_whitespace();
    (words.next()? == "cpython").then_some(())?;
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// The environment that `tests/run` prepared, with Django and uwsgitop.
pub fn prepared() -> Option<PathBuf> {
    let path = env::var_os("TESTS_VENV").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv"),
        PathBuf::from,
    );
    if path.join("bin/python").exists() {
        return Some(path);
    }
    programs::not_run("the Python environment is missing: run tests/run");
    None
}

/// The same environment, where `tests/run` could install the frameworks too and, for the original,
/// where it is of the version that this one is linked to.
pub fn frameworks() -> Option<PathBuf> {
    let path = prepared()?;
    if !path.join("frameworks").exists() {
        programs::not_run("Flask, Pyramid, Bottle, Falcon are missing: run tests/run");
        return None;
    }
    let linked = Path::new("/usr/bin/python3").canonicalize().unwrap_or_default();
    let fits = linked.file_name().is_some_and(|name| path.join("lib").join(name).is_dir());
    if subject() == Subject::Uwsgi && !fits {
        programs::not_run("the Python environment is of another version than the original's");
        return None;
    }
    Some(path)
}

/// The folder of wheels that `tests/run` downloaded, for installing without a network.
pub fn wheels() -> PathBuf {
    prepared().map_or_else(PathBuf::new, |venv| venv.with_file_name("wheels"))
}
