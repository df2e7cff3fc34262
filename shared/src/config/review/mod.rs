//! Looks at the finished list for what is probably a mistake: unknown names, options that this
//! server does not have, values with comments or quotes in them.
//!
//! Each entry is looked at by itself. What is wrong between several of them, and what is only
//! advice, is the business of [`advice`](super::advice).

use std::collections::HashSet;

use crate::finding::{Finding, Severity};
use crate::option::{self, Tier};
use crate::rule;

use super::directive::truth;
use super::immediate;
use super::loader::{Entry, Loader, is_plain};

mod name;
mod tier;
mod value;

pub(super) use value::{Junk, junk};

/// The most findings of a severity that are shown one by one.
const SHOWN_MAX: usize = 100;

/// How many names are compared with all options: of variables that may be for a file that
/// cannot be read nothing may be said.
const SEARCHES_MAX: usize = 1000;

/// Adds findings about the entries; `used` are the variables that some value names.
pub(super) fn review(loader: &mut Loader<'_>, used: &HashSet<String>) {
    // once said it holds, as in uWSGI
    let strict = loader.entries.iter().any(|entry| {
        let asks = option::find(&entry.given).is_some_and(|row| row.name == "strict");
        asks && truth(&entry.value)
    });
    let mut found = Vec::new();
    let mut told: HashSet<&str> = HashSet::new();
    // variables may be for a file that could not be read
    let lost = loader.findings.iter().any(|finding| finding.code == rule::INCLUDE);
    let mut statement = false;
    let mut searches = 0;
    for entry in &loader.entries {
        match option::find(&entry.given) {
            None if entry.how.placeholder || immediate::is_declared(loader, &entry.given) => {}
            // what remains of {% %} when the magic variables are gone
            None if entry.given.starts_with('{') => {
                found.extend((!statement).then(|| name::statement(entry, strict)));
                statement = true;
            }
            None => {
                let used = used.contains(&entry.given);
                // what will not be shown needs no search for what was meant
                let search =
                    found.len() <= SHOWN_MAX && searches < SEARCHES_MAX && (strict || !used);
                searches += usize::from(search);
                let near = search.then(|| name::meant(&entry.given)).flatten();
                let used = used || (lost && near.is_none());
                found.extend(name::unknown(entry, strict, used, near));
            }
            Some(row) => {
                if row.tier != Tier::Planned || told.insert(row.name) || tier::guards(entry, row) {
                    found.extend(tier::tier(entry, row));
                }
                found.extend(value::value(entry, row));
            }
        }
    }
    loader.findings.append(&mut found);
    limit(&mut loader.findings);
}

/// A finding about an entry. A name that may be a line of a secret is not shown.
fn about(entry: &Entry, severity: Severity, code: &'static str, message: &str) -> Finding {
    let option = is_plain(&entry.given).then_some(entry.given.as_str());
    Finding::new(severity, Some(entry.origin.clone()), option, message).rule(code)
}

/// Keeps the first findings of each severity; says how many were left out.
pub(super) fn limit(findings: &mut Vec<Finding>) {
    let mut counts = [(Severity::Error, 0_usize), (Severity::Warning, 0), (Severity::Note, 0)];
    findings.retain(|finding| {
        let count = counts.iter_mut().find(|(severity, _)| *severity == finding.severity);
        count.is_none_or(|(_, count)| {
            *count += 1;
            *count <= SHOWN_MAX
        })
    });
    for (severity, count) in counts {
        if count > SHOWN_MAX {
            let message =
                format!("{} more {}s are not shown", count - SHOWN_MAX, severity.as_str());
            let severity = severity.min(Severity::Warning);
            findings.push(Finding::new(severity, None, None, message).rule(rule::MORE));
        }
    }
}
