//! `spare2`: so many workers as `cheaper` says should always be free.
//!
//! As soon as fewer are, what is missing comes, at most `cheaper-step` workers a look. Only when
//! more of them were free without a break for `cheaper-idle` seconds, one goes, and the time
//! starts anew.

use std::time::Instant;

use shared::settings::Cheaper;

use super::{Seen, Verdict};

/// The rest.
#[derive(Debug, Default)]
pub(super) struct Spare2 {
    /// Since when more workers than needed are free.
    since: Option<Instant>,
}

impl Spare2 {
    /// One look.
    pub(super) fn look(&mut self, rules: &Cheaper, seen: &Seen<'_>) -> Verdict {
        let free = seen.workers.iter().filter(|worker| !worker.busy).count() as u32;
        if free <= rules.least {
            self.since = None;
            return match rules.step.min(rules.least - free) {
                0 => Verdict::Stay,
                more => Verdict::Add(more),
            };
        }
        let since = *self.since.get_or_insert(seen.now);
        if seen.now.saturating_duration_since(since) < rules.idle {
            return Verdict::Stay;
        }
        self.since = Some(seen.now);
        seen.idlest().map_or(Verdict::Stay, Verdict::Remove)
    }
}
