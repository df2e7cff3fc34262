//! The life of one attached daemon: pure, time comes in.

use std::time::{Duration, Instant};

/// A daemon that lived shorter than this is started again after a pause.
const SHORT: Duration = Duration::from_secs(10);
/// The first pause.
const FIRST: Duration = Duration::from_secs(1);

/// What a daemon is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is started at this time.
    Waiting { until: Instant },
    /// It runs.
    Running { since: Instant },
    /// It was asked to end; it is killed at this time.
    Ending { until: Instant, then: Then },
    /// It ended and is not wanted any more.
    Over,
}

/// What follows the end of a daemon that was asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It is started anew.
    Start,
    /// Nothing.
    Nothing,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Start it.
    Start,
    /// Ask it to end.
    Ask,
    /// Kill it.
    Kill,
}

/// One daemon's life.
#[derive(Debug)]
pub(super) struct Life {
    state: State,
    pause: Duration,
    longest: Duration,
}

impl Life {
    /// It is to be started now; pauses are never longer than `longest`.
    pub(super) fn new(now: Instant, longest: Duration) -> Self {
        Self { state: State::Waiting { until: now }, pause: Duration::ZERO, longest }
    }

    /// When [`Life::time`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until } | State::Ending { until, .. } => Some(until),
            State::Running { .. } | State::Over => None,
        }
    }

    /// Whether nothing will come of it any more.
    pub(super) fn over(&self) -> bool {
        self.state == State::Over
    }

    /// The pause before it is started again, where there is one.
    pub(super) fn pause(&self) -> Option<Duration> {
        let waits = matches!(self.state, State::Waiting { .. }) && !self.pause.is_zero();
        waits.then_some(self.pause)
    }

    /// Time went on.
    pub(super) fn time(&mut self, now: Instant) -> Option<Action> {
        match self.state {
            State::Waiting { until } if until <= now => {
                self.state = State::Running { since: now };
                Some(Action::Start)
            }
            State::Ending { until, then } if until <= now => {
                // once is enough: nobody survives it
                let never = now + Duration::from_hours(24);
                self.state = State::Ending { until: never, then };
                Some(Action::Kill)
            }
            State::Waiting { .. } | State::Ending { .. } | State::Running { .. } | State::Over => {
                None
            }
        }
    }

    /// It ended, or could not be started. Whether that was unasked for.
    pub(super) fn ended(&mut self, now: Instant) -> bool {
        match self.state {
            State::Running { since } => {
                let short = now.duration_since(since) < SHORT;
                self.pause = match self.pause {
                    _ if !short => Duration::ZERO,
                    Duration::ZERO => FIRST.min(self.longest),
                    pause => (pause * 2).min(self.longest),
                };
                self.state = State::Waiting { until: now + self.pause };
                true
            }
            State::Ending { then: Then::Start, .. } => {
                self.pause = Duration::ZERO;
                self.state = State::Waiting { until: now };
                false
            }
            State::Ending { then: Then::Nothing, .. } => {
                self.state = State::Over;
                false
            }
            State::Waiting { .. } | State::Over => false,
        }
    }

    /// The code changed: it is to be started anew.
    pub(super) fn renew(&mut self, now: Instant, mercy: Duration) -> Option<Action> {
        self.end(now, mercy, Then::Start)
    }

    /// It is not wanted any more.
    pub(super) fn dismiss(&mut self, now: Instant, mercy: Duration) -> Option<Action> {
        self.end(now, mercy, Then::Nothing)
    }

    fn end(&mut self, now: Instant, mercy: Duration, then: Then) -> Option<Action> {
        match (self.state, then) {
            (State::Running { .. }, _) => {
                self.state = State::Ending { until: now + mercy, then };
                Some(Action::Ask)
            }
            (State::Ending { until, .. }, _) => {
                self.state = State::Ending { until, then };
                None
            }
            (State::Waiting { .. }, Then::Start) => {
                self.pause = Duration::ZERO;
                self.state = State::Waiting { until: now };
                None
            }
            (State::Waiting { .. }, Then::Nothing) => {
                self.state = State::Over;
                None
            }
            (State::Over, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(5);
    const MERCY: Duration = Duration::from_secs(3);

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn one_that_ends_at_once_is_started_after_growing_pauses() {
        let mut now = Instant::now();
        let mut life = Life::new(now, LONGEST);
        let mut pauses = Vec::new();
        for _ in 0..5 {
            assert_eq!(life.time(now), Some(Action::Start));
            assert!(life.ended(now));
            pauses.push(life.pause().unwrap().as_secs());
            assert_eq!(life.time(now), None);
            now = life.deadline().unwrap();
        }
        assert_eq!(pauses, [1, 2, 4, 5, 5]);
        assert_eq!(life.time(now), Some(Action::Start));
        now += seconds(11);
        assert!(life.ended(now));
        assert_eq!((life.pause(), life.time(now)), (None, Some(Action::Start)));
    }

    #[test]
    fn a_reload_ends_it_and_starts_it_anew() {
        let now = Instant::now();
        let mut life = Life::new(now, LONGEST);
        life.time(now);
        assert_eq!(life.renew(now, MERCY), Some(Action::Ask));
        assert_eq!(life.time(now + seconds(2)), None);
        assert_eq!(life.time(now + seconds(3)), Some(Action::Kill));
        assert_eq!(life.time(now + seconds(4)), None);
        assert!(!life.ended(now + seconds(4)));
        assert_eq!(life.time(now + seconds(4)), Some(Action::Start));
    }

    #[test]
    fn one_that_is_dismissed_stays_away_and_a_later_reload_changes_nothing() {
        let now = Instant::now();
        let mut life = Life::new(now, LONGEST);
        life.time(now);
        assert_eq!(life.dismiss(now, MERCY), Some(Action::Ask));
        assert!(!life.over());
        life.ended(now);
        assert!(life.over() && life.deadline().is_none());
        assert_eq!(life.renew(now, MERCY), None);
        let mut waiting = Life::new(now + seconds(9), LONGEST);
        assert_eq!(waiting.dismiss(now, MERCY), None);
        assert!(waiting.over());
    }
}
