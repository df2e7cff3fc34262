//! Names that are no option: typing mistakes, and variables that nobody uses.

use crate::finding::{Finding, Origin, Severity};
use crate::option::{self, Kind, Tier};
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
        finding.option = finding.option.filter(|_| near.is_some() || !entry.how.included);
        return Some(finding.uwsgi("exits with 1"));
    }
    if used || (!file && near.is_none()) {
        return None;
    }
    if near.is_none() && !entry.how.bare && !entry.how.included && is_variable(&entry.given) {
        let message = "a variable that no value uses";
        return Some(about(entry, Severity::Note, rule::UNKNOWN_OPTION, message));
    }
    // two names for one value, as in the manual: workers/processes
    let either = || {
        let mut names = entry.given.split('/').filter(|_| entry.given.contains('/'));
        names.find_map(|name| option::find(name).and_then(|_| option::near(name)))
    };
    let near = near.or_else(either);
    if near.is_none() && entry.how.included && first_word(&entry.given).is_none() {
        // the file may be another program's, and each of its words a secret
        let message = "no option, and no value uses it: ignored";
        let mut finding = about(entry, Severity::Note, rule::UNKNOWN_OPTION, message);
        finding.option = None;
        return Some(finding);
    }
    let (code, message) = if entry.how.bare && first_word(&entry.given).is_none() {
        (rule::BARE_LINE, "a line without = that is no option: ignored")
    } else if is_plain(&entry.given) {
        let message = "unknown option: ignored (it is kept as a variable, which no value uses)";
        (rule::UNKNOWN_OPTION, message)
    } else if let Some(word) = first_word(&entry.given) {
        let message = format!("the = behind {word} is missing: ignored");
        let finding = about(entry, Severity::Warning, rule::UNKNOWN_OPTION, &message);
        return Some(finding.meant(format!("{word} = ")).uwsgi(silently(Some(word))));
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

/// The option that was probably meant: a similar one, or the only one that starts so and works.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    const LEAST: usize = 5;
    option::near(name).or_else(|| {
        let mut longer = option::starting_with(name)
            .into_iter()
            .filter(|row| name.len() >= LEAST && row.tier == Tier::Works);
        let row = longer.next().filter(|_| longer.next().is_none())?;
        row.names().find(|known| known.starts_with(name))
    })
}

/// Whether a name is more likely a variable than a mistyped option: no option has `_` in it.
fn is_variable(name: &str) -> bool {
    const USUAL: [&str; 6] = ["base", "domain", "name", "project", "root", "user"];
    is_plain(name) && (name.contains('_') || USUAL.contains(&name))
}

/// The option that a line starts with when its first `=` comes too late.
fn first_word(given: &str) -> Option<&'static str> {
    let (word, _) = given.split_once([' ', '\t', ':'])?;
    let row = option::find(word)?;
    row.names().find(|name| *name == word)
}

