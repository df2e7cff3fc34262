//! Facts, effects and remarks of the lifecycle: three types, so that none can be mistaken
//! for another.

use std::time::Duration;

use shared::sys::process::Ended;

use super::{Cause, Fate, Tree};

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The file appeared or changed, and may be used.
    Seen,
    /// The file is gone.
    Vanished,
    /// The file appeared or changed, and breaks the Emperor's rules.
    Barred {
        /// Which one.
        reason: String,
    },
    /// The Emperor ends.
    Shutdown,
    /// It is this vassal's turn to start something.
    Slot,
    /// The changed file was read and may be used.
    Planned {
        /// The launch plan is different (the parts are named).
        succession: Option<Vec<&'static str>>,
    },
    /// The changed file is refused.
    Unprepared {
        /// `file:line: ...`, all of it.
        reason: String,
    },
    /// The program that runs is not ours.
    Foreign {
        /// In this tree.
        tree: Tree,
    },
    /// Worker 1 accepts.
    Accepting {
        /// In this tree.
        tree: Tree,
    },
    /// A new generation serves.
    Served {
        /// In this tree.
        tree: Tree,
        /// Its number.
        generation: u64,
    },
    /// A new generation did not come to be.
    Rejected {
        /// In this tree.
        tree: Tree,
        /// Its number.
        generation: u64,
        /// The traceback or message.
        reason: String,
    },
    /// A tree said why it is about to end.
    Confessed {
        /// This tree.
        tree: Tree,
        /// What failed.
        cause: Cause,
        /// The traceback or message.
        reason: String,
    },
    /// A master asks to be let go.
    Leave {
        /// This tree's.
        tree: Tree,
    },
    /// A master closed its link.
    LinkLost {
        /// This tree's.
        tree: Tree,
    },
    /// A master (or launcher) ended.
    Ended {
        /// This tree's.
        tree: Tree,
        /// How.
        how: Ended,
    },
    /// A heartbeat came.
    Heartbeat,
    /// Heartbeats stopped coming.
    Silent {
        /// From this tree.
        tree: Tree,
    },
    /// Back-off is forgotten (SIGURG).
    Forgive,
    /// Time went on.
    Tick,
}

/// What a master is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Stop now.
    Stop,
    /// Finish the requests and stop.
    StopGracefully,
    /// Finish the requests and stop, but leave the sockets: another tree serves on them.
    Relieve,
    /// Reload (the public byte, for programs that are not ours).
    Reload,
    /// Start a generation with the settings that the launcher prepared.
    Generation,
}

/// An effect, carried out by the court.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Put this vassal in the queue of those that want to start something.
    WantSlot,
    /// Its turn is over.
    FreeSlot,
    /// Start a launcher.
    Spawn {
        /// For this tree.
        tree: Tree,
        /// The number of its first generation.
        generation: u64,
        /// It relieves this one.
        heir_of: Option<Tree>,
    },
    /// Start a launcher that only reads.
    Prepare {
        /// The generation that the settings are for.
        generation: u64,
    },
    /// End that launcher.
    AbandonPrepare,
    /// Tell a master.
    Order {
        /// This one.
        tree: Tree,
        /// What.
        order: Order,
    },
    /// SIGKILL to the master and all it left.
    Kill {
        /// Of this tree.
        tree: Tree,
    },
    /// The tree's first process ended: kill what it left, forget it.
    Sweep {
        /// This tree.
        tree: Tree,
    },
    /// Close our copies of the listening sockets.
    CloseListeners,
    /// Drop the record.
    Bury,
    /// Say it in the log.
    Note(Note),
}

/// Something worth a line in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// It accepts for the first time.
    Ready,
    /// A reload begins.
    Reloading,
    /// A successor starts because these parts of the plan changed.
    Succeeding {
        /// Named for people.
        because: Vec<&'static str>,
    },
    /// A reload is complete.
    Renewed {
        /// The generation that serves now.
        generation: u64,
    },
    /// A reload was refused: the old generation goes on.
    Rejected {
        /// Why.
        reason: String,
    },
    /// It was told to stop.
    Cursed {
        /// What comes after.
        fate: Fate,
    },
    /// It did not stop in time.
    Killed,
    /// It ended unasked.
    Died {
        /// How.
        how: Ended,
        /// What failed.
        cause: Cause,
        /// Why, as far as it said so.
        reason: String,
        /// The next try; `None`: not before the file changes.
        retry: Option<Duration>,
    },
    /// The file breaks the rules.
    Barred {
        /// Which one.
        reason: String,
    },
    /// A heartbeat was missed.
    Silent,
}
