//! The supervisor of one tenant: Rust, one thread, no Python.
//!
//! Facts arrive on one channel, the [`roster`] decides, [`Master`] carries out. Readers of
//! sockets and pidfds are small tasks that do nothing but turn what they see into facts.

/// Carrying out what the roster decides.
mod act;
/// Deciding how many workers are needed.
pub mod cheaper;
/// Asking a new generation for an answer before it takes over.
mod check;
/// What an operator may ask of a running master.
mod commands;
/// Programs beside the workers.
mod daemons;
/// What the tasks tell.
mod fact;
/// Named pipes that take commands.
mod fifo;
/// Generations: interpreters, workers, their sockets.
mod generation;
/// Killing workers whose requests run too long.
mod harakiri;
/// Hooks of the master's own.
mod hooks;
/// Finding the tenant's interpreter.
mod interpreter;
/// Waiting for a connection while there are no workers.
mod knock;
/// Settings for tests.
#[cfg(test)]
mod lines;
/// The link to the Emperor.
mod link;
/// Files that one server at a time holds.
mod locks;
/// Which lines of the log go where.
mod logs;
/// Requests that were lost with their worker.
mod lost;
/// The files of the application's modules.
mod modules;
/// What the tenant's processes print.
mod output;
/// Pid files that the master writes.
mod pidfile;
/// Reading the settings anew, without an Emperor.
mod prepare;
/// Decisions.
pub mod roster;
/// What is looked at once a second, where an option asks for it.
mod rounds;
/// What the machine lacks.
mod shortage;
/// What the operating system tells: signals, dead children.
mod signals;
/// The statistics server.
mod stats;
/// What workers did who are gone.
mod tally;
/// What follows from touched files and commands.
mod touched;
/// Removing what was made.
mod vacuum;
/// Files whose change asks for something.
mod watch;
/// Giving listening sockets away.
mod zerg;

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
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

pub(crate) use fact::{Fact, Facts};

use crate::handover::{Handover, Listener, Vacuum};
use generation::Brood;
use link::Emperor;
use roster::{Event, Gen, Law, Roster};

/// Facts that may wait to be looked at.
const FACTS_MAX: usize = 256;

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
    /// They work as long as this is there.
    _givers: zerg::Givers,
    /// So are files locked.
    _locks: tokio::task::JoinSet<()>,
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
    rounds: rounds::Rounds,
    /// Waits for a connection while there are no workers.
    knock: Option<knock::Ear>,
    watcher: Option<watch::Watcher>,
    fifo: fifo::Fifo,
    modules: modules::Modules,
    /// Workers do not accept connections until the operator says so.
    paused: bool,
    /// `vacuum`.
    vacuums: bool,
    /// Another process tree serves on the same sockets.
    relieved: bool,
    /// `pidfile`, which the launcher wrote.
    pidfile: Option<std::path::PathBuf>,
    /// The reload that is being prepared leaves the old workers no time.
    at_once: bool,
    /// Settings of generations that are about to hatch, by number.
    coming: BTreeMap<u64, Serve>,
    shortage: shortage::Shortage,
    respawns: u64,
    /// The process of the worker whose end is being decided about.
    departed: Option<Pid>,
    retired_requests: u64,
    no_app: bool,
    daemons: daemons::Daemons,
    /// Signals that are watched since a hook gave them a meaning.
    heard: BTreeSet<i32>,
    exit: Option<Exit>,
}

