//! One tenant: everything a vassal's processes do, but for the interpreter itself.
//!
//! The same code is linked into two artefacts: the program `vassal` (launcher and master) and
//! the extension `_vassal` (nursery and workers), which the tenant's own interpreter loads.
#![forbid(unsafe_code)]

/// What a launcher hands to the master it becomes.
pub mod handover;
/// The supervisor of one tenant: generations of nurseries and workers.
pub mod master;
