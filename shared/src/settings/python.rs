//! What only Python applications have: further applications, imports, hooks of the interpreter.

use serde::{Deserialize, Serialize};

/// What only Python applications have: further applications, imports, hooks of the interpreter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Python {}
