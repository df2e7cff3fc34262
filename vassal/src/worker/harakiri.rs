//! Harakiri inside a worker: one thread, the vigil, looks whether a request runs too long.
//!
//! The client of a late request gets a 504, if nothing was sent yet, and the log what every thread
//! of the worker does. Requests of other threads may finish; then the master is told, which kills
//! this worker and has another one forked. Only a worker that is asked for it (`harakiri`,
//! `uwsgi.set_user_harakiri`) has this thread.

use std::io;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::Duration;

use super::App;
use super::control::News;
use super::engine::{Engine, VIGIL};
use super::reply::Reply;
use crate::handover;
use crate::scoreboard::Place;

/// While nothing can be late the vigil looks this seldom, milliseconds; whoever sets a limit wakes
/// it.
const SELDOM: u64 = 3_600_000;
/// A limit that does not come, milliseconds: a century.
const NEVER: u64 = 3_155_760_000_000;
/// How often it looks while it waits for the other threads, milliseconds.
const OFTEN: u64 = 20;
/// How long a worker whose other threads are idle waits to be told to drain, milliseconds.
const RELIEF: u64 = 1000;
/// How often it looks whether others wait by now for a request that is late, milliseconds.
const AGAIN: u64 = 1000;

/// How far the end of this worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    /// No request is late.
    Watching,
    /// One is, since this time: the others may finish until then.
    Waiting { since: u64, until: u64 },
    /// The master knows.
    Told,
}

/// What one look at the cores showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Look {
    /// Requests over their limit.
    late: usize,
    /// Requests within it.
    busy: usize,
}

/// What follows from a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    None,
    /// Another worker takes the place of this one.
    Retire,
    /// The master kills this one.
    Tell,
}

impl Course {
    /// The next step. `single` workers have nobody to wait for; `mercy` is in milliseconds.
    fn step(self, look: Look, now: u64, draining: bool, single: bool, mercy: u64) -> (Self, Deed) {
        match self {
            Self::Watching if look.late == 0 => (self, Deed::None),
            Self::Watching if single => (Self::Told, Deed::Tell),
            Self::Watching => (Self::Waiting { since: now, until: now + mercy }, Deed::Retire),
            // it ended after all; the replacement is on its way
            Self::Waiting { .. } if look.late == 0 => (Self::Watching, Deed::None),
            Self::Waiting { since, until } => {
                let idle = look.busy == 0 && (draining || now >= since + RELIEF.min(mercy));
                if idle || now >= until { (Self::Told, Deed::Tell) } else { (self, Deed::None) }
            }
            Self::Told => (self, Deed::None),
        }
    }
}

impl<A: App> Engine<A> {
    /// Looks at the cores until the worker ends.
    pub(super) fn keep_vigil(&self) {
        let single = self.outfit.serve.threads == 1;
        let mercy = self.outfit.serve.worker_mercy;
        let mercy = mercy.min(self.outfit.serve.harakiri.unwrap_or(mercy)).as_millis() as u64;
        let mut explained = vec![0; self.posts.len()];
        let mut course = Course::Watching;
        let mut patience = 0;
        while !self.finished() {
            std::thread::park_timeout(Duration::from_millis(patience));
            let now = self.clock();
            let look;
            (look, patience) = self.look_at_cores(now, &mut explained);
            let draining = self.draining.load(Relaxed);
            let deed;
            (course, deed) = course.step(look, now, draining, single, mercy);
            match deed {
                Deed::None => {}
                Deed::Retire => self.retire(),
                Deed::Tell => self.tell(&News::Stuck),
            }
            if matches!(course, Course::Waiting { .. }) {
                patience = patience.min(OFTEN);
            }
        }
    }

    /// Turns late requests away and explains them once each; returns what was seen, and after
    /// how many milliseconds to look again.
    fn look_at_cores(&self, now: u64, explained: &mut [u64]) -> (Look, u64) {
        let limit = self.outfit.serve.harakiri.map(|limit| limit.as_millis() as u64);
        let (mut look, mut fresh) = (Look::default(), false);
        let mut spared = None;
        // while nothing runs, nothing can be late before a whole limit has passed
        let mut patience = limit.unwrap_or(SELDOM);
        for (core, post) in self.posts.iter().enumerate() {
            let place = self.outfit.board.place(self.outfit.seat, core, Place::Since);
            let since = place.load(Relaxed);
            if since == 0 {
                continue;
            }
            let own = post.until.load(SeqCst);
            let until =
                limit.map(|limit| since + limit).into_iter().chain((own > 0).then_some(own));
            let until = until.min().unwrap_or(u64::MAX);
            if now <= until {
                look.busy += 1;
                patience = patience.min(until - now + 1);
                continue;
            }
            if !(own > 0 && now > own) && *spared.get_or_insert_with(|| self.has_time()) {
                look.busy += 1;
                patience = patience.min(AGAIN);
                continue;
            }
            look.late += 1;
            post.turn_away(|| place.load(Relaxed) == since);
            if std::mem::replace(&mut explained[core], since) != since {
                eprintln!(
                    "worker {}: the request on core {core} takes too long; its threads, the last call first:",
                    self.outfit.id,
                );
                fresh = true;
            }
        }
        if fresh {
            self.app.explain();
        }
        (look, patience)
    }

