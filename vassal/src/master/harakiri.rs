//! Harakiri: a worker whose request runs too long is killed and replaced.
//!
//! The worker notices first and answers the client ([`crate::worker::vigil`]); the master does
//! the killing, and looks itself as well, for a worker that cannot even notice.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use nix::unistd::Pid;

use super::roster::{Gen, Key};
use super::{Fact, Master, output, stats};
use crate::handover;
use crate::scoreboard::Place;
use crate::worker::engine::monotonic;

/// How much later than the worker the master acts by itself.
const GRACE: Duration = Duration::from_secs(1);

/// A variable fit for a log: without control characters, and without what lets others in.
fn shown(variable: &str) -> String {
    const SECRET: [&str; 3] = ["HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_PROXY_AUTHORIZATION"];
    match variable.split_once('=') {
        Some((name, value)) if SECRET.contains(&name) => {
            format!("{name}=({} bytes)", value.len())
        }
        _ => variable.chars().map(|c| if c.is_control() { '?' } else { c }).collect(),
    }
}

impl Master {
    /// Looks for requests that are over their limit and whose workers said nothing.
    pub(super) fn patrol(&mut self) {
        let now = monotonic();
        let mut late = Vec::new();
        for (name, generation) in self.roster.generations() {
            let Some(brood) = self.broods.get(&name) else { continue };
            let Some(limit) = brood.serve.harakiri else { continue };
            let threshold = brood.serve.stuck.threshold;
            if threshold > 0 && handover::waiting(&self.listeners) < threshold {
                continue;
            }
            // the other threads of a worker may finish what they have
            let others = if brood.serve.threads > 1 {
                limit.min(brood.serve.worker_mercy)
            } else {
                Duration::ZERO
            };
            let over =
                |since| Duration::from_millis(now.saturating_sub(since)) > limit + others + GRACE;
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

    /// Says what the worker was doing, in uWSGI's words, and kills it; where that is wanted, a
    /// signal comes first.
    pub(super) fn harakiri(&mut self, name: Gen, key: Key) {
        if !self.broods.get_mut(&name).is_some_and(|brood| brood.doom(key)) {
            return;
        }
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
                if brood.board.place(seat, core, Place::Shown).load(Relaxed) == 0 {
                    // it has a limit of its own only, and nobody asked for its head
                    output::say(&format!("HARAKIRI [core {core}] a request since {began}"));
                    continue;
                }
                let line = stats::request_line(&brood.board, seat, core);
                output::say(&format!("HARAKIRI [core {core}] {line} since {began}"));
                for variable in stats::variables(&brood.board, seat, core) {
                    if !variable.is_empty() {
                        output::say(&format!("HARAKIRI [core {core}] {}", shown(&variable)));
                    }
                }
            }
        }
        if brood.serve.stuck.verbose {
            for (what, file) in [("syscall", "syscall"), ("wchan", "wchan")] {
                let text = std::fs::read_to_string(format!("/proc/{pid}/{file}"));
                let text = text.unwrap_or_else(|error| error.to_string());
                output::say(&format!("HARAKIRI: -- {what}> {}", text.trim_end()));
            }
        }
        output::say(&format!("HARAKIRI !!! end of worker {id} status !!!"));
        brood.tally.harakiri(id);
        match brood.serve.stuck.graceful {
            Some(graceful) if brood.signal(key, graceful.signal) => {
                let facts = self.facts.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(graceful.timeout).await;
                    let _ = facts.send(Fact::Overdue(name, key)).await;
                });
            }
            _ => drop(brood.kill(key)),
        }
    }

    /// The time of a worker that got a signal is over: it is killed, if it is still there.
    pub(super) fn overdue(&mut self, name: Gen, key: Key) {
        if self.broods.get(&name).is_some_and(|brood| brood.kill(key)) {
            output::say("HARAKIRI: the worker did not end by the signal: killed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lets_others_in_is_not_logged() {
        assert_eq!(shown("HTTP_HOST=a"), "HTTP_HOST=a");
        assert_eq!(shown("HTTP_COOKIE=session=1"), "HTTP_COOKIE=(9 bytes)");
        assert_eq!(shown("HTTP_X=a\u{1b}[2J"), "HTTP_X=a?[2J");
    }
}
