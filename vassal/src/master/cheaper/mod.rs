//! How many workers are needed (`cheaper`): decided once a second from what can be seen, purely.
//!
//! The roster carries the verdicts out and keeps the number between `cheaper` and `processes`.
//! A worker that is let go finishes what it has.

use std::time::Instant;

use shared::settings::{Algorithm, Cheaper};

/// By the connections that wait.
mod backlog;
/// By the time that workers are busy.
mod busyness;
/// By the workers that are free.
mod spare;
/// By a stock of workers that are free.
mod spare2;

use super::roster::Key;
use busyness::Busyness;
use spare::Spare;
use spare2::Spare2;

/// A worker that accepts, as the algorithms see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Active {
    /// Who it is.
    pub key: Key,
    /// All its threads are in a request: it cannot take another one.
    pub busy: bool,
    /// None of its threads is in a request.
    pub idle: bool,
    /// Its last request, as far as was seen.
    pub last: Instant,
    /// Microseconds of its life that it spent in requests, the running ones included, divided by
    /// its threads.
    pub used: u64,
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The workers that accept.
    pub workers: &'a [Active],
    /// Connections that wait on the fullest socket.
    pub queue: u64,
    /// Resident bytes of all workers; 0 where no limit asks for it.
    pub rss: u64,
    /// The time.
    pub now: Instant,
}

impl Seen<'_> {
    /// The idle worker that did nothing for the longest time.
    fn idlest(&self) -> Option<Key> {
        let idle = self.workers.iter().filter(|worker| worker.idle);
        idle.min_by_key(|worker| worker.last).map(|worker| worker.key)
    }
}

/// What is to be done about the number of workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Stay,
    /// So many more.
    Add(u32),
    /// This one may go.
    Remove(Key),
}

/// The state of an algorithm.
#[derive(Debug)]
enum State {
    Spare(Spare),
    Spare2(Spare2),
    Backlog,
    Busyness(Busyness),
    Manual,
}

/// Decides about the number of workers.
#[derive(Debug)]
pub struct Governor {
    rules: Cheaper,
    state: State,
}

impl Governor {
    /// A governor that has seen nothing yet.
    pub fn new(rules: Cheaper, now: Instant) -> Self {
        let state = match rules.algorithm {
            Algorithm::Spare => State::Spare(Spare::default()),
            Algorithm::Spare2 => State::Spare2(Spare2::default()),
            Algorithm::Backlog => State::Backlog,
            Algorithm::Busyness => State::Busyness(Busyness::new(&rules, now)),
            Algorithm::Manual => State::Manual,
        };
        Self { rules, state }
    }

    /// The rules it decides by.
    pub fn rules(&self) -> &Cheaper {
        &self.rules
    }

    /// One look, once a second.
    pub fn look(&mut self, seen: &Seen<'_>) -> Verdict {
        let verdict = match &mut self.state {
            State::Spare(spare) => spare.look(&self.rules, seen),
            State::Spare2(spare) => spare.look(&self.rules, seen),
            State::Backlog => backlog::look(&self.rules, seen),
            State::Busyness(busyness) => busyness.look(&self.rules, seen),
            State::Manual => Verdict::Stay,
        };
        let over = |limit: u64| limit > 0 && seen.rss > limit;
        if over(self.rules.rss_hard) {
            return seen.idlest().map_or(Verdict::Stay, Verdict::Remove);
        }
        match verdict {
            Verdict::Add(_) if over(self.rules.rss_soft) => Verdict::Stay,
            other => other,
        }
    }

    /// Whether it wants to know how many connections wait: that is asked of the kernel.
    pub fn looks_at_queues(&self) -> bool {
        match self.state {
            State::Backlog | State::Busyness(_) => true,
            State::Spare(_) | State::Spare2(_) | State::Manual => false,
        }
    }

    /// What the last look led to, for `cheaper-busyness-verbose`; empty where nothing is to be
    /// said.
    pub fn explanation(&mut self) -> String {
        match &mut self.state {
            State::Busyness(busyness) if self.rules.busyness.verbose => busyness.explanation(),
            State::Busyness(_)
            | State::Spare(_)
            | State::Spare2(_)
            | State::Backlog
            | State::Manual => String::new(),
        }
    }
}

#[cfg(test)]
mod tests;
