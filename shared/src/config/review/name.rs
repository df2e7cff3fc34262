//! Names that are no option: typing mistakes, and variables that nobody uses.

use crate::finding::{Finding, Origin, Severity};
use crate::option::{self, Kind};
use crate::rule;

use super::super::loader::{Entry, is_plain};
use super::about;

/// What has to be said about an unknown name; `near` is the option that was probably meant.
pub(super) fn unknown(
    entry: &Entry,
    strict: bool,
    used: bool,
    near: Option<&'static str>,
) -> Option<Finding> {
    let file = matches!(entry.origin, Origin::File { .. });
    let environment = matches!(entry.origin, Origin::Environment(_));
    // uWSGI under strict refuses variables too, unless they were set as placeholders
    if strict && !environment {
        let message = "unknown option, and strict is set";
        let mut finding = about(entry, Severity::Error, rule::UNKNOWN_OPTION, message);
        finding.suggestion = near.map(str::to_owned);
        return Some(finding.uwsgi("exits with 1"));
    }
    if used || (!file && near.is_none()) {
        return None;
    }
    let (code, message) = if entry.how.bare {
        (rule::BARE_LINE, "a line without = that is no option: ignored")
    } else if is_plain(&entry.given) {
        let message = "unknown option: ignored (it is kept as a variable, which no value uses)";
        (rule::UNKNOWN_OPTION, message)
    } else {
        (rule::UNKNOWN_OPTION, "a line whose name is no option: ignored")
    };
    let mut finding = about(entry, Severity::Warning, code, message).uwsgi(silently(near));
    if entry.how.bare && near.is_none() {
        // the whole line may be somebody's secret
        finding.option = None;
    }
    finding.suggestion = near.map(str::to_owned);
    Some(finding)
}

/// What comes of a line that uWSGI takes for a variable when an option was meant.
fn silently(near: Option<&str>) -> String {
    let Some(row) = near.and_then(option::find) else {
        return "takes the line for a variable and says nothing".into();
    };
    let effect = match row.name {
        "processes" => "one worker runs",
        "threads" => "each worker has one thread",
        "master" => "no master runs, and nobody replaces a worker that dies",
        "vacuum" => "sockets and pid file are left behind",
        "chmod-socket" => "the socket keeps the mode that the umask gives",
        "harakiri" => "requests run as long as they like",
        "uid" | "gid" => "nothing is given up",
        "pythonpath" => "the path is not searched",
        "home" => "no virtual environment is used",
        "chdir" => "the directory stays that of the start",
        "max-requests" => "workers are never replaced",
        "die-on-term" => "TERM reloads",
        "buffer-size" => "requests keep the limit of 4096 bytes",
        "module" | "wsgi-file" => "no application is loaded",
        "callable" => "the name \"application\" is looked for",
        "env" => "the application does not see it",
        "socket" | "http" | "http-socket" => "nothing listens there",
        "logto" | "daemonize" => "the log goes to standard error",
        name if row.kind == Kind::Flag => {
            return format!("ignores the line in silence: {name} is not switched on");
        }
        name => return format!("ignores the line in silence: {name} keeps its default"),
    };
    format!("ignores the line in silence: {effect}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::one;

    #[test]
    fn a_misspelt_option_says_what_happens_without_it() {
        let finding = one("process = 2\n", rule::UNKNOWN_OPTION);
        assert_eq!(finding.suggestion.as_deref(), Some("processes"));
        assert!(finding.uwsgi.unwrap().contains("one worker runs"));
        let finding = one("ignore_sigpipe = true\n", rule::UNKNOWN_OPTION);
        assert!(finding.uwsgi.unwrap().contains("ignore-sigpipe is not switched on"));
        let finding = one("colour = red\n", rule::UNKNOWN_OPTION);
        assert_eq!(finding.suggestion, None);
        let finding = one("just some words\n", rule::BARE_LINE);
        assert_eq!(finding.option, None);
    }

    #[test]
    fn under_strict_uwsgi_does_not_start() {
        let finding = one("strict = true\nproceses = 2\n", rule::UNKNOWN_OPTION);
        assert!(finding.is_error());
        assert_eq!(finding.uwsgi.as_deref(), Some("exits with 1"));
    }
}
