//! The table of options against the real programs, and what is generated from it against the
//! programs that read it.

mod completion;
mod help;
mod names;
mod schema;

use std::path::{Path, PathBuf};

/// The repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository is here")
}
