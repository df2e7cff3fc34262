//! What operators ask for through the API, and when it is done.

use std::time::Instant;

use super::{Action, Fate, Law, Life, Outcome, Rest, Standing, State};

/// A request of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Run, whatever kept it from running.
    Start,
    /// Stop and stay stopped.
    Stop,
    /// A new generation.
    Reload,
}

/// What the operator waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It serves.
    Serving,
    /// It has stopped.
    Stopped,
    /// This reload request is answered.
    Renewal(u64),
}

/// Why a request makes no sense now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Reloading something that was stopped by hand.
    #[error("it was stopped by hand: start it")]
    StoppedByHand,
    /// The file is gone, or the Emperor ends.
    #[error("it is being removed")]
    Leaving,
    /// The Emperor's rules forbid it; the reason is in the status.
    #[error("the emperor's rules forbid to run it: mend the file")]
    Barred,
}

impl Life {
    /// Takes a request; what to wait for comes back with what is to be done.
    pub fn petition(
        &mut self,
        verb: Verb,
        now: Instant,
        law: &Law,
    ) -> Result<(Wish, Vec<Action>), Denied> {
        let mut acts = Vec::new();
        let wish = match verb {
            Verb::Start => self.start(&mut acts)?,
            Verb::Stop => self.halt(now, law, &mut acts)?,
            Verb::Reload => self.reload(&mut acts)?,
        };
        Ok((wish, acts))
    }

    /// Whether a wish has come true (or cannot any more); `None`: not yet.
    pub fn verdict(&self, wish: Wish) -> Option<Outcome> {
        let why = || self.trouble.clone().unwrap_or_else(|| "it does not run".to_owned());
        match wish {
            Wish::Renewal(ticket) => (self.answered >= ticket).then(|| self.outcome.clone()),
            Wish::Serving => match &self.state {
                State::Alive { standing: Standing::Serving { .. }, .. }
                | State::Succeeding { .. } => Some(Ok(())),
                State::Dormant(Rest::Queued)
                | State::Alive { standing: Standing::Starting { .. }, .. }
                | State::Cursed { fate: Fate::Restart | Fate::Crash(_), .. } => None,
                State::Dormant(
                    Rest::Throttled { .. } | Rest::Stopped | Rest::Exiled | Rest::Barred,
                )
                | State::Cursed { fate: Fate::Bury | Fate::Stop | Fate::Bar, .. }
                | State::Buried => Some(Err(why())),
            },
            Wish::Stopped => match &self.state {
                State::Dormant(Rest::Stopped) | State::Buried => Some(Ok(())),
                State::Cursed { fate: Fate::Stop | Fate::Bury, .. } => None,
                State::Dormant(
                    Rest::Queued | Rest::Throttled { .. } | Rest::Exiled | Rest::Barred,
                )
                | State::Alive { .. }
                | State::Succeeding { .. }
                | State::Cursed { fate: Fate::Bar | Fate::Restart | Fate::Crash(_), .. } => {
                    Some(Err("it was started again".to_owned()))
                }
            },
        }
    }

    fn start(&mut self, acts: &mut Vec<Action>) -> Result<Wish, Denied> {
        match &mut self.state {
            State::Dormant(Rest::Queued) | State::Alive { .. } | State::Succeeding { .. } => {}
            State::Dormant(Rest::Throttled { .. } | Rest::Stopped | Rest::Exiled) => {
                self.throttle.clear();
                self.queue(acts);
            }
            State::Dormant(Rest::Barred) | State::Cursed { fate: Fate::Bar, .. } => {
                return Err(Denied::Barred);
            }
            State::Cursed { fate: Fate::Bury, .. } | State::Buried => return Err(Denied::Leaving),
            State::Cursed {
                fate: fate @ (Fate::Stop | Fate::Restart | Fate::Crash(_)), ..
            } => {
                *fate = Fate::Restart;
            }
        }
        Ok(Wish::Serving)
    }

    fn halt(&mut self, now: Instant, law: &Law, acts: &mut Vec<Action>) -> Result<Wish, Denied> {
        match self.state {
            State::Cursed { fate: Fate::Bury, .. } => {}
            State::Buried => return Err(Denied::Leaving),
            State::Dormant(_)
            | State::Alive { .. }
            | State::Succeeding { .. }
            | State::Cursed {
                fate: Fate::Stop | Fate::Bar | Fate::Restart | Fate::Crash(_), ..
            } => {
                self.end(Fate::Stop, now + law.curse_tolerance, law, acts);
            }
        }
        self.trouble = None;
        Ok(Wish::Stopped)
    }

    fn reload(&mut self, acts: &mut Vec<Action>) -> Result<Wish, Denied> {
        match self.state {
            State::Alive { standing: Standing::Serving { .. }, .. } | State::Succeeding { .. } => {
                self.request_renewal(acts);
                Ok(Wish::Renewal(self.asked))
            }
            State::Dormant(Rest::Stopped) | State::Cursed { fate: Fate::Stop, .. } => {
                Err(Denied::StoppedByHand)
            }
            // what starts reads the newest file; what rests is tried again
            State::Dormant(Rest::Queued | Rest::Throttled { .. } | Rest::Exiled | Rest::Barred)
            | State::Alive { standing: Standing::Starting { .. }, .. }
            | State::Cursed {
                fate: Fate::Bury | Fate::Bar | Fate::Restart | Fate::Crash(_), ..
            }
            | State::Buried => self.start(acts),
        }
    }
}
