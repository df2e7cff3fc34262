//! What is due, and when something will be.

use std::time::Instant;

use super::{Action, KILL_PACE, Life, Note, Relic, Renewal, Rest, Slot, Standing, State};

impl Life {
    /// When [`Event::Tick`](super::Event::Tick) has to come at the latest; `None`: nothing is due.
    pub fn wake(&self) -> Option<Instant> {
        let state = match self.state {
            State::Dormant(Rest::Throttled { until, .. }) => Some(until),
            State::Alive {
                renewal: Renewal::Preparing { deadline, .. } | Renewal::Asked { deadline, .. },
                ..
            }
            | State::Succeeding { deadline, .. }
            | State::Cursed { deadline, .. } => Some(deadline),
            State::Alive { renewal: Renewal::Idle | Renewal::Queued, .. }
            | State::Dormant(Rest::Queued | Rest::Stopped | Rest::Exiled | Rest::Barred)
            | State::Buried => None,
        };
        let slot = match self.slot {
            Slot::Held { until } => Some(until),
            Slot::None => None,
        };
        let relics = self.relics.iter().map(|relic| relic.deadline);
        state.into_iter().chain(slot).chain(relics).min()
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Instant, acts: &mut Vec<Action>) {
        if let Slot::Held { until } = self.slot
            && until <= now
        {
            self.free_slot(acts);
        }
        for relic in &mut self.relics {
            if relic.deadline <= now {
                acts.push(Action::Kill { tree: relic.tree });
                relic.deadline = now + KILL_PACE;
            }
        }
        match self.state {
            State::Dormant(Rest::Throttled { until, .. }) if until <= now => self.queue(acts),
            State::Alive { renewal: Renewal::Preparing { covers, deadline }, .. }
                if deadline <= now =>
            {
                acts.push(Action::AbandonPrepare);
                let reason = "reading the configuration took too long".to_owned();
                self.settle(covers, Err(reason), acts);
            }
            State::Alive { renewal: Renewal::Asked { covers, deadline, .. }, .. }
                if deadline <= now =>
            {
                let reason = "the new generation never answered".to_owned();
                self.settle(covers, Err(reason), acts);
                self.distrusted = true;
            }
            State::Succeeding { old, since, new, covers, deadline, .. } if deadline <= now => {
                acts.push(Action::Kill { tree: new });
                self.relics.push(Relic { tree: new, deadline: now + KILL_PACE });
                self.state = State::Alive {
                    tree: old,
                    standing: Standing::Serving { since },
                    renewal: Renewal::Idle,
                };
                self.settle(covers, Err("the new vassal never answered".to_owned()), acts);
            }
            State::Cursed { tree, deadline, fate } if deadline <= now => {
                acts.push(Action::Note(Note::Killed));
                acts.push(Action::Kill { tree });
                self.state = State::Cursed { tree, deadline: now + KILL_PACE, fate };
            }
            State::Dormant(_)
            | State::Alive { .. }
            | State::Succeeding { .. }
            | State::Cursed { .. }
            | State::Buried => {}
        }
    }

    /// Back-off is forgotten; what waits for it is tried at once.
    pub(super) fn forgive(&mut self, acts: &mut Vec<Action>) {
        self.throttle.clear();
        match self.state {
            State::Dormant(Rest::Throttled { .. }) => self.queue(acts),
            State::Dormant(Rest::Queued | Rest::Stopped | Rest::Exiled | Rest::Barred)
            | State::Alive { .. }
            | State::Succeeding { .. }
            | State::Cursed { .. }
            | State::Buried => {}
        }
    }
}
