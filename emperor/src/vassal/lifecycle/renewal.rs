//! Reload: a new generation of the same tree, or a successor of the tree. Either proves
//! itself before the old one goes.

use std::time::Instant;

use super::{
    Action, Law, Life, Note, Order, PREPARE_PATIENCE, RENEWAL_PATIENCE, Relic, Renewal, Rest,
    SLOT_PATIENCE, Slot, Standing, State, Tree, stop,
};

impl Life {
    /// One more reload is wanted. Requests that come while one runs are answered together by
    /// exactly one more.
    pub(super) fn request_renewal(&mut self, acts: &mut Vec<Action>) {
        self.asked += 1;
        if let State::Alive { renewal: renewal @ Renewal::Idle, .. } = &mut self.state {
            *renewal = Renewal::Queued;
            acts.push(Action::WantSlot);
        }
    }

    /// It is this vassal's turn.
    pub(super) fn slot(&mut self, now: Instant, acts: &mut Vec<Action>) {
        let held = Slot::Held { until: now + SLOT_PATIENCE };
        match &mut self.state {
            State::Dormant(Rest::Queued) => {
                self.slot = held;
                let (tree, generation) = (self.next_tree(), self.generation.max(1));
                self.foreign = false;
                self.state = State::Alive {
                    tree,
                    standing: Standing::Starting { generation },
                    renewal: Renewal::Idle,
                };
                acts.push(Action::Spawn { tree, generation, heir_of: None });
            }
            State::Alive { tree, renewal: renewal @ Renewal::Queued, .. } => {
                self.slot = held;
                let (generation, covers) = (self.generation + 1, self.asked);
                acts.push(Action::Note(Note::Reloading));
                if self.foreign {
                    *renewal =
                        Renewal::Asked { generation, covers, deadline: now + RENEWAL_PATIENCE };
                    acts.push(Action::Order { tree: *tree, order: Order::Reload });
                } else {
                    *renewal = Renewal::Preparing { covers, deadline: now + PREPARE_PATIENCE };
                    acts.push(Action::Prepare { generation });
                }
            }
            State::Dormant(
                Rest::Throttled { .. } | Rest::Stopped | Rest::Exiled | Rest::Barred,
            )
            | State::Alive {
                renewal: Renewal::Idle | Renewal::Preparing { .. } | Renewal::Asked { .. },
                ..
            }
            | State::Succeeding { .. }
            | State::Cursed { .. }
            | State::Buried => acts.push(Action::FreeSlot),
        }
    }

    /// The changed file was read: which way it goes in.
    pub(super) fn planned(
        &mut self,
        succession: Option<Vec<&'static str>>,
        now: Instant,
        acts: &mut Vec<Action>,
    ) {
        let State::Alive {
            tree,
            standing: Standing::Serving { since },
            renewal: Renewal::Preparing { covers, .. },
        } = self.state
        else {
            return;
        };
        let (generation, deadline) = (self.generation + 1, now + RENEWAL_PATIENCE);
        let because = match succession {
            None if self.distrusted => Some(vec!["the last generation never answered"]),
            other => other,
        };
        if let Some(because) = because {
            let new = self.next_tree();
            self.state = State::Succeeding { old: tree, since, new, generation, covers, deadline };
            acts.push(Action::Note(Note::Succeeding { because }));
            acts.push(Action::Spawn { tree: new, generation, heir_of: Some(tree) });
        } else {
            self.state = State::Alive {
                tree,
                standing: Standing::Serving { since },
                renewal: Renewal::Asked { generation, covers, deadline },
            };
            acts.push(Action::Order { tree, order: Order::Generation });
        }
    }

    /// The changed file is refused; nothing was touched.
    pub(super) fn unprepared(&mut self, reason: String, acts: &mut Vec<Action>) {
        if let State::Alive { renewal: Renewal::Preparing { covers, .. }, .. } = self.state {
            self.settle(covers, Err(reason), acts);
        }
    }

