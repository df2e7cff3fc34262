//! Who works in a vassal, decided purely: facts in, actions out, time as a parameter.
//!
//! A *generation* is a nursery and the workers it forked. One generation serves; a reload lets
//! a second one rise beside it, which takes over only when all its workers accept (and the
//! check, if one is set, was answered). A generation that fails on its way is ended and the old
//! one never noticed. Generations that were relieved fall: their workers finish what they have.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use shared::sys::process::Ended;

/// What is overdue.
mod clock;
/// How many workers there are.
mod number;
/// The words.
mod people;
/// Replacing workers.
mod replace;

use people::survives;
use replace::{end, redirect, retire, succeed, unchain};

pub use people::{
    Action, Event, Gen, Generation, Key, Law, Leave, Nursery, Standing, Worker, seats,
};

/// How long an import may take before the generation (or the lazy worker) is given up.
const IMPORT_PATIENCE: Duration = Duration::from_mins(10);
/// How long a fork may take to report.
const FORK_PATIENCE: Duration = Duration::from_secs(30);
/// So many deaths more than there are workers, within this time, cause a pause. An operator (or
/// the kernel) who kills a few is no crash loop.
const BURST: Duration = Duration::from_secs(1);
const DEATHS: usize = 10;
/// How long a nursery that was told to end may take: threads that the application started there
/// can hold it up for ever, and nobody waits for anything of it any more.
const NURSERY_PATIENCE: Duration = Duration::from_secs(5);
/// How long after a nursery died and could not be replaced the next try is made.
const REVIVE: Duration = Duration::from_secs(10);
/// How long after a kill it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Whether the vassal goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    Running,
    /// Everything is killed then.
    Ending(Instant),
    Over,
}

/// How a generation comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Manner {
    /// Somebody waits for it.
    asked: bool,
    /// The old workers are not left any time.
    at_once: bool,
}

impl Manner {
    const ASKED: Self = Self { asked: true, at_once: false };
    const UNASKED: Self = Self { asked: false, at_once: false };
    const AT_ONCE: Self = Self { asked: true, at_once: true };
}

/// Everybody who works in a vassal.
#[derive(Debug)]
pub struct Roster {
    generations: BTreeMap<Gen, Generation>,
    serving: Option<Gen>,
    rising: Option<Gen>,
    course: Course,
    next: u64,
    deaths: Vec<Instant>,
    paused: Option<Instant>,
    /// When the serving generation's dead nursery is to be replaced.
    revive: Option<Instant>,
}

impl Roster {
    /// A vassal whose first generation is to start.
    pub fn new(number: u64, law: Law, now: Instant) -> (Self, Vec<Action>) {
        let mut roster = Self {
            generations: BTreeMap::new(),
            serving: None,
            rising: None,
            course: Course::Running,
            next: 1,
            deaths: Vec::new(),
            paused: None,
            revive: None,
        };
        let mut actions = Vec::new();
        roster.hatch(number, law, Manner::ASKED, now, &mut actions);
        (roster, actions)
    }

    /// The generation that serves.
    pub fn serving(&self) -> Option<(Gen, &Generation)> {
        let at = self.serving?;
        Some((at, self.generations.get(&at)?))
    }

    /// The generation to show: the one that serves, or the first one on its way.
    pub fn shown(&self) -> Option<(Gen, &Generation)> {
        let at = self.serving.or(self.rising)?;
        Some((at, self.generations.get(&at)?))
    }

    /// Whether the end was ordered.
    pub fn ending(&self) -> bool {
        self.course != Course::Running
    }

    /// Whether a reload is on its way.
    pub fn reloading(&self) -> bool {
        self.rising.is_some() && self.serving.is_some()
    }

    /// All generations, oldest first.
    pub fn generations(&self) -> impl Iterator<Item = (Gen, &Generation)> {
        self.generations.iter().map(|(at, generation)| (*at, generation))
    }

    fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn hatch(
        &mut self,
        number: u64,
        law: Law,
        manner: Manner,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let name = self.fresh();
        let wanted = self.wanted_by(&law);
        self.generations.insert(
            name,
            Generation {
                number,
                nursery: Nursery::Importing(now + IMPORT_PATIENCE),
                nursery_alive: true,
                workers: BTreeMap::new(),
                wanted,
                law,
                asked: manner.asked,
                at_once: manner.at_once,
                checking: false,
            },
        );
        self.rising = Some(name);
        out.push(Action::Hatch(name));
    }

    /// One fact: what follows from it.
    pub fn step(&mut self, event: Event, now: Instant) -> Vec<Action> {
        let mut out = Vec::new();
        match event {
            Event::Ready(name) => self.ready(name, now, &mut out),
            Event::NoApp(name, reason) => self.no_app(name, reason, now, &mut out),
            Event::NurseryEnded(name, why) => self.nursery_ended(name, why, now, &mut out),
            Event::Born(name, key) => {
                if let Some(worker) = self.worker(name, key)
                    && matches!(worker.standing, Standing::Ordered(_))
                {
                    worker.standing = Standing::Born(now + IMPORT_PATIENCE);
                }
            }
            Event::Accepting(name, key) => self.accepting(name, key, now, &mut out),
            Event::Full(name, key) => self.full(name, key, now, &mut out),
            Event::WorkerEnded(name, key, how, reason) => {
                self.worker_ended(name, key, how, reason, now, &mut out);
            }
            Event::Checked(name, answer) => self.checked(name, answer, now, &mut out),
            Event::Reload(number, law) => self.reload(number, law, Manner::ASKED, now, &mut out),
            Event::ReloadAtOnce(number, law) => {
                self.reload(number, law, Manner::AT_ONCE, now, &mut out);
            }
            Event::Grow(more) => self.grow(more, now, &mut out),
            Event::Shrink(key) => self.shrink(key, now, &mut out),
            Event::Sleep => self.sleep(now, &mut out),
            Event::Wake => self.awake(now, &mut out),
            Event::Chain => self.chain(now, &mut out),
            Event::WorkersAtOnce => self.workers_at_once(now, &mut out),
            Event::Stop => self.stop(now, &mut out),
            Event::StopNow => self.stop_now(now, &mut out),
            Event::Time => {}
        }
        self.look_at_the_clock(now, &mut out);
        self.tidy(&mut out);
        out
    }

    fn worker(&mut self, name: Gen, key: Key) -> Option<&mut Worker> {
        self.generations.get_mut(&name)?.workers.get_mut(&key)
    }

    fn ready(&mut self, name: Gen, now: Instant, out: &mut Vec<Action>) {
        if self.course != Course::Running || Some(name) != self.rising {
            return;
        }
        let Some(generation) = self.generations.get_mut(&name) else { return };
        generation.nursery = Nursery::Ready;
        for id in 1..=generation.wanted {
            self.order(name, id, false, now, out);
        }
        // where none is wanted yet, nobody has to accept
        self.perhaps_take_over(name, now, out);
    }

    fn no_app(&mut self, name: Gen, reason: String, now: Instant, out: &mut Vec<Action>) {
        let Some(generation) = self.generations.get(&name) else { return };
        if Some(name) == self.rising && (generation.law.need_app || self.serving.is_some()) {
            self.reject(name, reason, now, out);
        } else {
            // it serves without an application: every answer is a 500
            self.ready(name, now, out);
        }
    }

    /// Ends a rising generation. The old one serves on; without an old one all is lost.
    fn reject(&mut self, name: Gen, reason: String, now: Instant, out: &mut Vec<Action>) {
        self.rising = None;
        let Some(generation) = self.generations.get_mut(&name) else { return };
        let (number, asked) = (generation.number, generation.asked);
        end(name, generation, now, out);
        let Some((_, serving)) = self.serving() else {
            self.course = Course::Over;
            out.push(Action::Failed(reason));
            return;
        };
        if serving.nursery == Nursery::Gone {
            // without a nursery no worker that ends can be replaced
            self.revive = Some(now + REVIVE);
        }
        out.push(if asked { Action::Rejected(number, reason) } else { Action::Unrelieved(reason) });
        self.recycle(now, out);
    }

