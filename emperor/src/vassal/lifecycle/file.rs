//! What a vassal does when its file comes, changes, goes or breaks the rules.

use std::time::Instant;

use super::{Action, Fate, Law, Life, MUTE_PATIENCE, Note, Relic, Rest, Standing, State};

impl Life {
    /// The file appeared or changed: earlier failures say nothing about it.
    pub(super) fn seen(&mut self, now: Instant, law: &Law, acts: &mut Vec<Action>) {
        self.throttle.clear();
        match &mut self.state {
            State::Dormant(Rest::Queued | Rest::Stopped) | State::Buried => {}
            State::Dormant(Rest::Throttled { .. } | Rest::Exiled | Rest::Barred) => {
                self.queue(acts);
            }
            State::Alive { tree, standing: Standing::Starting { .. }, .. } => {
                // it serves nobody yet and what it reads may be the broken version: anew
                let (tree, deadline) = (*tree, now + MUTE_PATIENCE.min(law.curse_tolerance));
                self.curse(tree, deadline, Fate::Restart, law, acts);
            }
            State::Alive { standing: Standing::Serving { .. }, .. } | State::Succeeding { .. } => {
                self.request_renewal(acts);
            }
            State::Cursed { fate, .. } => match fate {
                Fate::Stop | Fate::Restart => {}
                Fate::Bury | Fate::Bar | Fate::Crash(_) => *fate = Fate::Restart,
            },
        }
    }

    pub(super) fn vanished(&mut self, now: Instant, law: &Law, acts: &mut Vec<Action>) {
        self.end(Fate::Bury, now + law.curse_tolerance, law, acts);
    }

    pub(super) fn shutdown(&mut self, now: Instant, law: &Law, acts: &mut Vec<Action>) {
        let deadline = now + law.mercy;
        for relic in &mut self.relics {
            relic.deadline = relic.deadline.min(deadline);
        }
        self.end(Fate::Bury, deadline, law, acts);
    }

    pub(super) fn barred(
        &mut self,
        reason: String,
        now: Instant,
        law: &Law,
        acts: &mut Vec<Action>,
    ) {
        if self.trouble.as_ref() != Some(&reason) {
            acts.push(Action::Note(Note::Barred { reason: reason.clone() }));
        }
        self.trouble = Some(reason);
        match self.state {
            State::Dormant(Rest::Stopped)
            | State::Cursed { fate: Fate::Stop | Fate::Bury, .. }
            | State::Buried => {}
            State::Dormant(Rest::Queued | Rest::Throttled { .. } | Rest::Exiled | Rest::Barred) => {
                self.state = State::Dormant(Rest::Barred);
            }
            State::Cursed { fate: Fate::Bar | Fate::Restart | Fate::Crash(_), .. }
            | State::Alive { .. }
            | State::Succeeding { .. } => {
                self.end(Fate::Bar, now + law.curse_tolerance, law, acts);
            }
        }
    }

    /// Ends whatever runs; `fate` is what comes after.
    pub(super) fn end(&mut self, fate: Fate, deadline: Instant, law: &Law, acts: &mut Vec<Action>) {
        match self.state {
            State::Dormant(_) => self.rest(fate, acts),
            State::Alive { tree, .. } => self.curse(tree, deadline, fate, law, acts),
            State::Succeeding { old, new, .. } => {
                self.relieve(new, deadline, law, acts);
                self.curse(old, deadline, fate, law, acts);
            }
            State::Cursed { tree, deadline: earlier, .. } => {
                self.state = State::Cursed { tree, deadline: earlier.min(deadline), fate };
            }
            State::Buried => {}
        }
    }

    /// Nothing serves any more: what `fate` says comes now. A tree that still drains keeps
    /// the vassal cursed where nothing is to be started.
    pub(super) fn rest(&mut self, fate: Fate, acts: &mut Vec<Action>) {
        match fate {
            Fate::Restart | Fate::Crash(_) => return self.queue(acts),
            Fate::Bury | Fate::Stop | Fate::Bar => {}
        }
        if let Some(Relic { tree, deadline }) = self.relics.pop() {
            self.state = State::Cursed { tree, deadline, fate };
            return;
        }
        acts.push(Action::CloseListeners);
        match fate {
            Fate::Stop => self.state = State::Dormant(Rest::Stopped),
            Fate::Bar => self.state = State::Dormant(Rest::Barred),
            Fate::Bury | Fate::Restart | Fate::Crash(_) => {
                self.state = State::Buried;
                acts.push(Action::Bury);
            }
        }
    }
}
