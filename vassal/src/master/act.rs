//! Carrying out what the roster decides.

use std::os::fd::AsFd;
use std::time::Instant;

use nix::unistd::Pid;
use shared::exit::Exit;
use shared::sys::{memory, process};

use super::generation::Brood;
use super::roster::{Action, Event, Gen, Key, Standing};
use super::{Master, check, hooks, knock, output};
use crate::worker::control::Order;

impl Master {
    pub(super) fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Hatch(name) => self.hatch(name),
                Action::Fork(name, key, id, seat) => {
                    let failed = self
                        .broods
                        .get_mut(&name)
                        .and_then(|brood| brood.fork(name, key, id, seat, &self.facts).err());
                    if let Some(error) = failed {
                        let reason = format!("worker {id} cannot be forked: {error}");
                        self.decide(Event::WorkerEnded(name, key, None, Some(reason)));
                    }
                }
                Action::Drain(name, key, to) => {
                    let successors = to.and_then(|to| self.broods.get(&to)).map(Brood::door);
                    let order = if self.relieved { Order::Relieved } else { Order::Drain };
                    if let Some(brood) = self.broods.get(&name) {
                        brood.drain(key, order, successors);
                    }
                }
                Action::Kill(name, key) => {
                    if let Some(brood) = self.broods.get_mut(&name) {
                        brood.kill(key);
                    }
                }
                Action::Quit(name) => {
                    if let Some(brood) = self.broods.get_mut(&name) {
                        brood.quit();
                    }
                }
                Action::KillNursery(name) => {
                    if let Some(brood) = self.broods.get(&name) {
                        brood.kill_nursery();
                    }
                }
                Action::Check(name) => check::start(self, name),
                Action::Serving(name, number) => self.serving(name, number),
                Action::Died(id, how) => {
                    self.respawns += 1;
                    let how = match how {
                        Some(process::Ended::Signal(number)) => {
                            format!("died, killed by signal {number}")
                        }
                        Some(process::Ended::Code(code)) => format!("died with exit code {code}"),
                        None => "died".into(),
                    };
                    let pid = self.departed.map_or(0, Pid::as_raw);
                    output::say(&format!(
                        "DAMN ! worker {id} (pid: {pid}) {how} :( trying respawn ..."
                    ));
                }
                Action::Unforked(reason) => {
                    if let Some(reason) = self.shortage.unforked(&reason) {
                        let pause = self.serve.supervision.forkbomb_delay.as_secs();
                        output::say(&format!(
                            "{reason}; the others serve on, it is tried again every {pause} s \
                             and not said again"
                        ));
                    }
                }
                Action::Cheaped(id) => output::say(&format!("uWSGI worker {id} cheaped.")),
                Action::Asleep => self.fall_asleep(),
                Action::Unchained(reason) => output::say(&format!(
                    "no more workers are replaced, the others serve on: {}",
                    reason.trim_end()
                )),
                Action::Rejected(number, reason) => {
                    self.coming.remove(&number);
                    output::say(&format!(
                        "generation {number} was rejected, the old one serves on: {}",
                        reason.trim_end()
                    ));
                    if let Some(emperor) = &self.emperor {
                        emperor.rejected(number, &reason);
                    }
                }
                Action::Unrelieved(reason) => output::say(&format!(
                    "the interpreter that forks workers died and cannot be replaced yet: {}",
                    reason.trim_end()
                )),
                Action::Failed(reason) => {
                    output::say(&format!("no generation can serve: {}", reason.trim_end()));
                    if let Some(emperor) = &self.emperor {
                        emperor.failed(&reason);
                    }
                    self.exit = Some(if self.no_app { Exit::NoApp } else { Exit::Failure });
                }
                Action::Forget(name) => {
                    if let Some(brood) = self.broods.remove(&name) {
                        self.retired_requests += brood.requests();
                    }
                }
                Action::End => self.exit = Some(Exit::Success),
            }
        }
    }

    /// Starts a nursery.
    fn hatch(&mut self, name: Gen) {
        let number = self.roster.generations().find(|(at, _)| *at == name).map(|(_, g)| g.number);
        let serve = number.and_then(|number| self.coming.remove(&number));
        let serve = serve.unwrap_or_else(|| self.serve.clone());
        let (copies, facts) = (&mut self.copies, &self.facts);
        match Brood::hatch(name, serve, &self.environment, &self.extension, facts, copies) {
            Ok(brood) => drop(self.broods.insert(name, brood)),
            Err(error) => self.decide(Event::NurseryEnded(name, error.to_string())),
        }
    }

    /// A nursery's extension runs: it gets its outfit.
    pub(super) fn greet(&mut self, name: Gen, build: &str, interpreter: String) {
        let number = self.roster.generations().find(|(at, _)| *at == name).map(|(_, g)| g.number);
        let (Some(brood), Some(number)) = (self.broods.get_mut(&name), number) else { return };
        brood.interpreter = interpreter;
        if build != crate::BUILD_ID {
            brood.kill_nursery();
            let reason = "the extension is of another build than this server: restart it";
            self.decide(Event::NurseryEnded(name, reason.into()));
            return;
        }
        let lazy = brood.serve.lazy_apps;
        match brood.equip(number, &self.listeners, self.locks.as_fd(), self.statistics.is_some()) {
            Ok(()) if lazy => {
                self.first_daemons(name);
                self.decide(Event::Ready(name));
            }
            Ok(()) => {}
            Err(error) => {
                brood.kill_nursery();
                self.decide(Event::NurseryEnded(name, format!("the outfit: {error}")));
            }
        }
    }

    /// A generation took over.
    fn serving(&mut self, name: Gen, number: u64) {
        if let Some(brood) = self.broods.get(&name) {
            self.serve = brood.serve.clone();
            output::configure(&self.serve.logs);
        }
        self.knock = None;
        self.unpause(name);
        self.settle();
        hooks::watch(&self.serve, &mut self.heard, &self.facts);
        self.daemons.serve(name, &self.serve, Instant::now());
        output::say(&format!("generation {number} serves"));
        // reading, checking and starting are over; a master waits from now on
        memory::forget_code();
        // who works comes first: whoever waits for the reload is shown the new workers
        self.report();
        if let Some(emperor) = &mut self.emperor {
            emperor.accepting();
            emperor.served(number);
        }
    }

    /// No worker is left on purpose: the master listens until somebody connects.
    fn fall_asleep(&mut self) {
        output::say("cheap mode enabled: waiting for socket connection...");
        match knock::Ear::new(&self.listeners, &self.facts) {
            Ok(ear) => self.knock = Some(ear),
            Err(error) => {
                output::say(&format!("the sockets cannot be watched without workers: {error}"));
                self.decide(Event::Wake);
            }
        }
    }

    /// Says that a worker which had to go is gone, before its place is forgotten.
    pub(super) fn say_ended(&self, name: Gen, key: Key) {
        let generation = self.roster.generations().find(|(at, _)| *at == name);
        let worker = generation.and_then(|(_, generation)| generation.workers.get(&key));
        let Some(worker) = worker.filter(|worker| matches!(worker.standing, Standing::Draining(_)))
        else {
            return;
        };
        if let Some(pid) = self.broods.get(&name).and_then(|brood| brood.pid(key)) {
            output::say(&format!("worker {} killed successfully (pid: {pid})", worker.id));
        }
    }

    /// Says that there is no application, in uWSGI's words, which scripts look for.
    pub(super) fn say_unloaded(&mut self) {
        self.no_app = true;
        output::say("unable to load app 0 (mountpoint='') (callable not found or import error)");
        if !self.serve.need_app && self.roster.serving().is_none() {
            output::say("*** no app loaded. going in full dynamic mode ***");
        }
    }

    /// Says which applications were loaded, in uWSGI's words.
    pub(super) fn say_loaded(&self, name: Gen, millis: u64, points: &[String]) {
        let pid = self.broods.get(&name).map_or(0, Brood::nursery_pid);
        for (number, point) in points.iter().enumerate() {
            let default = if number == 0 { " (default app)" } else { "" };
            output::say(&format!(
                "WSGI app {number} (mountpoint='{point}') ready in {} seconds on interpreter 0x0 pid: {pid}{default}",
                millis / 1000
            ));
        }
    }
}
