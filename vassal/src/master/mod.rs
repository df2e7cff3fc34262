//! The supervisor of one tenant: Rust, one thread, no Python.
//!
//! Facts arrive on one channel, the [`roster`] decides, [`Master`] carries out. Readers of
//! sockets and pidfds are small tasks that do nothing but turn what they see into facts.

/// Asking a new generation for an answer before it takes over.
mod check;
/// Programs beside the workers.
mod daemons;
/// Generations: interpreters, workers, their sockets.
mod generation;
/// Killing workers whose requests run too long.
mod harakiri;
/// Finding the tenant's interpreter.
mod interpreter;
/// The link to the Emperor.
mod link;
/// Which lines of the log go where.
mod logs;
/// What the tenant's processes print.
mod output;
/// Reading the settings anew, without an Emperor.
mod prepare;
/// Decisions.
pub mod roster;
/// What the operating system tells: signals, dead children.
mod signals;
/// The statistics server.
mod stats;
/// What workers did who are gone.
mod tally;
/// Removing what was made.
mod vacuum;

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use shared::exit::Exit;
use shared::link::{
    ORDER_GENERATION, ORDER_RELIEVE, ORDER_RELOAD, ORDER_STATUS, ORDER_STOP, ORDER_STOP_GRACEFULLY,
};
use shared::settings::{Serve, Wire};
use shared::summons::Sealed;
use shared::sys::{memory, process};
use tokio::sync::mpsc;

use crate::handover::{Handover, Listener, Vacuum};
use generation::Brood;
use link::Emperor;
use roster::{Action, Event, Gen, Key, Law, Roster};

/// Facts that may wait to be looked at.
const FACTS_MAX: usize = 256;

/// How long the last output of the tenant's processes may take to reach the log.
const LAST_OUTPUT: Duration = Duration::from_millis(500);

/// What a task saw.
#[derive(Debug)]
pub(crate) enum Fact {
    /// Something for the roster.
    Roster(Event),
    /// A nursery's extension runs: its build and its interpreter.
    Hello(Gen, String, String),
    /// A worker exists, under this pid.
    Born(Gen, Key, Pid, OwnedFd),
    /// A worker of this vassal has served its first request.
    Loyal,
    /// A worker's request runs longer than `harakiri` allows.
    Stuck(Gen, Key),
    /// The time is over that a worker had to end by a signal.
    Overdue(Gen, Key),
    /// The application could not be imported.
    NoApp(Gen, String),
    /// A nursery imported the applications of these mount points, in so many milliseconds.
    Loaded(Gen, u64, Vec<String>),
    /// The Emperor sent a byte, perhaps with settings.
    Order(u8, Option<OwnedFd>),
    /// The Emperor is gone.
    LinkLost,
    /// A signal came.
    Signal(Signal),
    /// An attached daemon ended.
    Daemon(daemons::Id, Option<process::Ended>),
    /// The settings were read anew (standalone).
    Prepared(Box<Result<Sealed, String>>),
}

/// Where tasks send their facts.
pub(crate) type Facts = mpsc::Sender<Fact>;

/// Runs until the vassal ends.
pub fn run(handover: Handover) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(async {
            match Master::new(handover) {
                Ok((master, facts)) => master.govern(facts).await,
                Err(error) => {
                    eprintln!("the master cannot start: {error}");
                    Exit::Failure
                }
            }
        }),
        Err(error) => {
            eprintln!("the master cannot start: {error}");
            Exit::Failure
        }
    }
}

/// What a master has.
pub(crate) struct Master {
    serve: Serve,
    roster: Roster,
    broods: BTreeMap<Gen, Brood>,
    listeners: Vec<Listener>,
    statistics: Option<stats::Server>,
    emperor: Option<Emperor>,
    environment: Vec<(std::ffi::OsString, std::ffi::OsString)>,
    extension: std::path::PathBuf,
    prepare: Option<prepare::Command>,
    vacuum: Vec<Vacuum>,
    /// What the locks of applications are on: older than any generation.
    locks: OwnedFd,
    facts: Facts,
    /// Tasks that copy the tenant's output to the log.
    copies: tokio::task::JoinSet<()>,
    /// Settings of generations that are about to hatch, by number.
    coming: BTreeMap<u64, Serve>,
    respawns: u64,
    retired_requests: u64,
    no_app: bool,
    daemons: daemons::Daemons,
    exit: Option<Exit>,
}

/// The roster's law of some settings.
fn law(serve: &Serve) -> Law {
    Law {
        workers: serve.processes.max(1),
        need_app: serve.need_app,
        lazy: serve.lazy_apps,
        checks: serve.check.is_some(),
        mercy: serve.worker_mercy,
    }
}

