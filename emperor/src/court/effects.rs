//! Carrying out what the lifecycle decided.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use nix::sys::signal::Signal;
use shared::link::{
    ORDER_GENERATION, ORDER_RELIEVE, ORDER_RELOAD, ORDER_STOP, ORDER_STOP_GRACEFULLY, Status,
};
use shared::settings::Phase;
use shared::summons::{Answer, Mode, Summons};
use shared::sys::{descriptor, process};
use tokio::sync::mpsc;

use super::record::{Grove, Preparation, Prepared, Record};
use super::{Court, Notice, Read, errands};
use crate::link::{self, Ends, Heard};
use crate::settings::Settings;
use crate::spawn::{self, Launcher, SpawnError};
use crate::vassal::lifecycle::{Action, Cause, Event, Order, Tree};
use crate::vassal::name::VassalName;

impl Court {
    /// Carries out actions in order, and whatever follows from carrying them out.
    pub(super) fn carry_out(&mut self, name: &VassalName, acts: Vec<Action>) {
        for act in acts {
            match act {
                Action::WantSlot => self.turns.want(name),
                Action::FreeSlot => self.turns.over(name),
                Action::Spawn { tree, generation, heir_of } => {
                    if let Err(error) = self.spawn(name, tree, generation, heir_of) {
                        self.unborn(name, tree, &error);
                    }
                }
                Action::Prepare { generation } => {
                    if let Err(reason) = self.prepare(name, generation) {
                        self.step(name, Event::Unprepared { reason });
                    }
                }
                Action::AbandonPrepare => {
                    if let Some(one) = self.records.get_mut(name).and_then(|r| r.preparation.take())
                    {
                        one.task.abort();
                    }
                }
                Action::Order { tree, order } => self.order(name, tree, order),
                Action::Kill { tree } => self.kill(name, tree),
                Action::Sweep { tree } => self.bury_tree(name, tree),
                Action::CloseListeners => {
                    if let Some(record) = self.records.get_mut(name) {
                        record.listeners.clear();
                    }
                }
                Action::Bury => return self.bury(name),
                Action::Note(note) => self.note(name, note),
            }
        }
        self.remember(name);
        self.publish(name);
        self.answer(name);
    }

    /// A launcher could not even be started.
    fn unborn(&mut self, name: &VassalName, tree: Tree, error: &SpawnError) {
        let reason = error.to_string();
        self.step(name, Event::Confessed { tree, cause: Cause::Refused, reason });
        self.step(name, Event::Ended { tree, how: process::Ended::Code(1) });
    }

    fn spawn(
        &mut self,
        name: &VassalName,
        tree: Tree,
        generation: u64,
        heir_of: Option<Tree>,
    ) -> Result<(), SpawnError> {
        self.refresh(name);
        let cgroup = self.estate.hierarchy.as_ref().and_then(|all| {
            all.make(name.as_str())
                .inspect_err(|error| {
                    tracing::warn!("[emperor] no control group for {name}: {error}");
                })
                .ok()
        });
        let Some(record) = self.records.get_mut(name) else { return Ok(()) };
        let (link, theirs) = descriptor::stream_pair()?;
        descriptor::nonblocking(&link, true)?;
        let sockets = match heir_of.and_then(|old| record.trees.get(&old)) {
            Some(old) => &old.listeners,
            None => &record.listeners,
        };
        let sockets = &sockets[..sockets.len().min(descriptor::DESCRIPTORS_MAX - 1)];
        let mut summons = summons(&self.settings, record, name, Mode::Start, generation);
        summons.listeners = sockets.iter().map(|one| one.listen.clone()).collect();
        summons.heir = heir_of.is_some();
        summons.cgroup = cgroup.as_ref().map(|group| group.path().to_owned());
        let mut attached: Vec<BorrowedFd<'_>> = vec![theirs.as_fd()];
        attached.extend(sockets.iter().map(|one| one.socket.as_fd()));
        let directory = directory(record, &self.settings);
        let launcher = spawn::launch(&self.estate.program, &directory, &summons, &attached)?;
        let Launcher { pid, pidfd, channel, output } = launcher;

        let (link, pidfd) = (Arc::new(link), Arc::new(pidfd));
        let ends = Ends { channel, link: Arc::clone(&link), pidfd: Arc::clone(&pidfd) };
        listen(name, tree, ends, self.notices.clone());
        tokio::spawn(link::forward(
            output,
            name.to_string(),
            record.journal.clone(),
            self.estate.terminal,
        ));
        let (plan, listeners, status) = (None, Vec::new(), Status::default());
        let spawned = false;
        let grove = Grove { pid, pidfd, link, cgroup, spawned, plan, listeners, status };
        record.trees.insert(tree, grove);
        let now = Some(SystemTime::now());
        record.moments.first_run = record.moments.first_run.or(now);
        record.moments.last_run = now;
        record.moments.cursed = None;
        if heir_of.is_none() {
            record.forget_status();
        }
        tracing::debug!("[emperor] launcher of {name} started (pid: {pid})");
        self.attend(name, pid);
        Ok(())
    }

