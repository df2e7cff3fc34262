//! Values as text: what was meant to be replaced and was not, paths and numbers of another
//! language, and numbers of options that are not built yet.

use std::borrow::Cow;
use std::path::Path;

use crate::finding::{Finding, Severity};
use crate::option::{self, Kind, Row, Tier};
use crate::rule;

use super::super::directive::{Directive, Number, number};
use super::super::loader::is_plain;
use super::super::review::{Junk, junk};
use super::super::settings::{in_full, is_frozen, is_word};
use super::Whole;

/// Options whose values are read by a shell, or that have `${}` and `%()` of their own.
const PROGRAMS: &[&str] = &[
    "alarm",
    "attach",
    "carbon",
    "collect",
    "cron",
    "declare-option",
    "emperor-",
    "eval",
    "exec",
    "final-route",
    "hook",
    "log-",
    "log-format",
    "logformat",
    "legion",
    "mule",
    "print",
    "error-route",
    "response-route",
    "route",
    "smart-attach",
    "spooler",
    "subscribe",
    "unique-cron",
    "vassal",
    "set",
    "on-",
    "sysv",
    "touch-exec",
    "wsgi-env",
];
/// Options that make others of their text, in which everything is replaced.
const MADE_LATER: [&str; 3] = ["declare-option", "set", "set-placeholder"];
/// Options that are paths.
const PATHS: &[&str] = &[
    "chdir",
    "chroot",
    "fastcgi-socket",
    "fastcgi-nph-socket",
    "home",
    "http-socket",
    "logto",
    "logto2",
    "daemonize",
    "pidfile",
    "pythonpath",
    "scgi-socket",
    "scgi-nph-socket",
    "socket",
    "stats",
    "wsgi-file",
    "touch-reload",
];
/// The largest value of an option that holds 16 bits.
const SHORT_MAX: u64 = 65_535;

/// Looks at every value.
pub(super) fn look(whole: &mut Whole<'_>) {
    let reading = whole.reading;
    for one in reading.directives.iter() {
        let row = option::find(&one.given);
        let said = whole.said.contains(&one.origin);
        template(whole, one, said);
        if row.is_some_and(|row| row.immediate) {
            if !said && is_frozen(one) && !MADE_LATER.contains(&one.key.as_str()) {
                let message = "nothing but magic variables is replaced in this option: it acts \
                               while the file is read";
                whole.warn(one, rule::IMMEDIATE_VALUE, message);
                whole.uwsgi("uses the text as it is");
            }
            continue;
        }
        if !said && !PROGRAMS.iter().any(|start| one.key.starts_with(start)) {
            leftovers(whole, one);
        }
        let Some(row) = row else { continue };
        if PATHS.contains(&row.name) && (one.value == "~" || one.value.starts_with("~/")) {
            whole.warn(one, rule::TILDE, "~ is not expanded: write the path in full, or $(HOME)");
            whole.uwsgi("looks for a directory called ~");
        }
        if row.name == "module" && is_path(&one.value) {
            let message = "expected package.module:callable, found a file; write wsgi-file for it";
            whole.warn(one, rule::MODULE_IS_FILE, message);
            whole.uwsgi("cannot import it, starts nevertheless and answers every request with 500");
        }
        if !said {
            numbers(whole, one, row);
        }
    }
}

fn is_path(module: &str) -> bool {
    let name = module.split(':').next().unwrap_or(module);
    name.contains('/') || Path::new(name).extension().is_some_and(|end| end == "py")
}

/// A file that a template engine has yet to fill in: said once.
fn template<'a>(whole: &mut Whole<'a>, one: &'a Directive, said: bool) {
    let open = |text: &str| text.find("{{").is_some_and(|at| text[at..].contains("}}"));
    if (open(&one.given) || open(&one.value)) && whole.first(rule::TEMPLATE, "") && !said {
        let option = is_plain(&one.given).then_some(one.given.as_str());
        let message = "{{ }} of a template: check the file that is made of it";
        let finding = Finding::warning(Some(one.origin.clone()), option, message);
        let uwsgi = "takes it as text";
        whole.findings.push(finding.rule(rule::TEMPLATE).of_value().uwsgi(uwsgi));
    }
}

