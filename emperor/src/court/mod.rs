//! The court: owner of all vassals. Facts come in, decisions are made by the pure parts, and
//! their effects are carried out here, all on one thread.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use shared::sys::process;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::sleep_until;

use crate::board::{Board, Petition, Reply};
use crate::cgroup::{Cgroup, Hierarchy};
use crate::link::Heard;
use crate::lock::DirectoryLock;
use crate::monitor::source::Look;
use crate::settings::Settings;
use crate::signals::Order as Wanted;
use crate::state::Memories;
use crate::systemd::Systemd;
use crate::vassal::lifecycle::{Event, Tree, Verb, Wish};
use crate::vassal::name::VassalName;

mod census;
mod effects;
mod errands;
mod hearing;
mod looking;
mod notes;
mod publish;
mod record;
mod turns;

use census::Census;
use record::{Prepared, Record};
use turns::Turns;

/// What comes to the court.
#[derive(Debug)]
pub enum Notice {
    /// A source looked.
    Looked {
        /// Which source.
        source: usize,
        /// What it saw.
        look: Look,
    },
    /// A process tree was heard.
    Heard {
        /// Whose.
        name: VassalName,
        /// Which tree.
        tree: Tree,
        /// What.
        heard: Heard,
    },
    /// An operator asks for something.
    Petition(Petition),
    /// Somebody wants to read numbers of now.
    Census(oneshot::Sender<()>),
    /// A signal for the Emperor itself.
    Signal(Wanted),
    /// Hooks of the Emperor's have been carried out.
    Errand {
        /// The process that did it.
        pid: Pid,
        /// How it ended; `None`: it was lost.
        how: Option<process::Ended>,
    },
    /// A launcher has read a changed file.
    #[doc(hidden)]
    Read(Box<Read>),
}

/// The outcome of a launcher that only reads; opaque outside.
#[derive(Debug)]
pub struct Read {
    name: VassalName,
    serial: u64,
    outcome: Result<Prepared, (Vec<shared::finding::Finding>, String)>,
}

/// One source, as the court sees it.
#[derive(Debug)]
pub struct SourceSeat {
    /// As it was configured.
    pub label: Arc<str>,
    /// Its directory, to be locked.
    pub directory: Option<PathBuf>,
    /// Asks it to look now.
    pub rescan: Arc<Notify>,
    /// The lock that says that it is ours.
    pub lock: Option<DirectoryLock>,
}

/// A source's standing with the court.
#[derive(Debug)]
struct Seat {
    source: SourceSeat,
    looked: bool,
    /// Why it cannot be looked at, once it was said.
    gone: Option<String>,
    /// Names that were said to be unfit.
    unfit: HashSet<String>,
}

/// The court's belongings that are made before it sits.
#[derive(Debug)]
pub struct Estate {
    /// The launcher's path.
    pub program: PathBuf,
    /// Where trees get their control group.
    pub hierarchy: Option<Hierarchy>,
    /// What outlives us.
    pub memories: Memories,
    /// The service manager.
    pub systemd: Systemd,
    /// Whether the log is a terminal.
    pub terminal: bool,
}

/// Owner of all vassals.
#[derive(Debug)]
pub struct Court {
    settings: Arc<Settings>,
    estate: Estate,
    seats: Vec<Seat>,
    records: BTreeMap<VassalName, Record>,
    turns: Turns,
    board: Board,
    census: Census,
    /// For the tasks that report back.
    notices: mpsc::Sender<Notice>,
    /// Control groups in which something still ends.
    tombs: Vec<Cgroup>,
    preparations: u64,
    /// Processes that carry out hooks.
    errands: Vec<errands::Running>,
    /// Reloads of a SIGHUP that the service manager waits for.
    mass: Vec<(VassalName, Wish)>,
    ready: bool,
    closing: bool,
    /// When changes of the state that can wait are written.
    save_at: Option<Instant>,
    /// Why the state could not be written, once it was said.
    unsaved: Option<String>,
}

/// Generations are written down together; what was stopped by hand is written at once.
const SAVE_PACE: Duration = Duration::from_secs(1);

