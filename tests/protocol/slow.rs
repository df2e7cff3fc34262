//! Clients that take their time, and how long that may be.

use std::time::{Duration, Instant};

use tests::http::Client;
use tests::{Dir, Run, Server, Subject, free_address, only};

/// A server of the battery with one HTTP socket of the given option.
fn start(dir: &Dir, option: &str, more: &[&str]) -> (Server, std::net::SocketAddr) {
    dir.app("battery.py");
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args([option, &address.to_string(), "--wsgi-file", "battery.py", "--master"])
        .args(more)
        .start();
    server.await_tcp(address);
    (server, address)
}

/// How long a server waits for the rest of these bytes, and the status that it closes with.
fn waits(address: std::net::SocketAddr, bytes: &str) -> (Duration, Option<u16>) {
    let mut client = Client::connect(address).expect("the server listens");
    let began = Instant::now();
    client.send(bytes).expect("the server reads");
    let status = client.response(true).ok().map(|answer| answer.status);
    (began.elapsed(), status)
}

const HALF_BODY: &str = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhalf";

#[test]
fn http_timeout_is_how_long_a_client_may_pause() {
    if !only(Subject::Ours) {
        return;
    }
    // the longer one counts on HTTP sockets, whichever it is
    for (option, words, least, most) in [
        ("--http", &["--http-timeout", "1", "--socket-timeout", "30"][..], 1, 15),
        ("--http-socket", &["--http-timeout", "1", "--socket-timeout", "30"], 1, 15),
        ("--http", &["--http-timeout", "3", "--socket-timeout", "1"], 3, 15),
    ] {
        let dir = Dir::new();
        let (server, address) = start(&dir, option, words);
        let (time, status) = waits(address, HALF_BODY);
        assert_eq!(status, Some(408), "{words:?}");
        let seconds = time.as_secs_f64();
        assert!(
            seconds > f64::from(least) - 0.3 && seconds < f64::from(most),
            "{words:?}: {time:?}"
        );
        server.stop();
    }
}

#[test]
fn who_waits_for_a_busy_server_is_not_slow() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let words = ["--socket-timeout", "1", "--processes", "1"];
    let (server, address) = start(&dir, "--http-socket", &words);
    let mut half = Client::connect(address).unwrap();
    half.send(HALF_BODY).unwrap();
    // so that this is read, and that the next is in the application when the rest comes
    tests::wait::idle(Duration::from_millis(300));
    let mut other = Client::connect(address).unwrap();
    other.send("GET /slow?3 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    // the only thread is in that request until long after this one's time
    tests::wait::idle(Duration::from_millis(300));
    half.send("x".repeat(46)).unwrap();
    assert_eq!(half.response(true).unwrap().status, 200);
    assert_eq!(other.response(true).unwrap().status, 200);
    server.stop();
}

#[test]
fn a_client_of_http_may_pause_for_longer_than_socket_timeout() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, "--http", &["--socket-timeout", "1"]);
    let mut client = Client::connect(address).unwrap();
    client.send(HALF_BODY).unwrap();
    client.stream.patience(Duration::from_secs(3)).unwrap();
    let kind = client.response(true).map_err(|error| error.kind());
    assert_eq!(kind.err(), Some(std::io::ErrorKind::WouldBlock), "the server still waits");
    client.stream.patience(Duration::from_secs(20)).unwrap();
    client.send("x".repeat(46)).unwrap();
    assert_eq!(client.response(true).unwrap().status, 200);
    server.stop();
}

#[test]
fn http_headers_timeout_is_how_long_a_head_may_take() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let words = ["--http-headers-timeout", "2", "--http-timeout", "30"];
    let (server, address) = start(&dir, "--http", &words);
    let mut client = Client::connect(address).unwrap();
    client.send("GET /hello HTTP/1.1\r\nHost: a\r\n").unwrap();
    client.stream.patience(Duration::from_millis(200)).unwrap();
    let began = Instant::now();
    // a drop each 200 ms
    let status = loop {
        client.send("X-Drop: 1\r\n").ok();
        match client.response(true) {
            Ok(answer) => break Some(answer.status),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => break None,
        }
        assert!(began.elapsed() < Duration::from_secs(20), "the head is waited for without end");
    };
    assert!(status.is_none_or(|status| status == 408), "{status:?}");
    assert!(began.elapsed() > Duration::from_millis(1500), "{:?}", began.elapsed());
    // a body may take longer than that
    let mut client = Client::connect(address).unwrap();
    client.send(HALF_BODY).unwrap();
    client.stream.patience(Duration::from_secs(3)).unwrap();
    let kind = client.response(true).map_err(|error| error.kind());
    assert_eq!(kind.err(), Some(std::io::ErrorKind::WouldBlock), "the server still waits");
    server.stop();
}
