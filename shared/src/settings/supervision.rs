//! How many workers there are, when they are replaced, and what the master listens to.

use serde::{Deserialize, Serialize};

/// How many workers there are, when they are replaced, and what the master listens to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Supervision {}
