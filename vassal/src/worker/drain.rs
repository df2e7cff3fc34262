//! How a worker lets go of its connections when it is told to end.
//!
//! First the listeners leave its epoll set, *then* it accepts until nothing is there: a
//! connection whose wake-up went to this worker would otherwise wait for the next one. Idle
//! kept connections are passed to the successors, with the peer's address and the bytes read so
//! far; where that is not possible they are answered once more with `Connection: close`. While
//! others serve on the same sockets they have time for that; at an end for good they have not.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use nix::sys::epoll::EpollFlags;
use serde::{Deserialize, Serialize};
use shared::sys::{descriptor, socket};

use super::App;
use super::connection::{Connection, Peer, Slot};
use super::control::{self, Order};
use super::engine::{CLIENT, Engine, READ_MAX, Waiting};
use crate::scoreboard::Count;

/// How long an idle connection may still send a request at an end for good, milliseconds.
const LAST_CHANCE: u64 = 250;
/// Idle connections that are closed when descriptors run out.
const ROOM: usize = 16;
/// Connections taken over per wake-up.
const TAKE_MAX: usize = 64;

/// What travels with a passed connection; the bytes read so far follow after a line feed.
#[derive(Debug, Serialize, Deserialize)]
struct Passport {
    peer: Peer,
    listener: usize,
    served: u64,
    /// Nothing is encrypted on it, whatever its listener speaks: the master asks its own workers.
    #[serde(default)]
    plain: bool,
}

/// The packet that goes with a connection of a local client, by the listener of this number.
pub(crate) fn passport(listener: usize, input: &[u8]) -> Vec<u8> {
    let passport = Passport { peer: Peer::default(), listener, served: 0, plain: true };
    let mut packet = serde_json::to_vec(&passport).unwrap_or_default();
    packet.push(b'\n');
    packet.extend_from_slice(input);
    packet
}

