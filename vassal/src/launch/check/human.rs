//! Findings for people: one line for what is wrong, indented lines for what to do about it.

use std::fmt::Write;

use shared::finding::{Finding, Origin, Severity};

use super::Checked;

/// Whether to colour: on a terminal, unless somebody asked for none.
pub(super) fn colours(terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// All findings, and a line that sums them up.
pub(super) fn text(results: &[Checked], colours: bool) -> String {
    let mut out = String::new();
    for checked in results {
        for finding in &checked.findings {
            one(&mut out, checked, finding, colours);
        }
    }
    out.push_str(&summary(results));
    out
}

fn one(out: &mut String, checked: &Checked, finding: &Finding, colours: bool) {
    let place = match (&finding.origin, finding.place()) {
        (Some(Origin::File { path, .. }), Some((line, column))) => {
            format!("{}:{line}:{column}: ", path.display())
        }
        (Some(origin), _) => format!("{origin}: "),
        (None, _) => format!("{}: ", checked.file.display()),
    };
    let (on, off) = match (colours, finding.severity) {
        (false, _) => ("", ""),
        (true, Severity::Error) => ("\x1b[1;31m", "\x1b[0m"),
        (true, Severity::Warning) => ("\x1b[1;33m", "\x1b[0m"),
        (true, Severity::Note) => ("\x1b[1;36m", "\x1b[0m"),
    };
    let option =
        finding.option.as_ref().map_or_else(String::new, |name| format!("{}: ", clean(name)));
    let severity = finding.severity.as_str();
    let (place, message) = (clean(&place), clean(&finding.message));
    let _ =
        writeln!(out, "{place}{on}{severity}{off}: {option}{message} [{}]", clean(&finding.code));
    if let Some(near) = &finding.suggestion {
        let _ = writeln!(out, "    did you mean \"{}\"?", clean(near));
    }
    if let Some(uwsgi) = &finding.uwsgi {
        let _ = writeln!(out, "    uWSGI: {}", clean(uwsgi));
    }
}

/// Without control characters: what tenants write reaches a terminal here.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn summary(results: &[Checked]) -> String {
    let count = |severity| {
        results.iter().flat_map(|one| &one.findings).filter(|one| one.severity == severity).count()
    };
    let many = |number: usize, what: &str| {
        format!("{number} {what}{}", if number == 1 { "" } else { "s" })
    };
    let refused = results.iter().filter(|one| one.refused() && !one.unreadable).count();
    let lost = results.iter().filter(|one| one.unreadable).count();
    let mut text = many(results.len(), "file");
    text.push_str(" checked: ");
    if refused > 0 {
        let _ = write!(text, "{refused} would be refused, ");
    }
    if lost > 0 {
        let _ = write!(text, "{lost} could not be checked, ");
    }
    let counts = [
        many(count(Severity::Error), "error"),
        many(count(Severity::Warning), "warning"),
        many(count(Severity::Note), "note"),
    ];
    text + &counts.join(", ") + "\n"
}

#[cfg(test)]
mod tests {
    use shared::rule;

    use super::*;

    #[test]
    fn a_finding_says_where_what_and_what_else() {
        let path = std::path::Path::new("si\x1btes/a.ini").into();
        let origin = Origin::File { path, line: 8, column: 1, value: 11 };
        let finding = Finding::warning(Some(origin), Some("process"), "unknown option")
            .rule(rule::UNKNOWN_OPTION)
            .meant("processes")
            .uwsgi("one worker runs");
        let checked = Checked { file: "a.ini".into(), findings: vec![finding], unreadable: false };
        let said = text(std::slice::from_ref(&checked), false);
        assert_eq!(
            said,
            "si\u{fffd}tes/a.ini:8:1: warning: process: unknown option [unknown-option]\n    \
             did you mean \"processes\"?\n    uWSGI: one worker runs\n\
             1 file checked: 0 errors, 1 warning, 0 notes\n"
        );
        assert!(text(&[checked], true).contains("\x1b[1;33mwarning\x1b[0m"));
    }
}
