//! Blocks: `if-env` ... `endif`, `for` ... `endfor`.
//!
//! A loop gives each of its lines once for every item before the next line is looked at, and
//! `%(_)` is the item (or, in a test, what was tested).

use std::path::Path;

use regex::bytes::RegexBuilder;

use crate::finding::Origin;
use crate::rule;

use super::directive::{Number, number};
use super::glob;
use super::loader::Loader;

/// The most items of a loop.
const ITEMS_MAX: usize = 4096;
/// What a compiled regular expression may take, bytes.
const EXPRESSION_MAX: usize = 256 * 1024;
/// How long a regular expression may be, bytes.
const PATTERN_MAX: usize = 1024;
/// How many regular expressions one configuration may have: compiling one takes a while.
const PATTERNS_MAX: usize = 64;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test<'a> {
    /// Loop over these.
    Words(&'a str),
    /// Loop over the numbers from one.
    Times(&'a str),
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
        "for" => return Test::Words(value),
        "for-times" => return Test::Times(value),
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

impl Loader<'_> {
    /// Opens a block; one that cannot be understood is skipped.
    pub(super) fn open(&mut self, name: &str, given: &str, value: &str, origin: &Origin) {
        let test = test(name, value);
        if let (Test::Times(_), Number::Digits(times)) = (&test, number(value)) {
            let message = format!("expected a number, found {value:?}: {times} is used");
            self.warn(origin, given, message);
            self.by(rule::TRAILING_TEXT);
        }
        let code = if matches!(test, Test::Lines(_)) { rule::INCLUDE } else { rule::BLOCK };
        self.block = Some(self.block_of(test).unwrap_or_else(|why| {
            self.fail(origin, given, why);
            self.by(code);
            Block::Skip
        }));
    }

    fn block_of(&mut self, test: Test<'_>) -> Result<Block, String> {
        let (items, secret) = match test {
            Test::Words(words) => {
                let words = words.split(' ').filter(|word| !word.is_empty());
                (words.take(ITEMS_MAX + 1).map(str::to_owned).collect(), false)
            }
            Test::Times(number) => (times(number), false),
            Test::Glob(pattern) => (self.paths(pattern)?, false),
            Test::Lines(path) => {
                let found = self.text(path, self.elsewhere)?;
                (found.lines().take(ITEMS_MAX + 1).map(str::to_owned).collect(), true)
            }
            Test::Plain { kind, argument, wanted } => {
                let secret = kind == Condition::Environment;
                return holds(kind, argument, self).map(|answer| answer.block(wanted, secret));
            }
        };
        let items: Vec<String> = items;
        if items.len() > ITEMS_MAX {
            return Err(format!("more than {ITEMS_MAX} items"));
        }
        Ok(Block::Each { items, secret })
    }

    /// What a pattern matches; as in a shell, the pattern itself when that is nothing.
    fn paths(&mut self, pattern: &str) -> Result<Vec<String>, String> {
        let directory = &self.world.directory;
        self.guided = true;
        let found = glob::expand(pattern, directory, &mut self.looks);
        let found = found.map_err(|error| error.to_string())?;
        if found.is_empty() {
            return Ok(vec![pattern.to_owned()]);
        }
        let marked = found.iter().map(|path| {
            let mark = if directory.join(path).is_dir() { "/" } else { "" };
            format!("{}{mark}", path.display())
        });
        Ok(marked.collect())
    }
}

/// The numbers from one to what C's `atoi` makes of a text, and not many more than there may be.
fn times(text: &str) -> Vec<String> {
    let last = match number(text) {
        Number::Whole(times) | Number::Digits(times) => {
            usize::try_from(times).unwrap_or(usize::MAX)
        }
        Number::Word | Number::Negative => 0,
        Number::TooLarge => usize::MAX,
    };
    (1..=last.min(ITEMS_MAX + 1)).map(|number| number.to_string()).collect()
}

/// Whether a condition holds in this world and after what was read so far.
pub(super) fn holds(
    kind: Condition,
    argument: &str,
    loader: &mut Loader<'_>,
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
        Condition::HostNameMatch => about(matches(argument, loader)?),
        Condition::Exists => about(path.exists()),
        Condition::File => about(Path::is_file(&path)),
        Condition::Directory => about(Path::is_dir(&path)),
        Condition::Plugin => about(super::plugin::provided(argument)),
    })
}

