//! One thing that is wrong (or doubtful) in a configuration, said so that it can be mended.
//!
//! All findings of a file are collected and shown together. A finding never quotes a line of
//! a file: an include of a secret must not show its content in an error. Besides what is wrong
//! it can say what uWSGI makes of the same line without a word, which is why the line was
//! written that way and nobody noticed.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::rule;

/// How much a finding hurts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is wrong; worth knowing. Shown by a check, never in a running vassal's log.
    Note,
    /// The vassal runs; somebody should look.
    Warning,
    /// The configuration is refused.
    Error,
}

impl Severity {
    /// `note`, `warning`, `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A line of a file; lines and columns count from one.
    File {
        /// The file as it was named.
        path: Arc<Path>,
        /// The line, from one.
        line: u32,
        /// The column of the key, from one.
        column: u32,
        /// The column of the value, from one; that of the key where there is no value.
        #[serde(default)]
        value: u32,
    },
    /// The command line.
    CommandLine,
    /// A variable of the environment (`UWSGI_...`).
    Environment(String),
    /// `vassal-set` of the Emperor's configuration.
    VassalSet,
}

/// Which half of a line a finding is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The name of the option.
    #[default]
    Name,
    /// Its value.
    Value,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether the configuration is refused for it.
    pub severity: Severity,
    /// The rule that found it: a stable name of [`rule::RULES`].
    #[serde(default, rename = "rule")]
    pub code: Cow<'static, str>,
    /// Where it was found; `None` when it concerns the whole.
    pub origin: Option<Origin>,
    /// Which half of the line it is about.
    #[serde(default)]
    pub part: Part,
    /// The option it is about.
    pub option: Option<String>,
    /// What is wrong and what was expected, in lower case.
    pub message: String,
    /// The option name that was probably meant.
    pub suggestion: Option<String>,
    /// What uWSGI does with it, without saying so.
    #[serde(default)]
    pub uwsgi: Option<String>,
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
    /// One line for a log: `sites/a.ini:12: harakiri: expected seconds, found "1m"`.
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

/// The longest message, bytes: it may quote a value, and a value may be a whole file.
const MESSAGE_MAX: usize = 1024;

/// Cuts a message that is too long to be read.
fn short(mut message: String) -> String {
    if message.len() > MESSAGE_MAX {
        message.truncate(message.floor_char_boundary(MESSAGE_MAX));
        message.push_str(" ...");
    }
    message
}

impl Finding {
    /// A finding of this severity about an option found at `origin`.
    pub fn new(
        severity: Severity,
        origin: Option<Origin>,
        option: Option<&str>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            code: Cow::Borrowed(rule::OTHER),
            origin,
            part: Part::Name,
            option: option.map(str::to_owned),
            message: short(message.into()),
            suggestion: None,
            uwsgi: None,
        }
    }

    /// An error about an option found at `origin`.
    pub fn error(origin: Option<Origin>, option: Option<&str>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, origin, option, message)
    }

    /// A warning about an option found at `origin`.
    pub fn warning(
        origin: Option<Origin>,
        option: Option<&str>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Warning, origin, option, message)
    }

    /// A note about an option found at `origin`.
    pub fn note(origin: Option<Origin>, option: Option<&str>, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, origin, option, message)
    }

    /// The same finding, made by this rule.
    #[must_use]
    pub fn rule(mut self, code: &'static str) -> Self {
        debug_assert!(rule::find(code).is_some(), "{code} is not in the table of rules");
        self.code = Cow::Borrowed(code);
        self
    }

    /// The same finding, about the value and not the name.
    #[must_use]
    pub fn of_value(mut self) -> Self {
        self.part = Part::Value;
        self
    }

    /// The same finding with the name that was probably meant.
    #[must_use]
    pub fn meant(mut self, name: impl Into<String>) -> Self {
        self.suggestion = Some(name.into());
        self
    }

    /// The same finding with what uWSGI does in silence.
    #[must_use]
    pub fn uwsgi(mut self, what: impl Into<String>) -> Self {
        self.uwsgi = Some(short(what.into()));
        self
    }

    /// Whether the configuration is refused for it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Whether nothing is wrong.
    pub fn is_note(&self) -> bool {
        self.severity == Severity::Note
    }

    /// Line and column of the half of the line that it is about.
    pub fn place(&self) -> Option<(u32, u32)> {
        match (&self.origin, self.part) {
            (Some(Origin::File { line, value, .. }), Part::Value) if *value > 0 => {
                Some((*line, *value))
            }
            (Some(Origin::File { line, column, .. }), _) => Some((*line, *column)),
            (Some(_) | None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_survives_a_pipe_and_points_to_its_half_of_the_line() {
        let path = Path::new("a.ini").into();
        let origin = Origin::File { path, line: 3, column: 1, value: 13 };
        let finding = Finding::warning(Some(origin), Some("processes"), "expected a number")
            .rule(rule::TRAILING_TEXT)
            .uwsgi("reads 4");
        let json = serde_json::to_vec(&finding).unwrap();
        assert_eq!(serde_json::from_slice::<Finding>(&json).unwrap(), finding);
        assert_eq!(finding.place(), Some((3, 1)));
        assert_eq!(finding.to_string(), "a.ini:3: processes: expected a number");
        assert_eq!(finding.of_value().place(), Some((3, 13)));
    }
}
