//! What the master looks at once a second, and only while an option asks for it: harakiri,
//! `cheaper`, `idle`, `evil-reload-on-*`, `py-autoreload`. A vassal without these has no ticks, and
//! one whose workers rest has none either, but for `py-autoreload`, which is for developers.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use shared::settings::Supervision;
use shared::sys::memory;

use super::cheaper::{Active, Governor, Seen, Verdict};
use super::generation::Brood;
use super::roster::{Event, Gen, Key, Standing};
use super::{Master, output};
use crate::handover;
use crate::scoreboard::Count;
use crate::worker::engine::monotonic;

/// What is remembered from one look to the next.
pub(super) struct Rounds {
    governor: Option<Governor>,
    /// Requests of each worker, and since when it is that number.
    seen: HashMap<Key, (u64, Instant)>,
    /// Requests of all, and since when nothing happened.
    requests: u64,
    quiet: Instant,
    /// When memory was looked at.
    collected: Instant,
}

impl Rounds {
    /// Nothing was seen yet.
    pub(super) fn new(now: Instant) -> Self {
        Self { governor: None, seen: HashMap::new(), requests: 0, quiet: now, collected: now }
    }

    /// Somebody came: what was before is no rest any more.
    pub(super) fn stir(&mut self, now: Instant) {
        self.quiet = now;
    }

    /// Other settings count from now on.
    pub(super) fn obey(&mut self, settings: &Supervision, now: Instant) {
        let known = self.governor.as_ref().map(Governor::rules);
        if known != settings.cheaper.as_ref() {
            self.governor = settings.cheaper.clone().map(|rules| Governor::new(rules, now));
        }
        self.quiet = now;
    }
}

impl Master {
    /// Whether anything has to be looked at.
    pub(super) fn makes_rounds(&self) -> bool {
        let settings = &self.serve.supervision;
        let awake = self.roster.serving().is_some_and(|(_, serving)| serving.wanted > 0);
        let asked =
            settings.cheaper.is_some() || settings.idle.is_some() || settings.evil_reload_on.any();
        (awake && asked)
            || settings.autoreload.is_some()
            || self.workers().any(|(brood, ..)| brood.serve.harakiri.is_some())
    }

    /// One look at everything.
    pub(super) fn make_rounds(&mut self) {
        let now = Instant::now();
        self.patrol();
        let evil = self.serve.supervision.evil_reload_on.any();
        if evil && now.duration_since(self.rounds.collected) >= self.serve.supervision.collector {
            self.rounds.collected = now;
            self.collect();
        }
        if self.roster.ending() {
            return;
        }
        if let Some(every) = self.serve.supervision.autoreload {
            self.look_at_modules(every, now);
        }
        if let Some(idle) = self.serve.supervision.idle {
            self.look_for_rest(idle, now);
        }
        if self.rounds.governor.is_some() {
            self.adapt(now);
        }
    }

    /// Decides about the number of workers.
    fn adapt(&mut self, now: Instant) {
        let Some((name, generation)) = self.roster.serving() else { return };
        let (Some(brood), Some(mut governor)) =
            (self.broods.get(&name), self.rounds.governor.take())
        else {
            return;
        };
        let rules = governor.rules();
        let measures = rules.rss_soft > 0 || rules.rss_hard > 0;
        let (mut workers, mut rss) = (Vec::new(), 0);
        let mut seen = HashMap::new();
        for (key, worker) in &generation.workers {
            let seat = worker.seat as usize;
            if measures {
                rss += memory::of(brood.board.read(seat, Count::Pid)).resident;
            }
            if worker.standing != Standing::Accepting || worker.leaving.is_some() {
                continue;
            }
            let requests = brood.board.read(seat, Count::Requests);
            let busy = brood.board.busy(seat);
            let last = match self.rounds.seen.get(key) {
                Some((before, since)) if *before == requests && !busy => *since,
                _ => now,
            };
            seen.insert(*key, (requests, last));
            workers.push(Active {
                key: *key,
                busy: brood.board.full(seat),
                idle: !busy,
                last,
                used: brood.board.used(seat, monotonic()) / brood.board.threads().max(1) as u64,
            });
        }
        self.rounds.seen = seen;
        let looks = governor.looks_at_queues();
        let queue = if looks { u64::from(handover::waiting(&self.listeners)) } else { 0 };
        let seen = Seen { workers: &workers, queue, rss, now };
        let verdict = governor.look(&seen);
        let explanation = governor.explanation();
        self.rounds.governor = Some(governor);
        if !explanation.is_empty() {
            output::say(&format!("[busyness] {explanation}"));
        }
        match verdict {
            Verdict::Stay => {}
            Verdict::Add(more) => self.decide(Event::Grow(more)),
            Verdict::Remove(key) => self.decide(Event::Shrink(key)),
        }
    }

    /// `idle`: without requests for long enough the workers rest, or the server ends.
    fn look_for_rest(&mut self, idle: Duration, now: Instant) {
        let requests =
            self.retired_requests + self.broods.values().map(Brood::requests).sum::<u64>();
        let busy = self.workers().any(|(brood, _, _, seat)| brood.board.busy(seat));
        if busy || requests != self.rounds.requests {
            self.rounds.requests = requests;
            self.rounds.quiet = now;
        }
        if now.duration_since(self.rounds.quiet) < idle {
            return;
        }
        self.rounds.quiet = now;
        if self.serve.supervision.die_on_idle {
            output::say(&format!("no request for {} seconds: the end", idle.as_secs()));
            self.decide(Event::Stop);
        } else {
            self.decide(Event::Sleep);
        }
    }

    /// Kills workers that use too much memory, whatever they do.
    fn collect(&mut self) {
        let limits = self.serve.supervision.evil_reload_on;
        let mut late = Vec::new();
        for (brood, key, id, _) in self.workers() {
            let Some(pid) = brood.pid(key).map(Pid::as_raw) else { continue };
            let memory::Size { resident: rss, virt: space } = memory::of(pid as u64);
            let over = |limit: Option<u64>, size: u64| limit.is_some_and(|limit| size >= limit);
            let (option, size) = if over(limits.rss, rss) {
                ("evil-reload-on-rss", rss)
            } else if over(limits.space, space) {
                ("evil-reload-on-as", space)
            } else {
                continue;
            };
            late.push((
                key,
                format!("worker {id} (pid: {pid}) uses {} MiB: killed for {option}", size >> 20),
            ));
        }
        for (key, text) in late {
            output::say(&text);
            if let Some(brood) = self.broods.values().find(|brood| brood.pid(key).is_some()) {
                brood.kill(key);
            }
        }
    }

    /// Everybody who works: the brood, the key, the id, the seat.
    fn workers(&self) -> impl Iterator<Item = (&Brood, Key, u32, usize)> {
        let known = |name: Gen| self.broods.get(&name);
        let broods = self.roster.generations();
        let broods = broods.filter_map(move |(name, one)| Some((known(name)?, &one.workers)));
        broods.flat_map(|(brood, workers)| {
            let all = workers.iter();
            all.map(move |(key, worker)| (brood, *key, worker.id, worker.seat as usize))
        })
    }
}
