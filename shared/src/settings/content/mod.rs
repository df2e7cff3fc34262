//! What the server answers itself, and what it does before an application is asked: files and routes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

mod files;
/// Rules that are applied to requests and answers.
pub mod routes;

pub use files::{Delivery, Expires, Files, Fresh, Place, Twins};
pub use routes::Routes;

/// What the server answers itself, and what it does before an application is asked: files and routes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Files that are sent without asking the application.
    pub files: Files,
    /// Rules that are applied to requests and answers.
    pub routes: Routes,
    /// What is done to the head of every answer.
    pub heads: Heads,
    /// Bodies of the server's own answers.
    pub pages: Pages,
}

/// What is done to the head of every answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// `add-header`: names and values, in the order of the file.
    pub add: Vec<(String, String)>,
    /// `rem-header`: names whose fields are left out.
    pub remove: Vec<String>,
    /// `collect-header` and `pull-header`.
    pub collect: Vec<Collect>,
    /// `response-headers-limit`: the largest head, bytes.
    pub limit: u32,
}

/// A field of an answer that becomes a variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collect {
    /// The field's name.
    pub field: String,
    /// The variable's.
    pub variable: String,
    /// `pull-header`: the field is not sent.
    pub pull: bool,
}

/// `error-page-403` and the like: the last file of each that can be read is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pages {
    /// `error-page-403`.
    pub forbidden: Vec<PathBuf>,
    /// `error-page-404`.
    pub missing: Vec<PathBuf>,
    /// `error-page-500`.
    pub failed: Vec<PathBuf>,
}

impl Default for Heads {
    fn default() -> Self {
        Self { add: Vec::new(), remove: Vec::new(), collect: Vec::new(), limit: 65_536 }
    }
}
