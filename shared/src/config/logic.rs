//! Blocks: `if-env` ... `endif`, `for` ... `endfor`.
//!
//! A loop gives each of its lines once for every item before the next line is looked at, and
//! `%(_)` is the item (or, in a test, what was tested).

use std::path::Path;

use super::loader::{ITEMS_MAX, Loader};

/// What a compiled regular expression may take, bytes.
const EXPRESSION_MAX: usize = 256 * 1024;

/// An open block.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// A test that does not hold: lines are skipped.
    Skip,
    /// A test that holds and has no `%(_)`.
    Once,
    /// Each line counts once for each item, which is `%(_)`; a test that holds has one.
    Each {
        /// The items.
        items: Vec<String>,
        /// They came from a file or from the environment.
        secret: bool,
    },
}

/// What a test found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    holds: bool,
    found: Option<String>,
}

impl Answer {
    /// The block that is opened when the answer has to be `wanted`.
    pub(super) fn block(self, wanted: bool, secret: bool) -> Block {
        match self.found {
            _ if self.holds != wanted => Block::Skip,
            None => Block::Once,
            Some(item) => Block::Each { items: vec![item], secret },
        }
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
}

/// A condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Environment,
    Option,
    Reload,
    HostName,
    HostNameMatch,
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
        "hostname-match" => Condition::HostNameMatch,
        "exists" => Condition::Exists,
        "file" => Condition::File,
        "dir" => Condition::Directory,
        // the table has no other
        _ => Condition::Plugin,
    };
    Test::Plain { kind, argument: value, wanted }
}

/// Whether a condition holds in this world and after what was read so far.
pub(super) fn holds(
    kind: Condition,
    argument: &str,
    loader: &Loader<'_>,
) -> Result<Answer, String> {
    let path = loader.world.directory.join(argument);
    let (name, value) = match argument.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (argument, None),
    };
    // what is there, and whether it is what it should be
    let known = |found: Option<String>| {
        let holds = found.as_deref().is_some_and(|found| value.is_none_or(|value| value == found));
        Answer { holds, found }
    };
    let about = |holds: bool| Answer { holds, found: Some(argument.to_owned()) };
    Ok(match kind {
        Condition::Environment => known(loader.variable(name)),
        Condition::Option => known(loader.first_value(name).map(str::to_owned)),
        Condition::Reload => Answer { holds: false, found: None },
        Condition::HostName => about(loader.world.host == argument),
        Condition::HostNameMatch => about(matches(argument, &loader.world.host)?),
        Condition::Exists => about(path.exists()),
        Condition::File => about(Path::is_file(&path)),
        Condition::Directory => about(Path::is_dir(&path)),
        Condition::Plugin => about(super::plugin::provided(argument)),
    })
}

/// Whether a regular expression is found in a text.
fn matches(pattern: &str, text: &str) -> Result<bool, String> {
    let built = regex::RegexBuilder::new(pattern).size_limit(EXPRESSION_MAX).build();
    built.map(|expression| expression.is_match(text)).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "this regular expression is too large".to_owned(),
        _ => "this is no regular expression".to_owned(),
    })
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
    }
}