impl Court {
    /// A court that governs nothing yet.
    pub fn new(
        settings: Arc<Settings>,
        estate: Estate,
        sources: Vec<SourceSeat>,
        board: Board,
        notices: mpsc::Sender<Notice>,
    ) -> Self {
        let seats = sources
            .into_iter()
            .map(|source| Seat { source, looked: false, gone: None, unfit: HashSet::new() })
            .collect();
        Self {
            turns: Turns::new(settings.start_parallel),
            settings,
            estate,
            seats,
            records: BTreeMap::new(),
            board,
            census: Census::default(),
            notices,
            tombs: Vec::new(),
            preparations: 0,
            errands: Vec::new(),
            mass: Vec::new(),
            ready: false,
            closing: false,
            save_at: None,
            unsaved: None,
        }
    }

    /// Sits until every vassal is buried after an order to end.
    pub async fn sit(mut self, mut inbox: mpsc::Receiver<Notice>, mut dead: mpsc::Receiver<()>) {
        loop {
            if self.closing && self.records.is_empty() {
                break;
            }
            let wake = self.wake();
            tokio::select! {
                notice = inbox.recv() => match notice {
                    Some(notice) => self.take(notice),
                    None => break,
                },
                Some(()) = dead.recv() => self.sweep(),
                () = until(wake) => {}
            }
            self.due();
            self.grant();
            self.settle_mass();
            self.estate.systemd.status(&self.board.counts(), self.closing);
        }
        self.sweep();
        self.save();
    }

    fn take(&mut self, notice: Notice) {
        match notice {
            Notice::Looked { source, look } => self.looked(source, look),
            Notice::Heard { name, tree, heard } => {
                self.heard(&name, tree, heard);
                self.close_census();
            }
            Notice::Census(reader) => self.take_census(reader),
            Notice::Read(read) => self.read(*read),
            Notice::Errand { pid, how } => self.attended(pid, how),
            Notice::Petition(petition) => self.petitioned(petition),
            Notice::Signal(Wanted::End) => self.end(),
            Notice::Signal(Wanted::ReloadAll) => self.reload_all(),
            Notice::Signal(Wanted::Report) => self.report(),
            Notice::Signal(Wanted::Forgive) => self.all(&Event::Forgive),
            Notice::Signal(Wanted::Rescan) => self.rescan(),
        }
    }

    /// When something is due.
    fn wake(&self) -> Option<Instant> {
        let beat = self.settings.heartbeat;
        self.records
            .values()
            .filter_map(|record| {
                let silent = record.heartbeat.map(|last| last + beat);
                record.life.wake().into_iter().chain(silent).min()
            })
            .chain(self.estate.systemd.watchdog_due())
            .chain(self.save_at)
            .min()
    }

    /// Does what is due.
    fn due(&mut self) {
        let now = Instant::now();
        let beat = self.settings.heartbeat;
        self.estate.systemd.watchdog(now);
        if self.save_at.is_some_and(|at| at <= now) {
            self.save();
        } else if self.save_at.is_none() && self.estate.memories.dirty() {
            self.save_at = Some(now + SAVE_PACE);
        }
        let ticking: Vec<VassalName> = self
            .records
            .iter()
            .filter(|(_, record)| record.life.wake().is_some_and(|at| at <= now))
            .map(|(name, _)| name.clone())
            .collect();
        for name in ticking {
            self.step(&name, Event::Tick);
        }
        let silent: Vec<(VassalName, Tree)> = self
            .records
            .iter_mut()
            .filter(|(_, record)| record.heartbeat.is_some_and(|last| last + beat <= now))
            .filter_map(|(name, record)| {
                record.heartbeat = Some(now);
                Some((name.clone(), record.life.tree()?))
            })
            .collect();
        for (name, tree) in silent {
            self.step(&name, Event::Silent { tree });
        }
    }

    /// Gives turns to those that wait for one.
    fn grant(&mut self) {
        while let Some(name) = self.turns.next() {
            if self.records.contains_key(&name) {
                self.step(&name, Event::Slot);
            } else {
                self.turns.over(&name);
            }
        }
    }

    fn all(&mut self, event: &Event) {
        let names: Vec<VassalName> = self.records.keys().cloned().collect();
        for name in names {
            self.step(&name, event.clone());
        }
    }

    fn rescan(&self) {
        for seat in &self.seats {
            seat.source.rescan.notify_one();
        }
    }

