//! Looks at the finished list for what is probably a mistake: unknown names, options that this
//! server does not have, values with comments or quotes in them.

use std::collections::HashSet;

use crate::finding::{Finding, Origin, Severity};
use crate::option::{self, Kind, Row, Tier};

use super::directive::truth;
use super::immediate;
use super::loader::{Entry, Loader, is_plain};
use super::plugin;

/// The most warnings that are shown one by one.
const WARNINGS_MAX: usize = 100;

/// Adds findings about the entries; `used` are the variables that some value names.
pub(super) fn review(loader: &mut Loader<'_>, used: &HashSet<String>) {
    let strict = loader
        .entries
        .iter()
        .rev()
        .find(|entry| option::find(&entry.given).is_some_and(|row| row.name == "strict"))
        .is_some_and(|entry| truth(&entry.value));
    let mut found = Vec::new();
    let mut told: HashSet<&str> = HashSet::new();
    for entry in &loader.entries {
        match option::find(&entry.given) {
            None if entry.how.placeholder || immediate::is_declared(loader, &entry.given) => {}
            None => {
                // what will not be shown needs no search for what was meant
                let near = (found.len() <= WARNINGS_MAX).then(|| option::near(&entry.given));
                let used = used.contains(&entry.given);
                found.extend(unknown(entry, strict, used, near.flatten()));
            }
            Some(row) => {
                if row.tier != Tier::Planned || told.insert(row.name) || guards(entry, row) {
                    found.extend(tier(entry, row));
                }
                found.extend(value(entry, row));
            }
        }
    }
    loader.findings.append(&mut found);
    limit(&mut loader.findings);
}

fn about(entry: &Entry, severity: Severity, message: &str) -> Finding {
    let option = is_plain(&entry.given).then_some(entry.given.as_str());
    Finding { severity, ..Finding::error(Some(entry.origin.clone()), option, message) }
}

/// What has to be said about an option that does not work here.
fn tier(entry: &Entry, row: &Row) -> Option<Finding> {
    Some(match row.tier {
        Tier::Works | Tier::Accepted => return None,
        Tier::Planned if guards(entry, row) => about(
            entry,
            Severity::Error,
            "not supported yet, and without it the application would be open to everybody",
        ),
        Tier::Planned if isolates(row.name) => about(
            entry,
            Severity::Warning,
            "known, not supported yet: ignored, so the vassal runs without this isolation",
        ),
        Tier::Planned => about(entry, Severity::Warning, "known, not supported yet: ignored"),
        Tier::Refused(reason) => about(entry, Severity::Error, &format!("refused: {reason}")),
    })
}

/// Whether a rule asks for a password.
fn guards(entry: &Entry, row: &Row) -> bool {
    row.name.contains("route") && entry.value.contains("basicauth")
}

/// Options that keep a vassal away from others.
fn isolates(name: &str) -> bool {
    const NAMES: &[&str] = &["unshare", "namespace", "jail", "pivot-root", "setns", "cgroup"];
    NAMES.iter().any(|start| name.starts_with(start))
}

fn unknown(entry: &Entry, strict: bool, used: bool, near: Option<&'static str>) -> Option<Finding> {
    let file = matches!(entry.origin, Origin::File { .. });
    let environment = matches!(entry.origin, Origin::Environment(_));
    // uWSGI under strict refuses variables too, unless they were set as placeholders
    if strict && !environment {
        let mut finding = about(entry, Severity::Error, "unknown option, and strict is set");
        finding.suggestion = near.map(str::to_owned);
        return Some(finding);
    }
    if used || (!file && near.is_none()) {
        return None;
    }
    let message = if entry.how.bare {
        "a line without = that is no option: ignored"
    } else if is_plain(&entry.given) {
        "unknown option: ignored (it is kept as a variable, which no value uses)"
    } else {
        "a line whose name is no option: ignored"
    };
    let mut finding = about(entry, Severity::Warning, message);
    if entry.how.bare && near.is_none() {
        // the whole line may be somebody's secret
        finding.option = None;
    }
    finding.suggestion = near.map(str::to_owned);
    Some(finding)
}

/// What looks wrong with the value of a known option.
fn value(entry: &Entry, row: &Row) -> Option<Finding> {
    let text = entry.value.as_str();
    match row.kind {
        Kind::Flag if !entry.how.bare && !is_truth(text) => Some(about(
            entry,
            Severity::Warning,
            &format!("expected true or false, found {text:?}: this means true"),
        )),
        _ if matches!(row.name, "plugins" | "need-plugins") => plugins(entry, row),
        Kind::Text | Kind::Special if is_verbatim(row) => verbatim(entry),
        _ => None,
    }
}

fn is_truth(text: &str) -> bool {
    const WORDS: [&str; 9] = ["", "true", "false", "on", "off", "yes", "no", "1", "0"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Options whose values have neither comments nor quotes in them by any intention.
fn is_verbatim(row: &Row) -> bool {
    row.tier == Tier::Works
        && (row.kind == Kind::Text
            || matches!(row.name, "socket" | "http" | "http-socket" | "uid" | "gid" | "pythonpath"))
}

fn verbatim(entry: &Entry) -> Option<Finding> {
    let text = entry.value.as_str();
    let comment = [" ;", " #", "\t;", "\t#"].iter().any(|mark| text.contains(mark));
    let quoted = text.len() > 1
        && ['"', '\''].iter().any(|mark| text.starts_with(*mark) && text.ends_with(*mark));
    let message = if comment {
        "there are no comments at the end of a line: everything after = is the value"
    } else if quoted {
        "quotes are a part of the value"
    } else {
        return None;
    };
    Some(about(entry, Severity::Warning, message))
}

fn plugins(entry: &Entry, row: &Row) -> Option<Finding> {
    let needed = row.name == "need-plugins";
    let missing: Vec<&str> = plugin::names(&entry.value)
        .filter(|name| if needed { !plugin::provided(name) } else { plugin::other_language(name) })
        .filter(|name| is_plain(name))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let severity = if needed { Severity::Error } else { Severity::Warning };
    Some(about(entry, severity, &format!("not provided by this server: {}", missing.join(", "))))
}

/// Keeps all errors and the first warnings; says how many were left out.
pub(super) fn limit(findings: &mut Vec<Finding>) {
    let mut warnings = 0_usize;
    let mut errors = 0_usize;
    findings.retain(|finding| {
        let count = if finding.is_error() { &mut errors } else { &mut warnings };
        *count += 1;
        *count <= WARNINGS_MAX
    });
    for (count, what) in [(errors, "errors"), (warnings, "warnings")] {
        if count > WARNINGS_MAX {
            let message = format!("{} more {what} are not shown", count - WARNINGS_MAX);
            findings.push(Finding::warning(None, None, message));
        }
    }
}
