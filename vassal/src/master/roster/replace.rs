//! Replacing workers: first the new one accepts, then the old one finishes what it has.
//!
//! One at a time, so that a vassal never has all its workers cold at once; only where all of
//! them are due nobody waits for the slow ones' last requests.

use std::time::Instant;

use shared::sys::process::Ended;

use super::{
    AGAIN, Action, Course, Gen, Generation, Key, Leave, NURSERY_PATIENCE, Nursery, Roster,
    Standing, Worker,
};

/// Whether a worker is to be replaced by another one.
fn due(worker: &Worker) -> bool {
    matches!(worker.leaving, Some(Leave::Full | Leave::Chain))
}

impl Roster {
    /// A worker wants to be replaced.
    pub(super) fn full(&mut self, name: Gen, key: Key, now: Instant, out: &mut Vec<Action>) {
        if Some(name) != self.serving {
            return;
        }
        let Some(worker) = self.worker(name, key) else { return };
        worker.leaving.get_or_insert(Leave::Full);
        self.recycle(now, out);
    }

    /// All workers are replaced, one after the other.
    pub(super) fn chain(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.rising.is_some() {
            return; // a rising generation relieves them all
        }
        let Some(generation) = self.serving.and_then(|name| self.generations.get_mut(&name)) else {
            return;
        };
        for worker in generation.workers.values_mut().filter(|worker| !worker.spare) {
            worker.leaving.get_or_insert(Leave::Chain);
        }
        self.recycle(now, out);
    }

    /// All workers are replaced now, whatever they have in hand.
    pub(super) fn workers_at_once(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.course != Course::Running {
            return;
        }
        let Some(name) = self.serving else { return };
        let Some(generation) = self.generations.get_mut(&name) else { return };
        if generation.nursery != Nursery::Ready {
            return; // nobody could replace them
        }
        let mut killed = Vec::new();
        for (key, worker) in &mut generation.workers {
            if worker.standing == Standing::Accepting {
                worker.leaving = Some(Leave::Full);
                worker.standing = Standing::Draining(now + AGAIN);
                killed.push(worker.id);
                out.push(Action::Kill(name, *key));
            }
        }
        // whoever was on the way to replace one of them has its place now
        let on_the_way = |worker: &&mut Worker| worker.spare && killed.contains(&worker.id);
        for worker in generation.workers.values_mut().filter(on_the_way) {
            worker.spare = false;
        }
        self.fill(now, out);
    }

    /// Starts the next replacement, if none is under way.
    pub(super) fn recycle(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.rising.is_some() || self.paused.is_some() || self.course != Course::Running {
            return; // a rising generation relieves them all
        }
        let Some(name) = self.serving else { return };
        let Some(generation) = self.generations.get(&name) else { return };
        let mut accepting = generation
            .workers
            .values()
            .filter(|worker| worker.standing == Standing::Accepting && !worker.spare);
        let all = accepting.all(due);
        let finishing =
            |worker: &Worker| due(worker) && matches!(worker.standing, Standing::Draining(_));
        let busy = |worker: &Worker| worker.spare || (!all && finishing(worker));
        if generation.nursery != Nursery::Ready || generation.workers.values().any(busy) {
            return;
        }
        let waits = |worker: &&Worker| due(worker) && worker.standing == Standing::Accepting;
        let next = generation.workers.values().find(waits).map(|worker| worker.id);
        if let Some(id) = next {
            self.order(name, id, true, now, out);
        }
    }
}

/// A replacement accepts: the worker whose place it takes finishes.
pub(super) fn succeed(
    name: Gen,
    generation: &mut Generation,
    id: u32,
    successor: Key,
    now: Instant,
    out: &mut Vec<Action>,
) {
    let until = now + generation.law.mercy;
    for (key, worker) in &mut generation.workers {
        let waits = worker.standing == Standing::Accepting && due(worker);
        if *key != successor && worker.id == id && waits {
            worker.standing = Standing::Draining(until);
            out.push(Action::Drain(name, *key, Some(name)));
        }
    }
}

/// Tells the workers of a generation that drain already who takes their connections now.
pub(super) fn redirect(name: Gen, generation: &Generation, to: Option<Gen>, out: &mut Vec<Action>) {
    for (key, worker) in &generation.workers {
        if matches!(worker.standing, Standing::Draining(_)) {
            out.push(Action::Drain(name, *key, to));
        }
    }
}

/// A replacement ended before it accepted: a chain goes no further, as the others would fare no
/// better. Workers that are due for another reason are tried again.
pub(super) fn unchain(
    generation: &mut Generation,
    failed: &Worker,
    how: Option<Ended>,
    reason: Option<String>,
    out: &mut Vec<Action>,
) {
    let mut broken = false;
    for worker in generation.workers.values_mut() {
        if worker.standing == Standing::Accepting
            && worker.leaving.take_if(|why| *why == Leave::Chain).is_some()
        {
            broken = true;
        }
    }
    if broken {
        let how = how.map_or_else(|| "it vanished".into(), |how| how.to_string());
        let id = failed.id;
        let why = reason.unwrap_or_else(|| format!("the new worker {id} ended: {how}"));
        out.push(Action::Unchained(why));
    }
}

/// Tells a nursery to end, once. One that still imports does not listen and has nothing to lose.
pub(super) fn retire(name: Gen, generation: &mut Generation, now: Instant, out: &mut Vec<Action>) {
    out.push(match generation.nursery {
        Nursery::Importing(_) => Action::KillNursery(name),
        Nursery::Ready => Action::Quit(name),
        Nursery::Leaving(_) | Nursery::Gone => return,
    });
    generation.nursery = Nursery::Leaving(now + NURSERY_PATIENCE);
}

/// Ends a generation that never served: nobody loses a request.
pub(super) fn end(name: Gen, generation: &mut Generation, now: Instant, out: &mut Vec<Action>) {
    retire(name, generation, now, out);
    for (key, worker) in &mut generation.workers {
        worker.standing = Standing::Draining(now + AGAIN);
        out.push(Action::Kill(name, *key));
    }
}
