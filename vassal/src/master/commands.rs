//! What an operator may ask of a running master, by pipe or by signal.

use std::fmt::Write;
use std::time::Instant;

use super::generation::Brood;
use super::roster::{Event, Gen, Standing};
use super::{Master, output, stats};
use crate::scoreboard::Count;

impl Master {
    /// One byte of `master-fifo`. What is unknown, or is meant for an Emperor, is ignored.
    pub(super) fn command(&mut self, byte: u8) {
        match byte {
            b'0'..=b'9' => self.fifo.choose(usize::from(byte - b'0'), &self.facts),
            b'+' => self.decide(Event::Grow(1)),
            b'-' => self.one_fewer(),
            b'c' | b'w' => self.decide(Event::Chain),
            b'C' => self.decide(Event::Sleep),
            // a second master in uWSGI; a generation is as much
            b'f' | b'r' => self.read_anew(),
            b'l' => output::reopen(),
            b'L' => output::rotate(),
            b'p' => self.pause(),
            b'P' => self.write_pidfiles(),
            b'q' => self.decide(Event::Stop),
            b'Q' => self.decide(Event::StopNow),
            b'R' => {
                self.at_once = true;
                self.read_anew();
            }
            b's' => self.say_statistics(),
            b'W' => self.decide(Event::WorkersAtOnce),
            _ => {}
        }
    }

    /// Lets the worker go that did nothing for the longest time; one that is busy where none is
    /// idle, as the operator asked for it.
    fn one_fewer(&mut self) {
        let Some((name, generation)) = self.roster.serving() else { return };
        let Some(brood) = self.broods.get(&name) else { return };
        let working = generation.workers.iter();
        let working = working.filter(|(_, one)| one.standing == Standing::Accepting);
        let key = working.min_by_key(|(_, one)| {
            let seat = one.seat as usize;
            (brood.board.busy(seat), brood.board.read(seat, Count::Requests))
        });
        if let Some(key) = key.map(|(key, _)| *key) {
            self.decide(Event::Shrink(key));
        }
    }

    /// Has the workers stop accepting connections, or accept them again.
    pub(super) fn pause(&mut self) {
        self.paused = !self.paused;
        output::say(if self.paused {
            "*** paused: no connection is accepted until TSTP comes again (or \"p\" in the fifo) ***"
        } else {
            "*** resumed: connections are accepted again ***"
        });
        for brood in self.broods.values_mut() {
            brood.pause(self.paused);
        }
    }

    /// A generation that takes over is not paused, unless the order reached it on its way.
    pub(super) fn unpause(&mut self, name: Gen) {
        let paused = self.broods.get(&name).is_some_and(Brood::paused);
        if std::mem::replace(&mut self.paused, paused) && !paused {
            output::say("*** resumed by the reload ***");
        }
    }

    /// What the workers did, in the log.
    pub(super) fn say_statistics(&self) {
        let Some((name, generation)) = self.roster.shown() else { return };
        let Some(brood) = self.broods.get(&name) else { return };
        let mut workers: Vec<_> = generation.workers.values().collect();
        workers.sort_by_key(|worker| worker.id);
        let mut text = format!(
            "generation {}, {} workers, requests of all so far: {}",
            generation.number,
            workers.len(),
            stats::status(self).requests
        );
        for worker in workers {
            let read = |which| brood.board.read(worker.seat as usize, which);
            let state = if brood.board.busy(worker.seat as usize) { "busy" } else { "idle" };
            let _ = write!(
                text,
                "\n\tworker {} (pid: {}) requests: {} exceptions: {} bytes sent: {} \
                 average: {} us {state}",
                worker.id,
                read(Count::Pid),
                read(Count::Requests),
                read(Count::Exceptions),
                read(Count::Sent),
                read(Count::Average),
            );
        }
        output::say(&text);
    }

    /// What belongs to the settings that serve now: watched files, pipes, the rounds.
    pub(super) fn settle(&mut self) {
        let settings = &self.serve.supervision;
        self.rounds.obey(settings, Instant::now());
        // what is watched already is not looked at anew: a touch meanwhile would be overlooked
        let watched = self.watcher.as_ref().map_or(&[][..], super::watch::Watcher::watches);
        if watched != settings.watches.as_slice() {
            self.watcher = super::watch::Watcher::new(&settings.watches, &self.facts);
        }
        if self.fifo.slots() != settings.fifos.as_slice() {
            self.fifo = super::fifo::Fifo::new(&settings.fifos, &self.facts);
        }
        for path in settings.safe_pidfiles.clone() {
            self.write_pidfile(&path);
        }
    }
}
