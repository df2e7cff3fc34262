//! Blocks: `if-env` ... `endif`, `for` ... `endfor`.
//!
//! A loop gives each of its lines once for every item before the next line is looked at, and
//! `%(_)` is the item (or, in a test, what was tested).

use std::path::Path;

use super::loader::{ITEMS_MAX, Loader};

/// An open block.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// A test that does not hold: lines are skipped.
    Skip,
    /// Each line counts once for each item.
    Each(Vec<String>),
}

impl Block {
    /// The block of a test.
    pub(super) fn when(holds: bool, argument: &str) -> Self {
        if holds { Self::Each(vec![argument.to_owned()]) } else { Self::Skip }
    }
}

/// What the opening line asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test<'a> {
    /// Loop over these.
    Words(Vec<String>),
    /// Loop over matching paths.
    Glob(&'a str),
    /// Loop over the lines of a file.
    Lines(&'a str),
    /// One condition.
    Plain {
        /// What is asked.
        kind: Condition,
        /// Of what.
        argument: &'a str,
        /// The answer that reads the block.
        wanted: bool,
    },
    /// A name of the table that is no condition built here.
    Unknown,
}

/// A condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Environment,
    Option,
    Reload,
    HostName,
    Exists,
    File,
    Directory,
    Plugin,
}

/// Whether an option (by its primary name) opens a block.
pub(super) fn opens(name: &str) -> bool {
    name == "for" || name.starts_with("for-") || name.starts_with("if-")
}

/// Reads an opening line.
pub(super) fn test<'a>(name: &str, value: &'a str) -> Test<'a> {
    let condition = match name {
        "for" => {
            let words = value.split(' ').filter(|word| !word.is_empty());
            return Test::Words(words.take(ITEMS_MAX).map(str::to_owned).collect());
        }
        "for-times" => {
            let times = value.trim().parse::<usize>().unwrap_or(0).min(ITEMS_MAX);
            return Test::Words((1..=times).map(|n| n.to_string()).collect());
        }
        "for-glob" => return Test::Glob(value),
        "for-readline" => return Test::Lines(value),
        other => other.strip_prefix("if-").unwrap_or(other),
    };
    let (wanted, condition) = match condition.strip_prefix("not-") {
        Some(rest) => (false, rest),
        None => (true, condition),
    };
    let kind = match condition {
        "env" => Condition::Environment,
        "opt" => Condition::Option,
        "reload" => Condition::Reload,
        "hostname" => Condition::HostName,
        "exists" => Condition::Exists,
        "file" => Condition::File,
        "dir" => Condition::Directory,
        "plugin" => Condition::Plugin,
        _ => return Test::Unknown,
    };
    Test::Plain { kind, argument: value, wanted }
}

/// Whether a condition holds in this world and after what was read so far.
pub(super) fn holds(kind: Condition, argument: &str, loader: &Loader<'_>) -> bool {
    let path = loader.world.directory.join(argument);
    let same = |found: Option<&str>, wanted: Option<&str>| match (found, wanted) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(found), Some(wanted)) => found == wanted,
    };
    let (name, value) = match argument.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (argument, None),
    };
    match kind {
        Condition::Environment => same(loader.world.variable(name).as_deref(), value),
        Condition::Option => same(loader.first_value(name), value),
        Condition::Reload => false,
        Condition::HostName => loader.world.host == argument,
        Condition::Exists => path.exists(),
        Condition::File => Path::is_file(&path),
        Condition::Directory => Path::is_dir(&path),
        Condition::Plugin => super::plugin::provided(argument),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_lines_are_understood() {
        assert_eq!(test("for", "a  b"), Test::Words(vec!["a".into(), "b".into()]));
        assert_eq!(test("for-times", "2"), Test::Words(vec!["1".into(), "2".into()]));
        let env = |wanted| Test::Plain { kind: Condition::Environment, argument: "A=1", wanted };
        assert_eq!(test("if-env", "A=1"), env(true));
        assert_eq!(test("if-not-env", "A=1"), env(false));
        assert_eq!(test("if-hostname-match", "x"), Test::Unknown);
    }
}
