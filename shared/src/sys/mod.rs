//! The door to the kernel.
//!
//! Everything `unsafe` that the two programs need is behind a safe function here; each block
//! says why its condition holds. What `nix` wraps safely is used directly by the callers.
#![expect(unsafe_code, reason = "the one place of this crate for it")]

/// The calendar of the machine's time zone.
pub mod calendar;
/// Credentials of the process at the other end of a socket.
pub mod credentials;
/// Descriptors: passing them over sockets, flags, pairs.
pub mod descriptor;
/// Shared and sealed memory.
pub mod memory;
/// Mounts by descriptor.
pub mod mount;
/// Securebits.
pub mod privilege;
/// Processes: fork, pidfds, death signals.
pub mod process;
/// Connections that wait on listening UNIX sockets.
pub mod queue;
/// Registering descriptors with the runtime.
pub mod readiness;
/// Accepting sockets, socket options and queue lengths.
pub mod socket;
/// Titles in process lists.
pub mod title;
