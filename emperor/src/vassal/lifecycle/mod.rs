//! The life of a vassal: state x event -> state + actions.
//!
//! Every rule is an exhaustive match over [`State`] in one of the files beside this one; time
//! and [`Law`] are parameters. What must always hold (tested by a seeded random walk):
//! at most one serving process tree except while succeeding; a cursed tree always has a
//! wake-up; nothing is spawned while a tree lives, except a successor (trees that drain, the
//! [`Relic`]s, do not count); buried is final.

use std::time::{Duration, Instant};

use shared::sys::process::Ended;

use super::throttle::{self, Throttle};

mod act;
mod clock;
mod file;
mod petition;
mod renewal;
mod tree;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod walk;

pub use act::{Action, Event, Note, Order};
pub use petition::{Denied, Verb, Wish};

/// The settings that the lifecycle obeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Law {
    /// From "asked to stop" to being killed (`emperor-curse-tolerance`).
    pub curse_tolerance: Duration,
    /// The same at the Emperor's own end (`reload-mercy`).
    pub mercy: Duration,
    /// Stop orders let requests finish (unless `emperor-graceful-shutdown = false`).
    pub graceful: bool,
    /// Back-off.
    pub throttle: throttle::Law,
}

impl Default for Law {
    fn default() -> Self {
        Self {
            curse_tolerance: Duration::from_secs(30),
            mercy: Duration::from_secs(30),
            graceful: true,
            throttle: throttle::Law::default(),
        }
    }
}

/// A slow starter stops holding others back after this long.
const SLOT_PATIENCE: Duration = Duration::from_secs(15);
/// Reading a configuration takes milliseconds; a launcher that takes this long hangs.
const PREPARE_PATIENCE: Duration = Duration::from_secs(30);
/// A new generation or a successor that has not answered by then never will. The vassal gives up
/// by itself before: a command of a hook has ten minutes, an import another ten.
const RENEWAL_PATIENCE: Duration = Duration::from_mins(30);
/// A tree that closed its link but lives on is killed after this long.
const MUTE_PATIENCE: Duration = Duration::from_secs(2);
/// Killing is repeated at this pace until the process is gone.
const KILL_PACE: Duration = Duration::from_secs(1);

/// One process tree of a vassal: what one launcher became. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tree(pub u64);

/// Where a vassal stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// No process serves.
    Dormant(Rest),
    /// One process tree.
    Alive {
        /// It.
        tree: Tree,
        /// How far it is.
        standing: Standing,
        /// What is under way to replace its generation.
        renewal: Renewal,
    },
    /// Two: the old one serves until the new one accepts.
    Succeeding {
        /// The one that serves.
        old: Tree,
        /// Since when the old one serves.
        since: Instant,
        /// The one that starts.
        new: Tree,
        /// The generation that the new one starts with.
        generation: u64,
        /// Reload requests up to this one are answered by it.
        covers: u64,
        /// When the new one is given up.
        deadline: Instant,
    },
    /// Asked to stop, or silent: killed at the deadline.
    Cursed {
        /// The tree.
        tree: Tree,
        /// When it is killed (again).
        deadline: Instant,
        /// What comes after.
        fate: Fate,
    },
    /// Gone for good; the record is about to be dropped.
    Buried,
}

/// Why nothing runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Waits for its turn to start (`start-parallel`).
    Queued,
    /// Waits because it failed.
    Throttled {
        /// The next try.
        until: Instant,
        /// What failed.
        cause: Cause,
    },
    /// Stopped by hand: stays so until `start`.
    Stopped,
    /// Its program cannot be executed: tried again when the file changes.
    Exiled,
    /// The file breaks the Emperor's rules: tried again when it changes.
    Barred,
}

/// What failed when a vassal rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A process that had come up died.
    Crashed,
    /// The configuration, or a step of the launch, was refused.
    Refused,
}

/// How far a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not accepting yet; starts with this generation.
    Starting {
        /// The number of its first generation.
        generation: u64,
    },
    /// Accepting since.
    Serving {
        /// The moment of its first report that it accepts.
        since: Instant,
    },
}

