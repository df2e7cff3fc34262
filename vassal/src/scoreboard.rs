//! The scoreboard: shared memory in which workers write what they do, with plain atomics.
//!
//! The master reads it for statistics, harakiri and recycling, and nobody waits for anybody.
//! One board serves one generation; a board has a seat per worker, and in it a place per core
//! (thread). Workers are the only writers of their own seat.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shared::sys::memory::{self, Counters};

/// Words of a seat before its cores.
const SEAT: usize = COUNTS + 2 * APPS_MAX;
/// Words of a seat for counters of the worker as a whole.
const COUNTS: usize = 16;
/// Applications whose requests are counted apart; later ones are only counted together.
pub const APPS_MAX: usize = 16;
/// Words of a core's counters.
const PLACES: usize = 16;
/// Bytes of a running request's head that are shown.
const SHOWN: usize = 2048;
/// Words of a core.
const CORE: usize = PLACES + SHOWN / 8;

/// Counters of one worker.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub enum Count {
    /// The worker's pid; 0 while the seat is free.
    Pid,
    /// 1 while it accepts.
    Accepting,
    /// Requests served since it was forked.
    Requests,
    /// Requests that ended in an exception.
    Exceptions,
    /// Bytes sent.
    Sent,
    /// Microseconds spent in requests.
    Running,
    /// Smoothed microseconds a request.
    Average,
    /// Seconds since the epoch of its fork.
    Spawned,
    /// Connections that are open.
    Open,
    /// The worker's number, from 1.
    Worker,
}

/// Counters of one core.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub enum Place {
    /// Requests served.
    Requests,
    /// Milliseconds (monotonic) at which the running request began; 0 while idle.
    Since,
    /// Seconds since the epoch at which the running request began.
    Began,
    /// Answers that could not be sent whole.
    WriteErrors,
    /// Requests that could not be read whole.
    ReadErrors,
    /// Bytes of the running request's head that are shown.
    Shown,
    /// What the shown head is, as the number of a [`shared::settings::Wire`].
    Wire,
    /// Requests that were answered with a file, without an application.
    Static,
    /// Requests that a rule answered.
    Routed,
    /// Requests that ended in an exception.
    Exceptions,
}

/// A mapped scoreboard.
#[derive(Clone, Debug)]
pub struct Scoreboard {
    counters: Counters,
    threads: usize,
}

/// Memory for a board of that many seats.
pub fn create(seats: u32, threads: u32) -> io::Result<OwnedFd> {
    memory::counters("scoreboard", seats as usize * (SEAT + threads as usize * CORE))
}

impl Scoreboard {
    /// Maps a board made by [`create`] with the same number of threads.
    pub fn map(fd: impl AsFd, threads: u32) -> io::Result<Self> {
        Ok(Self { counters: Counters::map(fd)?, threads: threads as usize })
    }

    /// How many workers it has room for.
    pub fn seats(&self) -> usize {
        self.counters.words().len() / self.width()
    }

    fn width(&self) -> usize {
        SEAT + self.threads * CORE
    }

    /// One counter of the worker in `seat`.
    pub fn count(&self, seat: usize, which: Count) -> &AtomicU64 {
        &self.counters.words()[seat * self.width() + which as usize]
    }

    /// Requests of one application (number below [`APPS_MAX`]) of the worker in `seat`, or those
    /// of them that ended in an exception.
    pub fn app(&self, seat: usize, number: usize, failed: bool) -> &AtomicU64 {
        debug_assert!(number < APPS_MAX);
        let at = COUNTS + 2 * number + usize::from(failed);
        &self.counters.words()[seat * self.width() + at]
    }

    /// One counter of a core of the worker in `seat`.
    pub fn place(&self, seat: usize, core: usize, which: Place) -> &AtomicU64 {
        &self.counters.words()[seat * self.width() + SEAT + core * CORE + which as usize]
    }

