//! One tenant: everything a vassal's processes do, but for the interpreter itself.
//!
//! The same code is linked into two artefacts: the program `vassal` (launcher and master) and
//! the extension `_vassal` (nursery and workers), which the tenant's own interpreter loads.
#![forbid(unsafe_code)]

/// Bytes as text.
mod base64;
/// What a launcher hands to the master it becomes.
pub mod handover;
/// What is done at the phases of a start, of a worker's life and of the end.
pub mod hook;
/// From a configuration to a master that is the tenant.
pub mod launch;
/// The supervisor of one tenant: generations of nurseries and workers.
pub mod master;
/// The wire between master and nursery.
pub mod nursery;
/// Wire formats, without I/O.
pub mod protocol;
/// One request, whatever protocol it came by.
pub mod request;
/// Shared memory in which workers write what they do.
pub mod scoreboard;
/// What unit tests share.
#[cfg(test)]
mod testing;
/// Titles in process lists.
pub mod title;
/// TLS on listening sockets.
pub mod tls;
/// Accepting, reading, answering.
pub mod worker;
/// What servers say that give their listening sockets away.
pub mod zerg;

/// Names the sources that this was built from. Programs and extension must agree in it.
pub const BUILD_ID: &str = env!("VASSAL_BUILD_ID");