/// What is under way to replace the generation of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Nothing.
    Idle,
    /// Waits for its turn.
    Queued,
    /// A launcher reads the file.
    Preparing {
        /// Reload requests up to this one are answered by it.
        covers: u64,
        /// When the launcher is given up.
        deadline: Instant,
    },
    /// The master was told; it answers served or rejected.
    Asked {
        /// The generation that was asked for.
        generation: u64,
        /// Reload requests up to this one are answered by it.
        covers: u64,
        /// When it is given up.
        deadline: Instant,
    },
}

/// What comes after a cursed tree has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing: the file is gone, or the Emperor ends.
    Bury,
    /// Rest, stopped by hand.
    Stop,
    /// Rest, barred.
    Bar,
    /// A fresh start.
    Restart,
    /// It fell silent: as a crash, after this long a service.
    Crash(Option<Duration>),
}

/// A tree that was relieved and drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relic {
    /// It.
    pub tree: Tree,
    /// When it is killed (again).
    pub deadline: Instant,
}

/// The right to start something; at most `start-parallel` vassals hold one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    None,
    Held { until: Instant },
}

/// What a tree said before it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Confession {
    tree: Tree,
    cause: Cause,
    reason: String,
}

/// How the latest reload ended.
pub type Outcome = Result<(), String>;

/// The life of one vassal.
#[derive(Clone, Debug)]
pub struct Life {
    state: State,
    relics: Vec<Relic>,
    throttle: Throttle,
    slot: Slot,
    /// The generation that serves, or served last; 0 before the first.
    generation: u64,
    /// Reload requests so far, and how many of them are answered.
    asked: u64,
    answered: u64,
    outcome: Outcome,
    /// Why it is degraded, or why it does not run.
    trouble: Option<String>,
    confession: Option<Confession>,
    trees: u64,
    restarts: u64,
    reloads: Reloads,
    last_exit: Option<Ended>,
    /// Only the public bytes come from it (`binary-path`).
    foreign: bool,
    /// A generation never answered: the next reload replaces the tree.
    distrusted: bool,
    /// A heartbeat was missed and a reload was asked for.
    warned: bool,
}

/// Reloads so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reloads {
    /// A new generation serves.
    pub served: u64,
    /// The old one went on.
    pub rejected: u64,
}

