//! What the Emperor tells a check: which files it governs, and what it found by itself.
//!
//! `emperor --check` looks at its directories as the daemon does and hands the list, as JSON on
//! standard input, to `vassal --check --listed`, which alone reads what tenants wrote. What it
//! gives every vassal may be a secret: it travels here too, for every user sees arguments.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// Everything that an Emperor hands over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// Options for every vassal, `key=value`.
    pub sets: Vec<String>,
    /// The files.
    pub files: Vec<Listed>,
}

/// One file of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its path.
    pub path: PathBuf,
    /// It is a vassal of this Emperor (and not the Emperor's own configuration).
    pub vassal: bool,
    /// What is known about it already.
    pub findings: Vec<Finding>,
}
