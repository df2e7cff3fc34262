//! Directives to typed settings: the one place where text becomes paths, addresses, users,
//! durations and modes. Every mistake is found, not only the first.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::option;
use crate::rule;
use crate::settings::{Hook, Settings};

use super::Reading;
use super::directive::{Directive, Directives, Number, number};
use super::review::{self, Junk};

mod address;
mod content;
mod hook;
mod isolation;
mod launch;
mod logs;
mod protocols;
mod python;
mod serve;
mod socket;
mod stuck;
mod supervision;
mod surroundings;
mod tls;
mod value;

pub(super) use address::parse;
pub(super) use tls::address as address_part;

/// Whether host names in addresses are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// They are: the server is about to bind them.
    LookedUp,
    /// A check asks nobody: each stands for an address of its own that nobody can reach.
    Assumed,
}

/// Turns what was read into typed settings; mistakes in values are added to the findings.
pub fn settings(reading: &mut Reading, name: &str) -> Settings {
    settings_with(reading, name, Hosts::LookedUp)
}

/// The same, where the caller says what becomes of host names.
pub fn settings_with(reading: &mut Reading, name: &str, hosts: Hosts) -> Settings {
    let mut findings = Vec::new();
    let mut given = Given {
        directives: &reading.directives,
        directory: &reading.directory,
        hosts,
        findings: &mut findings,
    };
    let (launchers, others) =
        hook::read(&mut given).into_iter().partition(|one| one.phase.is_launch());
    let launch = launch::read(&mut given, launchers);
    let serve = serve::read(&mut given, name, &launch, others);
    review::limit(&mut findings);
    reading.findings.append(&mut findings);
    Settings { launch, serve }
}

/// The hooks of an Emperor's own configuration (`hook-as-vassal`, `hook-as-emperor` and their
/// relatives); mistakes in them are added to the findings.
pub fn hooks_of_emperor(reading: &mut Reading) -> Vec<Hook> {
    let mut findings = Vec::new();
    let hooks = hook::of_emperor(&mut Given {
        directives: &reading.directives,
        directory: &reading.directory,
        hosts: Hosts::LookedUp,
        findings: &mut findings,
    });
    review::limit(&mut findings);
    reading.findings.append(&mut findings);
    hooks
}

