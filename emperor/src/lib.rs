//! The daemon that governs vassals, and its client.
//!
//! `vassal` and `monitor::reconcile` decide and are pure; the court carries out; everything
//! else is a source of events for the court or a reader of what it publishes.
#![forbid(unsafe_code)]

/// The management API.
pub mod api;
/// What the court publishes, and how it is asked.
pub mod board;
/// One control group a tree.
pub mod cgroup;
/// What is wrong before anything is started.
pub mod check;
/// The command-line client.
pub mod client;
/// Owner of all vassals.
pub mod court;
/// The last lines of each vassal.
pub mod journal;
/// Listening to one process tree.
pub mod link;
/// One Emperor for a directory.
pub mod lock;
/// Where log lines go.
pub mod log;
/// Sources of vassals.
pub mod monitor;
/// What one vassal may cost the daemon in a short time.
pub mod ration;
/// The steps of a reign.
pub mod reign;
/// The daemon's own settings.
pub mod settings;
/// Signals become notices.
pub mod signals;
/// Starting a launcher.
pub mod spawn;
/// What outlives the daemon.
pub mod state;
/// uWSGI's statistics.
pub mod stats;
/// The service manager.
pub mod systemd;
/// Times as they are shown.
pub mod time;
/// One vassal, as decisions.
pub mod vassal;
