//! What only Python applications have: further applications, imports, hooks of the interpreter.

use crate::settings::Python;

use super::Given;

/// Reads this part.
pub(super) fn read(_given: &mut Given<'_>) -> Python {
    Python {}
}
