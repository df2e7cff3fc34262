//! What was lost with a worker that died: requests it was in, connections it was to accept.

use std::sync::atomic::Ordering::Relaxed;

use nix::sys::signal::Signal;
use shared::sys::process::Ended;

use super::generation::Brood;
use super::roster::{Gen, Key, Standing};
use super::{Master, output, stats};
use crate::scoreboard::Place;
use crate::worker::engine::monotonic;

impl Master {
    /// Has all others look for the connections that a worker was woken for and did not accept any
    /// more. One that ended as it was told has accepted all there was.
    pub(super) fn look_for_lost_connections(&self, name: Gen, key: Key, how: Option<Ended>) {
        let generation = self.roster.generations().find(|(at, _)| *at == name);
        let worker = generation.and_then(|(_, generation)| generation.workers.get(&key));
        let told = worker.is_some_and(|one| matches!(one.standing, Standing::Draining(_)));
        if !(told && how == Some(Ended::Code(0))) {
            self.broods.values().for_each(Brood::look);
        }
    }

    /// Names the requests that a worker was in when it ended.
    pub(super) fn name_lost_requests(&self, name: Gen, key: Key, how: Option<Ended>) {
        let generation = self.roster.generations().find(|(at, _)| *at == name);
        let worker = generation.and_then(|(_, generation)| generation.workers.get(&key));
        let (Some(worker), Some(brood)) = (worker, self.broods.get(&name)) else { return };
        let (id, seat) = (worker.id, worker.seat as usize);
        if how == Some(Ended::Signal(Signal::SIGKILL as i32)) && !brood.is_doomed(key) {
            let kills = self.shortage.new_kills();
            if kills > 0 {
                output::say(&format!(
                    "worker {id} got signal 9: the kernel has killed {kills} process(es) for lack \
                     of memory since the last worker was started"
                ));
            }
        }
        let how = how.map_or_else(|| "ended".to_owned(), |how| format!("ended: {how}"));
        for core in 0..brood.board.threads() {
            let since = brood.board.place(seat, core, Place::Since).load(Relaxed);
            if since > 0 {
                let line = stats::request_line(&brood.board, seat, core);
                let millis = monotonic().saturating_sub(since);
                output::say(&format!(
                    "request lost: {line} [core {core}] after {millis} ms: worker {id} {how}"
                ));
            }
        }
    }
}
