//! What one vassal may cost the daemon in a short time.
//!
//! Everything is done on one thread, and what vassals send is paid for there. One that sends
//! more than its ration is read again in the next window: it waits, and nobody else does.

use std::time::{Duration, Instant};

/// The length of a window.
pub const WINDOW: Duration = Duration::from_millis(20);

/// The costs of one vassal in this window, in whatever unit the owner counts.
#[derive(Debug)]
pub struct Ration {
    limit: u64,
    spent: u64,
    began: Instant,
}

impl Ration {
    /// At most `limit` in each window; the first one begins now.
    pub fn new(limit: u64, now: Instant) -> Self {
        Self { limit, spent: 0, began: now }
    }

    /// Pays. When the ration is used up, the time until the next one comes back.
    pub fn spend(&mut self, cost: u64, now: Instant) -> Option<Duration> {
        if now.saturating_duration_since(self.began) >= WINDOW {
            (self.began, self.spent) = (now, 0);
        }
        self.spent = self.spent.saturating_add(cost);
        if self.spent < self.limit {
            return None;
        }
        // what was spent in one go beyond the ration is saved in the next windows
        let windows = u32::try_from(self.spent / self.limit.max(1)).unwrap_or(u32::MAX);
        let next = self.began + WINDOW.saturating_mul(windows.min(WINDOWS_MAX));
        (self.began, self.spent) = (next, 0);
        Some(next.saturating_duration_since(now))
    }
}

/// Whatever was spent, the wait ends after so many windows.
const WINDOWS_MAX: u32 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ration_is_full_again_in_the_next_window_and_excess_is_saved() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut ration = Ration::new(10, start);
        assert_eq!(ration.spend(9, at(1)), None);
        assert_eq!(ration.spend(1, at(5)), Some(Duration::from_millis(15)));
        assert_eq!(ration.spend(9, at(20)), None);
        assert_eq!(ration.spend(9, at(41)), None, "a window that ended counts no more");
        assert_eq!(ration.spend(30, at(42)), Some(Duration::from_millis(59)));
        let mut ration = Ration::new(1, start);
        assert_eq!(ration.spend(u64::MAX, start), Some(WINDOW * WINDOWS_MAX));
    }
}