    fn nursery_ended(&mut self, name: Gen, why: String, now: Instant, out: &mut Vec<Action>) {
        let Some(generation) = self.generations.get_mut(&name) else { return };
        let expected = matches!(generation.nursery, Nursery::Leaving(_) | Nursery::Gone);
        generation.nursery = Nursery::Gone;
        generation.nursery_alive = false;
        if expected || self.course != Course::Running {
            return;
        }
        let (number, law) = (generation.number, generation.law);
        if Some(name) == self.rising {
            self.reject(name, why, now, out);
        } else if Some(name) == self.serving && self.rising.is_none() {
            // its workers serve on; a new nursery relieves these orphans
            self.hatch(number, law, Manner::UNASKED, now, out);
        }
    }

    fn accepting(&mut self, name: Gen, key: Key, now: Instant, out: &mut Vec<Action>) {
        let Some(worker) = self.worker(name, key) else { return };
        if matches!(worker.standing, Standing::Draining(_)) {
            return;
        }
        worker.standing = Standing::Accepting;
        let (id, spare) = (worker.id, std::mem::take(&mut worker.spare));
        if let Some(generation) = self.generations.get_mut(&name) {
            let law = generation.law;
            if let Some(worker) = generation.workers.get_mut(&key) {
                let further = law.lifetime_delta.saturating_mul(id.saturating_sub(1));
                worker.due = law.lifetime.and_then(|age| now.checked_add(age + further));
            }
            if spare {
                succeed(name, generation, id, key, now, out);
            }
        }
        self.perhaps_take_over(name, now, out);
        if spare {
            self.recycle(now, out);
        }
    }

    /// A rising generation takes over when all its workers accept and the check is answered.
    fn perhaps_take_over(&mut self, name: Gen, now: Instant, out: &mut Vec<Action>) {
        if Some(name) != self.rising || self.course != Course::Running {
            return;
        }
        let Some(generation) = self.generations.get_mut(&name) else { return };
        let working = |worker: &Worker| worker.standing == Standing::Accepting;
        let accepting = generation.workers.values().filter(|worker| working(worker)).count();
        if accepting < generation.wanted as usize
            || generation.nursery != Nursery::Ready
            || generation.checking
        {
            return;
        }
        if generation.law.checks {
            generation.checking = true;
            out.push(Action::Check(name));
            return;
        }
        self.take_over(name, now, out);
    }

    fn checked(
        &mut self,
        name: Gen,
        answer: Result<(), String>,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        if Some(name) != self.rising {
            return;
        }
        match answer {
            Ok(()) => self.take_over(name, now, out),
            Err(reason) => self.reject(name, reason, now, out),
        }
    }

    fn take_over(&mut self, name: Gen, now: Instant, out: &mut Vec<Action>) {
        self.rising = None;
        let before = self.serving().map(|(_, serving)| serving.wanted);
        let Some(generation) = self.generations.get_mut(&name) else { return };
        let (number, at_once) = (generation.number, generation.at_once);
        if let Some(before) = before {
            // the load may have grown meanwhile
            generation.wanted = generation.wanted.max(before).min(generation.law.workers);
        }
        let asleep = generation.wanted == 0;
        self.revive = None;
        let old = self.serving.replace(name);
        // the old workers are told before anybody hears that the new ones serve
        if let Some(old) = old {
            // those who drained before pass what they have to the newest, too
            for (older, generation) in &self.generations {
                if *older != old && *older != name {
                    redirect(*older, generation, Some(name), out);
                }
            }
            self.relieve(old, Some(name), at_once, now, out);
        }
        out.push(Action::Serving(name, number));
        if asleep {
            out.push(Action::Asleep);
        }
        self.fill(now, out);
    }