    /// The program is not ours: it is reloaded by the public byte.
    pub(super) fn foreign(&mut self, tree: Tree) {
        if self.tree() == Some(tree) {
            self.foreign = true;
        }
    }

    /// A worker accepts: a start, a succession or a foreign reload is complete.
    pub(super) fn accepting(
        &mut self,
        tree: Tree,
        now: Instant,
        law: &Law,
        acts: &mut Vec<Action>,
    ) {
        match self.state {
            State::Alive { tree: ours, standing: Standing::Starting { generation }, renewal }
                if ours == tree =>
            {
                self.generation = generation;
                self.trouble = None;
                self.warned = false;
                self.state =
                    State::Alive { tree, standing: Standing::Serving { since: now }, renewal };
                acts.push(Action::Note(Note::Ready));
                match renewal {
                    // its predecessor died while it came up: the reload is answered all the same
                    Renewal::Asked { covers, .. } => self.settle(covers, Ok(()), acts),
                    Renewal::Idle | Renewal::Queued | Renewal::Preparing { .. } => {
                        self.free_slot(acts);
                    }
                }
            }
            State::Alive {
                tree: ours,
                standing: Standing::Serving { .. },
                renewal: Renewal::Asked { generation, covers, .. },
            } if ours == tree && self.foreign => {
                self.generation = generation;
                self.settle(covers, Ok(()), acts);
            }
            State::Succeeding { old, new, generation, covers, .. } if new == tree => {
                self.generation = generation;
                self.state = State::Alive {
                    tree,
                    standing: Standing::Serving { since: now },
                    renewal: Renewal::Idle,
                };
                self.relieve(old, now + law.curse_tolerance, law, acts);
                self.settle(covers, Ok(()), acts);
            }
            // a respawned worker, or a tree that is on its way out
            State::Alive { .. }
            | State::Succeeding { .. }
            | State::Dormant(_)
            | State::Cursed { .. }
            | State::Buried => {}
        }
    }

    /// The master says that a new generation serves.
    pub(super) fn served(&mut self, tree: Tree, generation: u64, acts: &mut Vec<Action>) {
        let State::Alive { tree: ours, renewal, .. } = self.state else { return };
        if ours != tree || generation != self.generation + 1 {
            return;
        }
        self.generation = generation;
        match renewal {
            Renewal::Asked { covers, .. } => self.settle(covers, Ok(()), acts),
            // the master reloaded by itself (a signal, a touched file)
            Renewal::Idle | Renewal::Queued | Renewal::Preparing { .. } => {
                self.reloads.served += 1;
                self.trouble = None;
                acts.push(Action::Note(Note::Renewed { generation }));
            }
        }
    }

    /// The master says that a new generation did not come to be.
    pub(super) fn rejected(
        &mut self,
        tree: Tree,
        generation: u64,
        reason: String,
        acts: &mut Vec<Action>,
    ) {
        let State::Alive { tree: ours, renewal, .. } = self.state else { return };
        if ours != tree {
            return;
        }
        match renewal {
            Renewal::Asked { generation: asked, covers, .. } if asked == generation => {
                self.settle(covers, Err(reason), acts);
            }
            Renewal::Asked { .. } | Renewal::Idle | Renewal::Queued | Renewal::Preparing { .. } => {
                self.reloads.rejected += 1;
                self.trouble = Some(reason.clone());
                acts.push(Action::Note(Note::Rejected { reason }));
            }
        }
    }

    /// A tree is no longer needed: it finishes its requests and goes.
    pub(super) fn relieve(
        &mut self,
        tree: Tree,
        deadline: Instant,
        law: &Law,
        acts: &mut Vec<Action>,
    ) {
        self.relics.push(Relic { tree, deadline });
        let order = if self.foreign { stop(law) } else { Order::Relieve };
        acts.push(Action::Order { tree, order });
    }
}