/// `$(NAME)`, `${NAME}` and `%(name)` that are still there when everything was replaced. Each
/// name is said once.
fn leftovers<'a>(whole: &mut Whole<'a>, one: &'a Directive) {
    if let Some(name) = inside(&one.value, "$(", ')')
        && whole.first(rule::UNSET_VARIABLE, name)
    {
        let message = format!("$({name}) stays as it is: {name} is not in the environment");
        let message = left(one, "$(...) stays as it is: it is not in the environment", message);
        whole.warn(one, rule::UNSET_VARIABLE, message);
        whole.uwsgi("keeps the text too");
    }
    if let Some(name) = inside(&one.value, "${", '}')
        && whole.first(rule::SHELL_SYNTAX, name)
    {
        let plain = name.split(':').next().unwrap_or(name);
        let message = format!("${{{plain}}} is the shell's: it is not expanded; write $({plain})");
        let message = left(one, "${...} is the shell's: it is not expanded", message);
        whole.warn(one, rule::SHELL_SYNTAX, message);
        whole.uwsgi("keeps the text as it is");
    }
    if let Some(name) = inside(&one.value, "%(", ')')
        && !whole.names.contains(name)
        && whole.first(rule::UNDEFINED_PLACEHOLDER, name)
    {
        let message = format!("%({name}) stays as it is: nothing here is called {name}");
        let message = left(one, "%(...) stays as it is: nothing here is called so", message);
        whole.warn(one, rule::UNDEFINED_PLACEHOLDER, message);
        whole.uwsgi("keeps the text as it is");
    }
}

/// What is said of a leftover: the name may be a part of what came from elsewhere.
fn left(one: &Directive, nameless: &'static str, named: String) -> Cow<'static, str> {
    if one.secret { nameless.into() } else { named.into() }
}

/// The name between the first `open` and its end, if it looks like one (`:` and what follows
/// it included).
fn inside<'a>(text: &'a str, open: &str, close: char) -> Option<&'a str> {
    let rest = &text[text.find(open)? + open.len()..];
    let name = &rest[..rest.find(close)?];
    let front = name.split(':').next().unwrap_or(name);
    is_plain(front).then_some(name)
}

