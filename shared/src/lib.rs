//! What the emperor and its vassals both speak.
//!
//! Data that crosses a process boundary is defined here once: settings read from a
//! configuration, the launch plan, the summons, the bytes of the link, exit codes. The only
//! `unsafe` of the workspace outside the Python extension lives in [`sys`].

/// Configurations: from files, command line and environment to typed settings.
pub mod config;
/// Exit codes that supervisors and scripts rely on.
pub mod exit;
/// One finding in a configuration: file, line, what was expected.
pub mod finding;
/// Bytes and frames between the Emperor and a vassal's master.
pub mod link;
/// Files that an Emperor hands to a check.
pub mod listed;
/// Which file names are vassals.
pub mod name;
#[cfg(test)]
mod noise;
/// Every option, once: names, values, documentation.
pub mod option;
/// Whose a file is, for root.
pub mod owner;
/// Regular expressions of configurations.
pub mod pattern;
/// What root has to do before a vassal may run, as data.
pub mod plan;
/// The rules that find mistakes in configurations.
pub mod rule;
/// A vassal's settings, typed.
pub mod settings;
/// Statistics documents on a socket, raw or over HTTP.
pub mod statistics;
/// What the Emperor hands to a launcher, and what comes back.
pub mod summons;
/// The door to the kernel: every `unsafe` system call, behind safe functions.
pub mod sys;
