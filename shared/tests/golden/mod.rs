//! Compares generated documentation with the files in `docs/`, or writes it there.

use std::fs;
use std::path::Path;

/// Checks one file of `docs/`; with `UPDATE_DOCS` in the environment it is written instead.
pub(crate) fn check(name: &str, wanted: &str) {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).join(name);
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| !value.is_empty()) {
        fs::write(&path, wanted).expect("docs/ can be written");
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    if found != wanted {
        let line = 1 + found.lines().zip(wanted.lines()).take_while(|(a, b)| a == b).count();
        panic!(
            "docs/{name} is not what is generated, from line {line} on; write it anew with: \
             UPDATE_DOCS=1 cargo test -p {} --test docs",
            env!("CARGO_PKG_NAME")
        );
    }
}

/// A page of `docs/`, for its parts that are written by hand.
pub(crate) fn page(name: &str) -> String {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("docs/{name}: {error}"))
}
