//! What the server answers itself, and what it does before an application is asked: files and routes.

use serde::{Deserialize, Serialize};

/// What the server answers itself, and what it does before an application is asked: files and routes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {}
