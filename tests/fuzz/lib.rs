//! The place where the fuzz targets read: one directory per process, with a file that can be
//! included, and a world that never changes. The bodies are in `shared::config::fuzzing`.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use shared::config::{World, fuzzing};
use tempfile::TempDir;

/// Where this process reads.
static PLACE: LazyLock<(TempDir, World)> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("the temporary directory is writable");
    let included = "[uwsgi]\nincluded = %(a)\nprocesses = 3\n[base]\nthreads = 2\n";
    fs::write(directory.path().join("b.ini"), included).expect("a file can be written");
    let world = fuzzing::world(directory.path());
    (directory, world)
});

fn path(name: &str) -> PathBuf {
    PLACE.0.path().join(name)
}

/// A whole file.
pub fn file(name: &str, bytes: &[u8]) {
    let path = path(name);
    fs::write(&path, bytes).expect("a file can be written");
    fuzzing::file(&path, &PLACE.1);
}

/// A command line.
pub fn command_line(bytes: &[u8]) {
    fuzzing::command_line(bytes, &PLACE.1);
}

/// A value.
pub fn placeholder(text: &str) {
    fuzzing::placeholder(text, &PLACE.1);
}

/// The inside of a calculation.
pub fn calculation(text: &str) {
    fuzzing::calculation(text);
}

/// Lines of blocks.
pub fn logic(bytes: &[u8]) {
    fuzzing::logic(bytes, &path("a.ini"), &PLACE.1);
}