/// A statement of a template language: the file is not finished. Said once.
pub(super) fn statement(entry: &Entry, strict: bool) -> Finding {
    let severity = if strict { Severity::Error } else { Severity::Warning };
    let message = "a statement of a template: check the file that is made of it";
    let origin = Some(entry.origin.clone());
    Finding::new(severity, origin, None, message).rule(rule::TEMPLATE).uwsgi("takes it as text")
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
        "uid" => "the user stays the one that started it",
        "gid" => "the group stays the one that started it",
        "pythonpath" => "the path is not searched",
        "home" => "no virtual environment is used",
        "chdir" => "the directory stays that of the start",
        "max-requests" => "workers are never replaced",
        "die-on-term" => "TERM reloads",
        "buffer-size" => "requests keep the limit of 4096 bytes",
        "module" | "wsgi-file" => "no application is loaded",
        "callable" => "the name \"application\" is looked for",
        "env" => "the application does not see it",
        "socket" | "http" | "http-socket" | "fastcgi-socket" | "scgi-socket" => {
            "nothing listens there"
        }
        "logto" | "daemonize" => "the log goes to standard error",
        name if row.kind == Kind::Flag => {
            return format!("ignores the line in silence: {name} is not switched on");
        }
        name if row.default.is_empty() => {
            return format!("ignores the line in silence: {name} keeps its default");
        }
        name => {
            return format!("ignores the line in silence: {name} stays {}", row.default);
        }
    };
    format!("ignores the line in silence: {effect}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{Place, one};

    #[test]
    fn a_misspelt_option_says_what_happens_without_it() {
        let finding = one("process = 2\n", rule::UNKNOWN_OPTION);
        assert_eq!(finding.suggestion.as_deref(), Some("processes"));
        assert!(finding.uwsgi.unwrap().contains("one worker runs"));
        let finding = one("ignore_sigpipe = true\n", rule::UNKNOWN_OPTION);
        assert!(finding.uwsgi.unwrap().contains("ignore-sigpipe is not switched on"));
        let finding = one("proces = 2\n", rule::UNKNOWN_OPTION);
        assert_eq!(finding.suggestion.as_deref(), Some("processes"));
        let finding = one("workers/processes = 4\n", rule::UNKNOWN_OPTION);
        assert_eq!(finding.suggestion.as_deref(), Some("workers"));
        let finding = one("colour = red\n", rule::UNKNOWN_OPTION);
        assert!(finding.suggestion.is_none() && !finding.is_note());
        assert!(one("base_dir = /srv\n", rule::UNKNOWN_OPTION).is_note());
        let finding = one("static-map /a=/b\n", rule::UNKNOWN_OPTION);
        assert_eq!(finding.suggestion.as_deref(), Some("static-map = "));
        let finding = one("workers 4\n", rule::UNKNOWN_OPTION);
        assert!(finding.message.contains("= behind workers"));
        let finding = one("just some words\n", rule::BARE_LINE);
        assert_eq!(finding.option, None);
    }

    #[test]
    fn words_of_an_included_file_are_not_quoted_unless_an_option_was_meant() {
        let said = |main: &str, text: &str| {
            let place = Place::new(&[("a.ini", &format!("[uwsgi]\n{main}")), ("b", text)]);
            place.vassal("a.ini").findings
        };
        let text = "[uwsgi]\nhunter2\npass_word = 1\ntoken = x\nproceses = 2\nworkers 4\n";
        for main in ["include = b\n", "inherit = b\n"] {
            let found = said(main, text);
            let named: Vec<_> = found.iter().filter_map(|one| one.option.as_deref()).collect();
            assert_eq!(named, ["proceses"], "{found:?}");
            assert_eq!(found.iter().filter(|one| one.is_note()).count(), 3, "{found:?}");
            let text = format!("{found:?}");
            assert!(text.contains("= behind workers"), "{text}");
            for word in ["hunter2", "pass_word", "token"] {
                assert!(!text.contains(word), "{word}: {text}");
            }
        }
        let found = said("strict = true\ninclude = b\n", text);
        assert_eq!(found.iter().filter(|one| one.is_error()).count(), 5, "{found:?}");
        assert!(!format!("{found:?}").contains("token"), "{found:?}");
        // the file itself, its own sections included, is nobody else's
        let found = said("ini = :x\n[x]\ntoken = 1\n", "");
        assert_eq!(found[0].option.as_deref(), Some("token"));
    }

    #[test]
    fn statements_of_a_template_are_said_once() {
        let finding = one("{% if x %}\nstrict = 1\n{% endif %}\n", rule::TEMPLATE);
        assert!(finding.is_error() && finding.option.is_none());
    }

    #[test]
    fn variables_may_be_for_a_file_that_is_not_here() {
        let text = "base = /srv\nproceses = 2\ninclude = none.ini\n";
        assert_eq!(one(text, rule::UNKNOWN_OPTION).option.as_deref(), Some("proceses"));
    }

    #[test]
    fn under_strict_uwsgi_does_not_start() {
        let finding = one("strict = true\nproceses = 2\n", rule::UNKNOWN_OPTION);
        assert!(finding.is_error());
        assert_eq!(finding.uwsgi.as_deref(), Some("exits with 1"));
        assert!(
            one("strict = true\nproceses = 2\nstrict = false\n", rule::UNKNOWN_OPTION).is_error()
        );
        assert!(!one("strict = false\nproceses = 2\n", rule::UNKNOWN_OPTION).is_error());
    }
}
