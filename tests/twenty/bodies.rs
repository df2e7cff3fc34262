//! Bodies of requests.

use tests::{Subject, only};

use crate::{All, GATEWAYS, WIRES, Wire, status};

/// The ways to read a body.
const WAYS: [&str; 8] =
    ["read", "read-1", "read7", "readline", "readline3", "readlines", "iterate", "chunked"];

#[test]
fn behaviour_01_chunked_bodies_are_readable_by_every_method() {
    if !only(Subject::Ours) {
        return;
    }
    for more in [&[][..], &["--body-buffering=false"], &["--post-buffering=4"]] {
        let all = All::start(more);
        let streamed = more.first() == Some(&"--body-buffering=false");
        let mut client = all.connect(Wire::Http);
        for way in WAYS {
            if streamed {
                client = all.connect(Wire::Http);
            }
            client
                .send(format!(
                    "POST /body?{way} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\
                     Trailer: X-Trailer\r\n\r\n5;name=value\r\nhello\r\n1;a=\"b;\\\"c\"\r\n\n\r\n\
                     0005 ; x\r\nworld\r\n0;last\r\nX-Trailer: t\r\nX-Other: \r\n\r\n"
                ))
                .unwrap();
            let seen = client.response(true).unwrap().json();
            assert_eq!(seen["body"], "hello\nworld", "{more:?} {way}");
            assert_eq!((&seen["over"], &seen["terminated"]), (&true.into(), &true.into()));
            assert!(seen["trailer"].is_null(), "a trailer is no field of the head: {seen}");
            if !streamed {
                assert_eq!(seen["length"], "11", "{more:?} {way}");
            }
        }
        all.stop();
    }
    let all = All::start(&[]);
    let large: String = (0..200_000_u32).map(|n| char::from(b'a' + (n % 26) as u8)).collect();
    let mut client = all.connect(Wire::Http);
    for way in WAYS {
        client
            .send(format!(
                "POST /body?{way} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            ))
            .unwrap();
        for piece in large.as_bytes().chunks(7000) {
            client.send(format!("{:X}\r\n", piece.len())).unwrap();
            client.send([piece, b"\r\n"].concat()).unwrap();
        }
        client.send("0\r\n\r\n").unwrap();
        let seen = client.response(true).unwrap().json();
        assert!(seen["body"].as_str() == Some(&large), "{way}");
    }
    all.stop();
}

#[test]
fn behaviour_02_a_broken_body_is_never_a_clean_end() {
    if !only(Subject::Ours) {
        return;
    }
    let broken = [
        ("Content-Length: 100", "only so much"),
        ("Transfer-Encoding: chunked", "5\r\nhel"),
        ("Transfer-Encoding: chunked", "5\r\nhello\r\n"),
        ("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n"),
        ("Transfer-Encoding: chunked", "5\r\nhello\r\nzz\r\nmore\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "5\r\nhelloworld\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "5\nhello\n0\n\n"),
    ];
    for more in [&[][..], &["--body-buffering=false"]] {
        let all = All::start(more);
        for (head, body) in broken {
            all.server.forget_log();
            let mut client = all.connect(Wire::Http);
            client
                .send(format!("POST /raises HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n{body}"))
                .unwrap();
            client.stream.half_close().unwrap();
            let text = String::from_utf8_lossy(&client.rest()).into_owned();
            assert!(!text.contains("200 OK"), "{more:?} {head} {body:?}: {text}");
            if more.is_empty() {
                assert!(!all.server.log().contains("the input"), "{head} {body:?}");
            } else {
                all.server.expect_log("the input raised");
            }
        }
        for wire in GATEWAYS {
            all.server.forget_log();
            let seen = all.raw(wire, &[("CONTENT_LENGTH", "100")], b"only so much");
            assert_ne!(status(&seen), Some(200), "{wire:?}: {}", String::from_utf8_lossy(&seen));
            let log = all.server.log();
            assert!(!log.contains("the input ended"), "{more:?} {wire:?}: {log}");
        }
        all.stop();
    }
}

/// Lengths that are none.
const LENGTHS: [&str; 12] = [
    "+5",
    "-1",
    "0x5",
    "5,5",
    "5, 6",
    "5 5",
    "5abc",
    "five",
    "5.0",
    "1e1",
    "99999999999999999999999",
    "\u{665}",
];

#[test]
fn behaviour_03_disputed_lengths_are_400_before_the_application() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&[]);
    let post = |fields: &str| {
        let mut client = all.connect(Wire::Http);
        client
            .send(format!("POST /raises HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\nhello\r\n0\r\n\r\n"))
            .unwrap();
        let answer = client.response(true).unwrap_or_else(|error| panic!("{fields}: {error}"));
        assert_eq!(answer.status, 400, "{fields}: {answer:?}");
        assert_eq!(answer.header("connection"), Some("close"), "{fields}");
        assert_eq!(client.rest(), b"", "{fields}: more than one answer");
    };
    for length in LENGTHS.into_iter().chain([""]) {
        post(&format!("Content-Length: {length}"));
    }
    for fields in [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked;q=1",
    ] {
        post(fields);
    }
    for wire in GATEWAYS {
        for length in LENGTHS {
            let seen = all.raw(wire, &[("CONTENT_LENGTH", length)], b"hello");
            let text = String::from_utf8_lossy(&seen);
            // SCGI's first variable is its length: what is none is no SCGI
            let right = status(&seen) == Some(400) || wire == Wire::Scgi && seen.is_empty();
            assert!(right, "{wire:?} {length:?}: {text}");
        }
    }
    let log = all.server.log();
    assert!(!log.contains("the input"), "one reached the application: {log}");
    all.stop();
}

#[test]
fn behaviour_14_the_input_reads_as_io_does() {
    if !only(Subject::Ours) {
        return;
    }
    for more in [&[][..], &["--body-buffering=false"], &["--post-buffering=4"]] {
        let all = All::start(more);
        let query = "abc~de~f~ghij~klm~no~p~~qrstu";
        let body = query.replace('~', "\n");
        for wire in WIRES {
            let answer = all.ask(wire, "POST", &format!("/reads?{query}"), body.as_bytes());
            assert_eq!((answer.status, answer.text().as_str()), (200, "[]"), "{more:?} {wire:?}");
        }
        all.stop();
    }
}
