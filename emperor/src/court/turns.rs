//! Who may start something: at most `start-parallel` vassals at once, in the order of asking.

use std::collections::{HashSet, VecDeque};

use crate::vassal::name::VassalName;

/// Queue and holders.
#[derive(Debug)]
pub(super) struct Turns {
    limit: usize,
    waiting: VecDeque<VassalName>,
    holding: HashSet<VassalName>,
}

impl Turns {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), waiting: VecDeque::new(), holding: HashSet::new() }
    }

    /// Asks for a turn. Asking twice is asking once.
    pub(super) fn want(&mut self, name: &VassalName) {
        if !self.waiting.contains(name) {
            self.waiting.push_back(name.clone());
        }
    }

    /// The next one to have a turn, if one is free.
    pub(super) fn next(&mut self) -> Option<VassalName> {
        if self.holding.len() >= self.limit {
            return None;
        }
        // one that holds a turn still waits for its next one until the first is over
        let at = self.waiting.iter().position(|name| !self.holding.contains(name))?;
        let name = self.waiting.remove(at)?;
        self.holding.insert(name.clone());
        Some(name)
    }

    /// A turn is over.
    pub(super) fn over(&mut self, name: &VassalName) {
        self.holding.remove(name);
    }

    /// The vassal is gone.
    pub(super) fn forget(&mut self, name: &VassalName) {
        self.waiting.retain(|one| one != name);
        self.holding.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_given_in_order_and_never_more_than_the_limit() {
        let [a, b, c] = ["a", "b", "c"].map(VassalName::verbatim);
        let mut turns = Turns::new(2);
        for name in [&a, &b, &a, &c] {
            turns.want(name);
        }
        assert_eq!((turns.next(), turns.next(), turns.next()), (Some(a.clone()), Some(b), None));
        turns.want(&a);
        turns.over(&a);
        assert_eq!((turns.next(), turns.next()), (Some(c), None));
        turns.forget(&a);
        turns.over(&VassalName::verbatim("b"));
        assert_eq!(turns.next(), None);
    }
}
