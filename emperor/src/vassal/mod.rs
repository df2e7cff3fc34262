//! One vassal, as decisions: pure functions of state, event and time.
//!
//! Nothing here starts a process, reads a clock or touches a file; the [court](crate::court)
//! carries out what is decided. That is what makes the rules testable without processes.

/// State x event -> state + actions.
pub mod lifecycle;
/// Names of vassals, and which file names make one.
pub mod name;
/// Whether a changed file needs a new generation or a new process tree.
pub mod succession;
/// How long to wait before a vassal that failed is tried again.
pub mod throttle;
