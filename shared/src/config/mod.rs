//! From text to typed settings.
//!
//! Sources (files, command line, environment) become one ordered list of [`Directives`], each
//! with its origin; the list becomes [`Settings`](crate::settings::Settings) once. Everything
//! that is wrong is collected as findings, so that one look at a file shows all its mistakes.
//! The world that a configuration is read in is a parameter.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::settings::Settings;
use crate::summons::Version;

mod directive;
mod world;

pub use directive::{Directive, Directives};
pub use world::World;

/// What was read, and what is wrong with it. Any error among the findings refuses the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The options and custom variables, in the order in which they are applied.
    pub directives: Directives,
    /// Warnings and errors.
    pub findings: Vec<Finding>,
}

impl Reading {
    /// Whether the configuration has to be refused.
    pub fn refused(&self) -> bool {
        self.findings.iter().any(Finding::is_error)
    }
}

/// What an Emperor says about a vassal's configuration.
#[derive(Clone, Copy, Debug)]
pub struct VassalSource<'a> {
    /// The vassal's file.
    pub file: &'a Path,
    /// The file's identity as the monitor saw it; what is opened must match.
    pub version: Option<Version>,
    /// `vassal-set` values (`key=value`).
    pub sets: &'a [String],
    /// Files read before the vassal's file.
    pub before: &'a [PathBuf],
    /// Files read after it.
    pub after: &'a [PathBuf],
    /// Options from the Emperor's `UWSGI_VASSAL_*` variables.
    pub options: &'a [(String, String)],
}

/// Reads a uWSGI command line (without the program's name): the environment's `UWSGI_*`
/// variables, then the options in order, then the positional files.
pub fn read_command_line(args: &[OsString], world: &World) -> Reading {
    let _ = (args, world);
    Reading::default()
}

/// Reads a vassal's configuration as its Emperor asked for it.
pub fn read_vassal(source: &VassalSource<'_>, world: &World) -> Reading {
    let _ = (source, world);
    Reading::default()
}

/// Turns what was read into typed settings; mistakes in values are added to the findings.
pub fn settings(reading: &mut Reading, name: &str) -> Settings {
    let mut settings = Settings::default();
    name.clone_into(&mut settings.serve.name);
    let _ = reading;
    settings
}
