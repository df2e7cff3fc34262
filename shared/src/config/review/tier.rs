//! Options that this server does not have, and plugins that it does not provide.

use crate::finding::{Finding, Severity};
use crate::option::{Line, Row, Tier};
use crate::rule;

use super::super::directive::told;
use super::super::loader::{Entry, is_plain};
use super::super::plugin;
use super::about;

/// What has to be said about an option that does not work here.
pub(super) fn tier(entry: &Entry, row: &Row) -> Option<Finding> {
    let planned = |severity, message: &str| {
        let finding = about(entry, severity, rule::UNSUPPORTED_OPTION, message);
        match row.line {
            Line::Released | Line::Own => finding,
            Line::Since(version) => finding
                .uwsgi(format!("knows it from {version} on; before that it ignores the line")),
            Line::Development => {
                finding.uwsgi("does not know it in any release, and ignores the line in silence")
            }
        }
    };
    Some(match row.tier {
        Tier::Works | Tier::Accepted => return None,
        Tier::Planned if guards(entry, row) => planned(
            Severity::Error,
            "not supported yet, and without it the application would be open to everybody",
        ),
        Tier::Planned if isolates(row.name) => planned(
            Severity::Warning,
            "known, not supported yet: ignored, so the vassal runs without this isolation",
        ),
        Tier::Planned => planned(Severity::Warning, "known, not supported yet: ignored"),
        Tier::Refused(reason) if row.harmless => {
            let message = format!("ignored: {reason}");
            about(entry, Severity::Warning, rule::REFUSED_OPTION, &message)
        }
        Tier::Refused(reason) => {
            let message = format!("refused: {reason}");
            about(entry, Severity::Error, rule::REFUSED_OPTION, &message)
        }
    })
}

/// Whether a rule asks for a password.
pub(super) fn guards(entry: &Entry, row: &Row) -> bool {
    row.name.contains("route") && entry.value.contains("basicauth")
}

/// Options that keep a vassal away from others.
fn isolates(name: &str) -> bool {
    const NAMES: &[&str] = &["unshare", "namespace", "jail", "pivot-root", "setns", "cgroup"];
    NAMES.iter().any(|start| name.starts_with(start))
}

/// Plugins by their names: what is not provided, and Python 2, which Python 3 stands in for.
pub(super) fn plugins(entry: &Entry, row: &Row) -> Option<Finding> {
    let needed = row.name == "need-plugins";
    let missing: Vec<&str> = plugin::names(&entry.value)
        .filter(|name| if needed { !plugin::provided(name) } else { plugin::other_language(name) })
        .filter(|name| is_plain(name))
        .collect();
    if !missing.is_empty() {
        let severity = if needed { Severity::Error } else { Severity::Warning };
        let message = format!("not provided by this server: {}", missing.join(", "));
        let message = told(entry.how.secret, message);
        let finding = about(entry, severity, rule::PLUGIN, &message).of_value();
        return Some(finding.uwsgi(if needed {
            "exits with 1 where the plugin is not installed"
        } else {
            "logs a plugin that is not installed, and goes on without it"
        }));
    }
    let two = plugin::names(&entry.value).find(|name| name.starts_with("python2"))?;
    let message = format!("{two}: there is no Python 2, the application runs under Python 3");
    let message =
        if is_plain(two) && !entry.how.secret { message.as_str() } else { "there is no Python 2" };
    Some(about(entry, Severity::Warning, rule::PLUGIN, message).of_value())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{none, one};

    #[test]
    fn what_is_not_provided_is_named() {
        assert!(one("plugins = 0:php\n", rule::PLUGIN).message.contains("php"));
        assert!(one("plugins = python27\n", rule::PLUGIN).message.contains("Python 2"));
        assert!(one("need-plugins = nothing\n", rule::PLUGIN).is_error());
        none("plugins = python3,http,logfile\n");
    }
}
