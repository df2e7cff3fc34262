//! Connections whose time has come: idle too long, or too slow.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use super::App;
use super::connection::{Connection, Phase};
use super::engine::{Core, Engine, Waiting};
use crate::protocol::Refusal;

/// How long a FastCGI connection is kept where HTTP connections are not: the web server asks.
const KEPT: Duration = Duration::from_mins(1);

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

    /// How long the connection may stay as it is, milliseconds.
    pub(super) fn patience_of(&self, connection: &Connection) -> u64 {
        let serve = &self.outfit.serve;
        let wire = self.wire(connection.listener);
        let mut patience = serve.patience(wire);
        if self.draining.load(Relaxed) {
            // a slow client does not hold up the end
            patience = patience.min(serve.socket_timeout);
        }
        let limit = match connection.phase {
            Phase::Linger { until, .. } => return until.saturating_sub(self.clock()),
            Phase::Head if connection.head_until > 0 && connection.output.is_empty() => {
                // bytes that come meanwhile do not put it off
                let left = connection.head_until.saturating_sub(self.clock());
                return left.min(patience.as_millis() as u64);
            }
            Phase::Head if !connection.announced => serve.socket_timeout,
            Phase::Head if connection.idle() && connection.input.is_empty() => {
                // keep-alive that is switched off says nothing about a client's first request
                match connection.served {
                    0 => serve.keepalive.max(patience),
                    _ if wire.is_fastcgi() && serve.keepalive.is_zero() => KEPT,
                    _ => serve.keepalive,
                }
            }
            Phase::Head | Phase::Body(_) => patience,
        };
        (limit.as_millis() as u64).max(250)
    }
}
