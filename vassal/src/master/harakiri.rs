//! Harakiri: a worker whose request runs too long is killed and replaced.
//!
//! The worker notices first and answers the client ([`crate::worker::vigil`]); the master does
//! the killing, and looks itself as well, for a worker that cannot even notice.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use nix::unistd::Pid;

use super::roster::{Gen, Key};
use super::{Master, output, stats};
use crate::scoreboard::Place;
use crate::worker::engine::monotonic;

/// How much later than the worker the master acts by itself.
const GRACE: Duration = Duration::from_secs(1);

impl Master {
    /// Looks for requests that are over their limit and whose workers said nothing.
    pub(super) fn patrol(&mut self) {
        let now = monotonic();
        let mut late = Vec::new();
        for (name, generation) in self.roster.generations() {
            let Some(brood) = self.broods.get(&name) else { continue };
            let Some(limit) = brood.serve.harakiri else { continue };
            let over = |since| Duration::from_millis(now.saturating_sub(since)) > limit + GRACE;
            for (key, worker) in &generation.workers {
                if brood.board.oldest(worker.seat as usize).is_some_and(over) {
                    late.push((name, *key));
                }
            }
        }
        for (name, key) in late {
            self.harakiri(name, key);
        }
    }

    /// Says what the worker was doing, in uWSGI's words, and kills it.
    pub(super) fn harakiri(&mut self, name: Gen, key: Key) {
        let generation = self.roster.generations().find(|(at, _)| *at == name);
        let worker = generation.and_then(|(_, generation)| generation.workers.get(&key));
        let (Some(worker), Some(brood)) = (worker, self.broods.get_mut(&name)) else { return };
        let (id, seat) = (worker.id, worker.seat as usize);
        let pid = brood.pid(key).map_or(0, Pid::as_raw);
        output::say(&format!("*** HARAKIRI ON WORKER {id} (pid: {pid}, try: 1) ***"));
        output::say(&format!("HARAKIRI !!! worker {id} status !!!"));
        for core in 0..brood.board.threads() {
            if brood.board.place(seat, core, Place::Since).load(Relaxed) > 0 {
                let began = brood.board.place(seat, core, Place::Began).load(Relaxed);
                let line = stats::request_line(&brood.board, seat, core);
                output::say(&format!("HARAKIRI [core {core}] {line} since {began}"));
            }
        }
        output::say(&format!("HARAKIRI !!! end of worker {id} status !!!"));
        brood.tally.harakiri(id);
        brood.kill(key);
    }
}