impl Life {
    /// A vassal whose file was seen. `generation`: what it had reached under an earlier Emperor.
    pub fn new(generation: u64) -> Self {
        Self {
            state: State::Dormant(Rest::Stopped),
            relics: Vec::new(),
            throttle: Throttle::default(),
            slot: Slot::None,
            generation,
            asked: 0,
            answered: 0,
            outcome: Ok(()),
            trouble: None,
            confession: None,
            trees: 0,
            restarts: 0,
            reloads: Reloads::default(),
            last_exit: None,
            foreign: false,
            distrusted: false,
            warned: false,
        }
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Trees that drain.
    pub fn relics(&self) -> &[Relic] {
        &self.relics
    }

    /// The generation that serves, or served last; 0 before the first.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Why it is degraded, or why it does not run.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// How often it was started again after a death.
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Reloads so far.
    pub fn reloads(&self) -> Reloads {
        self.reloads
    }

    /// How the last tree that died unasked ended.
    pub fn last_exit(&self) -> Option<Ended> {
        self.last_exit
    }

    /// Failures since it last did well.
    pub fn failures(&self) -> u32 {
        self.throttle.failures()
    }

    /// Whether an operator stopped it: this survives the Emperor.
    pub fn stopped_by_hand(&self) -> bool {
        match &self.state {
            State::Dormant(Rest::Stopped) => true,
            State::Dormant(Rest::Queued | Rest::Throttled { .. } | Rest::Exiled | Rest::Barred)
            | State::Alive { .. }
            | State::Succeeding { .. }
            | State::Buried => false,
            State::Cursed { fate, .. } => *fate == Fate::Stop,
        }
    }

    /// The tree that serves, or is to serve.
    pub fn tree(&self) -> Option<Tree> {
        match self.state {
            State::Alive { tree, .. } | State::Cursed { tree, .. } => Some(tree),
            State::Succeeding { old, .. } => Some(old),
            State::Dormant(_) | State::Buried => None,
        }
    }

    /// Every tree that lives.
    pub fn living(&self) -> Vec<Tree> {
        let mut trees: Vec<Tree> = self.relics.iter().map(|relic| relic.tree).collect();
        trees.extend(self.tree());
        if let State::Succeeding { new, .. } = self.state {
            trees.push(new);
        }
        trees
    }

    /// Takes an event; what is to be done comes back.
    pub fn step(&mut self, event: Event, now: Instant, law: &Law) -> Vec<Action> {
        let mut acts = Vec::new();
        match event {
            Event::Seen => self.seen(now, law, &mut acts),
            Event::Vanished => self.vanished(now, law, &mut acts),
            Event::Barred { reason } => self.barred(reason, now, law, &mut acts),
            Event::Shutdown => self.shutdown(now, law, &mut acts),
            Event::Slot => self.slot(now, &mut acts),
            Event::Planned { succession } => self.planned(succession, now, &mut acts),
            Event::Unprepared { reason } => self.unprepared(reason, &mut acts),
            Event::Foreign { tree } => self.foreign(tree),
            Event::Accepting { tree } => self.accepting(tree, now, law, &mut acts),
            Event::Served { tree, generation } => self.served(tree, generation, &mut acts),
            Event::Rejected { tree, generation, reason } => {
                self.rejected(tree, generation, reason, &mut acts);
            }
            Event::Confessed { tree, cause, reason } => {
                self.confession = Some(Confession { tree, cause, reason });
            }
            Event::Leave { tree } => self.leave(tree, now, law, &mut acts),
            Event::LinkLost { tree } => self.link_lost(tree, now, law, &mut acts),
            Event::Ended { tree, how } => self.ended(tree, how, now, law, &mut acts),
            Event::Heartbeat => self.warned = false,
            Event::Silent { tree } => self.silent(tree, &mut acts),
            Event::Forgive => self.forgive(&mut acts),
            Event::Tick => self.tick(now, &mut acts),
        }
        acts
    }

    fn next_tree(&mut self) -> Tree {
        self.trees += 1;
        Tree(self.trees)
    }

    fn queue(&mut self, acts: &mut Vec<Action>) {
        self.state = State::Dormant(Rest::Queued);
        acts.push(Action::WantSlot);
    }

    fn free_slot(&mut self, acts: &mut Vec<Action>) {
        if self.slot != Slot::None {
            self.slot = Slot::None;
            acts.push(Action::FreeSlot);
        }
    }

    /// Reload requests up to `covers` are answered.
    fn settle(&mut self, covers: u64, outcome: Outcome, acts: &mut Vec<Action>) {
        match &outcome {
            Ok(()) => {
                self.reloads.served += 1;
                self.trouble = None;
                self.distrusted = false;
                acts.push(Action::Note(Note::Renewed { generation: self.generation }));
            }
            Err(reason) => {
                self.reloads.rejected += 1;
                self.trouble = Some(reason.clone());
                acts.push(Action::Note(Note::Rejected { reason: reason.clone() }));
            }
        }
        self.answered = covers;
        self.outcome = outcome;
        self.free_slot(acts);
        if let State::Alive { renewal, .. } = &mut self.state {
            *renewal = Renewal::Idle;
            if self.asked > covers {
                *renewal = Renewal::Queued;
                acts.push(Action::WantSlot);
            }
        }
    }

    /// Reload requests that can no longer be answered because the tree goes.
    fn abandon(&mut self, reason: &str, acts: &mut Vec<Action>) {
        if let State::Alive { renewal: Renewal::Preparing { .. }, .. } = self.state {
            acts.push(Action::AbandonPrepare);
        }
        if self.answered < self.asked {
            self.answered = self.asked;
            self.outcome = Err(reason.to_owned());
        }
        self.free_slot(acts);
    }

    /// Orders a tree to stop; it is killed at `deadline`.
    fn curse(
        &mut self,
        tree: Tree,
        deadline: Instant,
        fate: Fate,
        law: &Law,
        acts: &mut Vec<Action>,
    ) {
        self.abandon("the vassal is being stopped", acts);
        acts.push(Action::Order { tree, order: stop(law) });
        acts.push(Action::Note(Note::Cursed { fate }));
        self.state = State::Cursed { tree, deadline, fate };
    }
}

fn stop(law: &Law) -> Order {
    if law.graceful { Order::StopGracefully } else { Order::Stop }
}
