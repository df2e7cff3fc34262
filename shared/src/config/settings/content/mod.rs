//! What the server answers itself, and what it does before an application is asked: files and routes.

use std::path::PathBuf;

use crate::rule;
use crate::settings::Content;
use crate::settings::content::{Collect, Heads, Pages};

use super::Given;

mod action;
mod condition;
mod files;
mod routes;
mod template;

/// The largest limit of an answer's head, bytes: it is kept in memory.
const HEAD_MAX: u64 = 1 << 20;

/// More lines about files and rules than this are a file that was generated wrongly. Each may
/// have a pattern to compile, which takes a while.
const LINES_MAX: usize = 512;

/// Reads this part.
pub(super) fn read(given: &mut Given<'_>) -> Content {
    let directives = given.directives;
    let mut lines = directives.iter().filter(|one| concerns(&one.key));
    if let Some(one) = lines.nth(LINES_MAX) {
        given.error(one, format!("expected at most {LINES_MAX} lines about files and rules"));
        return Content::default();
    }
    Content {
        files: files::read(given),
        routes: routes::read(given),
        heads: heads(given),
        pages: pages(given),
    }
}

/// Whether an option is about files or rules.
fn concerns(key: &str) -> bool {
    let rule = ["route", "error-route", "response-route", "final-route"];
    key.starts_with("static-") || rule.iter().any(|family| key.starts_with(family))
}

fn heads(given: &mut Given<'_>) -> Heads {
    let default = Heads::default();
    let mut add = parsed(given, "add-header", field);
    let connection = |name: &str| {
        name.eq_ignore_ascii_case("connection") || name.eq_ignore_ascii_case("keep-alive")
    };
    if add.iter().any(|(name, _)| connection(name)) {
        // the usual recipe for keep-alive with uWSGI, which is always there
        add.retain(|(name, _)| !connection(name));
        let directives = given.directives;
        for one in directives.all("add-header") {
            if field(&one.value).is_ok_and(|(name, _)| connection(&name)) {
                let message = "ignored: the server says itself whether a connection is kept";
                given.warning(one, rule::ACCEPTED_OPTION, message);
            }
        }
    }
    let remove = removed(given);
    let mut collect = parsed(given, "collect-header", |text| collected(text, false));
    collect.extend(parsed(given, "pull-header", |text| collected(text, true)));
    let limit = given
        .number("response-headers-limit", HEAD_MAX, "a number of bytes")
        .filter(|limit| *limit > 0)
        .map_or(default.limit, |limit| limit as u32);
    Heads { add, remove, collect, limit }
}

/// `rem-header`. What frames an answer stays: files that take `Content-Length` away (those that
/// Debian ships for OpenStack do) get right answers without that.
fn removed(given: &mut Given<'_>) -> Vec<String> {
    let mut list = Vec::new();
    let directives = given.directives;
    for one in directives.all("rem-header") {
        match name(&one.value) {
            Ok(name) => list.push(name.to_owned()),
            Err(message) if is_token(&one.value) => {
                given.warning(one, rule::ACCEPTED_OPTION, format!("{message}; it stays"));
                given.uwsgi("takes it away, and the connection's end is the answer's end");
            }
            Err(message) => given.error(one, message),
        }
    }
    list
}

fn pages(given: &Given<'_>) -> Pages {
    let all = |name| given.directives.all(name).map(|one| PathBuf::from(&one.value)).collect();
    Pages {
        forbidden: all("error-page-403"),
        missing: all("error-page-404"),
        failed: all("error-page-500"),
    }
}

/// Every value of an option as `read` understands it; the others are findings.
fn parsed<T>(
    given: &mut Given<'_>,
    name: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Vec<T> {
    let mut list = Vec::new();
    let directives = given.directives;
    for one in directives.all(name) {
        match read(&one.value) {
            Ok(value) => list.push(value),
            Err(message) => given.error(one, message),
        }
    }
    list
}

/// `Name: value`, which can stand in a head (RFC 9110 section 5).
pub(super) fn field(text: &str) -> Result<(String, String), String> {
    let wrong = || format!("expected a header field such as \"Name: value\", found {text:?}");
    let (label, value) = text.split_once(':').ok_or_else(wrong)?;
    let value = value.trim();
    if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return Err(wrong());
    }
    let label = label.trim();
    if !is_token(label) {
        return Err(wrong());
    }
    if ["content-length", "transfer-encoding"].iter().any(|own| own.eq_ignore_ascii_case(label)) {
        return Err(framing(label));
    }
    Ok((label.to_owned(), value.to_owned()))
}

/// The name of a header field that a configuration may touch.
pub(super) fn name(text: &str) -> Result<&str, String> {
    if !is_token(text) {
        return Err(format!("expected the name of a header field, found {text:?}"));
    }
    let own = ["Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive"];
    if own.iter().any(|own| own.eq_ignore_ascii_case(text)) {
        return Err(framing(text));
    }
    Ok(text)
}

fn is_token(text: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(token)
}

fn framing(name: &str) -> String {
    format!("{name} is the server's own: it says where an answer ends")
}

fn collected(text: &str, pull: bool) -> Result<Collect, String> {
    let mut words = text.split_whitespace();
    let (Some(label), Some(variable), None) = (words.next(), words.next(), words.next()) else {
        return Err(format!("expected a header field and a variable, found {text:?}"));
    };
    Ok(Collect { field: name(label)?.to_owned(), variable: variable.to_owned(), pull })
}

#[cfg(test)]
mod tests;