impl Master {
    fn new(handover: Handover) -> std::io::Result<(Self, mpsc::Receiver<Fact>)> {
        let (facts, inbox) = mpsc::channel(FACTS_MAX);
        process::become_subreaper()?;
        output::begin(handover.log);
        output::configure(&handover.settings.serve.logs);
        signals::watch(&facts)?;
        let emperor = handover.link.map(|link| Emperor::new(link, &facts)).transpose()?;
        let mut listeners = handover.listeners;
        let at = listeners.iter().position(|one| one.listen.wire == Wire::Stats);
        let statistics = at.map(|at| stats::Server::new(listeners.remove(at))).transpose()?;
        let serve = handover.settings.serve;
        let (roster, actions) = Roster::new(handover.generation, law(&serve), Instant::now());
        let mut master = Self {
            coming: BTreeMap::from([(handover.generation, serve.clone())]),
            serve,
            roster,
            broods: BTreeMap::new(),
            listeners,
            statistics,
            emperor,
            environment: handover.environment,
            extension: handover.extension,
            prepare: handover.prepare.map(prepare::Command::new),
            vacuum: handover.vacuum,
            locks: memory::counters("locks", 1)?,
            facts,
            copies: tokio::task::JoinSet::new(),
            respawns: 0,
            retired_requests: 0,
            no_app: false,
            daemons: daemons::Daemons::default(),
            exit: None,
        };
        if let Some(emperor) = &master.emperor {
            emperor.spawned();
        }
        master.act(actions);
        Ok((master, inbox))
    }

    /// The loop: a fact, a decision, its consequences.
    async fn govern(mut self, mut inbox: mpsc::Receiver<Fact>) -> Exit {
        let mut patrol = tokio::time::interval(Duration::from_secs(1));
        patrol.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while self.exit.is_none() {
            let due = [self.roster.next_deadline(), self.daemons.next_deadline()];
            let deadline = due.into_iter().flatten().min();
            let sleep = async {
                match deadline {
                    Some(until) => tokio::time::sleep_until(until.into()).await,
                    None => std::future::pending().await,
                }
            };
            // nothing ticks unless a harakiri deadline has to be watched
            let patrols = self.broods.values().any(|brood| brood.serve.harakiri.is_some());
            tokio::select! {
                fact = inbox.recv() => match fact {
                    Some(fact) => self.hear(fact),
                    None => break,
                },
                () = sleep => {
                    self.decide(Event::Time);
                    self.mind_daemons();
                }
                _ = patrol.tick(), if patrols => self.patrol(),
                client = stats::Server::accept(self.statistics.as_ref()) => {
                    let document = stats::document(&self);
                    stats::answer(client, document, &self.serve);
                }
            }
            self.report();
        }
        self.farewell().await
    }

    /// One fact.
    fn hear(&mut self, fact: Fact) {
        match fact {
            Fact::Roster(event) => {
                if let Event::WorkerEnded(name, key, how, _) = &event {
                    // a lazy worker that cannot import says so by this code
                    self.no_app |= *how == Some(process::Ended::Code(Exit::NoApp.code()));
                    if let Some(brood) = self.broods.get_mut(name) {
                        brood.forget(*key);
                    }
                }
                self.decide(event);
            }
            Fact::Hello(name, build, interpreter) => self.greet(name, &build, interpreter),
            Fact::Born(name, key, pid, pidfd) => {
                if let Some(brood) = self.broods.get_mut(&name) {
                    let cores = brood.serve.threads;
                    if let Some(id) = brood.born(key, pid, pidfd) {
                        output::say(&format!(
                            "spawned uWSGI worker {id} (pid: {pid}, cores: {cores})"
                        ));
                    }
                }
                self.decide(Event::Born(name, key));
            }
            Fact::Loyal => {
                if let Some(emperor) = &mut self.emperor {
                    emperor.loyal();
                }
            }
            Fact::Stuck(name, key) => self.harakiri(name, key),
            Fact::Overdue(name, key) => self.overdue(name, key),
            Fact::NoApp(name, reason) => {
                self.no_app = true;
                output::say(
                    "unable to load app 0 (mountpoint='') (callable not found or import error)",
                );
                self.decide(Event::NoApp(name, reason));
            }
            Fact::Loaded(name, millis, points) => {
                let pid = self.broods.get(&name).map_or(0, Brood::nursery_pid);
                for (number, point) in points.iter().enumerate() {
                    let default = if number == 0 { " (default app)" } else { "" };
                    output::say(&format!(
                        "WSGI app {number} (mountpoint='{point}') ready in {} seconds on interpreter 0x0 pid: {pid}{default}",
                        millis / 1000
                    ));
                }
                self.first_daemons(name);
                self.decide(Event::Ready(name));
            }
            Fact::Daemon(id, how) => {
                if self.daemons.ended(id, how, Instant::now()) {
                    self.decide(Event::Stop);
                }
            }
            Fact::Order(order, descriptor) => self.obey(order, descriptor),
            Fact::LinkLost => {
                output::say("the emperor is gone: stopping gracefully");
                self.emperor = None;
                self.decide(Event::Stop);
            }
            Fact::Signal(signal) => self.signalled(signal),
            Fact::Prepared(read) => {
                let again = self.prepare.as_mut().is_some_and(prepare::Command::finished);
                match *read {
                    Ok(sealed) => self.reload(sealed),
                    Err(reason) => {
                        output::say(&format!(
                            "reload refused, the old generation serves on: {reason}"
                        ));
                    }
                }
                if again {
                    self.read_anew();
                }
            }
        }
    }

