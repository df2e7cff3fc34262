//! The supervisor: files come, change and go; vassals follow.

/// Programs beside a vassal while one process tree follows another.
mod daemons;
/// Real uWSGI as a vassal, and our vassal under the real Emperor.
mod foreign;
/// Files appear, disappear, and what runs follows.
mod governs;
/// Hooks of the Emperor's own.
mod hooks;
/// One option of the Emperor after the other.
mod options;
/// A new version proves itself before the old one goes.
mod reload;
/// What must never be done as root.
mod security;
/// Sockets that the Emperor keeps.
mod sockets;
/// Notifications, the old command line, statistics, signals.
mod systemd;
