//! Directives to typed settings: the one place where text becomes paths, addresses, users,
//! durations and modes. Every mistake is found, not only the first.

use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::settings::Settings;

use super::directive::{Directive, Directives, Number, number};
use super::{Reading, review};

mod address;
mod launch;
mod serve;
mod value;

pub use address::parse as parse_address;

/// Turns what was read into typed settings; mistakes in values are added to the findings.
pub fn settings(reading: &mut Reading, name: &str) -> Settings {
    let mut findings = Vec::new();
    let mut given = Given {
        directives: &reading.directives,
        directory: &reading.directory,
        findings: &mut findings,
    };
    let launch = launch::read(&mut given);
    let serve = serve::read(&mut given, name, &launch);
    review::limit(&mut findings);
    reading.findings.append(&mut findings);
    Settings { launch, serve }
}

/// What the functions below read from and report to.
struct Given<'a> {
    directives: &'a Directives,
    directory: &'a Path,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Given<'a> {
    fn last(&self, name: &str) -> Option<&'a Directive> {
        self.directives.last(name)
    }

    fn flag(&self, name: &str) -> bool {
        self.directives.flag(name).unwrap_or(false)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.last(name).map(|one| one.value.clone()).filter(|value| !value.is_empty())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.directives.path(name)
    }

    fn error(&mut self, about: &Directive, message: impl Into<String>) {
        let origin = Some(about.origin.clone());
        let mut message = message.into();
        if about.value.contains("$(") {
            message.push_str("; $(NAME) stays as it is when NAME is not in the environment");
        } else if about.value.contains("${") {
            message.push_str("; ${NAME} is not expanded: write $(NAME)");
        }
        self.findings.push(Finding::error(origin, Some(&about.given), message));
    }

    fn warning(&mut self, about: &Directive, message: impl Into<String>) {
        let origin = Some(about.origin.clone());
        self.findings.push(Finding::warning(origin, Some(&about.given), message));
    }

    /// The value of the last directive of a name, as `read` understands it.
    fn parsed<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let one = self.last(name)?;
        read(&one.value).map_err(|message| self.error(one, message)).ok()
    }

    /// A number by uWSGI's rules: junk behind the digits is overlooked with a warning, a word
    /// that would mean yes or no counts as 0 with a warning, other text is an error.
    fn number(&mut self, name: &str, most: u64, what: &str) -> Option<u64> {
        let one = self.last(name)?;
        let found = &one.value;
        match number(found) {
            Number::Whole(value) if value <= most => Some(value),
            Number::Digits(value) if value <= most => {
                self.warning(one, format!("expected {what}, found {found:?}: {value} is used"));
                Some(value)
            }
            Number::Word if is_word(found) => {
                self.warning(one, format!("expected {what}, found {found:?}: this means 0"));
                Some(0)
            }
            Number::Whole(_) | Number::Digits(_) | Number::TooLarge => {
                self.error(one, format!("expected {what}, at most {most}, found {found:?}"));
                None
            }
            Number::Word | Number::Negative => {
                self.error(one, format!("expected {what}, found {found:?}"));
                None
            }
        }
    }
}

/// Words that real files give where a number belongs; uWSGI reads them as 0.
fn is_word(text: &str) -> bool {
    ["", "true", "false", "yes", "no", "on", "off"].iter().any(|w| text.eq_ignore_ascii_case(w))
}
