//! Connections: kept, slow, half closed, lost.

use std::time::{Duration, Instant};

use tests::http::{Client, Ended};
use tests::server::SOON;
use tests::{Subject, eventually, only, scgi, uwsgi};

use crate::{All, GATEWAYS, Wire};

#[test]
fn behaviour_15_kept_connections_keep_their_order() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&["--threads=2"]);
    let mut client = all.connect(Wire::Http);
    let mut bytes = Vec::new();
    for number in 0..100_u32 {
        let body = format!("body {number}");
        let head = match number % 3 {
            0 => format!("Content-Length: {}\r\n\r\n{body}", body.len()),
            1 => {
                format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
            }
            _ => "\r\n".to_owned(),
        };
        bytes.extend(format!("POST /echo HTTP/1.1\r\nHost: a\r\n{head}").into_bytes());
    }
    client.send(bytes).unwrap();
    for number in 0..100 {
        let seen = client.response(true).unwrap();
        let body = if number % 3 == 2 { String::new() } else { format!("body {number}") };
        assert_eq!(seen.text(), body, "{number}");
        assert!(seen.header("date").is_some() && seen.header("connection").is_none());
    }
    // every end is announced
    for (request, announced) in [
        ("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", true),
        ("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", true),
        ("GET /hello HTTP/1.0\r\n\r\n", true),
        ("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false),
        ("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", false),
    ] {
        let mut client = all.connect(Wire::Http);
        client.send(request).unwrap();
        let seen = client.response(true).unwrap();
        assert_eq!((seen.text().as_str(), seen.ended), ("Hello World", Ended::Length));
        let close = seen.header("connection") == Some("close");
        assert_eq!(close, announced, "{request:?}: {seen:?}");
        if announced {
            assert!(client.closed_within(SOON), "{request:?}");
        } else {
            client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
            assert_eq!(client.response(true).unwrap().status, 200, "{request:?}");
        }
    }
    // what nobody read is no request
    let hidden = "GET /boom HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut client = all.connect(Wire::Http);
    let seen = client.ask("POST", "/unread", &[], hidden.as_bytes()).unwrap();
    assert_eq!(seen.text(), "unread");
    if seen.header("connection") != Some("close") {
        assert_eq!(client.get("/hello").unwrap().text(), "Hello World");
    }
    all.stop();
}

#[test]
fn behaviour_15_continue_is_said_only_where_it_is_waited_for() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&[]);
    for (line, waits, version) in [
        ("Expect: 100-continue\r\nContent-Length: 5", true, "1.1"),
        ("Expect: 100-Continue\r\nContent-Length: 5", true, "1.1"),
        ("Expect: 100-continue\r\nTransfer-Encoding: chunked", true, "1.1"),
        ("Expect: 100-continue\r\nContent-Length: 5", false, "1.0"),
        ("Expect: 100-continue\r\nContent-Length: 0", false, "1.1"),
        ("Expect: 100-continue", false, "1.1"),
        ("Content-Length: 5", false, "1.1"),
    ] {
        let mut client = all.connect(Wire::Http);
        client.send(format!("POST /echo HTTP/{version}\r\nHost: a\r\n{line}\r\n\r\n")).unwrap();
        if waits {
            assert_eq!(client.response(true).unwrap().status, 100, "{line}");
        }
        let body = match line {
            line if line.contains("chunked") => "5\r\nhello\r\n0\r\n\r\n",
            line if line.contains("Length: 5") => "hello",
            _ => "",
        };
        client.send(body).unwrap();
        let seen = client.response(true).unwrap();
        assert_eq!((seen.status, seen.text().len()), (200, body.len().min(5)), "{line} {version}");
    }
    // who sends at once is not told; who is refused is not either
    let mut client = all.connect(Wire::Http);
    client
        .send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
        .unwrap();
    assert_eq!(client.response(true).unwrap().text(), "hello");
    all.stop();
    let small = All::start(&["--limit-post=3"]);
    let mut client = small.connect(Wire::Http);
    client
        .send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        .unwrap();
    assert_eq!(client.response(true).unwrap().status, 413);
    small.stop();
}

