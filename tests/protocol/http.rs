//! HTTP/1.1 as strict as RFC 9112 wants it.

use std::time::Duration;

use tests::http::{Client, Response};
use tests::{Subject, only};

use crate::Battery;

/// Sends bytes and reads one answer, if there is one.
fn answer(battery: &Battery, bytes: &[u8]) -> Option<Response> {
    let mut client = Client::connect(battery.http).expect("the server under test is there");
    client.send(bytes).ok()?;
    client.response(true).ok()
}

/// Requests that must not be served: each with the status or a close without an answer.
#[track_caller]
fn refuses(battery: &Battery, cases: &[(&str, u16)]) {
    for (text, status) in cases {
        if let Some(seen) = answer(battery, text.as_bytes()) {
            assert_eq!(seen.status, *status, "{text:?}: {}", seen.text());
            assert_eq!(seen.header("connection"), Some("close"), "{text:?}");
        }
    }
}

#[test]
fn a_request_line_that_is_none_is_400() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    refuses(
        &battery,
        &[
            ("GARBAGE\r\n\r\n", 400),
            ("GET\r\n\r\n", 400),
            ("GET /\r\n\r\n", 400),
            ("GET / HTTP/1.1 more\r\nHost: a\r\n\r\n", 400),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("G\u{1}T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\r\n\r\n", 400),
        ],
    );
    battery.stop();
}

#[test]
fn a_field_that_is_none_is_400() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    refuses(
        &battery,
        &[
            ("GET / HTTP/1.1\r\nHost: a\r\nX-Space : a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ],
    );
    battery.stop();
}

#[test]
fn bodies_whose_length_is_disputed_are_refused() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let post = "POST /echo HTTP/1.1\r\nHost: a\r\n";
    let cases: Vec<(String, u16)> = [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        ("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400),
        ("Content-Length: 5, 6\r\n\r\nhello!", 400),
        ("Content-Length: 5abc\r\n\r\nhello", 400),
        ("Content-Length: +5\r\n\r\nhello", 400),
        ("Content-Length: -1\r\n\r\nhello", 400),
        ("Content-Length: 0x5\r\n\r\nhello", 400),
        ("Content-Length:\r\n\r\nhello", 400),
        ("Content-Length: 99999999999999999999999\r\n\r\nhello", 400),
        ("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ]
    .iter()
    .map(|(rest, status)| (format!("{post}{rest}"), *status))
    .collect();
    for (text, status) in &cases {
        let seen = answer(&battery, text.as_bytes());
        let seen = seen.unwrap_or_else(|| panic!("no answer to {text:?}"));
        assert!(
            seen.status == *status || seen.status == 501 || seen.status == 413,
            "{text:?}: {seen:?}"
        );
        assert_eq!(seen.header("connection"), Some("close"), "{text:?}");
    }
    battery.stop();
}

#[test]
fn bad_chunks_never_become_a_request() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for chunks in [
        "zz\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\nhello\n0\n\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\r\nhello\r\n0\r\n\r\n",
    ] {
        let mut client = Client::connect(battery.http).unwrap();
        client.send(format!("{head}{chunks}GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")).unwrap();
        client.stream.half_close().ok();
        let all = client.rest();
        let text = String::from_utf8_lossy(&all);
        assert!(!text.contains("Hello World"), "{chunks:?} let a request through: {text}");
        assert!(!text.contains("200 OK"), "{chunks:?} was served: {text}");
    }
    battery.stop();
}

#[test]
fn a_head_without_limits_is_431() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n", "x".repeat(200_000));
    refuses(&battery, &[(&long, 431)]);
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X-Many: 1\r\n".repeat(20_000));
    refuses(&battery, &[(&many, 431)]);
    let line = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(200_000));
    let mut client = Client::connect(battery.http).unwrap();
    client.send(line).ok();
    if let Ok(seen) = client.response(true) {
        assert!([400, 414, 431].contains(&seen.status), "{seen:?}");
    }
    battery.stop();
}

#[test]
fn a_head_of_60_kilobytes_is_served() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let text = format!("GET /hello HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n", "x".repeat(60_000));
    assert_eq!(answer(&battery, text.as_bytes()).unwrap().status, 200);
    battery.stop();
}

#[test]
fn limit_post_is_413() {
    let battery = Battery::start(&["--limit-post", "1000"]);
    let text = format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n{}",
        "x".repeat(2000)
    );
    if let Some(seen) = answer(&battery, text.as_bytes()) {
        assert_eq!(seen.status, 413);
    }
    battery.stop();
}

#[test]
fn a_client_that_stops_in_the_middle_is_let_go() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&["--socket-timeout", "1"]);
    for bytes in ["GET / HT", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhalf"] {
        let mut client = Client::connect(battery.http).unwrap();
        client.send(bytes).unwrap();
        assert!(
            client.closed_within(Duration::from_secs(8)),
            "{bytes:?} holds a connection for ever"
        );
        let mut client = Client::connect(battery.http).unwrap();
        client.send(bytes).unwrap();
        client.stream.half_close().unwrap();
        assert!(client.closed_within(Duration::from_secs(8)), "{bytes:?} and a half close");
    }
    battery.stop();
}

#[test]
fn silent_and_slow_clients_do_not_stop_the_others() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let _silent: Vec<Client> = (0..50).map(|_| Client::connect(battery.http).unwrap()).collect();
    let mut slow: Vec<Client> = (0..10).map(|_| Client::connect(battery.http).unwrap()).collect();
    for client in &mut slow {
        client.send("GET /hello HTTP/1.1\r\nHo").unwrap();
    }
    for _ in 0..20 {
        assert_eq!(tests::http::get(battery.http, "/hello").unwrap().status, 200);
    }
    for mut client in slow {
        client.send("st: a\r\n\r\n").unwrap();
        assert_eq!(client.response(true).unwrap().status, 200);
    }
    battery.stop();
}

#[test]
fn an_absolute_target_and_a_leading_empty_line_are_understood() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let text =
        "\r\nGET http://other.test/environ?x=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let seen = answer(&battery, text.as_bytes()).unwrap().json();
    assert_eq!((&seen["PATH_INFO"], &seen["QUERY_STRING"]), (&"/environ".into(), &"x=1".into()));
    battery.stop();
}

#[test]
fn random_bytes_crash_nothing() {
    let battery = Battery::start(&["--socket-timeout", "1"]);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..200 {
        let mut bytes = Vec::new();
        if round % 2 == 0 {
            bytes.extend_from_slice(b"POST /echo HTTP/1.1\r\nHost: a\r\n");
        }
        for _ in 0..(round * 3) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            bytes.push((state >> 33) as u8);
        }
        for place in [tests::http::Place::from(battery.http), battery.socket.as_path().into()] {
            let mut client = Client::connect(place).unwrap();
            client.send(&bytes).ok();
            client.stream.half_close().ok();
        }
    }
    battery.stop();
}
