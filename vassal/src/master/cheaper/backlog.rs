//! `backlog`: no more than `cheaper-overload` connections should wait.
//!
//! Each look at a longer queue adds workers, each look at a shorter one lets an idle worker go.

use std::cmp::Ordering;

use shared::settings::Cheaper;

use super::{Seen, Verdict};

/// One look.
pub(super) fn look(rules: &Cheaper, seen: &Seen<'_>) -> Verdict {
    match seen.queue.cmp(&rules.overload) {
        Ordering::Greater => Verdict::Add(rules.step),
        Ordering::Equal => Verdict::Stay,
        Ordering::Less => seen.idlest().map_or(Verdict::Stay, Verdict::Remove),
    }
}
