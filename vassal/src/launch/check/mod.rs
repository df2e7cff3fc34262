//! `vassal --check`: everything that is wrong with configurations, before anybody runs them.
//!
//! A check runs nothing, binds nothing, asks no other machine and needs no root. What a tenant
//! wrote is read by a process that has become the tenant, one for all files of an owner.

use std::ffi::OsString;
use std::io::{IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use shared::exit::Exit;
use shared::finding::{Finding, Origin, Severity};

/// The words of the command.
mod arguments;
/// Output for people.
mod human;
/// Output for programs.
mod json;
/// One file.
mod judge;
/// Reading as the owner.
mod reader;
/// Output for code review tools.
mod sarif;
/// Which files.
mod subject;

use arguments::Format;
use subject::Subject;

/// One file and what was found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The file, as it is shown.
    pub(crate) file: PathBuf,
    /// What was found, in the order of the file.
    pub(crate) findings: Vec<Finding>,
    /// Nothing could be said about it: there is no such file, for instance.
    pub(crate) unreadable: bool,
}

impl Checked {
    fn refused(&self) -> bool {
        self.findings.iter().any(Finding::is_error)
    }

    fn has(&self, severity: Severity) -> bool {
        self.findings.iter().any(|finding| finding.severity == severity)
    }
}

/// Runs the command.
pub fn check(args: &[OsString]) -> Exit {
    let mut wanted = match arguments::parse(args) {
        Ok(wanted) => wanted,
        Err(message) => return super::complain(format!("--check: {message}")),
    };
    let subjects = match subject::collect(&mut wanted) {
        Ok(subjects) => subjects,
        Err(error) => return super::complain(format!("standard input: {error}")),
    };
    let mut results = reader::read(&subjects, &wanted);
    let here = std::env::current_dir().unwrap_or_default();
    for (checked, subject) in results.iter_mut().zip(&subjects) {
        rename(checked, subject, &here);
        sort(&mut checked.findings, &checked.file);
    }
    let text = match wanted.format {
        Format::Human => human::text(&results, human::colours(stdout().is_terminal())),
        Format::Json => json::text(&results),
        Format::Sarif => sarif::text(&results, &here),
    };
    // a reader that went away has seen enough
    let _ = stdout().write_all(text.as_bytes());
    exit(&results, wanted.strict)
}

/// The exit code: what could not be checked weighs most.
fn exit(results: &[Checked], strict: bool) -> Exit {
    let warned = |one: &Checked| strict && one.has(Severity::Warning);
    if results.iter().any(|one| one.unreadable) {
        Exit::Failure
    } else if results.iter().any(|one| one.refused() || warned(one)) {
        Exit::Invalid
    } else {
        Exit::Success
    }
}

/// Shows paths as the caller named them: relative where the caller's was.
fn rename(checked: &mut Checked, subject: &Subject, here: &Path) {
    for finding in &mut checked.findings {
        let Some(Origin::File { path, .. }) = &mut finding.origin else { continue };
        if **path == *subject.path {
            *path = subject.shown.as_path().into();
        } else if subject.shown.is_relative()
            && let Ok(inside) = path.strip_prefix(here)
        {
            *path = inside.into();
        }
    }
}

/// By place: the file itself first, then what it includes, then what has no place.
fn sort(findings: &mut [Finding], main: &Path) {
    findings.sort_by(|one, other| {
        let key = |finding: &Finding| match &finding.origin {
            Some(Origin::File { path, .. }) if **path == *main => (0, None),
            Some(Origin::File { path, .. }) => (1, Some(path.clone())),
            Some(_) => (2, None),
            None => (3, None),
        };
        let place = |finding: &Finding| finding.place().unwrap_or_default();
        (key(one), place(one), other.severity).cmp(&(key(other), place(other), one.severity))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(findings: Vec<Finding>) -> Checked {
        Checked { file: "a.ini".into(), findings, unreadable: false }
    }

    #[test]
    fn the_exit_code_is_that_of_the_worst_file() {
        let clean = checked(vec![Finding::note(None, None, "x")]);
        let warned = checked(vec![Finding::warning(None, None, "x")]);
        let refused = checked(vec![Finding::error(None, None, "x")]);
        let lost = Checked { unreadable: true, ..refused.clone() };
        assert_eq!(exit(std::slice::from_ref(&clean), true), Exit::Success);
        assert_eq!(exit(&[clean.clone(), warned.clone()], false), Exit::Success);
        assert_eq!(exit(&[clean, warned], true), Exit::Invalid);
        assert_eq!(exit(std::slice::from_ref(&refused), false), Exit::Invalid);
        assert_eq!(exit(&[refused, lost], false), Exit::Failure);
    }

    #[test]
    fn findings_are_shown_in_the_order_of_the_file() {
        let at = |path: &str, line| {
            let origin = Origin::File { path: Path::new(path).into(), line, column: 1, value: 0 };
            Finding::warning(Some(origin), None, "x")
        };
        let mut list = vec![
            Finding::error(None, None, "whole"),
            at("b.ini", 1),
            at("a.ini", 9),
            at("a.ini", 2),
        ];
        sort(&mut list, Path::new("a.ini"));
        let got: Vec<String> = list.iter().map(ToString::to_string).collect();
        assert_eq!(got, ["a.ini:2: x", "a.ini:9: x", "b.ini:1: x", "whole"]);
    }
}
