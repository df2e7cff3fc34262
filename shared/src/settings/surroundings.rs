//! What runs beside the workers, or at their edges: hooks, daemons, limits of processes.

use serde::{Deserialize, Serialize};

/// What runs beside the workers, or at their edges: hooks, daemons, limits of processes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Surroundings {}
