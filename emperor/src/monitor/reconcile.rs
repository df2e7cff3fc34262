//! What changed between what is known and what is seen: pure.

use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher;

use shared::summons::Version;

use super::Sighting;
use crate::vassal::name::VassalName;

/// One right decision about one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new name.
    Appeared(Sighting),
    /// A known name with another mark (or another verdict of the rules).
    Changed(Sighting),
    /// A known name that is no longer there.
    Vanished(VassalName),
}

/// What is remembered of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its mark when it was last acted upon.
    pub mark: Version,
    /// Whether it broke a rule then.
    pub barred: Option<String>,
}

/// Compares. Names in `held` are being written: nothing is decided about them yet.
pub fn reconcile<S: BuildHasher>(
    known: &BTreeMap<VassalName, Known>,
    seen: Vec<Sighting>,
    held: &HashSet<VassalName, S>,
) -> Vec<Change> {
    let there: HashSet<VassalName> = seen.iter().map(|one| one.name.clone()).collect();
    let gone = known
        .keys()
        .filter(|name| !there.contains(*name) && !held.contains(*name))
        .map(|name| Change::Vanished(name.clone()));
    let mut changes: Vec<Change> = gone.collect();
    for one in seen {
        if held.contains(&one.name) {
            continue;
        }
        match known.get(&one.name) {
            None => changes.push(Change::Appeared(one)),
            Some(old) if old.mark != one.mark || old.barred != one.barred => {
                changes.push(Change::Changed(one));
            }
            Some(_) => {}
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(name: &str, mtime: i128) -> Sighting {
        let version = Version { dev: 1, ino: 2, mtime_ns: mtime, size: 3, uid: 0, gid: 0 };
        let path = format!("/sites/{name}").into();
        Sighting { name: VassalName::verbatim(name), path, version, mark: version, barred: None }
    }

    fn known(list: &[Sighting]) -> BTreeMap<VassalName, Known> {
        list.iter().map(|one| (one.name.clone(), Known { mark: one.mark, barred: None })).collect()
    }

    #[test]
    fn each_difference_is_one_change() {
        let (a, b, c) = (sighting("a.ini", 1), sighting("b.ini", 1), sighting("c.ini", 1));
        let newer = sighting("b.ini", 2);
        let older = sighting("b.ini", 0);
        let none = HashSet::new();
        let memory = known(&[a.clone(), b.clone()]);
        for (seen, want) in [
            (vec![a.clone(), b.clone()], vec![]),
            (vec![a.clone(), newer.clone()], vec![Change::Changed(newer)]),
            (vec![a.clone(), older.clone()], vec![Change::Changed(older)]),
            (vec![a.clone(), b.clone(), c.clone()], vec![Change::Appeared(c)]),
            (vec![a.clone()], vec![Change::Vanished(b.name.clone())]),
        ] {
            assert_eq!(reconcile(&memory, seen, &none), want);
        }
    }

    #[test]
    fn what_is_being_written_is_left_alone() {
        let (a, b) = (sighting("a.ini", 1), sighting("b.ini", 1));
        let held: HashSet<_> = [a.name.clone(), b.name.clone()].into();
        assert_eq!(reconcile(&known(&[a]), vec![b], &held), []);
    }

    #[test]
    fn a_file_that_begins_to_break_a_rule_has_changed() {
        let a = sighting("a.ini", 1);
        let barred = Sighting { barred: Some("owned by root".into()), ..a.clone() };
        let want = vec![Change::Changed(barred.clone())];
        assert_eq!(reconcile(&known(&[a]), vec![barred], &HashSet::new()), want);
    }
}
