//! `spare`: one worker should always be free.
//!
//! Looks without a free worker count up, looks with one count down; above `cheaper-overload` more
//! workers come, and the count starts anew. While more than one worker is idle and the count is
//! zero, each `cheaper-overload` looks one of them goes.

use shared::settings::Cheaper;

use super::{Seen, Verdict};

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Spare {
    pressure: u64,
    rest: u64,
}

impl Spare {
    /// One look.
    pub(super) fn look(&mut self, rules: &Cheaper, seen: &Seen<'_>) -> Verdict {
        if seen.workers.iter().all(|worker| worker.busy) {
            self.pressure += 1;
        } else {
            self.pressure = self.pressure.saturating_sub(1);
        }
        if self.pressure > rules.overload {
            self.pressure = 0;
            self.rest = 0;
            return Verdict::Add(rules.step);
        }
        let idle = seen.workers.iter().filter(|worker| worker.idle).count();
        if self.pressure > 0 || idle < 2 {
            self.rest = 0;
            return Verdict::Stay;
        }
        self.rest += 1;
        if self.rest < rules.overload {
            return Verdict::Stay;
        }
        self.rest = 0;
        seen.idlest().map_or(Verdict::Stay, Verdict::Remove)
    }
}
