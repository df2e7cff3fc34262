//! The ordered list of options that every source ends in.
//!
//! Scalars take the last entry of a name, lists take all; which of them it is, the caller says
//! by the accessor that it uses.

use std::path::PathBuf;
use std::time::Duration;

use crate::finding::{Finding, Origin};

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
}

/// Directives in the order in which they are applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    list: Vec<Directive>,
}

impl Directives {
    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Directive> {
        self.list.iter()
    }

    /// The last one of a name.
    pub fn last(&self, name: &str) -> Option<&Directive> {
        self.list.iter().rev().find(|one| one.key == name)
    }

    /// All of a name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Directive> {
        self.list.iter().filter(move |one| one.key == name)
    }

    /// A flag: true unless it says false, off, no or 0. `None` when it was not given.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.last(name).map(|one| truth(&one.value))
    }

    /// A number that is not negative. What follows the digits is ignored with a warning.
    pub fn integer(&self, name: &str, findings: &mut Vec<Finding>) -> Option<u64> {
        let one = self.last(name)?;
        match number(&one.value) {
            Number::Whole(value) => Some(value),
            Number::Junk(value) => {
                findings.push(Finding::warning(
                    Some(one.origin.clone()),
                    Some(&one.given),
                    format!("expected a number, found {:?}: {value} is used", one.value),
                ));
                Some(value)
            }
            Number::Negative | Number::TooLarge => {
                findings.push(Finding::error(
                    Some(one.origin.clone()),
                    Some(&one.given),
                    format!("expected a number that is not negative, found {:?}", one.value),
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

    /// Adds one at the end.
    pub fn push(&mut self, directive: Directive) {
        self.list.push(directive);
    }
}

impl<'a> IntoIterator for &'a Directives {
    type Item = &'a Directive;
    type IntoIter = std::slice::Iter<'a, Directive>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// uWSGI's truth: everything but these four words (in any case) is true.
pub(super) fn truth(value: &str) -> bool {
    !["false", "off", "no", "0"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// What C's `atoi` makes of a text, and whether it had to overlook something.
enum Number {
    Whole(u64),
    Junk(u64),
    Negative,
    TooLarge,
}

fn number(text: &str) -> Number {
    let trimmed = text.trim();
    let (negative, digits) = match trimmed.as_bytes().first() {
        Some(b'-') => (true, &trimmed[1..]),
        Some(b'+') => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    let end = digits.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let value = if end == 0 { Ok(0) } else { digits[..end].parse::<u64>() };
    match value {
        Err(_) => Number::TooLarge,
        Ok(value) if negative && value > 0 => Number::Negative,
        Ok(value) if end == 0 || end < digits.len() => Number::Junk(value),
        Ok(value) => Number::Whole(value),
    }
}
