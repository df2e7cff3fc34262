//! What the Emperor tells a check: which files it governs, and what it found by itself.
//!
//! `emperor --check` looks at its directories as the daemon does and hands the list, as JSON on
//! standard input, to `vassal --check --listed`, which alone reads what tenants wrote.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

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
