//! `busyness`: the share of time that workers spend in requests should stay between two bounds.
//!
//! The share is measured over windows of `cheaper-overload` seconds. Above `-max` workers come at
//! once. One goes only after `-multiplier` windows below `-min` (three windows between the bounds
//! start this count anew), and when it turns out that it was needed after all, the next one is let
//! go `-penalty` windows later. A long queue is an emergency: workers come each second, and go
//! after fewer windows.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use shared::settings::Cheaper;

use super::{Key, Seen, Verdict};

/// So many windows between the bounds make the windows below them forgotten.
const QUIET: u64 = 3;

/// What is remembered between looks.
#[derive(Debug)]
pub(super) struct Busyness {
    window: Instant,
    used: HashMap<Key, u64>,
    /// Windows of little work so far.
    low: u64,
    /// Windows of fair work in a row.
    fair: u64,
    multiplier: u64,
    /// When a worker was let go, until that is known to have been right.
    stopped: Option<Instant>,
    /// Workers that came in an emergency and are still there, at most.
    emergency: u64,
    waiting: Option<Instant>,
    said: String,
}

impl Busyness {
    /// Nothing was seen yet.
    pub(super) fn new(rules: &Cheaper, now: Instant) -> Self {
        Self {
            window: now,
            used: HashMap::new(),
            low: 0,
            fair: 0,
            multiplier: rules.busyness.multiplier,
            stopped: None,
            emergency: 0,
            waiting: None,
            said: String::new(),
        }
    }

    /// What was decided since the last call.
    pub(super) fn explanation(&mut self) -> String {
        std::mem::take(&mut self.said)
    }

    /// One look.
    pub(super) fn look(&mut self, rules: &Cheaper, seen: &Seen<'_>) -> Verdict {
        if self.alarming(rules, seen) {
            let more = rules.busyness.alert_step;
            self.emergency += u64::from(more);
            self.said = format!("{} connections wait: {more} more at once", seen.queue);
            return Verdict::Add(more);
        }
        let window = Duration::from_secs(rules.overload);
        let passed = seen.now.saturating_duration_since(self.window);
        if passed < window || seen.workers.is_empty() {
            return Verdict::Stay;
        }
        let share = self.measure(seen, passed);
        self.window = seen.now;
        let verdict = self.weigh(rules, seen, share, window);
        self.said = format!(
            "{share}% busy, {} of {} windows of little work: {verdict:?}",
            self.low, self.multiplier
        );
        verdict
    }

    /// Whether the queue is too long, or was not empty for too long.
    fn alarming(&mut self, rules: &Cheaper, seen: &Seen<'_>) -> bool {
        let busyness = &rules.busyness;
        if seen.queue == 0 {
            self.waiting = None;
            return false;
        }
        let since = *self.waiting.get_or_insert(seen.now);
        let long = seen.now.saturating_duration_since(since);
        (busyness.alert > 0 && seen.queue > busyness.alert)
            || (busyness.nonzero > 0 && long >= Duration::from_secs(busyness.nonzero))
    }

    /// The share of the window that workers were busy on average, percent.
    fn measure(&mut self, seen: &Seen<'_>, passed: Duration) -> u64 {
        let whole = passed.as_micros().max(1) as u64;
        let share = |worker: &super::Active| {
            let before = self.used.get(&worker.key).copied().unwrap_or(0);
            (worker.used.saturating_sub(before) * 100 / whole).min(100)
        };
        let sum: u64 = seen.workers.iter().map(share).sum();
        self.used = seen.workers.iter().map(|worker| (worker.key, worker.used)).collect();
        sum / seen.workers.len().max(1) as u64
    }

    /// What follows from a window's share.
    fn weigh(&mut self, rules: &Cheaper, seen: &Seen<'_>, share: u64, window: Duration) -> Verdict {
        let busyness = &rules.busyness;
        let trial = window.saturating_mul(self.multiplier.min(u64::from(u32::MAX)) as u32);
        let young = |stopped: &Instant| seen.now.saturating_duration_since(*stopped) < trial;
        if share > busyness.most {
            if self.stopped.take_if(|stopped| young(stopped)).is_some() {
                self.multiplier += busyness.penalty;
            }
            (self.low, self.fair) = (0, 0);
            return Verdict::Add(rules.step);
        }
        if self.stopped.take_if(|stopped| !young(stopped)).is_some() {
            // it was not missed
            let lower = self.multiplier.saturating_sub(1);
            self.multiplier = lower.max(busyness.multiplier);
        }
        if share >= busyness.least {
            self.fair += 1;
            if self.fair >= QUIET {
                (self.low, self.fair) = (0, 0);
            }
            return Verdict::Stay;
        }
        self.fair = 0;
        self.low += 1;
        let patience = if self.emergency > 0 { busyness.alert_multiplier } else { self.multiplier };
        if self.low < patience || seen.workers.len() <= rules.least as usize {
            return Verdict::Stay;
        }
        self.low = 0;
        let Some(key) = seen.idlest() else { return Verdict::Stay };
        match self.emergency {
            0 => self.stopped = Some(seen.now),
            more => self.emergency = more - 1,
        }
        Verdict::Remove(key)
    }
}
