//! What happens when a process tree falls silent, asks to go, or ends.

use std::time::Instant;

use shared::exit::Exit;
use shared::sys::process::Ended;

use super::{
    Action, Cause, Fate, Law, Life, MUTE_PATIENCE, Note, Renewal, Rest, Standing, State, Tree,
};

impl Life {
    /// Byte 22: under a source of files this is not a lasting stop; it is started again, as
    /// after a death: one that always asks would else be started in a tight loop.
    pub(super) fn leave(&mut self, tree: Tree, now: Instant, law: &Law, acts: &mut Vec<Action>) {
        match self.state {
            State::Alive { tree: ours, standing, .. } if ours == tree => {
                let fate = Fate::Crash(served(standing, now));
                self.curse(tree, now + law.curse_tolerance, fate, law, acts);
            }
            State::Alive { .. }
            | State::Dormant(_)
            | State::Succeeding { .. }
            | State::Cursed { .. }
            | State::Buried => {}
        }
    }

    /// The link is closed: dead, or about to be.
    pub(super) fn link_lost(
        &mut self,
        tree: Tree,
        now: Instant,
        law: &Law,
        acts: &mut Vec<Action>,
    ) {
        match self.state {
            State::Alive { tree: ours, standing, .. } if ours == tree => {
                self.abandon("the vassal died", acts);
                let fate = Fate::Crash(served(standing, now));
                let deadline = now + MUTE_PATIENCE.min(law.curse_tolerance);
                self.state = State::Cursed { tree, deadline, fate };
            }
            State::Succeeding { old, new, .. } if old == tree || new == tree => {
                acts.push(Action::Kill { tree });
            }
            State::Alive { .. }
            | State::Succeeding { .. }
            | State::Dormant(_)
            | State::Cursed { .. }
            | State::Buried => {}
        }
    }

    /// A missed heartbeat asks for a reload first (a busy vassal is not a dead one), then kills.
    pub(super) fn silent(&mut self, tree: Tree, acts: &mut Vec<Action>) {
        match self.state {
            State::Alive { tree: ours, standing: Standing::Serving { .. }, .. } if ours == tree => {
                acts.push(Action::Note(Note::Silent));
                if self.warned {
                    acts.push(Action::Kill { tree });
                } else {
                    self.warned = true;
                    self.request_renewal(acts);
                }
            }
            State::Alive { .. }
            | State::Dormant(_)
            | State::Succeeding { .. }
            | State::Cursed { .. }
            | State::Buried => {}
        }
    }

    /// The first process of a tree ended.
    pub(super) fn ended(
        &mut self,
        tree: Tree,
        how: Ended,
        now: Instant,
        law: &Law,
        acts: &mut Vec<Action>,
    ) {
        acts.push(Action::Sweep { tree });
        if let Some(at) = self.relics.iter().position(|relic| relic.tree == tree) {
            self.relics.remove(at);
            return;
        }
        match self.state {
            State::Alive { tree: ours, standing, .. } if ours == tree => {
                self.abandon("the vassal died", acts);
                self.died(tree, how, served(standing, now), now, law, acts);
            }
            State::Succeeding { old, new, generation, covers, deadline, .. } if old == tree => {
                // the successor carries on alone; it answers the reload that it was made for
                self.last_exit = Some(how);
                self.restarts += 1;
                self.state = State::Alive {
                    tree: new,
                    standing: Standing::Starting { generation },
                    renewal: Renewal::Asked { generation, covers, deadline },
                };
            }
            State::Succeeding { old, since, new, covers, .. } if new == tree => {
                let (_, reason) = self.explain(tree, how);
                self.state = State::Alive {
                    tree: old,
                    standing: Standing::Serving { since },
                    renewal: Renewal::Idle,
                };
                self.settle(covers, Err(reason), acts);
            }
            State::Cursed { tree: ours, fate, .. } if ours == tree => match fate {
                Fate::Crash(served) => self.died(tree, how, served, now, law, acts),
                Fate::Bury | Fate::Stop | Fate::Bar | Fate::Restart => self.rest(fate, acts),
            },
            State::Alive { .. }
            | State::Succeeding { .. }
            | State::Cursed { .. }
            | State::Dormant(_)
            | State::Buried => {}
        }
    }

    /// A death that nobody asked for.
    fn died(
        &mut self,
        tree: Tree,
        how: Ended,
        served: Option<std::time::Duration>,
        now: Instant,
        law: &Law,
        acts: &mut Vec<Action>,
    ) {
        let (cause, reason) = self.explain(tree, how);
        self.last_exit = Some(how);
        self.restarts += 1;
        let exiled = how == Ended::Code(Exit::Exile.code());
        let delay = self.throttle.died(&law.throttle, served);
        // a vassal that fails again in the same way has said so already
        if self.trouble.as_ref() != Some(&reason) || served.is_some() {
            let retry = (!exiled).then_some(delay);
            acts.push(Action::Note(Note::Died { how, cause, reason: reason.clone(), retry }));
        }
        self.trouble = Some(reason);
        if exiled {
            self.state = State::Dormant(Rest::Exiled);
            acts.push(Action::CloseListeners);
        } else if delay.is_zero() {
            // clients that wait in our copies of the sockets are served by the next tree
            self.queue(acts);
        } else {
            self.state = State::Dormant(Rest::Throttled { until: now + delay, cause });
            acts.push(Action::CloseListeners);
        }
    }

    /// Why a tree ended: what it said itself, else how it ended.
    fn explain(&mut self, tree: Tree, how: Ended) -> (Cause, String) {
        match self.confession.take() {
            Some(said) if said.tree == tree => (said.cause, said.reason),
            Some(_) | None => (Cause::Crashed, format!("it ended with {how}")),
        }
    }
}

fn served(standing: Standing, now: Instant) -> Option<std::time::Duration> {
    match standing {
        Standing::Starting { .. } => None,
        Standing::Serving { since } => Some(now.saturating_duration_since(since)),
    }
}
