//! A corpus of requests that servers disagree about: malformed, ambiguous, smuggled, or odd and
//! right. Each has the section of the rule that decides it, and what must come of it.
//!
//! Behind each case a second request is sent on the same connection. It is answered after a case
//! that is served, and never after one that is refused: that is how a smuggled request would show.

/// Bodies in chunks.
mod chunks;
/// Keep-alive, pipelining, interim answers.
mod connection;
/// Header fields and Host.
mod fields;
/// Lengths of bodies.
mod lengths;
/// Request lines and their targets.
mod lines;
/// What the application is told of a request.
mod meta;

use std::collections::HashSet;
use std::net::SocketAddr;

use tests::http::{Client, Response};
use tests::{Subject, only};

use crate::Battery;

/// What has to come of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Want {
    /// One answer with this status, and the connection ends.
    Refused(u16),
    /// The connection ends with a 408, or without an answer: the request never became whole.
    Unfinished,
    /// Answers of 200 with these bodies, then the connection goes on.
    Served(&'static [&'static str]),
    /// One answer of 200 with this body, and the connection ends.
    Last(&'static str),
    /// One answer of 200 whose JSON has these values, then the connection goes on; an empty value
    /// is also one that is not there.
    Told(&'static [(&'static str, &'static str)]),
}

/// A case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// What is odd about it.
    about: &'static str,
    /// The rule.
    rule: &'static str,
    /// What is sent.
    sent: &'static [u8],
    /// What has to come of it.
    want: Want,
    /// Whether the original does the same, as far as the first answer goes.
    original: bool,
}

/// A case that only has to hold for ours.
pub(super) const fn case(
    about: &'static str,
    rule: &'static str,
    sent: &'static [u8],
    want: Want,
) -> Case {
    Case { about, rule, sent, want, original: false }
}

/// A case that holds for the original too.
pub(super) const fn both(
    about: &'static str,
    rule: &'static str,
    sent: &'static [u8],
    want: Want,
) -> Case {
    Case { about, rule, sent, want, original: true }
}

/// What follows each case.
const MARK: &[u8] = b"GET /echo?mark HTTP/1.1\r\nHost: mark\r\nContent-Length: 8\r\n\r\nthe-mark";

/// Every case.
fn all() -> impl Iterator<Item = &'static Case> {
    [lines::CASES, fields::CASES, lengths::CASES, chunks::CASES, connection::CASES, meta::CASES]
        .into_iter()
        .flatten()
}

/// What is wrong with the outcome of a case.
fn judge(address: SocketAddr, case: &Case) -> Result<(), String> {
    let fault = |error: std::io::Error| error.to_string();
    let mut client = Client::connect(address).map_err(fault)?;
    // a server that refuses early may close before all is sent
    client.send([case.sent, MARK].concat()).ok();
    client.stream.half_close().ok();
    let expect = |seen: &Response, body: &str| {
        if seen.status == 200 && seen.body == body.as_bytes() {
            return Ok(());
        }
        Err(format!("not a 200 with {body:?}: {seen:?}"))
    };
    let method = case.sent.split(|byte| *byte == b' ').next().unwrap_or_default();
    match case.want {
        Want::Refused(status) => {
            let seen = client.response(true).map_err(fault)?;
            if seen.status != status || seen.header("connection") != Some("close") {
                return Err(format!("not a {status} that closes: {seen:?}"));
            }
            nothing(&mut client)
        }
        Want::Unfinished => match client.response(true) {
            Ok(seen) if seen.status == 408 => nothing(&mut client),
            Ok(seen) => Err(format!("it was answered: {seen:?}")),
            Err(_) => Ok(()),
        },
        Want::Served(bodies) => {
            for body in bodies {
                expect(&client.response(method != b"HEAD").map_err(fault)?, body)?;
            }
            marked(&mut client)
        }
        Want::Last(body) => {
            let seen = client.response(true).map_err(fault)?;
            expect(&seen, body)?;
            if seen.header("connection") != Some("close") {
                return Err(format!("the end is not announced: {seen:?}"));
            }
            nothing(&mut client)
        }
        Want::Told(values) => {
            let seen = client.response(true).map_err(fault)?;
            told(&seen, values)?;
            marked(&mut client)
        }
    }
}

/// The request behind the case is answered, and nothing else is.
fn marked(client: &mut Client) -> Result<(), String> {
    match client.response(true) {
        Ok(seen) if seen.status == 200 && seen.body == b"the-mark" => nothing(client),
        Ok(seen) => Err(format!("the next request was answered with {seen:?}")),
        Err(error) => Err(format!("the next request was not answered: {error}")),
    }
}

fn nothing(client: &mut Client) -> Result<(), String> {
    match client.rest() {
        rest if rest.is_empty() => Ok(()),
        rest => Err(format!("more came: {:?}", String::from_utf8_lossy(&rest))),
    }
}

fn told(seen: &Response, values: &[(&str, &str)]) -> Result<(), String> {
    if seen.status != 200 {
        return Err(format!("not a 200: {seen:?}"));
    }
    let environ = seen.json();
    for (name, value) in values {
        let found = environ[*name].as_str().unwrap_or_default();
        if found != *value {
            return Err(format!("{name} is {found:?} and not {value:?}"));
        }
    }
    Ok(())
}

#[test]
fn every_case_of_the_corpus_ends_as_its_rule_says() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&["--socket-timeout", "2"]);
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in all() {
        count += 1;
        if let Err(what) = judge(battery.http, case) {
            let sent = String::from_utf8_lossy(&case.sent[..case.sent.len().min(300)]);
            wrong.push(format!("{} ({}): {what}\n  {sent:?}", case.about, case.rule));
        }
    }
    battery.stop();
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_original_agrees_where_it_is_right() {
    let battery = Battery::start(&["--socket-timeout", "2"]);
    let mut count = 0;
    for case in all().filter(|case| case.original) {
        count += 1;
        let mut client = Client::connect(battery.http).unwrap();
        client.send(case.sent).unwrap();
        let seen = client.response(true).unwrap_or_else(|error| panic!("{}: {error}", case.about));
        match case.want {
            Want::Told(values) => told(&seen, values).unwrap_or_else(|what| {
                panic!("{}: {what}", case.about);
            }),
            Want::Served(&[body, ..]) | Want::Last(body) => {
                assert_eq!((seen.status, seen.text().as_str()), (200, body), "{}", case.about);
            }
            Want::Served(&[]) | Want::Refused(_) | Want::Unfinished => {
                panic!("{}: nothing to compare", case.about);
            }
        }
    }
    battery.stop();
    assert!(count > 10, "{count} cases");
}

#[test]
fn the_corpus_is_large_and_every_case_has_its_rule() {
    let mut seen = HashSet::new();
    for case in all() {
        assert!(seen.insert(case.sent), "{}: sent twice", case.about);
        let known = ["RFC 9110 ", "RFC 9112 ", "RFC 3986 ", "RFC 3875 ", "PEP 3333"];
        assert!(known.iter().any(|text| case.rule.starts_with(text)), "{}", case.rule);
    }
    assert!(seen.len() >= 150, "{} cases", seen.len());
}
