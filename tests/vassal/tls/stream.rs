//! `body-buffering = false` over TLS.

use super::*;

#[test]
fn an_application_reads_what_came_before_the_rest_is_sent() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (server, address) = serve(&dir, "", &["--body-buffering=false", "--processes", "1"]);
    for (lines, first, rest) in [
        ("Content-Length: 12", "hello", " \nworld"),
        ("Transfer-Encoding: chunked", "5\r\nhello\r\n", "2\r\n \n\r\n5\r\nworld\r\n0\r\n\r\n"),
    ] {
        server.forget_log();
        let mut client = connect(&made, address);
        let head = format!("POST /first HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n");
        client.send(head.as_bytes()).unwrap();
        client.send(first.as_bytes()).unwrap();
        server.expect_log("came first: b'hello'");
        client.send(rest.as_bytes()).unwrap();
        let (head, body) = client.answer().unwrap();
        assert!(head.contains("Connection: close\r\n"), "{lines}: {head}");
        assert_eq!(body, b" \nworld", "{lines}");
        assert_eq!(client.rest().unwrap(), b"", "{lines}");
    }
    server.stop();
}

#[test]
fn a_client_is_told_to_go_on_when_the_application_reads() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (server, address) = serve(&dir, "", &["--body-buffering=false"]);
    let mut client = connect(&made, address);
    let head =
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    assert!(client.ask(head).unwrap().0.starts_with("HTTP/1.1 100 "));
    client.send(b"hello").unwrap();
    let (head, body) = client.answer().unwrap();
    assert_eq!((&head[..15], &body[..]), ("HTTP/1.1 200 OK", &b"hello"[..]));
    server.stop();
}

#[test]
fn large_bodies_pass_and_broken_ones_are_errors() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let words = ["--body-buffering=false", "--processes", "1", "--socket-timeout", "1"];
    let (server, address) = serve(&dir, "", &words);
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut client = connect(&made, address);
    let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    client.send(head.as_bytes()).unwrap();
    client.send(&body).unwrap();
    assert!(client.answer().unwrap().1 == body);
    let pid = told(&mut connect(&made, address))["pid"].clone();
    for (sent, said) in [("hel", "too slowly"), ("zz\r\n", "chunk")] {
        server.forget_log();
        let mut client = connect(&made, address);
        let lines = "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
        client.send(format!("POST /echo HTTP/1.1\r\nHost: a\r\n{lines}").as_bytes()).unwrap();
        let sent = if sent == "hel" { "5\r\nhel" } else { sent };
        client.send(sent.as_bytes()).unwrap();
        assert!(client.answer().unwrap().0.starts_with("HTTP/1.1 500 "), "{said}");
        server.expect_log(said);
    }
    // a record of TLS that is none
    let mut client = connect(&made, address);
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n";
    client.send(head.as_bytes()).unwrap();
    client
        .announce(&[
            23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
        ])
        .unwrap();
    assert!(client.answer().is_err());
    assert_eq!(told(&mut connect(&made, address))["pid"], pid, "the worker is another one");
    server.stop();
}
