//! What workers did, by their numbers: a number lives on when its worker is replaced, and the
//! counters that tools read do not go back.

use std::collections::BTreeMap;

use crate::scoreboard::{Count, Scoreboard};

/// What one worker did, or several of one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    /// Requests served.
    pub(super) requests: u64,
    /// Requests that ended in an exception.
    pub(super) exceptions: u64,
    /// Bytes sent.
    pub(super) sent: u64,
    /// Microseconds in requests.
    pub(super) running: u64,
}

impl Sum {
    /// What the worker of a seat did.
    pub(super) fn of(board: &Scoreboard, seat: usize) -> Self {
        Self {
            requests: board.read(seat, Count::Requests),
            exceptions: board.read(seat, Count::Exceptions),
            sent: board.read(seat, Count::Sent),
            running: board.read(seat, Count::Running),
        }
    }

    /// Both together.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            exceptions: self.exceptions + other.exceptions,
            sent: self.sent + other.sent,
            running: self.running + other.running,
        }
    }
}

/// What the workers of a generation did who are gone.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<u32, Life>);

#[derive(Debug, Default)]
struct Life {
    births: u64,
    harakiris: u64,
    gone: Sum,
}

impl Tally {
    /// A worker of this number was forked.
    pub(super) fn born(&mut self, id: u32) {
        self.0.entry(id).or_default().births += 1;
    }

    /// A worker was killed because its request took too long.
    pub(super) fn harakiri(&mut self, id: u32) {
        self.0.entry(id).or_default().harakiris += 1;
    }

    /// A worker ended; its seat still shows what it did.
    pub(super) fn gone(&mut self, id: u32, board: &Scoreboard, seat: usize) {
        let life = self.0.entry(id).or_default();
        life.gone = life.gone.plus(Sum::of(board, seat));
    }

    /// How often a worker of this number was forked.
    pub(super) fn births(&self, id: u32) -> u64 {
        self.0.get(&id).map_or(0, |life| life.births)
    }

    /// How often one was killed because its request took too long.
    pub(super) fn harakiris(&self, id: u32) -> u64 {
        self.0.get(&id).map_or(0, |life| life.harakiris)
    }

    /// What those did who are gone.
    pub(super) fn sum(&self, id: u32) -> Sum {
        self.0.get(&id).map_or_else(Sum::default, |life| life.gone)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;
    use crate::scoreboard;

    #[test]
    fn a_number_keeps_what_its_workers_did() {
        let board = Scoreboard::map(scoreboard::create(2, 1).unwrap(), 1).unwrap();
        let mut tally = Tally::default();
        for (seat, requests) in [(0, 3), (1, 4)] {
            board.count(seat, Count::Requests).store(requests, Relaxed);
            board.count(seat, Count::Sent).store(10, Relaxed);
            tally.born(7);
            tally.gone(7, &board, seat);
        }
        tally.harakiri(7);
        assert_eq!((tally.births(7), tally.harakiris(7)), (2, 1));
        assert_eq!(tally.sum(7), Sum { requests: 7, sent: 20, ..Sum::default() });
        assert_eq!((tally.births(1), tally.sum(1)), (0, Sum::default()));
    }
}