/// The roster's law of some settings.
fn law(serve: &Serve) -> Law {
    let workers = serve.processes.max(1);
    let supervision = &serve.supervision;
    let cheaper = supervision.cheaper.as_ref();
    let initial = match cheaper {
        _ if supervision.cheap => 0,
        Some(cheaper) => cheaper.initial,
        None => workers,
    };
    Law {
        workers,
        least: cheaper.map_or(workers, |cheaper| cheaper.least),
        initial,
        need_app: serve.need_app,
        lazy: serve.lazy_apps,
        checks: serve.check.is_some(),
        mercy: serve.worker_mercy,
        lifetime: supervision.max_lifetime,
        lifetime_delta: supervision.max_lifetime_delta,
        pause: supervision.forkbomb_delay,
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
        let givers = zerg::start(&mut listeners)?;
        let serve = handover.settings.serve;
        let (roster, actions) = Roster::new(handover.generation, law(&serve), Instant::now());
        let mut master = Self {
            coming: BTreeMap::from([(handover.generation, serve.clone())]),
            serve,
            roster,
            broods: BTreeMap::new(),
            listeners,
            statistics,
            _givers: givers,
            _locks: locks::hold(handover.locks),
            emperor,
            environment: handover.environment,
            extension: handover.extension,
            prepare: handover.prepare.map(prepare::Command::new),
            vacuum: handover.vacuum,
            locks: memory::counters("locks", 1)?,
            fifo: fifo::Fifo::new(&[], &facts),
            facts,
            copies: tokio::task::JoinSet::new(),
            rounds: rounds::Rounds::new(Instant::now()),
            knock: None,
            watcher: None,
            modules: modules::Modules::default(),
            paused: false,
            vacuums: handover.plan.vacuum,
            relieved: false,
            pidfile: handover.plan.pidfile,
            at_once: false,
            shortage: shortage::Shortage::new(),
            respawns: 0,
            departed: None,
            retired_requests: 0,
            no_app: false,
            daemons: daemons::Daemons::new(handover.heir),
            heard: BTreeSet::new(),
            exit: None,
        };
        hooks::watch(&master.serve, &mut master.heard, &master.facts);
        if let Some(emperor) = &master.emperor {
            emperor.spawned();
        }
        // what is touched during the start counts
        let settings = master.serve.supervision.clone();
        master.watcher = watch::Watcher::new(&settings.watches, &master.facts);
        master.fifo = fifo::Fifo::new(&settings.fifos, &master.facts);
        if let Some(path) = &settings.pidfile2 {
            master.write_pidfile(path);
        }
        output::say(&format!("spawned uWSGI master process (pid: {})", Pid::this()));
        master.act(actions);
        Ok((master, inbox))
    }

    /// The loop: a fact, a decision, its consequences.
    async fn govern(mut self, mut inbox: mpsc::Receiver<Fact>) -> Exit {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while self.exit.is_none() {
            let due = [self.roster.next_deadline(), self.daemons.next_deadline()];
            let deadline = due.into_iter().flatten().min();
            let sleep = async {
                match deadline {
                    Some(until) => tokio::time::sleep_until(until.into()).await,
                    None => std::future::pending().await,
                }
            };
            // nothing ticks unless an option asks for it
            let rounds = self.makes_rounds();
            tokio::select! {
                fact = inbox.recv() => match fact {
                    Some(fact) => self.hear(fact),
                    None => break,
                },
                () = sleep => {
                    self.decide(Event::Time);
                    self.mind_daemons();
                }
                _ = tick.tick(), if rounds => self.make_rounds(),
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
                    self.say_ended(*name, *key);
                    self.name_lost_requests(*name, *key, *how);
                    self.look_for_lost_connections(*name, *key, *how);
                    // a lazy worker that cannot import says so by this code
                    self.no_app |= *how == Some(process::Ended::Code(Exit::NoApp.code()));
                    if let Some(brood) = self.broods.get_mut(name) {
                        self.departed = brood.pid(*key);
                        brood.forget(*key);
                    }
                }
                self.decide(event);
            }
            Fact::Hello(name, build, interpreter) => self.greet(name, &build, interpreter),
            Fact::Born(name, key, pid, pidfd) => {
                self.shortage.forked();
                if let Some(brood) = self.broods.get_mut(&name) {
                    let cores = brood.serve.threads;
                    match brood.born(key, pid, pidfd) {
                        Some((id, true)) => output::say(&format!(
                            "spawned uWSGI worker {id} (pid: {pid}, cores: {cores})"
                        )),
                        Some((id, false)) => {
                            output::say(&format!("Respawned uWSGI worker {id} (new pid: {pid})"));
                        }
                        None => {}
                    }
                }
                self.decide(Event::Born(name, key));
            }
            Fact::Loyal => {
                if let Some(emperor) = &mut self.emperor {
                    emperor.loyal();
                }
            }
            Fact::Modules(files) => self.modules.add(files),
            Fact::Command(byte) => self.command(byte),
            Fact::Touched(all) => self.touched(all),
            Fact::Knock => {
                self.knock = None;
                self.rounds.stir(Instant::now());
                self.decide(Event::Wake);
            }
            Fact::Stuck(name, key) => self.harakiri(name, key),
            Fact::Overdue(name, key) => self.overdue(name, key),
            Fact::NoApp(name, reason) => {
                self.say_unloaded();
                self.decide(Event::NoApp(name, reason));
            }
            Fact::Loaded(name, millis, points) => {
                self.say_loaded(name, millis, &points);
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
                        self.at_once = false;
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
                self.vacuums = false;
                self.relieved = true;
                // the successor has daemons of its own, which may want the same ports
                self.daemons.dismiss(Instant::now());
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
        if let Some(order) = hooks::order(&self.serve, signal) {
            return self.obey_hook(order);
        }
        match signal {
            Signal::SIGHUP => self.read_anew(),
            Signal::SIGTERM if self.serve.die_on_term == Some(false) => self.read_anew(),
            // who asks a second time from a terminal does not want to wait
            Signal::SIGINT | Signal::SIGQUIT if self.roster.ending() => {
                self.decide(Event::StopNow);
            }
            Signal::SIGTERM | Signal::SIGINT | Signal::SIGQUIT => self.decide(Event::Stop),
            Signal::SIGUSR1 => self.say_statistics(),
            Signal::SIGTSTP => self.pause(),
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
        if self.serve.supervision.exit_on_reload {
            output::say("...the end in place of a reload (exit-on-reload)...");
            self.decide(Event::Stop);
            return;
        }
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
        let at_once = std::mem::take(&mut self.at_once);
        self.decide(if at_once {
            Event::ReloadAtOnce(number, law)
        } else {
            Event::Reload(number, law)
        });
    }

    fn decide(&mut self, event: Event) {
        let actions = self.roster.step(event, Instant::now());
        self.act(actions);
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
}