impl<A: App> Engine<A> {
    /// Reads the master's orders.
    pub(super) fn obey(&self, waiting: &mut Waiting) {
        match control::receive::<Order>(&self.outfit.control) {
            Ok(Some((Order::Drain, mut descriptors))) => {
                let successors = descriptors.pop();
                self.patient.store(successors.is_some(), Relaxed);
                self.drain(waiting, successors);
            }
            Ok(Some((Order::Relieved, _))) => {
                self.patient.store(true, Relaxed);
                self.drain(waiting, None);
            }
            Ok(Some((Order::Look, _))) => self.look_again(),
            Ok(Some((Order::Pause, _))) => {
                self.listen(waiting, false);
            }
            Ok(Some((Order::Resume, _))) => self.listen(waiting, true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // without a master there is nobody to serve for
            Ok(None) | Err(_) => {
                let _ = self.epoll.delete(&self.outfit.control);
                self.drain(waiting, None);
            }
        }
    }

    /// Stops accepting; passes idle connections on. An order that comes while the worker drains
    /// names other successors: those of before have been relieved as well.
    fn drain(&self, waiting: &mut Waiting, successors: Option<OwnedFd>) {
        self.leaving.store(successors.is_none(), Relaxed);
        if let Some(socket) = &successors {
            let _ = descriptor::nonblocking(socket, true);
        }
        *self.successors.lock().unwrap_or_else(PoisonError::into_inner) = successors;
        if self.draining.swap(true, Relaxed) {
            return;
        }
        self.outfit.board.count(self.outfit.seat, Count::Accepting).store(0, Relaxed);
        for (_, listener) in self.outfit.served() {
            let _ = self.epoll.delete(&listener.socket);
        }
        let _ = self.epoll.delete(&self.outfit.handed);
        for (number, listener) in self.outfit.served() {
            while let Ok((socket, peer)) = socket::accept(&listener.socket) {
                let connection = self.meet(socket, peer.into(), number);
                self.register(connection, waiting, EpollFlags::EPOLLIN);
            }
        }
        while self.take_over(waiting) {}
        for (_, slot) in self.table.slots() {
            // a connection that is being served sees `draining` when its answer is complete
            let Ok(mut place) = slot.connection.try_lock() else { continue };
            if place.as_deref().is_some_and(Connection::idle)
                && let Some(connection) = place.take()
            {
                *place = self.pass_on(connection);
                if let Some(connection) = place.as_deref() {
                    slot.deadline.store(self.clock() + self.last_chance(connection), Relaxed);
                }
            } else if let Some(connection) = place.as_deref() {
                let limit = self.clock() + self.patience_of(connection);
                slot.deadline.fetch_min(limit, Relaxed);
            }
        }
        let _ = self.wake.write(1);
    }

    /// How long an idle connection that nobody took over yet may stay, milliseconds. The client
    /// of a fresh one, or of one with half a head, is just about to ask.
    pub(super) fn last_chance(&self, connection: &Connection) -> u64 {
        match (self.patient.load(Relaxed), connection.input.is_empty()) {
            (true, true) => self.outfit.serve.socket_timeout.as_millis() as u64,
            (true, false) => self.patience_of(connection),
            (false, _) => LAST_CHANCE,
        }
    }

    /// Whether another worker could go on with a connection: nothing binds it to this one.
    fn is_passable(&self, connection: &Connection) -> bool {
        !connection.output.is_bound() && !self.outfit.is_mapped(connection.listener)
    }

    /// Passes an idle connection to the successors. It comes back when nobody takes it.
    pub(super) fn pass_on(&self, connection: Box<Connection>) -> Option<Box<Connection>> {
        // any successor may take it, also one that `map-socket` keeps from its socket
        if !self.is_passable(&connection) {
            return Some(connection);
        }
        let successors = self.successors.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(socket) = successors.as_ref() else { return Some(connection) };
        let passport = Passport {
            peer: connection.peer.clone(),
            listener: connection.listener,
            served: connection.served,
            plain: false,
        };
        let Ok(mut packet) = serde_json::to_vec(&passport) else { return Some(connection) };
        packet.push(b'\n');
        packet.extend_from_slice(&connection.input);
        // out of our epoll set first: an event after this belongs to the successor
        let _ = self.epoll.delete(&connection.socket);
        if descriptor::send(socket, &packet, &[connection.socket.as_fd()]).is_ok() {
            drop(successors);
            self.forget(connection);
            return None;
        }
        let fd = std::os::fd::AsRawFd::as_raw_fd(&connection.socket);
        let again = EpollFlags::EPOLLIN | CLIENT;
        let event = nix::sys::epoll::EpollEvent::new(again, fd as u64);
        if self.epoll.add(&connection.socket, event).is_err() {
            drop(successors);
            self.forget(connection);
            return None;
        }
        Some(connection)
    }

    /// Passes idle connections on that could not be passed before (the kernel limits what is on
    /// its way); closes those that nobody took and that have had their last chance.
    pub(super) fn sweep(&self, now: u64) {
        let mut passing = self.successors.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        for (_, slot) in self.table.slots() {
            let Ok(mut place) = slot.connection.try_lock() else { continue };
            let half = place.as_deref().is_some_and(|one| !one.input.is_empty());
            if passing
                && place.as_deref().is_some_and(|one| one.idle() && self.is_passable(one))
                && let Some(connection) = place.take()
            {
                *place = self.pass_on(connection);
                passing = place.is_none();
                continue;
            }
            if half && self.patient.load(Relaxed) {
                continue; // [`Engine::expire`] tells the client why it is let go
            }
            if place.as_deref_mut().is_some_and(|one| one.idle() && !one.still_moves())
                && slot.deadline.load(Relaxed) <= now
                && let Some(connection) = place.take()
            {
                self.forget(connection);
            }
        }
    }

    /// Closes the idle connections that have been silent for longest, to have descriptors for
    /// those who want something.
    pub(super) fn make_room(&self) {
        let mut idle: Vec<(u64, &Slot)> = Vec::new();
        for (_, slot) in self.table.slots() {
            let Ok(place) = slot.connection.try_lock() else { continue };
            if place.as_deref().is_some_and(Connection::idle) {
                idle.push((slot.deadline.load(Relaxed), slot));
            }
        }
        idle.sort_unstable_by_key(|(deadline, _)| *deadline);
        for (_, slot) in idle.into_iter().take(ROOM) {
            let Ok(mut place) = slot.connection.try_lock() else { continue };
            if place.as_deref_mut().is_some_and(|one| one.idle() && !one.still_moves())
                && let Some(connection) = place.take()
            {
                self.forget(connection);
            }
        }
    }

    /// Takes connections that a predecessor or a sibling passes on; whether more may be there.
    pub(super) fn take_over(&self, waiting: &mut Waiting) -> bool {
        let mut buffer = vec![0; READ_MAX + 4096];
        for _ in 0..TAKE_MAX {
            let Ok((size, mut descriptors)) = descriptor::receive(&self.outfit.handed, &mut buffer)
            else {
                return false;
            };
            let (Some(socket), packet) = (descriptors.pop(), &buffer[..size]) else {
                return false;
            };
            let Some(line) = packet.iter().position(|byte| *byte == b'\n') else { continue };
            let Ok(passport) = serde_json::from_slice::<Passport>(&packet[..line]) else {
                continue;
            };
            self.count_open(true);
            let mut connection =
                Box::new(Connection::new(socket, passport.peer, passport.listener));
            if !passport.plain && !self.encrypt(&mut connection) {
                self.forget(connection);
                continue;
            }
            connection.served = passport.served;
            connection.input = packet[line + 1..].to_vec();
            // writable at once: the bytes that came along are looked at without waiting for more
            let mut interest = EpollFlags::EPOLLIN;
            interest.set(EpollFlags::EPOLLOUT, !connection.input.is_empty());
            self.register(connection, waiting, interest);
        }
        true
    }
}
