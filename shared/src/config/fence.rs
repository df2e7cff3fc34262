//! `blacklist` and `whitelist`: what a host allows between them and their ends.

use crate::option;

/// An open `blacklist` or `whitelist`.
#[derive(Clone, Debug)]
pub(super) struct Fence {
    /// The options it names.
    pub(super) names: Vec<String>,
    /// Whether it is they that may be used.
    pub(super) listed: bool,
    /// How deep in files that include each other it was opened.
    pub(super) depth: usize,
    /// The tenant opened it.
    pub(super) tenant: bool,
}

impl Fence {
    /// Whether it lets an option pass, in any spelling; `name` is the primary one or empty.
    pub(super) fn allows(&self, given: &str, name: &str) -> bool {
        let same = |one: &String| {
            one == given
                || !name.is_empty() && option::find(one).is_some_and(|row| row.name == name)
        };
        self.names.iter().any(same) == self.listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_option_is_meant() {
        let mut fence = Fence {
            names: vec!["workers".into(), "x".into()],
            listed: false,
            depth: 0,
            tenant: false,
        };
        assert!(!fence.allows("processes", "processes") && !fence.allows("x", ""));
        assert!(fence.allows("threads", "threads") && fence.allows("y", ""));
        fence.listed = true;
        assert!(fence.allows("workers", "processes") && !fence.allows("threads", "threads"));
    }
}
