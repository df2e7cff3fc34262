//! Which programs are under test, and how a test says that something is missing here.
//!
//! `SUBJECT` chooses between ours and the original; `EMPEROR_BUILD` names another directory than
//! `target/release` for our programs (a copy that other users can reach, for instance).

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Whose behaviour is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// This product.
    Ours,
    /// Debian's uWSGI.
    Uwsgi,
}

/// The subject of this run.
///
/// # Panics
/// With a word that is neither `ours` nor `uwsgi`.
pub fn subject() -> Subject {
    match env::var("SUBJECT").as_deref() {
        Err(_) | Ok("" | "ours") => Subject::Ours,
        Ok("uwsgi") => Subject::Uwsgi,
        Ok(other) => panic!("SUBJECT is ours or uwsgi, not {other:?}"),
    }
}

/// Whether this run tests the given subject; a test that does not apply says "not run" and returns.
#[must_use]
pub fn only(wanted: Subject) -> bool {
    if subject() == wanted {
        return true;
    }
    not_run(&format!("applies to {wanted:?} only"));
    false
}

/// Whether this run is root's; a test that needs root says "not run" and returns.
#[must_use]
pub fn root() -> bool {
    if nix::unistd::geteuid().is_root() {
        return true;
    }
    not_run("needs root");
    false
}

/// Records that the calling test was not run, and why. `tests/run` prints the list at its end.
pub fn not_run(why: &str) {
    record("not run", why);
}

/// Records something that the reader of a test run should see (interpreters used, times).
pub fn note(what: &str) {
    record("note", what);
}

/// Appends a line to the file that `tests/run` prints, and to the captured output.
fn record(kind: &str, text: &str) {
    let thread = std::thread::current();
    let line = format!("{kind}: {}: {text}\n", thread.name().unwrap_or("?"));
    eprint!("{line}");
    if let Ok(path) = env::var("TESTS_NOTES")
        && let Ok(mut file) = OpenOptions::new().create(true).append(true).open(path)
    {
        file.write_all(line.as_bytes()).ok();
    }
}

/// The directory of our built programs.
pub fn build() -> PathBuf {
    env::var_os("EMPEROR_BUILD").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release"),
        PathBuf::from,
    )
}

/// One of our built programs.
///
/// # Panics
/// If it was not built.
pub fn ours(name: &str) -> PathBuf {
    let path = build().join(name);
    assert!(path.exists(), "{} is not built: run tests/run", path.display());
    path.canonicalize().expect("an existing program has a path")
}

/// A program of the system; `None` records that the test was not run without it.
pub fn system(name: &str) -> Option<PathBuf> {
    let found = find(name);
    if found.is_none() {
        not_run(&format!("{name} is not installed"));
    }
    found
}

/// Looks a program up in `PATH` and the administrator's directories.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// The original, as Debian packages it.
///
/// # Panics
/// If it is not installed.
pub fn original() -> PathBuf {
    find("uwsgi-core")
        .or_else(|| find("uwsgi"))
        .expect("Debian's uwsgi-core is installed by tests/run")
}

/// A program of the harness itself, built beside the tests.
///
/// # Panics
/// If cargo did not build it.
pub fn helper(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    let found =
        test.ancestors().skip(1).take(2).map(|dir| dir.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is not built beside {}", test.display()))
}
