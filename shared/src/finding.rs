//! One thing that is wrong (or doubtful) in a configuration, said so that it can be mended.
//!
//! All findings of a file are collected and shown together. A finding never quotes a line of
//! a file: an include of a secret must not show its content in an error.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How much a finding hurts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The vassal runs; somebody should look.
    Warning,
    /// The configuration is refused.
    Error,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A line of a file; lines and columns count from one.
    File {
        /// The file as it was named.
        path: PathBuf,
        /// The line, from one.
        line: u32,
        /// The column of the key, from one.
        column: u32,
    },
    /// The command line.
    CommandLine,
    /// A variable of the environment (`UWSGI_...`).
    Environment(String),
    /// `vassal-set` of the Emperor's configuration.
    VassalSet,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether the configuration is refused for it.
    pub severity: Severity,
    /// Where it was found; `None` when it concerns the whole.
    pub origin: Option<Origin>,
    /// The option it is about.
    pub option: Option<String>,
    /// What is wrong and what was expected, in lower case.
    pub message: String,
    /// The option name that was probably meant.
    pub suggestion: Option<String>,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, .. } => write!(out, "{}:{line}", path.display()),
            Self::CommandLine => out.write_str("command line"),
            Self::Environment(name) => write!(out, "environment {name}"),
            Self::VassalSet => out.write_str("vassal-set"),
        }
    }
}

impl fmt::Display for Finding {
    /// `sites/a.ini:12: harakiri: expected seconds, found "1m"`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(out, "{origin}: ")?;
        }
        if let Some(option) = &self.option {
            write!(out, "{option}: ")?;
        }
        out.write_str(&self.message)?;
        if let Some(near) = &self.suggestion {
            write!(out, "; did you mean \"{near}\"?")?;
        }
        Ok(())
    }
}

impl Finding {
    /// An error about an option found at `origin`.
    pub fn error(origin: Option<Origin>, option: Option<&str>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            origin,
            option: option.map(str::to_owned),
            message: message.into(),
            suggestion: None,
        }
    }

    /// A warning about an option found at `origin`.
    pub fn warning(
        origin: Option<Origin>,
        option: Option<&str>,
        message: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(origin, option, message) }
    }

    /// The same finding with the name that was probably meant.
    #[must_use]
    pub fn meant(mut self, name: impl Into<String>) -> Self {
        self.suggestion = Some(name.into());
        self
    }

    /// Whether the configuration is refused for it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
