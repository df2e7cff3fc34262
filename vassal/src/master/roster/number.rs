//! How many workers there are: more and fewer as the load asks for, none while nobody asks.
//!
//! Whether more or fewer are needed is decided elsewhere ([`crate::master::cheaper`]); here it
//! becomes workers, between `cheaper` and `processes`, without a request lost.

use std::time::Instant;

use super::{
    Action, Course, FORK_PATIENCE, Gen, Key, Law, Leave, Nursery, Roster, Standing, Worker, seats,
};

/// Whether a worker counts as one of those that are wanted: neither on its way out nor the
/// replacement of one that still serves.
fn counts(worker: &Worker) -> bool {
    let goes = worker.leaving.is_some() && matches!(worker.standing, Standing::Draining(_));
    !goes && !worker.spare
}

impl Roster {
    /// How many workers a new generation starts with: those of a first start, or as many as
    /// serve now, so that a reload takes no capacity away.
    pub(super) fn wanted_by(&self, law: &Law) -> u32 {
        match self.serving() {
            None => law.initial,
            // the check needs somebody to answer it
            Some((_, serving)) if serving.wanted == 0 => u32::from(law.checks),
            Some((_, serving)) => serving.wanted.clamp(law.least, law.workers),
        }
    }

    /// Has a worker forked, on a free seat.
    pub(super) fn order(
        &mut self,
        name: Gen,
        id: u32,
        spare: bool,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let key = self.fresh();
        let Some(generation) = self.generations.get_mut(&name) else { return };
        let taken = |seat: &u32| generation.workers.values().any(|worker| worker.seat == *seat);
        let Some(seat) = (0..seats(&generation.law)).find(|seat| !taken(seat)) else { return };
        let standing = Standing::Ordered(now + FORK_PATIENCE);
        let worker = Worker { id, seat, standing, leaving: None, spare, due: None };
        generation.workers.insert(key, worker);
        out.push(Action::Fork(name, key, id, seat));
    }

    /// Has the missing workers of the serving generation forked.
    pub(super) fn fill(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.paused.is_some() || self.course != Course::Running {
            return;
        }
        let Some((name, generation)) = self.serving() else { return };
        if generation.nursery != Nursery::Ready {
            return;
        }
        let present: Vec<u32> =
            generation.workers.values().filter(|one| counts(one)).map(|one| one.id).collect();
        let lacking = (generation.wanted as usize).saturating_sub(present.len());
        let free = (1..=generation.law.workers).filter(|id| !present.contains(id));
        for id in free.take(lacking).collect::<Vec<_>>() {
            self.order(name, id, false, now, out);
        }
    }

    /// More workers, as far as there may be more.
    pub(super) fn grow(&mut self, more: u32, now: Instant, out: &mut Vec<Action>) {
        let Some(generation) = self.serving.and_then(|name| self.generations.get_mut(&name)) else {
            return;
        };
        generation.wanted = generation.wanted.saturating_add(more).min(generation.law.workers);
        self.fill(now, out);
    }

    /// One worker fewer, as far as there may be fewer.
    pub(super) fn shrink(&mut self, key: Key, now: Instant, out: &mut Vec<Action>) {
        let Some(name) = self.serving.filter(|_| self.course == Course::Running) else { return };
        let Some(generation) = self.generations.get_mut(&name) else { return };
        if generation.wanted <= generation.law.least.max(1) {
            return;
        }
        let until = now + generation.law.mercy;
        let Some(worker) = generation.workers.get_mut(&key) else { return };
        if worker.standing != Standing::Accepting || worker.leaving.is_some() {
            return;
        }
        worker.leaving = Some(Leave::Cheaped);
        worker.standing = Standing::Draining(until);
        generation.wanted -= 1;
        out.push(Action::Drain(name, key, Some(name)));
    }

    /// Lets all workers go until somebody knocks. Not while a generation rises: that is no rest.
    pub(super) fn sleep(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.rising.is_some() || self.course != Course::Running {
            return;
        }
        let Some(name) = self.serving else { return };
        let Some(generation) = self.generations.get_mut(&name) else { return };
        if generation.wanted == 0 {
            return;
        }
        generation.wanted = 0;
        let until = now + generation.law.mercy;
        for (key, worker) in &mut generation.workers {
            worker.spare = false;
            worker.leaving = Some(Leave::Cheaped);
            match worker.standing {
                Standing::Accepting => {
                    worker.standing = Standing::Draining(until);
                    out.push(Action::Drain(name, *key, None));
                }
                Standing::Ordered(_) | Standing::Born(_) => {
                    worker.standing = Standing::Draining(until);
                    out.push(Action::Kill(name, *key));
                }
                Standing::Draining(_) => {}
            }
        }
        out.push(Action::Asleep);
    }

    /// Somebody knocks: as many workers as at a start, one at least.
    pub(super) fn awake(&mut self, now: Instant, out: &mut Vec<Action>) {
        let Some(generation) = self.serving.and_then(|name| self.generations.get_mut(&name)) else {
            return;
        };
        if generation.wanted == 0 {
            let law = generation.law;
            generation.wanted = if law.initial == 0 { law.least } else { law.initial };
            self.fill(now, out);
        }
    }
}