#[test]
fn behaviour_16_slow_clients_hold_no_thread() {
    if !only(Subject::Ours) {
        return;
    }
    // one worker with one thread
    let all = All::start(&[]);
    let silent: Vec<Client> = (0..500).map(|_| all.connect(Wire::Http)).collect();
    let mut slow: Vec<Client> = (0..100).map(|_| all.connect(Wire::Http)).collect();
    for (number, client) in slow.iter_mut().enumerate() {
        let start = match number % 3 {
            0 => "GET /hello HT",
            1 => "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe",
            _ => "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
        };
        client.send(start).unwrap();
    }
    let mut packet = all.connect(Wire::Uwsgi);
    let bytes = uwsgi::packet((0, 0), &uwsgi::variables("POST", "/echo", "5"));
    packet.send(&bytes[..bytes.len() / 2]).unwrap();
    // clients that do not read: their answers wait in the loop
    let mut deaf: Vec<Client> = (0..5).map(|_| all.connect(Wire::Http)).collect();
    for client in &mut deaf {
        client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    }
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(all.get(Wire::Http, "/hello").text(), "Hello World");
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    for (number, client) in slow.iter_mut().enumerate() {
        let (rest, body) = match number % 3 {
            0 => ("TP/1.1\r\nHost: a\r\n\r\n", "Hello World"),
            1 => ("llo", "hello"),
            _ => ("llo\r\n0\r\n\r\n", "hello"),
        };
        client.send(rest).unwrap();
        assert_eq!(client.response(true).unwrap().text(), body, "{number}");
    }
    packet.send(&bytes[bytes.len() / 2..]).unwrap();
    packet.send("hello").unwrap();
    assert_eq!(packet.response(true).unwrap().text(), "hello");
    for mut client in deaf {
        assert_eq!(client.response(true).unwrap().body.len(), 80 * 65_536);
    }
    drop(silent);
    all.stop();
}

#[test]
fn behaviour_19_half_closed_clients_are_answered() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&[]);
    for request in [
        "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /slow?0.3 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "GET /generator HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /big HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let mut client = all.connect(Wire::Http);
        client.send(request).unwrap();
        client.stream.half_close().unwrap();
        let seen = client.response(true).unwrap_or_else(|error| panic!("{request}: {error}"));
        assert_eq!(seen.status, 200, "{request}");
        assert_ne!(seen.ended, Ended::Cut, "{request}");
        assert!(client.closed_within(SOON), "{request}");
    }
    for wire in GATEWAYS {
        let vars = [("PATH_INFO", "/slow"), ("QUERY_STRING", "0.3"), ("REQUEST_METHOD", "GET")];
        let seen = all.raw(wire, &vars, b"");
        assert!(String::from_utf8_lossy(&seen).contains("slow"), "{wire:?}: {seen:?}");
    }
    all.stop();
}

#[test]
fn behaviour_19_close_is_called_when_clients_vanish() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&["--threads=4"]);
    for wire in [Wire::Http, Wire::Uwsgi, Wire::Scgi] {
        let before = all.get(Wire::Http, "/closes").text();
        let mut client = all.connect(wire);
        let request = match wire {
            Wire::Http => b"GET /trickle HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
            Wire::Uwsgi => uwsgi::packet((0, 0), &uwsgi::variables("GET", "/trickle", "")),
            _ => scgi::head(&scgi::usual("GET", "/trickle", "0")),
        };
        client.send(request).unwrap();
        client.exactly(1000).unwrap();
        drop(client);
        eventually("close() is called", SOON, || {
            let now = all.get(Wire::Http, "/closes").text();
            if now == before { Err(now) } else { Ok(()) }
        });
    }
    all.stop();
}

#[test]
fn behaviour_19_logs_that_nobody_takes_change_nothing_for_clients() {
    if !only(Subject::Ours) {
        return;
    }
    for more in [&["--logto=/dev/full"][..], &["--req-logger=file:/dev/full"]] {
        let all = All::start(more);
        let start = Instant::now();
        for _ in 0..200 {
            assert_eq!(all.get(Wire::Http, "/errors").text(), "logged", "{more:?}");
        }
        assert!(start.elapsed() < SOON, "{more:?}: {:?}", start.elapsed());
        all.stop();
    }
}
