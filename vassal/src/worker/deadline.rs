//! Connections whose time has come: idle too long, or too slow.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{MutexGuard, PoisonError, TryLockError};

use super::App;
use super::connection::Phase;
use super::engine::{Core, Engine, Waiting};
use crate::protocol::Refusal;

impl<A: App> Engine<A> {
    /// Looks at the connections whose deadline has come.
    pub(super) fn expire(&self, waiting: &mut MutexGuard<'_, Waiting>, core: &mut Core<A::Core>) {
        if self.draining.load(Relaxed) {
            self.sweep(core.now);
        }
        while let Some(list) = waiting.wheel.take(core.now) {
            for fd in list {
                let Some(slot) = self.table.slot(fd) else { continue };
                let deadline = slot.deadline.load(Relaxed);
                let mut place = match slot.connection.try_lock() {
                    Ok(place) => place,
                    Err(TryLockError::Poisoned(place)) => PoisonError::into_inner(place),
                    Err(TryLockError::WouldBlock) => {
                        waiting.wheel.add(fd, core.now + 1000);
                        continue;
                    }
                };
                let Some(connection) = place.as_deref_mut() else {
                    slot.watched.store(false, Relaxed);
                    continue;
                };
                if deadline > core.now {
                    waiting.wheel.add(fd, self.next_look(core.now, deadline));
                    continue;
                }
                if connection.still_moves() {
                    // the socket may have swallowed the rest without an event to come
                    self.rearm(connection);
                    let patience = self.patience_of(connection);
                    slot.deadline.store(core.now + patience, Relaxed);
                    waiting.wheel.add(fd, self.next_look(core.now, core.now + patience));
                    continue;
                }
                slot.watched.store(false, Relaxed);
                let waits =
                    !connection.input.is_empty() || matches!(connection.phase, Phase::Body(_));
                if waits
                    && connection.output.is_empty()
                    && !matches!(connection.phase, Phase::Linger { .. })
                {
                    let late = Refusal { status: 408, reason: "the request came too slowly" };
                    self.refuse(connection, core, late);
                    let _ = connection.output.flush(connection.socket.as_fd());
                }
                if let Some(connection) = place.take() {
                    self.forget(connection);
                }
            }
        }
    }
}
