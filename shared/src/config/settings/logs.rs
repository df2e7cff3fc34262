//! Where request lines and output go, and in which form.

use crate::settings::Logs;

use super::Given;

/// Reads this part.
pub(super) fn read(_given: &mut Given<'_>) -> Logs {
    Logs {}
}
