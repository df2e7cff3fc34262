//! Who works in a vassal, what happens to them, and what is to be done: the roster's words.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use shared::sys::process::Ended;

use super::{BURST, DEATHS};

/// The settings that these decisions obey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Law {
    /// `processes`: the most workers.
    pub workers: u32,
    /// `cheaper`: the least; as `workers` without it.
    pub least: u32,
    /// `cheaper-initial`, or 0 with `cheap`: workers at the start.
    pub initial: u32,
    /// `need-app`: without an application there is no generation.
    pub need_app: bool,
    /// `lazy-apps`: workers import, not the nursery.
    pub lazy: bool,
    /// Whether a request is asked of a new generation before it takes over.
    pub checks: bool,
    /// `worker-reload-mercy`: how long a draining worker may take.
    pub mercy: Duration,
    /// `max-worker-lifetime`.
    pub lifetime: Option<Duration>,
    /// `max-worker-lifetime-delta`, once more for each further worker.
    pub lifetime_delta: Duration,
    /// `forkbomb-delay`: the pause when workers end too fast.
    pub pause: Duration,
}

/// Names a generation inside one master; numbers that users see may repeat after a crash.
pub type Gen = u64;
/// Names a worker process inside one master.
pub type Key = u64;

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was ordered; it has to report until then.
    Ordered(Instant),
    /// It exists (lazy ones import now); it has to accept until then.
    Born(Instant),
    /// It accepts.
    Accepting,
    /// It was told to drain and is killed then.
    Draining(Instant),
}

/// Why a worker goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// It has done its part (`max-requests`, memory, age): another one takes its place first.
    Full,
    /// All workers are replaced, one after the other; not if a new one fails.
    Chain,
    /// It is not needed (`cheaper`, `idle`).
    Cheaped,
}

/// One worker process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worker {
    /// The worker's number, from 1: what users see.
    pub id: u32,
    /// Its seat on the generation's scoreboard.
    pub seat: u32,
    /// What it is doing.
    pub standing: Standing,
    /// Why it goes, if it does.
    pub leaving: Option<Leave>,
    /// It is the one that replaces a leaving worker of the same id.
    pub spare: bool,
    /// When it is too old.
    pub due: Option<Instant>,
}

/// What a nursery is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nursery {
    /// Starting and importing; it is given up then.
    Importing(Instant),
    /// Forking when asked.
    Ready,
    /// Told to end; it is killed then.
    Leaving(Instant),
    /// Dead.
    Gone,
}

/// A nursery and its workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The number that users see.
    pub number: u64,
    /// Its nursery.
    pub nursery: Nursery,
    /// Whether the nursery's process still has to be waited for.
    pub nursery_alive: bool,
    /// Its workers.
    pub workers: BTreeMap<Key, Worker>,
    /// How many workers it should have.
    pub wanted: u32,
    /// The law it was started under.
    pub law: Law,
    /// Whether it is a reload somebody waits for, or replaces a nursery that died.
    pub asked: bool,
    /// The generation before it is not left any time to finish.
    pub at_once: bool,
    pub(super) checking: bool,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A nursery can fork: the application is there (or is imported by the workers).
    Ready(Gen),
    /// The application cannot be imported.
    NoApp(Gen, String),
    /// A nursery's process ended (or could not be started): what to say of it.
    NurseryEnded(Gen, String),
    /// A worker exists.
    Born(Gen, Key),
    /// A worker accepts.
    Accepting(Gen, Key),
    /// A worker wants to be replaced.
    Full(Gen, Key),
    /// A worker ended, or could not be forked.
    WorkerEnded(Gen, Key, Option<Ended>, Option<String>),
    /// The check was answered as it should (or not: why).
    Checked(Gen, Result<(), String>),
    /// New settings were read: start a generation with this number.
    Reload(u64, Law),
    /// The same, and the old workers are cut off as soon as the new ones accept.
    ReloadAtOnce(u64, Law),
    /// So many workers more are needed.
    Grow(u32),
    /// This worker is not needed.
    Shrink(Key),
    /// No worker is needed until somebody knocks.
    Sleep,
    /// Somebody knocks.
    Wake,
    /// Replace all workers, one after the other.
    Chain,
    /// Replace all workers now, whatever they have in hand.
    WorkersAtOnce,
    /// End when everything in hand is finished.
    Stop,
    /// End now.
    StopNow,
    /// The time came that was asked for.
    Time,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Start a nursery.
    Hatch(Gen),
    /// Have a worker forked.
    Fork(Gen, Key, u32, u32),
    /// Tell a worker to drain; idle connections go to that generation.
    Drain(Gen, Key, Option<Gen>),
    /// Kill a worker.
    Kill(Gen, Key),
    /// Tell a nursery to end.
    Quit(Gen),
    /// Kill a nursery.
    KillNursery(Gen),
    /// Ask the check of this generation.
    Check(Gen),
    /// This generation serves now.
    Serving(Gen, u64),
    /// A worker died and is replaced: what to say.
    Died(u32, Option<Ended>),
    /// A worker could not be started, and is tried again later: why.
    Unforked(String),
    /// A worker was not needed and is gone.
    Cheaped(u32),
    /// No worker is left on purpose: look at the sockets.
    Asleep,
    /// The replacement of all workers was given up: why.
    Unchained(String),
    /// The reload to this number did not happen: why.
    Rejected(u64, String),
    /// The serving generation's nursery is dead and could not be replaced yet: why.
    Unrelieved(String),
    /// Nothing serves and nothing can: why.
    Failed(String),
    /// A generation is over: its memory can go.
    Forget(Gen),
    /// All is over.
    End,
}

/// Whether the first generation survives the death of a worker while others still come: one that
/// accepted died of a request, and there is no older generation to go on with. Not too often.
pub(super) fn survives(deaths: &mut Vec<Instant>, worker: &Worker, now: Instant) -> bool {
    if worker.standing != Standing::Accepting {
        return false;
    }
    deaths.retain(|death| now.duration_since(*death) < BURST);
    deaths.push(now);
    deaths.len() <= DEATHS
}

/// Seats of a generation's scoreboard: each worker, its replacement, and some that linger.
pub fn seats(law: &Law) -> u32 {
    law.workers * 2 + 4
}
