//! Where request lines and output go, and in which form.

use serde::{Deserialize, Serialize};

/// Where request lines and output go, and in which form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Logs {}
