//! `blacklist` and `whitelist`: what a host allows between them and their ends.

use std::collections::HashSet;

use crate::finding::Origin;
use crate::option;
use crate::rule;

use super::loader::Loader;

/// The most fences that may be open at a time: each is asked about each option.
const FENCES_MAX: usize = 64;

/// An open `blacklist` or `whitelist`.
#[derive(Clone, Debug)]
pub(super) struct Fence {
    /// What it names: of options the primary names.
    names: HashSet<String>,
    /// Whether it is they that may be used.
    listed: bool,
    /// How deep in files that include each other it was opened.
    depth: usize,
    /// The tenant opened it.
    tenant: bool,
}

impl Fence {
    /// Reads the value of a `blacklist`, or of a `whitelist` (`listed`).
    pub(super) fn new(value: &str, listed: bool, depth: usize, tenant: bool) -> Self {
        let names = value.split(' ').filter(|name| !name.is_empty());
        let names = names.map(|name| option::find(name).map_or(name, |row| row.name).to_owned());
        Self { names: names.collect(), listed, depth, tenant }
    }

    /// Whether it lets an option pass, in any spelling; `name` is the primary one or empty.
    pub(super) fn allows(&self, given: &str, name: &str) -> bool {
        self.names.contains(if name.is_empty() { given } else { name }) == self.listed
    }
}

impl Loader<'_> {
    /// Opens a fence.
    pub(super) fn fence(&mut self, name: &str, given: &str, value: &str, origin: &Origin) {
        if self.fences.len() >= FENCES_MAX {
            let message = format!("more than {FENCES_MAX} lists inside each other");
            self.fail(origin, given, message);
            return self.by(rule::TOO_MUCH);
        }
        let (listed, depth) = (name == "whitelist", self.frames.len());
        self.fences.push(Fence::new(value, listed, depth, self.tenant));
    }

    /// Ends the last fence, unless it was put around the file that wants to end it.
    pub(super) fn unfence(&mut self) -> bool {
        let depth = self.frames.len();
        let own = |fence: &mut Fence| fence.depth >= depth && (fence.tenant || !self.tenant);
        self.fences.pop_if(own).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::one;

    #[test]
    fn every_spelling_of_an_option_is_meant() {
        let fence = Fence::new("workers  x", false, 0, false);
        assert!(!fence.allows("processes", "processes") && !fence.allows("x", ""));
        assert!(!fence.allows("workers", "processes"));
        assert!(fence.allows("threads", "threads") && fence.allows("y", ""));
        let fence = Fence::new("workers x", true, 0, false);
        assert!(fence.allows("workers", "processes") && !fence.allows("threads", "threads"));
    }

    #[test]
    fn fences_in_fences_have_a_limit() {
        let lines = "blacklist = x\n".repeat(FENCES_MAX + 1);
        let finding = one(&lines, rule::TOO_MUCH);
        assert!(finding.is_error() && finding.message.contains("more than 64"), "{finding}");
        let again = "blacklist = x\nend-blacklist =\n".repeat(FENCES_MAX + 1);
        assert!(
            !crate::config::tests::checked(&again).iter().any(crate::finding::Finding::is_error)
        );
    }
}
