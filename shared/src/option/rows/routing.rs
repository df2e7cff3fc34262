//! Rules that are applied to requests.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("router-list", Kind::Flag)
        .aliases(&["routers-list"])
        .accepted("The actions of rules are listed in docs/files-and-rules.md."),
    row("log-route", Kind::List)
        .works("Send lines of the log that match to one logger, `logger pattern`."),
    row("log-req-route", Kind::List)
        .works("Send request lines that match to one logger, `logger pattern`."),
    row("route", Kind::Special).works("Rule where the path matches, `pattern action:arguments`."),
    row("route-host", Kind::Special)
        .works("Rule where the host name matches, `pattern action:arguments`."),
    row("route-uri", Kind::Special)
        .works("Rule where the URI matches, `pattern action:arguments`."),
    row("route-qs", Kind::Special)
        .works("Rule where the query string matches, `pattern action:arguments`."),
    row("route-remote-addr", Kind::Special)
        .works("Rule where the client's address matches, `pattern action:arguments`."),
    row("route-user-agent", Kind::Special)
        .works("Rule where the user agent matches, `pattern action:arguments`."),
    row("route-remote-user", Kind::Special)
        .works("Rule where the user matches, `pattern action:arguments`."),
    row("route-referer", Kind::Special)
        .works("Rule where the referring page matches, `pattern action:arguments`."),
    row("route-label", Kind::Special)
        .works("Name of a place among the rules, for the action goto."),
    row("route-if", Kind::Special)
        .works("Rule where a condition holds, `condition:arguments action:arguments`."),
    row("route-if-not", Kind::Special).works("The contrary of `route-if`."),
    row("route-run", Kind::Special).works("Rule for every request, `action:arguments`."),
    row("final-route", Kind::Special)
        .works("Rule after the answer where the path matches, `pattern action:arguments`."),
    row("final-route-status", Kind::Special)
        .works("Rule after the answer where the status matches, `pattern action:arguments`."),
    row("final-route-host", Kind::Special)
        .works("Rule after the answer where the host name matches, `pattern action:arguments`."),
    row("final-route-uri", Kind::Special)
        .works("Rule after the answer where the URI matches, `pattern action:arguments`."),
    row("final-route-qs", Kind::Special)
        .works("Rule after the answer where the query string matches, `pattern action:arguments`."),
    row("final-route-remote-addr", Kind::Special).works(
        "Rule after the answer where the client's address matches, `pattern action:arguments`.",
    ),
    row("final-route-user-agent", Kind::Special)
        .works("Rule after the answer where the user agent matches, `pattern action:arguments`."),
    row("final-route-remote-user", Kind::Special)
        .works("Rule after the answer where the user matches, `pattern action:arguments`."),
    row("final-route-referer", Kind::Special).works(
        "Rule after the answer where the referring page matches, `pattern action:arguments`.",
    ),
    row("final-route-label", Kind::Special)
        .works("Name of a place among the rules after the answer, for the action goto."),
    row("final-route-if", Kind::Special).works(
        "Rule after the answer where a condition holds, `condition:arguments action:arguments`.",
    ),
    row("final-route-if-not", Kind::Special).works("The contrary of `final-route-if`."),
    row("final-route-run", Kind::Special)
        .works("Rule after the answer for every request, `action:arguments`."),
    row("error-route", Kind::Special)
        .works("Rule on an error where the path matches, `pattern action:arguments`."),
    row("error-route-status", Kind::Special)
        .works("Rule on an error where the status matches, `pattern action:arguments`."),
    row("error-route-host", Kind::Special)
        .works("Rule on an error where the host name matches, `pattern action:arguments`."),
    row("error-route-uri", Kind::Special)
        .works("Rule on an error where the URI matches, `pattern action:arguments`."),
    row("error-route-qs", Kind::Special)
        .works("Rule on an error where the query string matches, `pattern action:arguments`."),
    row("error-route-remote-addr", Kind::Special)
        .works("Rule on an error where the client's address matches, `pattern action:arguments`."),
    row("error-route-user-agent", Kind::Special)
        .works("Rule on an error where the user agent matches, `pattern action:arguments`."),
    row("error-route-remote-user", Kind::Special)
        .works("Rule on an error where the user matches, `pattern action:arguments`."),
    row("error-route-referer", Kind::Special)
        .works("Rule on an error where the referring page matches, `pattern action:arguments`."),
    row("error-route-label", Kind::Special)
        .works("Name of a place among the rules on an error, for the action goto."),
    row("error-route-if", Kind::Special)
        .works("Rule on an error where a condition holds, `condition:arguments action:arguments`."),
    row("error-route-if-not", Kind::Special).works("The contrary of `error-route-if`."),
    row("error-route-run", Kind::Special)
        .works("Rule on an error for every request, `action:arguments`."),
    row("response-route", Kind::Special)
        .works("Rule before the answer where the path matches, `pattern action:arguments`."),
    row("response-route-status", Kind::Special)
        .works("Rule before the answer where the status matches, `pattern action:arguments`."),
    row("response-route-host", Kind::Special)
        .works("Rule before the answer where the host name matches, `pattern action:arguments`."),
    row("response-route-uri", Kind::Special)
        .works("Rule before the answer where the URI matches, `pattern action:arguments`."),
    row("response-route-qs", Kind::Special).works(
        "Rule before the answer where the query string matches, `pattern action:arguments`.",
    ),
    row("response-route-remote-addr", Kind::Special).works(
        "Rule before the answer where the client's address matches, `pattern action:arguments`.",
    ),
    row("response-route-user-agent", Kind::Special)
        .works("Rule before the answer where the user agent matches, `pattern action:arguments`."),
    row("response-route-remote-user", Kind::Special)
        .works("Rule before the answer where the user matches, `pattern action:arguments`."),
    row("response-route-referer", Kind::Special).works(
        "Rule before the answer where the referring page matches, `pattern action:arguments`.",
    ),
    row("response-route-label", Kind::Special)
        .works("Name of a place among the rules before the answer is sent, for the action goto."),
    row("response-route-if", Kind::Special).works(
        "Rule before the answer where a condition holds, `condition:arguments action:arguments`.",
    ),
    row("response-route-if-not", Kind::Special).works("The contrary of `response-route-if`."),
    row("response-route-run", Kind::Special)
        .works("Rule before the answer is sent for every request, `action:arguments`."),
];
