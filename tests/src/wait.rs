//! The one place that waits: for a condition, with a limit, saying what was seen.

use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};

/// The pause between two looks.
const STEP: Duration = Duration::from_millis(5);

/// Looks until `look` answers `Ok`, and panics with its last `Err` after `limit`.
#[track_caller]
pub fn eventually<T, E: Display>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Result<T, E>,
) -> T {
    let start = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) => {
                assert!(start.elapsed() < limit, "not within {limit:?}: {what}; last seen: {seen}");
            }
        }
        thread::park_timeout(STEP);
    }
}

/// Looks until `look` is true; answers whether it became true within `limit`.
pub fn until(limit: Duration, mut look: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if look() {
            return true;
        }
        if start.elapsed() >= limit {
            return false;
        }
        thread::park_timeout(STEP);
    }
}

/// Watches that a condition holds for the whole time (for "nothing happens" tests).
#[track_caller]
pub fn always(what: &str, time: Duration, mut look: impl FnMut() -> bool) {
    let start = Instant::now();
    while start.elapsed() < time {
        assert!(look(), "after {:?} no longer true: {what}", start.elapsed());
        thread::park_timeout(STEP);
    }
}

/// Lets time pass between two actions of a *client under test* (an idle client is behaviour, not
/// synchronisation).
pub fn idle(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        thread::park_timeout(left);
    }
}