    /// Shows the head of the request that a core begins. Word by word, like everything here: a
    /// reader may see half of it, and takes it as text only.
    pub fn show(&self, seat: usize, core: usize, head: &[u8]) {
        let size = head.len().min(SHOWN);
        let from = seat * self.width() + SEAT + core * CORE + PLACES;
        let words = &self.counters.words()[from..from + SHOWN / 8];
        let (whole, rest) = head[..size].as_chunks::<8>();
        for (word, bytes) in words.iter().zip(whole) {
            word.store(u64::from_ne_bytes(*bytes), Relaxed);
        }
        if let Some(word) = words.get(whole.len()).filter(|_| !rest.is_empty()) {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            word.store(u64::from_ne_bytes(last), Relaxed);
        }
        self.place(seat, core, Place::Shown).store(size as u64, Relaxed);
    }

    /// What [`Scoreboard::show`] shows.
    pub fn shown(&self, seat: usize, core: usize) -> Vec<u8> {
        let size = (self.place(seat, core, Place::Shown).load(Relaxed) as usize).min(SHOWN);
        let from = seat * self.width() + SEAT + core * CORE + PLACES;
        let words = &self.counters.words()[from..from + size.div_ceil(8)];
        let mut bytes: Vec<u8> =
            words.iter().flat_map(|word| word.load(Relaxed).to_ne_bytes()).collect();
        bytes.truncate(size);
        bytes
    }

    /// The value of a counter.
    pub fn read(&self, seat: usize, which: Count) -> u64 {
        self.count(seat, which).load(Relaxed)
    }

    /// Frees a seat: all its counters are zero again.
    pub fn clear(&self, seat: usize) {
        let from = seat * self.width();
        for word in &self.counters.words()[from..from + self.width()] {
            word.store(0, Relaxed);
        }
    }

    /// Milliseconds (monotonic) at which the longest running request of a worker began.
    pub fn oldest(&self, seat: usize) -> Option<u64> {
        (0..self.threads)
            .map(|core| self.place(seat, core, Place::Since).load(Relaxed))
            .filter(|since| *since > 0)
            .min()
    }

    /// Whether any core of the worker is in a request.
    pub fn busy(&self, seat: usize) -> bool {
        self.oldest(seat).is_some()
    }

    /// Whether every core of the worker is in a request: it cannot take another one.
    pub fn full(&self, seat: usize) -> bool {
        let since = |core| self.place(seat, core, Place::Since).load(Relaxed);
        (0..self.threads).all(|core| since(core) > 0)
    }

    /// Microseconds that the cores of a worker spent in requests, the running ones up to `now`
    /// (monotonic milliseconds) included.
    pub fn used(&self, seat: usize, now: u64) -> u64 {
        let since = (0..self.threads)
            .map(|core| self.place(seat, core, Place::Since).load(Relaxed))
            .filter(|since| *since > 0);
        let running: u64 = since.map(|since| now.saturating_sub(since)).sum();
        self.read(seat, Count::Running) + running * 1000
    }

    /// Threads of each worker.
    pub fn threads(&self) -> usize {
        self.threads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_do_not_overlap_and_the_oldest_request_is_found() {
        let memory = create(3, 2).unwrap();
        let board = Scoreboard::map(&memory, 2).unwrap();
        assert_eq!(board.seats(), 3);
        board.place(1, 0, Place::Since).store(50, Relaxed);
        board.place(1, 1, Place::Since).store(40, Relaxed);
        board.count(2, Count::Requests).store(7, Relaxed);
        board.show(1, 1, b"GET /abc HTTP/1.1");
        assert_eq!(board.shown(1, 1), b"GET /abc HTTP/1.1");
        board.show(1, 0, &[b'x'; 5000]);
        assert_eq!(board.shown(1, 0).len(), SHOWN);
        assert_eq!(board.shown(1, 1), b"GET /abc HTTP/1.1");
        assert_eq!(board.oldest(1), Some(40));
        assert_eq!(board.oldest(0), None);
        board.clear(1);
        assert!(!board.busy(1));
        assert_eq!(board.read(2, Count::Requests), 7);
    }
}
