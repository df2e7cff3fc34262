//! The ordered list of options that every source ends in.
//!
//! Scalars take the last entry of a name, lists take all; which of them it is, the caller says
//! by the accessor that it uses.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use crate::finding::{Finding, Origin};

/// What a directive is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// It was written, and it counts.
    #[default]
    Both,
    /// It was written; something else was made of it.
    Shown,
    /// It was made of something else: it counts, but no value can name it.
    Effect,
}

/// One option or custom variable as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The option's primary name (aliases resolved), or the custom variable's name.
    pub key: String,
    /// The value, expanded.
    pub value: String,
    /// Where it was given.
    pub origin: Origin,
    /// The name as it was written.
    pub given: String,
    /// Whether it was written, has an effect, or both.
    pub part: Part,
    /// A part of the value came from a file or from the environment: no finding quotes it.
    pub secret: bool,
}

impl Directive {
    /// A message about the value. Text that was made for it may quote the value, so of a secret
    /// one only what was expected is said.
    pub fn told(&self, message: impl Into<Cow<'static, str>>) -> Cow<'static, str> {
        told(self.secret, message)
    }

    /// What uWSGI does with a number that has text behind it.
    pub(super) fn digits(&self, value: u64) -> String {
        let front = if self.secret { "the digits".to_owned() } else { value.to_string() };
        format!("reads {front} and overlooks the rest")
    }
}

/// The same for what is not a directive yet.
pub(super) fn told(secret: bool, message: impl Into<Cow<'static, str>>) -> Cow<'static, str> {
    match message.into() {
        Cow::Owned(text) if secret => match text.split_once(", found ") {
            // what is in quotes is a part of the value already
            Some((expected, _)) if !expected.contains('"') => {
                format!("{expected}, found a value from elsewhere, which is not shown").into()
            }
            Some(_) | None => "not what is expected here (a value from elsewhere, which is not \
                               shown)"
                .into(),
        },
        message @ (Cow::Owned(_) | Cow::Borrowed(_)) => message,
    }
}

/// Directives in the order in which they are applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    list: Vec<Directive>,
}

impl Directives {
    /// All that have an effect.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Directive> {
        self.list.iter().filter(|one| one.part != Part::Shown)
    }

    /// All as they were written.
    pub fn written(&self) -> impl Iterator<Item = &Directive> {
        self.list.iter().filter(|one| one.part != Part::Effect)
    }

    /// The last one of a name.
    pub fn last(&self, name: &str) -> Option<&Directive> {
        self.iter().rev().find(|one| one.key == name)
    }

    /// All of a name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Directive> {
        self.iter().filter(move |one| one.key == name)
    }

    /// A flag: true unless it says false, off, no or 0. `None` when it was not given.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.last(name).map(|one| truth(&one.value))
    }

    /// A number that is not negative. What follows the digits is ignored with a warning.
    pub fn integer(&self, name: &str, findings: &mut Vec<Finding>) -> Option<u64> {
        let one = self.last(name)?;
        let read = match number(&one.value) {
            Number::Word => Number::Digits(0),
            other => other,
        };
        match read {
            Number::Whole(value) => Some(value),
            Number::Digits(value) => {
                findings.push(Finding::warning(
                    Some(one.origin.clone()),
                    Some(&one.given),
                    one.told(format!("expected a number, found {:?}: {value} is used", one.value)),
                ));
                Some(value)
            }
            Number::Word | Number::Negative | Number::TooLarge => {
                findings.push(Finding::error(
                    Some(one.origin.clone()),
                    Some(&one.given),
                    one.told(format!(
                        "expected a number that is not negative, found {:?}",
                        one.value
                    )),
                ));
                None
            }
        }
    }

    /// A number of seconds.
    pub fn seconds(&self, name: &str, findings: &mut Vec<Finding>) -> Option<Duration> {
        self.integer(name, findings).map(Duration::from_secs)
    }

    /// A path, verbatim. Empty values count as not given.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.last(name).filter(|one| !one.value.is_empty()).map(|one| PathBuf::from(&one.value))
    }

    /// What `vassal-set` says, for [`VassalSource::sets`](super::VassalSource::sets).
    pub fn vassal_sets(&self) -> Vec<String> {
        let set = |one: &Directive| match one.part {
            // its magic variables are the vassal's
            Part::Effect => one.value.clone(),
            Part::Both | Part::Shown => one.value.replace('%', "%%").replace("%%(", "%("),
        };
        self.all("vassal-set").map(set).collect()
    }

    /// Adds one at the end.
    pub fn push(&mut self, directive: Directive) {
        self.list.push(directive);
    }
}

/// uWSGI's truth: everything but these four words (in any case) is true.
pub(super) fn truth(value: &str) -> bool {
    !["false", "off", "no", "0"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// What C's `atoi` makes of a text, and whether it had to overlook something.
pub(super) enum Number {
    /// Digits and nothing else.
    Whole(u64),
    /// Digits, and something behind them.
    Digits(u64),
    /// No digits at all: 0 for `atoi`.
    Word,
    /// Below zero.
    Negative,
    /// More than 64 bits hold.
    TooLarge,
}

/// Reads a number as `atoi` does.
pub(super) fn number(text: &str) -> Number {
    let trimmed = text.trim();
    let (negative, digits) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let end = digits.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    if end == 0 {
        return Number::Word;
    }
    match digits[..end].parse::<u64>() {
        Err(_) => Number::TooLarge,
        Ok(value) if negative && value > 0 => Number::Negative,
        Ok(value) if end < digits.len() => Number::Digits(value),
        Ok(value) => Number::Whole(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directives(value: &str) -> Directives {
        let mut list = Directives::default();
        list.push(Directive {
            key: "harakiri".into(),
            value: value.into(),
            origin: Origin::CommandLine,
            given: "harakiri".into(),
            part: Part::Both,
            secret: false,
        });
        list
    }

    #[test]
    fn everything_but_four_words_is_true() {
        for text in ["", "true", "True", "yes", "1", "disabled", "false ; x", "00"] {
            assert!(truth(text), "{text:?}");
        }
        for text in ["false", "FALSE", "off", "Off", "no", "0"] {
            assert!(!truth(text), "{text:?}");
        }
    }

    #[test]
    fn numbers_are_read_as_atoi_reads_them() {
        for (text, expected, findings) in [
            ("5", Some(5), 0),
            (" +5", Some(5), 0),
            ("5s", Some(5), 1),
            ("4 ; four", Some(4), 1),
            ("abc", Some(0), 1),
            ("", Some(0), 1),
            ("-0", Some(0), 0),
            ("-1", None, 1),
            ("99999999999999999999", None, 1),
        ] {
            let mut list = Vec::new();
            assert_eq!(directives(text).integer("harakiri", &mut list), expected, "{text}");
            assert_eq!(list.len(), findings, "{text}");
        }
    }

    #[test]
    fn the_last_one_of_a_name_counts() {
        let mut list = directives("1");
        list.push(Directive { value: "2".into(), ..list.list[0].clone() });
        let seconds = list.seconds("harakiri", &mut Vec::new());
        assert_eq!(seconds, Some(Duration::from_secs(2)));
        assert_eq!(list.all("harakiri").count(), 2);
        assert!(list.last("other").is_none());
    }
}
