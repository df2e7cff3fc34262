//! What time does to a roster: what is overdue, what is over, when to look again.

use std::time::Instant;

use super::{AGAIN, Action, Course, Gen, Generation, Leave, Manner, Nursery, Roster, Standing};

impl Roster {
    /// What is overdue.
    pub(super) fn look_at_the_clock(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.paused.is_some_and(|until| until <= now) {
            self.paused = None;
            self.deaths.clear();
            self.fill(now, out);
            self.recycle(now, out);
        }
        if self.revive.is_some_and(|at| at <= now) {
            self.revive = None;
            let dead = self.serving().filter(|(_, serving)| serving.nursery == Nursery::Gone);
            let dead = dead.map(|(_, serving)| (serving.number, serving.law));
            if let (Some((number, law)), None) = (dead, self.rising) {
                self.hatch(number, law, Manner::UNASKED, now, out);
            }
        }
        if self.age(now) {
            self.recycle(now, out);
        }
        let all = matches!(self.course, Course::Ending(until) if until <= now);
        let mut late = None;
        for (name, generation) in &mut self.generations {
            match generation.nursery {
                Nursery::Importing(until) if until <= now && !all => late = Some(*name),
                Nursery::Leaving(until) if until <= now && generation.nursery_alive => {
                    generation.nursery = Nursery::Leaving(now + AGAIN);
                    out.push(Action::KillNursery(*name));
                }
                _ if all && generation.nursery_alive => out.push(Action::KillNursery(*name)),
                _ => {}
            }
            for (key, worker) in &mut generation.workers {
                if let Standing::Ordered(until) = worker.standing
                    && until <= now
                    && generation.nursery == Nursery::Ready
                {
                    // it does not fork: it hangs, and the next one will do better
                    out.push(Action::KillNursery(*name));
                }
                let overdue = match worker.standing {
                    Standing::Ordered(until)
                    | Standing::Born(until)
                    | Standing::Draining(until) => until <= now,
                    Standing::Accepting => false,
                };
                if overdue || all {
                    // should it survive even that, it is tried again
                    worker.standing = Standing::Draining(now + AGAIN);
                    out.push(Action::Kill(*name, *key));
                }
            }
        }
        if all {
            self.course = Course::Ending(now + AGAIN);
        }
        if let Some(name) = late {
            out.push(Action::KillNursery(name));
            let reason = "the application was not imported in ten minutes";
            self.reject(name, reason.into(), now, out);
        }
    }

    /// Marks the workers that are too old; whether there are new ones among them.
    fn age(&mut self, now: Instant) -> bool {
        let Some(name) = self.serving else { return false };
        let Some(generation) = self.generations.get_mut(&name) else { return false };
        let mut found = false;
        for worker in generation.workers.values_mut() {
            if worker.standing == Standing::Accepting
                && worker.due.take_if(|due| *due <= now).is_some()
            {
                worker.leaving.get_or_insert(Leave::Full);
                found = true;
            }
        }
        found
    }

    /// Forgets generations that are over; ends when none is left.
    pub(super) fn tidy(&mut self, out: &mut Vec<Action>) {
        let over: Vec<Gen> = self
            .generations
            .iter()
            .filter(|(name, generation)| {
                Some(**name) != self.serving
                    && Some(**name) != self.rising
                    && generation.workers.is_empty()
                    && !generation.nursery_alive
            })
            .map(|(name, _)| *name)
            .collect();
        for name in over {
            self.generations.remove(&name);
            out.push(Action::Forget(name));
        }
        if let Course::Ending(_) = self.course {
            let busy = |one: &Generation| one.nursery_alive || !one.workers.is_empty();
            if !self.generations.values().any(busy) {
                self.course = Course::Over;
                out.push(Action::End);
            }
        }
    }

    /// When [`Event::Time`] is wanted next.
    pub fn next_deadline(&self) -> Option<Instant> {
        let mut deadlines: Vec<Instant> = self.paused.into_iter().chain(self.revive).collect();
        if let Course::Ending(until) = self.course {
            deadlines.push(until);
        }
        for generation in self.generations.values() {
            match generation.nursery {
                Nursery::Importing(until) => deadlines.push(until),
                Nursery::Leaving(until) if generation.nursery_alive => deadlines.push(until),
                Nursery::Leaving(_) | Nursery::Ready | Nursery::Gone => {}
            }
            deadlines.extend(generation.workers.values().filter_map(
                |worker| match worker.standing {
                    Standing::Ordered(until)
                    | Standing::Born(until)
                    | Standing::Draining(until) => Some(until),
                    Standing::Accepting => None,
                },
            ));
        }
        if let Some((_, serving)) = self.serving() {
            let working = serving.workers.values();
            let working = working.filter(|worker| worker.standing == Standing::Accepting);
            deadlines.extend(working.filter_map(|worker| worker.due));
        }
        deadlines.into_iter().min()
    }
}
