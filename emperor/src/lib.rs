//! The daemon that governs vassals, and its client.
//!
//! `vassal` and `monitor::reconcile` decide and are pure; the court carries out; everything
//! else is a source of events for the court or a reader of what it publishes.
#![forbid(unsafe_code)]

/// Sources of vassals.
pub mod monitor;
/// One vassal, as decisions.
pub mod vassal;