    fn prepare(&mut self, name: &VassalName, generation: u64) -> Result<(), String> {
        if !self.refresh(name) {
            self.rescan();
            return Err("the file is missing, or the emperor's rules forbid it".to_owned());
        }
        let Some(record) = self.records.get_mut(name) else { return Ok(()) };
        record.prepared = None;
        record.moments.last_run = Some(SystemTime::now());
        let summons = summons(&self.settings, record, name, Mode::Prepare, generation);
        let directory = directory(record, &self.settings);
        let launcher = spawn::launch(&self.estate.program, &directory, &summons, &[])
            .map_err(|error| error.to_string())?;
        let Launcher { pid, pidfd, channel, output } = launcher;
        tokio::spawn(link::forward(
            output,
            name.to_string(),
            record.journal.clone(),
            self.estate.terminal,
        ));
        self.preparations += 1;
        let (serial, notices, vassal) = (self.preparations, self.notices.clone(), name.clone());
        let task = tokio::spawn(async move {
            let verdict = link::verdict(channel, pidfd).await;
            let read = Read { name: vassal, serial, outcome: judge(verdict) };
            // the court may have ended: then nobody waits for it
            let _ = notices.send(Notice::Read(Box::new(read))).await;
        });
        record.preparation = Some(Preparation { serial, pid, task: task.abort_handle() });
        Ok(())
    }

    fn order(&mut self, name: &VassalName, tree: Tree, order: Order) {
        let Some(record) = self.records.get_mut(name) else { return };
        let prepared = match order {
            Order::Generation => record.prepared.take(),
            Order::Stop | Order::StopGracefully | Order::Relieve | Order::Reload => None,
        };
        let Some(grove) = record.trees.get_mut(&tree) else { return };
        let (byte, attached) = match (order, &prepared) {
            (Order::Stop, _) => (ORDER_STOP, None),
            (Order::StopGracefully, _) => (ORDER_STOP_GRACEFULLY, None),
            (Order::Relieve, _) => (ORDER_RELIEVE, None),
            (Order::Reload, _) => (ORDER_RELOAD, None),
            (Order::Generation, Some(prepared)) => (ORDER_GENERATION, Some(prepared)),
            // without settings there is nothing to order: cannot be, and would only wait
            (Order::Generation, None) => return,
        };
        let descriptors: Vec<BorrowedFd<'_>> =
            attached.iter().map(|prepared| prepared.settings.as_fd()).collect();
        let sent = descriptor::send(&*grove.link, &[byte], &descriptors);
        if let Some(prepared) = prepared {
            record.findings = prepared.findings;
        }
        match order {
            Order::Stop | Order::StopGracefully => {
                record.moments.cursed = Some(SystemTime::now());
            }
            Order::Relieve => {}
            Order::Reload | Order::Generation => record.accepting = false,
        }
        if let Err(error) = sent {
            self.undelivered(name, tree, order, &error);
        }
    }

    /// An order that did not arrive: for a stop the deadline sees to it.
    fn undelivered(&mut self, name: &VassalName, tree: Tree, order: Order, error: &io::Error) {
        tracing::warn!("[emperor] vassal {name} does not take orders: {error}");
        match order {
            Order::Stop | Order::StopGracefully | Order::Relieve => {}
            Order::Reload | Order::Generation => {
                let Some(record) = self.records.get(name) else { return };
                let generation = record.life.generation() + 1;
                let reason = format!("the vassal does not take orders: {error}");
                self.step(name, Event::Rejected { tree, generation, reason });
            }
        }
    }

    fn kill(&mut self, name: &VassalName, tree: Tree) {
        let Some(grove) = self.records.get(name).and_then(|record| record.trees.get(&tree)) else {
            return;
        };
        if let Some(cgroup) = &grove.cgroup
            && let Err(error) = cgroup.kill()
        {
            tracing::warn!("[emperor] {}: {error}", cgroup.path().display());
        }
        if let Err(error) = process::signal(&*grove.pidfd, Signal::SIGKILL) {
            tracing::error!("[emperor] cannot kill {name} (pid: {}): {error}", grove.pid);
        }
    }

