//! Waiting for a connection while there are no workers (`cheap`, `idle`).
//!
//! The master only learns that somebody is there; the worker that comes takes the connection.

use std::io;
use std::os::fd::OwnedFd;

use shared::sys::readiness;
use tokio::io::unix::AsyncFd;
use tokio::task::JoinSet;

use super::{Fact, Facts};
use crate::handover::Listener;

/// Listens as long as it lives.
pub(super) struct Ear {
    _tasks: JoinSet<()>,
}

impl Ear {
    /// Watches all request sockets; the first connection becomes one [`Fact::Knock`] (others that
    /// come at the same time may become further ones, which change nothing).
    pub(super) fn new(listeners: &[Listener], facts: &Facts) -> io::Result<Self> {
        let mut tasks = JoinSet::new();
        for listener in listeners {
            let socket: AsyncFd<OwnedFd> = readiness::watch(listener.socket.try_clone()?)?;
            let facts = facts.clone();
            tasks.spawn(async move {
                if socket.readable().await.is_ok() {
                    let _ = facts.send(Fact::Knock).await;
                }
            });
        }
        Ok(Self { _tasks: tasks })
    }
}