/// Whether a regular expression is found in a text.
fn matches(pattern: &str, loader: &mut Loader<'_>) -> Result<bool, String> {
    if pattern.len() > PATTERN_MAX {
        return Err(format!("a regular expression of more than {PATTERN_MAX} bytes"));
    }
    loader.patterns += 1;
    if loader.patterns > PATTERNS_MAX {
        return Err(format!("more than {PATTERNS_MAX} regular expressions"));
    }
    // names of hosts have no letters that only Unicode knows, whose classes are large
    let built = RegexBuilder::new(pattern).unicode(false).size_limit(EXPRESSION_MAX).build();
    let host = loader.world.host.as_bytes();
    built.map(|expression| expression.is_match(host)).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "this regular expression is too large".to_owned(),
        _ => "this is no regular expression".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{none, one, settled};

    #[test]
    fn opening_lines_are_understood() {
        assert_eq!(test("for", "a  b"), Test::Words("a  b"));
        assert_eq!(test("for-times", "2"), Test::Times("2"));
        let env = |wanted| Test::Plain { kind: Condition::Environment, argument: "A=1", wanted };
        assert_eq!(test("if-env", "A=1"), env(true));
        assert_eq!(test("if-not-env", "A=1"), env(false));
    }
    #[test]
    fn a_loop_counts_as_atoi_does() {
        for (text, expected) in
            [("3", 3), (" 3x", 3), ("+2", 2), ("x", 0), ("-1", 0), ("", 0), ("4096", 4096)]
        {
            assert_eq!(times(text).len(), expected, "{text}");
        }
        let (_, reading) = settled("for-times = 2x\nenv = A%(_)=1\nendfor\n");
        assert_eq!(reading.directives.all("env").count(), 2);
        assert!(reading.findings[0].to_string().contains("2 is used"), "{reading:?}");
    }

    #[test]
    fn a_loop_that_is_too_long_is_an_error() {
        let lines = "x\n".repeat(ITEMS_MAX + 1);
        let words = "x ".repeat(ITEMS_MAX + 1);
        for line in
            ["for-times = 4097", "for-times = 99999999999999999999", &format!("for = {words}")]
        {
            let finding = one(&format!("{line}\nenv = A%(_)=1\nendfor\n"), rule::BLOCK);
            assert!(finding.is_error() && finding.message == "more than 4096 items", "{finding}");
        }
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("lines");
        std::fs::write(&file, &lines).unwrap();
        let line = format!("for-readline = {}\nendfor\n", file.display());
        assert_eq!(one(&line, rule::INCLUDE).message, "more than 4096 items");
        std::fs::write(&file, &lines[2..]).unwrap();
        none(&line);
    }
    #[test]
    fn expressions_have_a_size_and_a_number() {
        let lines =
            |pattern: &str, times| format!("if-hostname-match = {pattern}\nendif\n").repeat(times);
        none(&lines("^h.*t$", PATTERNS_MAX));
        let finding = one(&lines("^h.*t$", PATTERNS_MAX + 1), rule::BLOCK);
        assert!(finding.message.contains("more than 64"), "{finding}");
        let finding = one(&lines(&"h?".repeat(PATTERN_MAX), 1), rule::BLOCK);
        assert!(finding.message.contains("more than 1024 bytes"), "{finding}");
        let finding = one(&lines("((h{100}){100}){100}", 1), rule::BLOCK);
        assert!(finding.message.contains("too large"), "{finding}");
        let (_, reading) = settled(
            "if-hostname-match = ^HO(?-i)\nenv = A=1\nendif\nif-hostname-match = ^[h\u{e9}]?o\nenv = B=1\nendif\n",
        );
        assert!(reading.directives.last("env").is_none(), "{reading:?}");
    }
}
