//! How many workers there are, when they are replaced, and what the master listens to.

use crate::settings::Supervision;

use super::Given;

/// Reads this part.
pub(super) fn read(_given: &mut Given<'_>) -> Supervision {
    Supervision {}
}