    /// Lets a generation fall: its workers finish what they have.
    fn relieve(
        &mut self,
        name: Gen,
        to: Option<Gen>,
        at_once: bool,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let Some(generation) = self.generations.get_mut(&name) else { return };
        retire(name, generation, now, out);
        let until = if at_once { now } else { now + generation.law.mercy };
        for (key, worker) in &mut generation.workers {
            match worker.standing {
                Standing::Accepting => {
                    worker.standing = Standing::Draining(until);
                    out.push(Action::Drain(name, *key, to));
                }
                // it has no request in hand, and may be in an import that never ends
                Standing::Ordered(_) | Standing::Born(_) => {
                    worker.standing = Standing::Draining(now + AGAIN);
                    out.push(Action::Kill(name, *key));
                }
                Standing::Draining(_) => out.push(Action::Drain(name, *key, to)),
            }
        }
    }

    fn worker_ended(
        &mut self,
        name: Gen,
        key: Key,
        how: Option<Ended>,
        reason: Option<String>,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let Some(generation) = self.generations.get_mut(&name) else { return };
        let Some(worker) = generation.workers.remove(&key) else { return };
        if self.course != Course::Running {
            return;
        }
        let first = Some(name) == self.rising && self.serving.is_none();
        if first && survives(&mut self.deaths, &worker, now) {
            out.push(Action::Died(worker.id, how));
            self.order(name, worker.id, false, now, out);
            return;
        }
        if Some(name) == self.rising {
            let how = how.map_or_else(|| "it vanished".into(), |how: Ended| how.to_string());
            let reason = reason
                .unwrap_or_else(|| format!("worker {} ended before it served: {how}", worker.id));
            self.reject(name, reason, now, out);
            return;
        }
        if Some(name) != self.serving {
            return;
        }
        if worker.leaving.is_some() {
            // whoever was to take its place has it now
            let successor = generation.workers.values_mut().find(|one| one.id == worker.id);
            if let Some(successor) = successor {
                successor.spare = false;
            }
        }
        if let (Some(why), Standing::Draining(_)) = (worker.leaving, worker.standing) {
            if why == Leave::Cheaped {
                out.push(Action::Cheaped(worker.id));
            }
            self.fill(now, out);
            self.recycle(now, out);
            return;
        }
        let (most, pause) = (generation.law.workers, generation.law.pause);
        if how.is_none() && matches!(worker.standing, Standing::Ordered(_)) {
            // the machine lacks something: to ask again at once helps nobody
            self.paused.get_or_insert(now + pause);
            let vanished = || format!("worker {} vanished before it was there", worker.id);
            out.push(Action::Unforked(reason.clone().unwrap_or_else(vanished)));
        } else {
            out.push(Action::Died(worker.id, how));
            self.deaths.retain(|death| now.duration_since(*death) < BURST);
            self.deaths.push(now);
        }
        if worker.spare {
            unchain(generation, &worker, how, reason, out);
        }
        if self.deaths.len() > most as usize + DEATHS {
            self.paused.get_or_insert(now + pause);
        }
        self.fill(now, out);
        self.recycle(now, out);
    }

    fn reload(
        &mut self,
        number: u64,
        law: Law,
        manner: Manner,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        if self.course != Course::Running {
            return;
        }
        if let Some(rising) = self.rising {
            let same = self.generations.get(&rising).is_some_and(|one| one.number == number);
            if self.serving.is_none() || same {
                // the first generation is still on its way: the newer settings replace it. So do
                // those of an Emperor that come for a generation which was begun without them
                if let Some(generation) = self.generations.get_mut(&rising) {
                    end(rising, generation, now, out);
                }
            } else {
                self.reject(rising, "a newer reload replaced this one".into(), now, out);
            }
        }
        self.hatch(number, law, manner, now, out);
    }

    fn stop(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.course != Course::Running {
            return;
        }
        let mercy = self.generations.values().map(|one| one.law.mercy).max().unwrap_or_default();
        self.course = Course::Ending(now + mercy);
        self.rising = None;
        for name in self.generations.keys().copied().collect::<Vec<_>>() {
            self.relieve(name, None, false, now, out);
        }
    }

    fn stop_now(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.course == Course::Over {
            return;
        }
        self.stop(now, out);
        self.course = Course::Ending(now);
    }
}

#[cfg(test)]
mod number_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod walk_tests;