    fn end(&mut self) {
        if self.closing {
            tracing::info!("[emperor] still waiting for {} vassals", self.records.len());
            return;
        }
        tracing::info!("[emperor] *** RAGNAROK *** stopping {} vassals", self.records.len());
        self.closing = true;
        self.estate.systemd.stopping();
        self.all(&Event::Shutdown);
    }

    fn reload_all(&mut self) {
        tracing::info!("[emperor] reload of all vassals");
        self.estate.systemd.reloading();
        let names: Vec<VassalName> = self.records.keys().cloned().collect();
        for name in names {
            if let Ok(wish) = self.petition(&name, Verb::Reload) {
                self.mass.push((name, wish));
            }
        }
    }

    /// Tells the service manager when the reloads of a SIGHUP are all answered.
    fn settle_mass(&mut self) {
        let records = &self.records;
        self.mass.retain(|(name, wish)| {
            records.get(name).is_some_and(|record| record.life.verdict(*wish).is_none())
        });
        if self.mass.is_empty() {
            self.estate.systemd.reloaded();
        }
    }

    fn petitioned(&mut self, petition: Petition) {
        let Petition { name, verb, wait, reply } = petition;
        let taken = self.petition(&name, verb);
        self.save();
        // whoever asked may have gone; then nobody reads the answer
        match taken {
            Ok(wish) if wait => {
                if let Some(record) = self.records.get_mut(&name) {
                    record.waiters.push((wish, reply));
                }
                self.answer(&name);
            }
            Ok(_) => drop(reply.send(Reply::Taken)),
            Err(Some(denied)) => drop(reply.send(Reply::Denied(denied))),
            Err(None) => drop(reply.send(Reply::Unknown)),
        }
    }

    /// Answers those whose wish has come true, or cannot any more.
    fn answer(&mut self, name: &VassalName) {
        let Some(record) = self.records.get_mut(name) else { return };
        let waiters = std::mem::take(&mut record.waiters);
        for (wish, reply) in waiters {
            match record.life.verdict(wish) {
                None if reply.is_closed() => {}
                None => record.waiters.push((wish, reply)),
                Some(Ok(())) => drop(reply.send(Reply::Done)),
                Some(Err(reason)) => drop(reply.send(Reply::Failed(reason))),
            }
        }
    }

    /// Ends what landed on us and is none of ours, and clears away what has ended.
    fn sweep(&mut self) {
        self.tombs.retain(|tomb| !tomb.remove());
        let known: HashSet<Pid> = self.records.values().flat_map(Record::pids).collect();
        let known = &known | &self.errands.iter().map(|one| one.pid).collect();
        let Ok(children) = process::children() else { return };
        for stray in children.into_iter().filter(|pid| !known.contains(pid)) {
            let Ok(handle) = process::pidfd(stray) else { continue };
            // where there are control groups, a stray may be a daemon of a vassal that lives
            if self.estate.hierarchy.is_none() || self.records.is_empty() {
                let _ = process::signal(&handle, nix::sys::signal::Signal::SIGKILL);
            }
            let _ = process::reap(&handle);
        }
    }

    fn save(&mut self) {
        self.save_at = None;
        match self.estate.memories.save() {
            Ok(()) => self.unsaved = None,
            Err(error) => {
                let error = error.to_string();
                if self.unsaved.as_ref() != Some(&error) {
                    tracing::error!("[emperor] cannot write the state: {error}");
                    self.unsaved = Some(error);
                }
            }
        }
    }
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// The queue of everything: what waits here was bounded before it was sent.
pub fn inbox() -> (mpsc::Sender<Notice>, mpsc::Receiver<Notice>) {
    mpsc::channel(256)
}

impl Court {
    /// Takes a request; `Err(None)`: there is no such vassal.
    fn petition(
        &mut self,
        name: &VassalName,
        verb: Verb,
    ) -> Result<Wish, Option<crate::vassal::lifecycle::Denied>> {
        let record = self.records.get_mut(name).ok_or(None)?;
        let (wish, acts) =
            record.life.petition(verb, Instant::now(), &self.settings.law).map_err(Some)?;
        self.carry_out(name, acts);
        self.grant();
        Ok(wish)
    }

    /// One event for one vassal, and all that comes of it.
    fn step(&mut self, name: &VassalName, event: Event) {
        let Some(record) = self.records.get_mut(name) else { return };
        let acts = record.life.step(event, Instant::now(), &self.settings.law);
        self.carry_out(name, acts);
    }
}