    /// Whether a late request may go on, because hardly anybody waits (`harakiri-queue-threshold`).
    fn has_time(&self) -> bool {
        let threshold = self.outfit.serve.stuck.threshold;
        threshold > 0 && handover::waiting(&self.outfit.listeners) < threshold
    }

    /// What a core does from here on is no part of its request (`harakiri-no-arh`).
    pub fn relax(&self, core: u32) {
        if self.outfit.serve.stuck.spares_hooks {
            self.bound(core, Duration::ZERO);
            if let Some(post) = self.posts.get(core as usize) {
                post.until.store(0, SeqCst);
            }
        }
    }

    /// Sets the limit of the request that a core has just begun, in place of the option's (the
    /// action `harakiri` of a rule). Zero is without limit.
    pub(super) fn bound(&self, core: u32, time: Duration) {
        let Some(post) = self.posts.get(core as usize) else { return };
        let (now, time) = (self.clock(), time.as_millis() as u64);
        match self.outfit.serve.harakiri.map(|limit| limit.as_millis() as u64) {
            // longer: it counts as begun later, for the master too
            Some(limit) if time == 0 || time > limit => {
                let later = if time == 0 { NEVER } else { time - limit };
                let place = Place::Since;
                let place = self.outfit.board.place(self.outfit.seat, core as usize, place);
                place.store(now + later, Relaxed);
            }
            _ if time == 0 => {}
            Some(_) | None => {
                post.until.store(now + time, SeqCst);
                if let Some(Some(vigil)) = self.vigil.get() {
                    vigil.unpark();
                }
            }
        }
    }

    /// Sets (or with `None` takes away) a limit of its own for the request that a core serves,
    /// counted from now. To be called on the core's thread, with its reply. Fails without a
    /// descriptor for who would answer in place of the core.
    pub fn limit(
        &'static self,
        core: u32,
        reply: &mut Reply<'static>,
        time: Option<Duration>,
    ) -> io::Result<()>
    where
        A: 'static,
    {
        let Some(post) = self.posts.get(core as usize) else { return Ok(()) };
        let Some(time) = time else {
            post.until.store(0, SeqCst);
            return Ok(());
        };
        reply.guard(post)?;
        post.until.store(self.clock() + time.as_millis() as u64, SeqCst);
        let vigil = self.vigil.get_or_init(|| {
            let thread = std::thread::Builder::new().name(VIGIL.into());
            thread.spawn(|| self.keep_vigil()).ok().map(|vigil| vigil.thread().clone())
        });
        if let Some(vigil) = vigil {
            vigil.unpark();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: Look = Look { late: 1, busy: 0 };
    const BOTH: Look = Look { late: 1, busy: 1 };
    const BUSY: Look = Look { late: 0, busy: 1 };

    #[test]
    fn a_worker_of_one_thread_is_given_up_at_once() {
        let (course, deed) = Course::Watching.step(BUSY, 5, false, true, 9000);
        assert_eq!((course, deed), (Course::Watching, Deed::None));
        let (course, deed) = course.step(LATE, 10, false, true, 9000);
        assert_eq!((course, deed), (Course::Told, Deed::Tell));
        assert_eq!(course.step(LATE, 20, false, true, 9000), (Course::Told, Deed::None));
    }

    #[test]
    fn requests_of_other_threads_may_finish_within_the_mercy() {
        let (waiting, deed) = Course::Watching.step(BOTH, 10, false, false, 9000);
        assert_eq!((waiting, deed), (Course::Waiting { since: 10, until: 9010 }, Deed::Retire));
        assert_eq!(waiting.step(BOTH, 5000, true, false, 9000), (waiting, Deed::None));
        assert_eq!(waiting.step(BOTH, 9010, true, false, 9000).1, Deed::Tell);
        assert_eq!(waiting.step(LATE, 20, true, false, 9000).1, Deed::Tell, "nobody is left");
        // before it drains, a request may come any moment
        assert_eq!(waiting.step(LATE, 20, false, false, 9000), (waiting, Deed::None));
        assert_eq!(waiting.step(LATE, 1010, false, false, 9000).1, Deed::Tell);
    }

    #[test]
    fn a_late_request_that_ends_after_all_saves_the_worker() {
        let (waiting, _) = Course::Watching.step(BOTH, 10, false, false, 9000);
        assert_eq!(waiting.step(BUSY, 20, true, false, 9000), (Course::Watching, Deed::None));
    }
}
