//! Rules that are applied to requests and answers: one table a family, in the order of the file.

use crate::config::directive::Directive;
use crate::pattern;
use crate::settings::content::Routes;
use crate::settings::content::routes::{Action, Rule, Test};

use super::super::Given;
use super::{action, condition};

/// A table of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// `route`.
    Request,
    /// `error-route`.
    Error,
    /// `response-route`.
    Response,
    /// `final-route`.
    Last,
}

/// A `goto` whose label comes later.
struct Jump<'a> {
    rule: usize,
    label: String,
    about: &'a Directive,
}

/// Reads this part.
pub(super) fn read(given: &mut Given<'_>) -> Routes {
    Routes {
        request: table(given, Table::Request, "route"),
        error: table(given, Table::Error, "error-route"),
        response: table(given, Table::Response, "response-route"),
        last: table(given, Table::Last, "final-route"),
    }
}

fn table(given: &mut Given<'_>, table: Table, family: &str) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut labels: Vec<(&str, usize)> = Vec::new();
    let mut jumps: Vec<Jump<'_>> = Vec::new();
    let directives = given.directives;
    for one in directives.iter() {
        let Some(kind) = one.key.strip_prefix(family) else { continue };
        let kind = match kind.strip_prefix('-') {
            None if kind.is_empty() => "",
            None => continue,
            Some(kind) => kind,
        };
        if kind == "label" {
            labels.push((&one.value, rules.len()));
            rules.push(Rule { test: Test::Always, action: Action::Next });
            continue;
        }
        match rule(kind, &one.value, table) {
            Ok((test, action::Read::Done(action))) => rules.push(Rule { test, action }),
            Ok((test, action::Read::Goto(label))) => {
                jumps.push(Jump { rule: rules.len(), label, about: one });
                rules.push(Rule { test, action: Action::Next });
            }
            Err(message) => given.error(one, message),
        }
    }
    for jump in jumps {
        let target = labels.iter().find(|(label, _)| *label == jump.label);
        match target {
            Some((_, at)) if *at > jump.rule => rules[jump.rule].action = Action::Goto(*at),
            Some(_) => {
                let message = format!("goto only leads forward, and {:?} is above", jump.label);
                given.error(jump.about, message);
            }
            None => {
                let message =
                    format!("expected the name of a {family}-label, found {:?}", jump.label);
                given.error(jump.about, message);
            }
        }
    }
    rules
}

/// One line: who is meant, and what is done.
fn rule(kind: &str, line: &str, table: Table) -> Result<(Test, action::Read), String> {
    if kind == "run" {
        return Ok((Test::Always, action::read(line.trim(), table)?));
    }
    let (front, act) = line.trim().split_once(char::is_whitespace).ok_or_else(|| {
        let front = if kind.starts_with("if") { "a condition" } else { "a regular expression" };
        format!("expected {front}, a space and an action, found {line:?}")
    })?;
    let test = match kind {
        "if" | "if-not" => Test::If { condition: condition::read(front)?, wanted: kind == "if" },
        _ => {
            pattern::compile(front)?;
            Test::Found { variable: variable(kind).map(str::to_owned), pattern: front.to_owned() }
        }
    };
    Ok((test, action::read(act.trim_start(), table)?))
}

/// The variable that a family's member looks at; `None` is the status of the answer.
fn variable(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "host" => "HTTP_HOST",
        "uri" => "REQUEST_URI",
        "qs" => "QUERY_STRING",
        "remote-addr" => "REMOTE_ADDR",
        "user-agent" => "HTTP_USER_AGENT",
        "remote-user" => "REMOTE_USER",
        "referer" => "HTTP_REFERER",
        "status" => return None,
        _ => "PATH_INFO",
    })
}