    /// A byte from the Emperor.
    fn obey(&mut self, order: u8, descriptor: Option<OwnedFd>) {
        match (order, descriptor) {
            (ORDER_STOP, _) => self.decide(Event::StopNow),
            (ORDER_STOP_GRACEFULLY, _) => self.decide(Event::Stop),
            (ORDER_RELIEVE, _) => {
                // the files are the successor's now
                self.vacuum.clear();
                self.decide(Event::Stop);
            }
            (ORDER_STATUS, _) => {
                if let Some(emperor) = &mut self.emperor {
                    emperor.asked();
                }
            }
            (ORDER_RELOAD, _) => self.read_anew(),
            (ORDER_GENERATION, Some(memory)) => match link::settings(memory) {
                Ok(sealed) => self.reload(sealed),
                Err(error) => {
                    output::say(&format!("the emperor's settings cannot be read: {error}"));
                }
            },
            _ => {}
        }
    }

    fn signalled(&mut self, signal: Signal) {
        match signal {
            Signal::SIGHUP => self.read_anew(),
            Signal::SIGTERM if self.serve.die_on_term == Some(false) => self.read_anew(),
            // who asks a second time from a terminal does not want to wait
            Signal::SIGINT | Signal::SIGQUIT if self.roster.ending() => {
                self.decide(Event::StopNow);
            }
            Signal::SIGTERM | Signal::SIGINT | Signal::SIGQUIT => self.decide(Event::Stop),
            Signal::SIGUSR1 => output::say(&stats::document(self).trim_end().replace('\n', " ")),
            Signal::SIGCHLD => {
                let known: Vec<Pid> =
                    self.broods.values().flat_map(Brood::pids).chain(self.daemons.pids()).collect();
                let helper = self.prepare.as_ref().and_then(prepare::Command::pid);
                signals::reap_strangers(&known, helper);
            }
            _ => {}
        }
    }

    /// A reload without new settings from the Emperor: they are read where they were read first,
    /// or (inside a jail) the ones of the start serve again, with the code as it is now.
    fn read_anew(&mut self) {
        if let Some(prepare) = &mut self.prepare {
            prepare.start(&self.facts);
            return;
        }
        let serve = self.serve.clone();
        let settings = shared::settings::Settings { serve, ..Default::default() };
        self.reload(Sealed { settings, generation: 0 });
    }

    /// Starts a generation; number 0 means "one more".
    fn reload(&mut self, sealed: Sealed) {
        let highest = self.roster.generations().map(|(_, one)| one.number).max().unwrap_or(0);
        let number = if sealed.generation == 0 { highest + 1 } else { sealed.generation };
        let Some(serve) = prepare::complete(sealed.settings.serve, &self.serve) else { return };
        let law = law(&serve);
        if serve.logs.reopen {
            output::reopen();
        }
        output::say(&format!("...gracefully starting generation {number}..."));
        self.coming.insert(number, serve);
        self.decide(Event::Reload(number, law));
    }

    fn decide(&mut self, event: Event) {
        let actions = self.roster.step(event, Instant::now());
        self.act(actions);
    }

    fn act(&mut self, actions: Vec<Action>) {
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
                    if let Some(brood) = self.broods.get(&name) {
                        brood.drain(key, successors);
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
                    output::say(&format!("DAMN ! worker {id} {how} :( trying respawn ..."));
                }
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
        while self.copies.try_join_next().is_some() {}
        let (copies, facts) = (&mut self.copies, &self.facts);
        match Brood::hatch(name, serve, &self.environment, &self.extension, facts, copies) {
            Ok(brood) => drop(self.broods.insert(name, brood)),
            Err(error) => self.decide(Event::NurseryEnded(name, error.to_string())),
        }
    }

    /// A nursery's extension runs: it gets its outfit.
    fn greet(&mut self, name: Gen, build: &str, interpreter: String) {
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
        self.daemons.adopt(name, &self.serve, Instant::now());
        output::say(&format!("generation {number} serves"));
        // who works comes first: whoever waits for the reload is shown the new workers
        self.report();
        if let Some(emperor) = &mut self.emperor {
            emperor.accepting();
            emperor.served(number);
        }
    }

    /// Tells the Emperor who works, when that changed.
    fn report(&mut self) {
        if self.emperor.is_none() {
            return;
        }
        let status = stats::status(self);
        if let Some(emperor) = &mut self.emperor {
            emperor.status(status);
        }
    }

    /// Removes what was made, ends what is left of the process tree.
    async fn farewell(mut self) -> Exit {
        self.broods.clear();
        std::mem::take(&mut self.daemons).end().await;
        process::end_descendants(100);
        // nobody writes any more: what the pipes still hold is the end of the log
        let rest = async { while self.copies.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_OUTPUT, rest).await;
        vacuum::clean(&self.vacuum);
        self.exit.unwrap_or(Exit::Success)
    }
}
