//! The daemon that governs vassals, and its client.
//!
//! `vassal` and `monitor::reconcile` decide and are pure; the court carries out; everything
//! else is a source of events for the court or a reader of what it publishes.
#![forbid(unsafe_code)]

/// One control group a tree.
pub mod cgroup;
/// The last lines of each vassal.
pub mod journal;
/// One Emperor for a directory.
pub mod lock;
/// Sources of vassals.
pub mod monitor;
/// The daemon's own settings.
pub mod settings;
/// What outlives the daemon.
pub mod state;
/// One vassal, as decisions.
pub mod vassal;
