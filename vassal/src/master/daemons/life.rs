//! The life of one attached daemon: pure, time comes in.

use std::time::{Duration, Instant};

/// A daemon that lived shorter than this is started again after a pause.
const SHORT: Duration = Duration::from_secs(10);
/// The first pause.
const FIRST: Duration = Duration::from_secs(1);

/// How long a daemon that detached itself may take to write its pid.
const SEEK: Duration = Duration::from_secs(10);
/// How often its pid file is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(200);

/// What a daemon is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is started at this time.
    Waiting { until: Instant },
    /// It detached itself, and is to be found by its pid file: looked for at `next`, until then.
    Detached { next: Instant, until: Instant },
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
    /// Look whether it wrote its pid.
    Look,
    /// Say that it is not there, or hides: its pid file does not tell.
    Miss,
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
            State::Detached { next, .. } => Some(next),
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
            State::Detached { until, .. } if until <= now => {
                self.pause = match self.pause {
                    Duration::ZERO => FIRST.min(self.longest),
                    pause => (pause * 2).min(self.longest),
                };
                self.state = State::Waiting { until: now + self.pause };
                Some(Action::Miss)
            }
            State::Detached { next, until } if next <= now => {
                self.state = State::Detached { next: now + LOOK, until };
                Some(Action::Look)
            }
            State::Ending { until, then } if until <= now => {
                // once is enough: nobody survives it
                let never = now + Duration::from_hours(24);
                self.state = State::Ending { until: never, then };
                Some(Action::Kill)
            }
            State::Waiting { .. }
            | State::Detached { .. }
            | State::Ending { .. }
            | State::Running { .. }
            | State::Over => None,
        }
    }

    /// The process that was started ended as one does that detached itself. Whether that was
    /// unasked for: it is looked for then.
    pub(super) fn detached(&mut self, now: Instant) -> bool {
        let runs = matches!(self.state, State::Running { .. });
        if runs {
            self.state = State::Detached { next: now, until: now + SEEK };
        }
        runs
    }

    /// It was found by its pid file.
    pub(super) fn found(&mut self, now: Instant) {
        if matches!(self.state, State::Detached { .. }) {
            self.state = State::Running { since: now };
        }
    }

    /// It ended, or could not be started. Whether that was unasked for. Where another one may
    /// hold its place for a moment (`contested`) it is tried again each second.
    pub(super) fn ended(&mut self, now: Instant, contested: bool) -> bool {
        match self.state {
            State::Running { since } => {
                let short = now.duration_since(since) < SHORT;
                self.pause = match self.pause {
                    _ if contested => FIRST.min(self.longest),
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
            State::Waiting { .. } | State::Detached { .. } | State::Over => false,
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
            (State::Waiting { .. } | State::Detached { .. }, Then::Start) => {
                self.pause = Duration::ZERO;
                self.state = State::Waiting { until: now };
                None
            }
            (State::Waiting { .. } | State::Detached { .. }, Then::Nothing) => {
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
            assert!(life.ended(now, false));
            pauses.push(life.pause().unwrap().as_secs());
            assert_eq!(life.time(now), None);
            now = life.deadline().unwrap();
        }
        assert_eq!(pauses, [1, 2, 4, 5, 5]);
        assert_eq!(life.time(now), Some(Action::Start));
        now += seconds(11);
        assert!(life.ended(now, false));
        assert_eq!((life.pause(), life.time(now)), (None, Some(Action::Start)));
    }

    #[test]
    fn one_whose_place_is_held_is_tried_each_second() {
        let mut now = Instant::now();
        let mut life = Life::new(now, LONGEST);
        for _ in 0..5 {
            assert_eq!(life.time(now), Some(Action::Start));
            assert!(life.ended(now, true));
            assert_eq!(life.pause(), Some(seconds(1)));
            now = life.deadline().unwrap();
        }
    }

    #[test]
    fn one_that_detached_itself_is_looked_for_before_it_is_started_again() {
        let mut now = Instant::now();
        let mut life = Life::new(now, LONGEST);
        for pause in [1, 2, 4, 5] {
            let start = now;
            assert_eq!(life.time(now), Some(Action::Start));
            assert!(life.detached(now));
            let mut looks = 0;
            let after = loop {
                match life.time(now) {
                    Some(Action::Look) => looks += 1,
                    other => break other,
                }
                now = life.deadline().unwrap();
            };
            assert!(looks > 40, "{looks}");
            assert_eq!((after, now), (Some(Action::Miss), start + seconds(10)));
            assert_eq!(life.pause(), Some(seconds(pause)), "it hides, or there is none");
            now += seconds(pause);
        }
        assert_eq!(life.time(now), Some(Action::Start));
        life.detached(now);
        life.found(now);
        assert_eq!((life.deadline(), life.time(now + seconds(60))), (None, None), "it runs");
        assert!(life.ended(now + seconds(60), false));
        assert_eq!(life.pause(), None, "it lived long enough");
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
        assert!(!life.ended(now + seconds(4), false));
        assert_eq!(life.time(now + seconds(4)), Some(Action::Start));
    }

    #[test]
    fn one_that_is_dismissed_stays_away_and_a_later_reload_changes_nothing() {
        let now = Instant::now();
        let mut life = Life::new(now, LONGEST);
        life.time(now);
        assert_eq!(life.dismiss(now, MERCY), Some(Action::Ask));
        assert!(!life.over());
        life.ended(now, false);
        assert!(life.over() && life.deadline().is_none());
        assert_eq!(life.renew(now, MERCY), None);
        let mut waiting = Life::new(now + seconds(9), LONGEST);
        assert_eq!(waiting.dismiss(now, MERCY), None);
        assert!(waiting.over());
    }
}
