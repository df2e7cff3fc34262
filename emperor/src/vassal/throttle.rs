//! Back-off of vassals that fail.
//!
//! It looks at how long a vassal served before it died, never at what the vassal says of itself
//! (uWSGI asks whether it was "loyal", so that one which crashes after its first request is
//! restarted in a tight loop for ever). The first death of a vassal that did serve costs
//! nothing: it is restarted at once.

use std::time::Duration;

/// After this much service in one go earlier failures are forgotten.
pub const HEALTHY: Duration = Duration::from_secs(10);

/// The settings that back-off obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Law {
    /// The first delay, doubled by each further failure (`emperor-throttle`).
    pub step: Duration,
    /// The longest delay (`emperor-max-throttle`).
    pub cap: Duration,
    /// `emperor-no-blacklist`: no delay at all.
    pub off: bool,
}

impl Default for Law {
    fn default() -> Self {
        Self { step: Duration::from_millis(500), cap: Duration::from_mins(1), off: false }
    }
}

/// The failures of one vassal since it last did well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttle {
    failures: u32,
    /// Of these, how many were answered with a delay.
    delayed: u32,
}

impl Throttle {
    /// How long to wait after a death. `served`: how long it had accepted requests, `None`
    /// when it never did.
    pub fn died(&mut self, law: &Law, served: Option<Duration>) -> Duration {
        if served.is_some_and(|time| time >= HEALTHY) {
            *self = Self::default();
        }
        self.failures = self.failures.saturating_add(1);
        if law.off || (self.failures == 1 && served.is_some()) {
            return Duration::ZERO;
        }
        let doublings = self.delayed.min(31);
        self.delayed = self.delayed.saturating_add(1);
        law.step.saturating_mul(1 << doublings).min(law.cap)
    }

    /// Forgets everything: the file changed, or an operator asked for it.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Failures since it last did well.
    pub fn failures(self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(law: &Law, deaths: &[Option<u64>]) -> Vec<u64> {
        let mut throttle = Throttle::default();
        deaths
            .iter()
            .map(|served| throttle.died(law, served.map(Duration::from_secs)).as_millis() as u64)
            .collect()
    }

    #[test]
    fn the_delays_of_every_kind_of_death() {
        let usual = Law::default();
        let quick = Law {
            step: Duration::from_millis(100),
            cap: Duration::from_millis(350),
            ..Law::default()
        };
        let off = Law { off: true, ..Law::default() };
        let never: &[Option<u64>] = &[None; 9];
        for (what, law, deaths, want) in [
            (
                "never served",
                usual,
                never,
                &[500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000][..],
            ),
            ("served a second each time", usual, &[Some(1); 4], &[0, 500, 1000, 2000]),
            ("served long each time", usual, &[Some(60); 3], &[0, 0, 0]),
            ("recovers after failures", usual, &[None, None, Some(10), None], &[500, 1000, 0, 500]),
            ("step and cap given", quick, &[None; 4], &[100, 200, 350, 350]),
            ("switched off", off, &[None; 3], &[0, 0, 0]),
        ] {
            assert_eq!(delays(&law, deaths), want, "{what}");
        }
    }

    #[test]
    fn a_cleared_throttle_starts_again() {
        let mut throttle = Throttle::default();
        for _ in 0..100 {
            throttle.died(&Law::default(), None);
        }
        throttle.clear();
        assert_eq!(throttle.failures(), 0);
        assert_eq!(throttle.died(&Law::default(), None), Duration::from_millis(500));
    }
}