    /// A tree's first process has ended: whatever it left ends too.
    fn bury_tree(&mut self, name: &VassalName, tree: Tree) {
        let Some(record) = self.records.get_mut(name) else { return };
        if let Some(grove) = record.trees.remove(&tree) {
            if let Some(cgroup) = grove.cgroup {
                // written even when it looks empty: a process may just be forking
                let _ = cgroup.kill();
                self.tombs.push(cgroup);
            }
            let others = !record.trees.is_empty();
            if !others {
                record.listeners = grove.listeners;
                record.forget_status();
            }
        }
        self.sweep();
    }

    fn bury(&mut self, name: &VassalName) {
        if let Some(mut record) = self.records.remove(name) {
            answer_all(&mut record);
            if let Some(one) = record.preparation.take() {
                one.task.abort();
            }
            if record.gone {
                self.estate.memories.forget(&record.sighting.path);
                self.save();
            }
        }
        self.turns.forget(name);
        self.board.remove(name);
        tracing::info!("[emperor] removed uwsgi instance {name}");
        self.sweep();
        if !self.closing {
            // a file of this name in another source, or a new one in this, may be taken now
            for seat in &mut self.seats {
                seat.unfit.remove(name.as_str());
            }
            self.rescan();
        }
    }
}

/// Nobody waits for a vassal that is gone.
fn answer_all(record: &mut Record) {
    for (wish, reply) in record.waiters.drain(..) {
        drop(reply.send(match record.life.verdict(wish) {
            Some(Ok(())) => crate::board::Reply::Done,
            Some(Err(reason)) => crate::board::Reply::Failed(reason),
            None => crate::board::Reply::Unknown,
        }));
    }
}

/// The orders of a launcher, without sockets and control group.
fn summons(
    settings: &Settings,
    record: &Record,
    name: &VassalName,
    mode: Mode,
    generation: u64,
) -> Summons {
    Summons {
        name: name.to_string(),
        file: record.sighting.path.clone(),
        mode,
        version: record.sighting.version,
        policy: settings.policy.clone(),
        sets: settings.sets.clone(),
        before: settings.before.clone(),
        after: settings.after.clone(),
        options: settings.options.clone(),
        listeners: Vec::new(),
        binary: settings.binary.clone(),
        generation,
        heir: false,
        cgroup: None,
        hooks: match mode {
            Mode::Start => errands::hooks(settings, Phase::AsVassal),
            Mode::Prepare => Vec::new(),
        },
    }
}

/// Vassals of a directory start in it; those of a pattern where the Emperor was started. Where
/// that is gone, in the root: what is missing is the file, and the launcher says so.
pub(super) fn directory(record: &Record, settings: &Settings) -> std::path::PathBuf {
    let place = match settings.sources.get(record.source) {
        Some(crate::settings::Source::Directory(path)) => path,
        Some(crate::settings::Source::Glob(_)) | None => &settings.directory,
    };
    if place.is_dir() { place.clone() } else { Path::new("/").to_owned() }
}

fn listen(name: &VassalName, tree: Tree, ends: Ends, notices: mpsc::Sender<Notice>) {
    let name = name.clone();
    tokio::spawn(async move {
        let tell = |heard: Heard| {
            let (name, notices) = (name.clone(), notices.clone());
            async move {
                // the court may have ended: then nobody waits for it
                let _ = notices.send(Notice::Heard { name, tree, heard }).await;
            }
        };
        if let Err(error) = link::listen(ends, tell).await {
            tracing::error!("[emperor] cannot listen to {name}: {error}");
        }
    });
}

/// What the answer of a launcher that only reads means.
fn judge(
    verdict: io::Result<link::Verdict>,
) -> Result<Prepared, (Vec<shared::finding::Finding>, String)> {
    let verdict = verdict.map_err(|error| (Vec::new(), error.to_string()))?;
    match verdict.answer {
        Some((Answer::Prepared { plan, findings }, attached)) => {
            let mut attached: Vec<OwnedFd> = attached;
            match attached.pop() {
                Some(settings) => Ok(Prepared { plan: *plan, settings, findings }),
                None => Err((findings, "the launcher sent no settings".to_owned())),
            }
        }
        Some((Answer::Refused { findings, .. }, _)) => {
            let reason = reasons(&findings);
            Err((findings, reason))
        }
        Some((Answer::Bound { .. } | Answer::Foreign, _)) => {
            Err((Vec::new(), "the launcher gave a wrong answer".to_owned()))
        }
        None => {
            let how = verdict.how.map_or_else(String::new, |how| format!(" ({how})"));
            Err((Vec::new(), format!("the launcher ended without an answer{how}")))
        }
    }
}

/// The errors among findings, one a line.
pub(super) fn reasons(findings: &[shared::finding::Finding]) -> String {
    let errors: Vec<String> =
        findings.iter().filter(|finding| finding.is_error()).map(ToString::to_string).collect();
    if errors.is_empty() { "the configuration was refused".to_owned() } else { errors.join("\n") }
}
