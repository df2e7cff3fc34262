//! Registering descriptors with the runtime of the processes that supervise.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::io::unix::AsyncFd;

/// Watches a descriptor that nobody else owns.
pub fn watch(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open, and inside an `AsyncFd` (which only lends it) it can be
    // neither closed nor replaced before it is deregistered.
    Ok(unsafe { AsyncFd::register(fd) }?)
}

/// Watches a descriptor that others read too.
pub fn watch_shared(fd: Arc<OwnedFd>) -> io::Result<AsyncFd<Arc<OwnedFd>>> {
    // SAFETY: as above; the `Arc` inside keeps the descriptor open as long as it is registered.
    Ok(unsafe { AsyncFd::register(fd) }?)
}
