//! What the server answers itself, and what it does before an application is asked: files and routes.

use crate::settings::Content;

use super::Given;

/// Reads this part.
pub(super) fn read(_given: &mut Given<'_>) -> Content {
    Content {}
}