/// Numbers of options that no setting reads yet, by the same rules; and numbers that are cut.
fn numbers(whole: &mut Whole<'_>, one: &Directive, row: &Row) {
    if !matches!(row.kind, Kind::Integer | Kind::Long | Kind::Short | Kind::Megabytes) {
        return;
    }
    let found = one.value.as_str();
    let read = number(found);
    if let (Kind::Short, Number::Whole(value) | Number::Digits(value)) = (row.kind, &read)
        && *value > SHORT_MAX
    {
        whole.warn(
            one,
            rule::CAPPED_VALUE,
            format!("{value} is more than {SHORT_MAX}: cut to that"),
        );
        if let Some(finding) = whole.findings.last_mut().filter(|_| *value == SHORT_MAX + 1) {
            // 64 KiB were meant, and one byte less does no harm
            finding.severity = Severity::Note;
        }
        whole.uwsgi("cuts it in silence");
    }
    if row.tier == Tier::Works
        || ["$(", "${", "%(", "@(", "{{"].iter().any(|mark| found.contains(mark))
    {
        return;
    }
    match read {
        Number::Whole(_) | Number::TooLarge => {}
        Number::Digits(value) => {
            let code = match junk(found) {
                Junk::Comment => rule::TRAILING_COMMENT,
                Junk::Text => rule::TRAILING_TEXT,
            };
            let whole_number: Cow<'_, str> = match in_full(found, value, "a number") {
                Some(meant) if row.kind != Kind::Megabytes => {
                    format!("; write {meant} if you mean that").into()
                }
                Some(_) | None => "".into(),
            };
            let message =
                format!("expected a number, found {found:?}: this means {value}{whole_number}");
            whole.warn(one, code, message);
            whole.uwsgi(one.digits(value));
        }
        Number::Word => {
            let message = format!("expected a number, found {found:?}: this means 0");
            let off = if is_word(found) { "reads 0, which mostly means off" } else { "reads 0" };
            whole.warn(one, rule::WORD_FOR_NUMBER, message);
            whole.uwsgi(off);
        }
        Number::Negative => {
            whole.warn(one, rule::INVALID_VALUE, format!("expected a number, found {found:?}"));
            whole.uwsgi("exits with 1");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{none, one};

    #[test]
    fn what_was_not_replaced_is_said_once_a_name() {
        let found =
            one("procname = $(NOBODY)\nprocname-append = $(NOBODY)\n", rule::UNSET_VARIABLE);
        assert!(!found.is_error() && found.place() == Some((2, 12)));
        one("procname = ${PORT:-8000}\n", rule::SHELL_SYNTAX);
        one("chdir = %(base)/x\n", rule::UNDEFINED_PLACEHOLDER);
        none("base = /srv\nchdir = %(base)/x\nhome = $(HOME)\n");
        none("procname = $(a b)\n");
    }

    #[test]
    fn nothing_is_replaced_in_what_acts_while_it_is_read() {
        let found = one("x = 5\nlisten = %(x)\n", rule::IMMEDIATE_VALUE);
        assert!(!found.is_error() && found.uwsgi.unwrap().contains("reads 0"));
        one("listen = @(/proc/sys/net/core/somaxconn)\n", rule::IMMEDIATE_VALUE);
        one("x = python3\nplugins = %(x)\n", rule::IMMEDIATE_VALUE);
        none("x = 5\nset = harakiri=%(x)\nfor = 1\nplugins = python%(_)\nendfor\n");
    }

    #[test]
    fn an_address_that_waits_for_a_variable() {
        let found = one("http-socket = :$(NOBODY)\n", rule::UNSET_VARIABLE);
        assert!(found.is_error(), "a server could not bind it");
        one("http-socket = :${PORT}\n", rule::SHELL_SYNTAX);
        one("http-socket = :{{ port }}\n", rule::TEMPLATE);
        one("http-socket = :@(exec://port)\n", rule::NOT_RUN);
    }

    #[test]
    fn templates_that_are_not_filled_in() {
        one("chdir = {{ home }}\nhome = {{ home }}/env\n", rule::TEMPLATE);
    }

    #[test]
    fn paths_and_modules_of_another_language() {
        one("chdir = ~/app\n", rule::TILDE);
        one("module = app.py\n", rule::MODULE_IS_FILE);
        one("module = src/app:application\n", rule::MODULE_IS_FILE);
        none("module = app.wsgi:application\nchdir = /a~\n");
    }

    #[test]
    fn numbers_of_options_that_wait() {
        assert!(one("cheaper = true\n", rule::WORD_FOR_NUMBER).uwsgi.unwrap().contains("off"));
        one("log-slow = True\n", rule::WORD_FOR_NUMBER);
        one("post-buffering = true\n", rule::WORD_FOR_NUMBER);
        one("reload-on-rss = 200M\n", rule::TRAILING_TEXT);
        one("log-maxsize = 5 ; x\n", rule::TRAILING_COMMENT);
        assert!(!one("buffer-size = 131072\n", rule::CAPPED_VALUE).is_note());
        assert!(one("buffer-size = 65536\n", rule::CAPPED_VALUE).is_note());
        let found = one("buffer-size = 32k\n", rule::TRAILING_TEXT);
        assert!(found.message.contains("write 32768") && found.uwsgi.unwrap().contains("32"));
        let found = one("harakiri = 1m\n", rule::TRAILING_TEXT);
        assert!(found.message.contains("write 60"));
        one("harakiri = 5s\n", rule::TRAILING_TEXT);
    }
}