/// What the functions below read from and report to.
struct Given<'a> {
    directives: &'a Directives,
    directory: &'a Path,
    hosts: Hosts,
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

    fn error(&mut self, about: &Directive, message: impl Into<Cow<'static, str>>) {
        self.error_by(about, rule::INVALID_VALUE, message);
    }

    /// An error about a value. Text that somebody should have replaced is the likelier reason
    /// for a value that cannot be read.
    fn error_by(
        &mut self,
        about: &Directive,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) {
        let text = about.value.as_str();
        if !is_frozen(about) && text.find("@(").is_some_and(|at| text[at..].contains(')')) {
            // what it names could not be read, or a check does not run it: that was said
            return;
        }
        let (code, hint) = match text {
            _ if is_frozen(about) => (rule::IMMEDIATE_VALUE, FROZEN),
            text if text.contains("{{") || text.contains("{%") => {
                (rule::TEMPLATE, "; a template has to be filled in first")
            }
            text if text.contains("$(") => (
                rule::UNSET_VARIABLE,
                "; $(NAME) stays as it is when NAME is not in the environment",
            ),
            text if text.contains("${") && !about.key.contains("route") => {
                (rule::SHELL_SYNTAX, "; ${NAME} is not expanded: write $(NAME)")
            }
            text if text.contains("%(") => {
                (rule::UNDEFINED_PLACEHOLDER, "; %(NAME) stays as it is when nothing defines NAME")
            }
            _ => (code, ""),
        };
        let message = about.told(message) + hint;
        let finding = Finding::error(Some(about.origin.clone()), Some(&about.given), message);
        self.findings.push(finding.rule(code).of_value());
    }

    fn warning(
        &mut self,
        about: &Directive,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) {
        let message = about.told(message);
        let finding = Finding::warning(Some(about.origin.clone()), Some(&about.given), message);
        self.findings.push(finding.rule(code).of_value());
    }

    /// The last finding also says what uWSGI does.
    fn uwsgi(&mut self, what: impl Into<String>) {
        if let Some(finding) = self.findings.last_mut() {
            *finding = finding.clone().uwsgi(what);
        }
    }

    /// The value of the last directive of a name, as `read` understands it; with an error goes
    /// what uWSGI does about it.
    fn parsed<T>(
        &mut self,
        name: &str,
        uwsgi: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let one = self.last(name)?;
        match read(&one.value) {
            Ok(value) => Some(value),
            Err(message) => {
                self.error(one, message);
                self.uwsgi(uwsgi);
                None
            }
        }
    }

    /// A number by uWSGI's rules: junk behind the digits is overlooked with a warning, a word
    /// that would mean yes or no counts as 0 with a warning, other text is an error.
    fn number(&mut self, name: &str, most: u64, what: &str) -> Option<u64> {
        let one = self.last(name)?;
        let found = &one.value;
        match number(found) {
            Number::Whole(value) if value <= most => Some(value),
            Number::Digits(value) if value <= most => {
                let code = match review::junk(found) {
                    Junk::Comment => rule::TRAILING_COMMENT,
                    Junk::Text => rule::TRAILING_TEXT,
                };
                let whole = in_full(found, value, what)
                    .map_or_else(String::new, |meant| format!("; write {meant} if you mean that"));
                let message = format!("expected {what}, found {found:?}: {value} is used{whole}");
                self.warning(one, code, message);
                self.uwsgi(one.digits(value));
                Some(value)
            }
            Number::Word if is_frozen(one) => {
                let message = format!("expected {what}, found {found:?}: this means 0{FROZEN}");
                self.warning(one, rule::IMMEDIATE_VALUE, message);
                self.uwsgi(zero(name));
                Some(0)
            }
            Number::Word if is_word(found) => {
                let message = format!("expected {what}, found {found:?}: this means 0");
                self.warning(one, rule::WORD_FOR_NUMBER, message);
                self.uwsgi(zero(name));
                Some(0)
            }
            Number::Whole(_) | Number::Digits(_) | Number::TooLarge => {
                self.error(one, format!("expected {what}, at most {most}, found {found:?}"));
                None
            }
            Number::Word => {
                self.error(one, format!("expected {what}, found {found:?}"));
                self.uwsgi(zero(name));
                None
            }
            Number::Negative => {
                self.error(one, format!("expected {what}, found {found:?}"));
                self.uwsgi("exits with 1");
                None
            }
        }
    }
}

/// Why a placeholder is still there.
const FROZEN: &str = "; nothing is replaced in this option: it acts while the file is read";

/// Whether a value has something to replace that is never replaced.
pub(super) fn is_frozen(one: &Directive) -> bool {
    let acts = option::find(&one.given).is_some_and(|row| row.immediate);
    acts && ["%(", "$(", "@("].iter().any(|mark| one.value.contains(mark))
}

/// What uWSGI does when it reads a word as 0.
fn zero(name: &str) -> &'static str {
    match name {
        "processes" => "reads 0: with a master no worker runs, and nobody answers",
        "listen" => "reads 0 as the length of the queue",
        "harakiri"
        | "max-requests"
        | "post-buffering"
        | "limit-post"
        | "cheaper"
        | "idle"
        | "max-worker-lifetime"
        | "reload-on-rss"
        | "reload-on-as" => "reads 0, which is off",
        _ => "reads 0",
    }
}

/// The number that a text with a unit means.
pub(super) fn in_full(text: &str, value: u64, what: &str) -> Option<u64> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || " \t+".contains(c));
    let unit = unit.trim_end().to_ascii_lowercase();
    let factor = match unit.as_str() {
        "m" | "min" | "minutes" if what == "seconds" => 60,
        "h" | "hours" if what == "seconds" => 3600,
        "g" | "gb" | "gib" if what == "a number of mebibytes" => 1 << 10,
        _ if what == "seconds" || what == "a number of mebibytes" => return None,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return None,
    };
    value.checked_mul(factor)
}

/// Words that real files give where a number belongs; uWSGI reads them as 0.
pub(super) fn is_word(text: &str) -> bool {
    ["", "true", "false", "yes", "no", "on", "off"].iter().any(|w| text.eq_ignore_ascii_case(w))
}

/// The option that a name in any of its spellings means.
pub(super) fn primary(name: &str) -> &str {
    option::find(name).map_or(name, |row| row.name)
}

/// Whether a text that an option may take is only a word for "yes": the option as it is without
/// a text.
pub(super) fn is_yes(text: &str) -> bool {
    ["", "true", "yes", "on", "1"].iter().any(|word| text.eq_ignore_ascii_case(word))
}
