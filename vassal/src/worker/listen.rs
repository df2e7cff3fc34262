//! Which listeners a worker listens to, and how many connections it takes from them.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use nix::sys::epoll::EpollEvent;

use super::App;
use super::engine::{Engine, HANDED, LISTENER, SHARED_WAIT, Waiting};
use crate::scoreboard::Count;

/// Without descriptors or memory for another connection, a listener is left alone for so long,
/// milliseconds.
const REST: u64 = 200;
/// A shortage is over when accepting did not fail for so long, milliseconds.
const QUIET: u64 = 10 * REST;
impl<A: App> Engine<A> {
    /// Listeners that were left alone are listened to again.
    pub(super) fn wake_listeners(&self, waiting: &mut Waiting, now: u64) {
        let Some((_, listeners)) = waiting.resting.take_if(|(until, _)| *until <= now) else {
            return;
        };
        if self.draining.load(Relaxed) {
            return;
        }
        for number in listeners {
            self.attend(number, true);
        }
    }

    /// Listens to a listener, or leaves it alone.
    fn attend(&self, number: usize, yes: bool) {
        let Some(listener) = self.outfit.listeners.get(number) else { return };
        if yes {
            let event = EpollEvent::new(SHARED_WAIT, LISTENER | number as u64);
            let _ = self.epoll.add(&listener.socket, event);
        } else {
            let _ = self.epoll.delete(&listener.socket);
        }
    }

    /// What follows from a failed accept. Without descriptors the listener would be reported as
    /// ready again and again: it is left alone for a while, and idle connections make room.
    pub(super) fn refused(&self, number: usize, error: &io::Error, waiting: &mut Waiting) {
        use nix::errno::Errno;
        let errno = Errno::from_raw(error.raw_os_error().unwrap_or_default());
        if !matches!(errno, Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM) {
            return;
        }
        let Some(listener) = self.outfit.listeners.get(number) else { return };
        if self.epoll.delete(&listener.socket).is_err() {
            return;
        }
        let now = self.clock();
        if begins(self.full.swap(now, Relaxed), now) {
            eprintln!(
                "worker {} cannot accept: {error}; idle connections are closed to make room",
                self.outfit.id
            );
        }
        self.make_room();
        let (_, listeners) =
            waiting.resting.get_or_insert_with(|| (self.clock() + REST, Vec::new()));
        listeners.push(number);
    }

    /// How many connections may be taken before a sibling should have had its turn: as many as
    /// this worker is behind the average, and one. Without siblings there is no limit.
    pub(super) fn fair_share(&self) -> usize {
        let (board, seat) = (&self.outfit.board, self.outfit.seat);
        if self.outfit.serve.processes < 2 {
            return usize::MAX;
        }
        let accepting = |seat: &usize| board.read(*seat, Count::Accepting) > 0;
        let seats = (0..board.seats()).filter(accepting);
        let open = seats.map(|seat| board.read(seat, Count::Open));
        let (count, sum) = open.fold((0, 0), |(count, sum), open| (count + 1, sum + open));
        let mean = sum.checked_div(count).unwrap_or(0);
        1 + mean.saturating_sub(board.read(seat, Count::Open)) as usize
    }

    /// Goes to the end of the kernel's queue of those who wait for this listener: it wakes the
    /// first that sleeps, and would always wake the same worker otherwise.
    pub(super) fn step_back(&self, number: usize) {
        let Some(listener) = self.outfit.listeners.get(number) else { return };
        if self.epoll.delete(&listener.socket).is_ok() {
            self.attend(number, true);
        }
    }

    /// Finds out whether something waits at the listeners, or was passed on. The kernel wakes one
    /// of those who listen; when that one is killed before it accepts, it wakes nobody else.
    pub(super) fn look_again(&self) {
        let accepting = self.outfit.board.count(self.outfit.seat, Count::Accepting).load(Relaxed);
        if accepting == 0 {
            return;
        }
        for (number, _) in self.outfit.served() {
            self.step_back(number);
        }
        if self.epoll.delete(&self.outfit.handed).is_ok() {
            let event = EpollEvent::new(SHARED_WAIT, HANDED);
            let _ = self.epoll.add(&self.outfit.handed, event);
        }
    }

    /// Accepts connections, or leaves them in the kernel's queue.
    pub(super) fn listen(&self, waiting: &mut Waiting, yes: bool) {
        if self.draining.load(Relaxed) {
            return;
        }
        self.outfit.board.count(self.outfit.seat, Count::Accepting).store(u64::from(yes), Relaxed);
        for (number, _) in self.outfit.served() {
            self.attend(number, yes);
        }
        waiting.resting = None;
    }
}

/// Whether a failure to accept begins a shortage. `before` is when the last one was, 0 for never.
fn begins(before: u64, now: u64) -> bool {
    before == 0 || now.saturating_sub(before) > QUIET
}
