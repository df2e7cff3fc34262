//! `body-buffering = false`: bodies that the application reads from the connection itself.

use tests::http::{self, Client, Ended};
use tests::{Subject, only};

use crate::Battery;

const OFF: [&str; 1] = ["--body-buffering=false"];

/// Head lines of a request for a path.
fn head(path: &str, lines: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n")
}

#[test]
fn an_application_reads_what_came_before_the_rest_is_sent() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::with("application", &OFF);
    for (lines, first, rest, length) in [
        ("Content-Length: 12", "hello", " \nworld", "12"),
        (
            "Transfer-Encoding: chunked",
            "5\r\nhello\r\n",
            "2\r\n \n\r\n5\r\nworld\r\n0\r\n\r\n",
            "none",
        ),
    ] {
        battery.server.forget_log();
        let mut client = Client::connect(battery.http).unwrap();
        client.send(head("/streamed", lines)).unwrap();
        client.send(first).unwrap();
        battery.server.expect_log("came first: b'hello'");
        client.send(rest).unwrap();
        let answer = client.response(true).unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, " \nworld"), "{lines}");
        assert_eq!(answer.header("x-length"), Some(length));
        assert_eq!(answer.header("connection"), Some("close"));
    }
    let old = http::get(battery.http, "/old-input").unwrap().text();
    assert!(old.contains("is over"), "{old}");
    battery.stop();
}

#[test]
fn a_client_is_told_to_go_on_when_the_application_reads() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::with("application", &OFF);
    let mut client = Client::connect(battery.http).unwrap();
    client.send(head("/echo", "Content-Length: 5\r\nExpect: 100-continue")).unwrap();
    assert_eq!(client.response(true).unwrap().status, 100);
    client.send("hello").unwrap();
    assert_eq!(client.response(true).unwrap().text(), "hello");
    // whose answer has begun is told nothing else
    let mut client = Client::connect(battery.http).unwrap();
    client.send(head("/interleaved", "Content-Length: 5\r\nExpect: 100-continue")).unwrap();
    let begun = "\r\n6\r\nfirst \r\n";
    let mut seen = String::new();
    while !seen.ends_with(begun) {
        seen.push(char::from(client.exactly(1).unwrap()[0]));
    }
    client.send("hello").unwrap();
    assert_eq!(client.rest(), b"5\r\nhello\r\n0\r\n\r\n");
    // who does not read it gets no body, and needs none
    let mut client = Client::connect(battery.http).unwrap();
    client.send(head("/hello", "Content-Length: 5\r\nExpect: 100-continue")).unwrap();
    assert_eq!(client.response(true).unwrap().status, 200);
    battery.stop();
}

#[test]
fn a_body_that_breaks_off_raises_where_it_is_read() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::with("application", &[OFF[0], "--socket-timeout", "1"]);
    for (lines, body, half, said) in [
        ("Content-Length: 50", "hello", true, "the client ended before its request body"),
        (
            "Transfer-Encoding: chunked",
            "5\r\nhel",
            true,
            "the client ended before its request body",
        ),
        ("Transfer-Encoding: chunked", "zz\r\nhello", false, "chunk"),
        ("Content-Length: 50", "hello", false, "too slowly"),
    ] {
        battery.server.forget_log();
        let mut client = Client::connect(battery.http).unwrap();
        client.send(head("/streamed", lines)).unwrap();
        client.send(body).unwrap();
        if half {
            client.stream.half_close().unwrap();
        }
        let answer = client.response(true).unwrap();
        assert_eq!(answer.status, 500, "{lines} {body}");
        battery.server.expect_log(said);
    }
    assert_eq!(http::get(battery.http, "/hello").unwrap().status, 200);
    battery.stop();
}

#[test]
fn what_nobody_reads_ends_the_connection_and_not_the_answer() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::with("application", &OFF);
    let mut client = Client::connect(battery.http).unwrap();
    client.send(head("/part", "Content-Length: 3000000")).unwrap();
    client.send(vec![b'x'; 2_000_000]).unwrap();
    let answer = client.response(true).unwrap();
    assert_eq!((answer.text().as_str(), answer.ended), ("xxxxx", Ended::Length));
    assert_eq!(answer.header("connection"), Some("close"));
    battery.stop();
}

#[test]
fn what_comes_behind_a_body_does_not_cut_its_answer() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::with("application", &OFF);
    let mut client = Client::connect(battery.http).unwrap();
    client.send(head("/streamed", "Content-Length: 1000005")).unwrap();
    client.send("hello").unwrap();
    battery.server.expect_log("came first");
    client.send(vec![b'x'; 1_000_000]).unwrap();
    // a client that does not wait, and asks more than the server takes with the body
    client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5000)).unwrap();
    battery.server.expect_log("POST /streamed");
    let answer = client.response(true).unwrap();
    assert_eq!((answer.body.len(), answer.ended), (1_000_000, Ended::Length));
    assert_eq!(client.rest(), b"");
    battery.stop();
}

#[test]
fn large_bodies_pass_and_limit_post_holds() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::with("application", &[OFF[0], "--limit-post", "4000000"]);
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    for answer in battery.both("POST", "/echo", &body) {
        assert!(answer.body == body, "{} bytes", answer.body.len());
    }
    let mut client = Client::connect(battery.http).unwrap();
    client.send(head("/echo", "Content-Length: 5000000")).unwrap();
    assert_eq!(client.response(true).unwrap().status, 413);
    battery.stop();
}
