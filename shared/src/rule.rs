//! The rules that find mistakes, by their stable names.
//!
//! A finding carries the name of its rule, so that an editor or a pipeline can tell them apart
//! without reading English. The table is what `docs/check.md` and the SARIF output list.

use std::fmt::Write;

use crate::finding::Severity;

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, in kebab-case; it never changes its meaning.
    pub code: &'static str,
    /// The usual severity; a single finding may have another one.
    pub severity: Severity,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// Why that matters, what uWSGI does, what to write.
    pub help: &'static str,
}

/// The rule of a name.
pub fn find(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

/// The rules as a table for `docs/check.md`.
pub fn markdown() -> String {
    let mut text = String::from("| Rule | Severity | Finds | |\n|---|---|---|---|\n");
    for rule in RULES {
        let severity = rule.severity.as_str();
        let help = rule.help.replace('|', "\\|");
        let _ = writeln!(text, "| `{}` | {severity} | {} | {help} |", rule.code, rule.title);
    }
    text
}

macro_rules! rules {
    ($($constant:ident = $code:literal, $severity:ident, $title:literal, $help:literal;)*) => {
        $(
            #[doc = $title]
            pub const $constant: &str = $code;
        )*
        /// All rules, in the order of the documentation.
        pub const RULES: &[Rule] = &[$(Rule {
            code: $code,
            severity: Severity::$severity,
            title: $title,
            help: $help,
        }),*];
    };
}

rules! {
    UNKNOWN_OPTION = "unknown-option", Warning, "a name that is no option",
        "A key that is no option is kept as a variable for `%(name)`, and no value uses this one. \
         Most often it is a typing mistake. uWSGI says nothing about it unless `strict` is set; \
         under `strict` it is an error here too. `did you mean` names the nearest option. What is \
         rather a variable that nobody uses (it has a `_`) is a note.";
    BARE_LINE = "bare-line", Warning, "a line without =",
        "The line has no `=` and its text is no option. In uWSGI it becomes a variable with an \
         empty value.";
    UNSUPPORTED_OPTION = "unsupported-option", Warning, "an option of uWSGI that is not built yet",
        "The option is known and ignored. Where ignoring it would open the application to \
         everybody it is an error.";
    REFUSED_OPTION = "refused-option", Error, "an option that will not be built",
        "The message says why, and what to write instead.";
    ACCEPTED_OPTION = "accepted-option", Note, "an option that has no effect here",
        "What it asks for is always so here, or is not needed. The line may stay.";
    PLUGIN = "plugin", Warning, "a plugin that this server does not provide",
        "Python and everything that this server does by itself is built in; other languages are \
         not provided. With `need-plugins` it is an error. uWSGI logs a missing plugin and goes \
         on, with `need-plugins` it exits with 1.";
    NOT_A_FLAG = "not-a-flag", Warning, "a flag with a value that is neither yes nor no",
        "A flag is on unless its value is `false`, `off`, `no` or `0`, in uWSGI too: `master = \
         disabled` switches it on.";
    TRAILING_COMMENT = "trailing-comment", Warning, "a comment behind a value",
        "Comments are whole lines. Behind a value, `;` and `#` are part of it: a number is read \
         up to them, a flag with them is on, a path or a text has them in its name. Put the \
         comment on a line of its own.";
    QUOTED_VALUE = "quoted-value", Warning, "quotes around a value",
        "Quotes are part of the value, in uWSGI too. Remove them.";
    TRAILING_TEXT = "trailing-text", Warning, "text behind a number",
        "Only the digits in front count: `32k` is 32 and `5s` is 5. Write the number in full, \
         without a unit.";
    WORD_FOR_NUMBER = "word-for-number", Warning, "a word where a number belongs",
        "uWSGI reads a word as 0, which mostly means off: `cheaper = true` switches nothing on. \
         Write the number.";
    INVALID_VALUE = "invalid-value", Error, "a value that cannot be read",
        "The message says what was expected. uWSGI often reads such a value as 0 without a word, \
         or exits with 1.";
    CAPPED_VALUE = "capped-value", Warning, "a number above the largest that the option takes",
        "The number is cut to what the option takes, in uWSGI silently. A note where only one \
         byte is lost.";
    UNSET_VARIABLE = "unset-variable", Warning, "$(NAME) that is not in the environment",
        "`$(NAME)` stays as it is when NAME is not set, and a value that cannot be read then is \
         an error. For a file checked by itself it is a note, because the service may have \
         another environment than the check.";
    IMMEDIATE_VALUE = "immediate-value", Warning, "a placeholder in an option that acts while the file is read",
        "Includes, blocks, `plugins`, `listen`, `umask` and some others act while the file is \
         read, before anything but magic variables (`%d`, `%n`) is replaced: `listen = %(x)` is 0 \
         in uWSGI.";
    SHELL_SYNTAX = "shell-syntax", Warning, "${NAME}, which is the shell's spelling",
        "`${NAME}` and `${NAME:-default}` are not expanded: they stay as text. Write `$(NAME)`; \
         for a default use `if-not-env`.";
    UNDEFINED_PLACEHOLDER = "undefined-placeholder", Warning, "%(name) that nothing defines",
        "There is no option and no variable of this name in what was read, so the text stays as \
         it is. Variables of the command line (`--set`) and of `vassal-set` are not seen by a \
         check of a file by itself; in a file without any socket, which is likely a part of \
         another one, it is a note.";
    TEMPLATE = "template", Warning, "a file that another tool has not filled in yet",
        "`{{ }}` and `{% %}` belong to a template language. uWSGI takes them as text. Check the \
         file that comes out.";
    TILDE = "tilde", Warning, "a path that starts with ~",
        "`~` is the shell's; here and in uWSGI it is a directory of that name. Write the whole \
         path or `$(HOME)`.";
    SOCKET_NUMBER = "socket-number", Warning, "a socket that is only a number or a word",
        "An address without a colon is the path of a UNIX socket: `socket = 8000` makes a file \
         called `8000`. For the port write `:8000`.";
    SOCKET_MODE = "socket-mode", Error, "a socket mode that is not three octal digits",
        "`chmod-socket` takes three octal digits, `664`, without a leading 0. uWSGI exits with 1.";
    OPEN_SOCKET = "open-socket", Warning, "a uwsgi socket on every network address",
        "Whoever reaches a uwsgi socket may set any variable of a request, such as the remote \
         user, and in uWSGI load code by `UWSGI_FILE`. Bind it to `127.0.0.1` or to a UNIX socket \
         unless only the web server reaches the port; use `http-socket` for browsers.";
    OPEN_STATISTICS = "open-statistics", Warning, "statistics on every network address",
        "Statistics show process ids, paths and, in uWSGI, the variables of running requests. \
         Bind them to `127.0.0.1` or to a UNIX socket.";
    ADDRESS_TWICE = "address-twice", Warning, "two sockets on one port",
        "Of two equal addresses uWSGI binds the first and forgets the second. Two that overlap \
         (`:8000` and `127.0.0.1:8000`) end it with \"Address already in use\"; then it is an \
         error.";
    LISTEN_QUEUE = "listen-queue", Warning, "a listen queue longer than the kernel allows",
        "`listen` is above `net.core.somaxconn`: here the queue is as long as the kernel allows, \
         uWSGI exits with 1.";
    NO_SOCKET = "no-socket", Error, "no socket to listen on",
        "Nothing asks for a socket that this server can open. uWSGI exits with 1. An error for a \
         vassal, a note for a file by itself, because the command line, the environment or \
         `vassal-set` may give one.";
    PRIMARY_GROUP = "primary-group", Warning, "uid without gid",
        "uWSGI started by root changes only the user then and keeps root's group. Here the user's \
         primary group is taken. Write `gid`.";
    UNKNOWN_USER = "unknown-user", Error, "a user or group that this machine does not have",
        "uWSGI exits with 1 when it drops its rights. A note for a file by itself, which may be \
         meant for another machine.";
    UNKNOWN_HOST = "unknown-host", Warning, "a host name in an address",
        "A check asks no name server, so the address is not verified.";
    IDENTITY = "identity", Error, "a user or group that this file may not have",
        "The rules of tyrant mode, `refuse-root` and of groups that open the machine.";
    RUNS_AS_ROOT = "runs-as-root", Warning, "a vassal that runs as root",
        "No `uid` is given and the file belongs to root. Write `uid` and `gid`.";
    WRITABLE_FILE = "writable-file", Warning, "a file that others may write and that says who the server becomes",
        "Whoever may write the file may choose the user that the server becomes, and what it \
         runs. Take the rights away: `chmod go-w`.";
    ENVIRONMENT_WITHOUT_VALUE = "environment-without-value", Note, "env without =",
        "`env = NAME` removes NAME from the environment, in uWSGI too. To set it write \
         `NAME=value`.";
    ENVIRONMENT_OPTION = "environment-option", Note, "an option written as a variable of the application",
        "`env = UWSGI_X=...` sets a variable of the application. It is no option: uWSGI reads \
         `UWSGI_*` from its own environment before any file.";
    GIVEN_TWICE = "given-twice", Warning, "an option given twice with different values",
        "Of options that take one value the last one counts, while `%(name)` means the first.";
    TWO_APPLICATIONS = "two-applications", Warning, "module and wsgi-file together",
        "One application is served: that of `module`. uWSGI loads it first and skips the other \
         one.";
    MODULE_IS_FILE = "module-is-file", Warning, "a file where a module belongs",
        "`module` takes a dotted name, `package.module:callable`. For a file write `wsgi-file`. \
         uWSGI starts and answers 500 to every request.";
    NO_EFFECT_ALONE = "no-effect-alone", Warning, "an option that needs another one",
        "Without the other option it does nothing, in uWSGI silently.";
    CHEAPER_WORKERS = "cheaper-workers", Warning, "as many workers at least as at most",
        "`cheaper` must be lower than `processes`: uWSGI exits with 1.";
    KEEPALIVE_WORD = "keepalive-word", Note, "http-keepalive with a word",
        "Here a word switches it on for the usual time; uWSGI reads it as 0, which is off.";
    DEADLINE = "deadline", Note, "harakiri with threads",
        "Here every request has a deadline of its own. uWSGI has one for a worker, which a later \
         request moves, and its end ends all requests of the worker.";
    TERM_RELOADS = "term-reloads", Note, "die-on-term switched off",
        "TERM then reloads instead of stopping, as in uWSGI.";
    INCLUDE = "include", Error, "a file that cannot be included",
        "The message says which and why. A warning for a file by itself, which may be meant for \
         another machine. uWSGI exits with 1.";
    SECTION = "section", Error, "a section that is missing or not well formed",
        "The message names the sections that are there.";
    BEFORE_SECTION = "before-section", Warning, "lines before the first section",
        "They belong to no section; uWSGI drops them silently.";
    BLOCK = "block", Error, "a block that is not well formed",
        "Blocks (`if-...`, `for`) do not nest and end with `endif` or `endfor`.";
    FORBIDDEN_OPTION = "forbidden-option", Error, "an option that the host forbids",
        "A `blacklist` or `whitelist` around this file does not allow it.";
    PLACEHOLDER = "placeholder", Error, "values that need themselves or grow without end",
        "uWSGI grows until it is killed.";
    TOO_MUCH = "too-much", Error, "more than a configuration may hold",
        "Limits on size, lines, depth of includes and options.";
    ENCODING = "encoding", Error, "bytes that are no text",
        "A NUL byte, or text that is not UTF-8.";
    FORMAT = "format", Error, "a YAML, JSON or XML text that cannot be read",
        "The message says what was expected. A warning for a part that is dropped, which uWSGI \
         does in silence.";
    NOT_RUN = "not-run", Note, "something that a check does not run",
        "Commands, other hosts and descriptors are left alone by a check; what they would say is \
         not known.";
    CERTIFICATE = "certificate", Error, "a certificate or key that cannot be used",
        "It is missing, may not be read, is no PEM, or the key belongs to another certificate. \
         A certificate that is not valid now is a warning, and so is a file that is missing where \
         the configuration may be meant for another machine. uWSGI finds it at the start, or at \
         the first client.";
    UNREADABLE = "unreadable", Error, "a file that cannot be checked",
        "It is missing, unreadable or no configuration.";
    MORE = "more", Note, "findings that are not shown",
        "After a hundred of a kind only their number is told.";
    OTHER = "configuration", Error, "anything else",
        "See the message.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_plain_and_explained() {
        let mut seen = HashSet::new();
        for rule in RULES {
            assert!(seen.insert(rule.code), "{}", rule.code);
            assert!(rule.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
            assert!(!rule.title.ends_with('.') && rule.help.ends_with('.'), "{}", rule.code);
        }
        assert_eq!(find(OTHER).map(|rule| rule.code), Some("configuration"));
        assert_eq!(find("none"), None);
    }
}
