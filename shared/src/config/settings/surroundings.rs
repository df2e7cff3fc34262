//! What runs beside the workers, or at their edges: hooks, daemons, limits of processes.

use crate::settings::Surroundings;

use super::Given;

/// Reads this part.
pub(super) fn read(_given: &mut Given<'_>) -> Surroundings {
    Surroundings {}
}
