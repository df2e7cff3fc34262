//! SCGI, good and bad.

use tests::http::Client;
use tests::scgi::{ask, head, usual};
use tests::{Subject, only};

use crate::Battery;

#[test]
fn a_request_built_by_hand_is_answered_with_a_status_field() {
    let battery = Battery::start(&[]);
    let mut client = Client::connect(battery.scgi.as_path()).unwrap();
    client.send(head(&usual("GET", "/hello", "0"))).unwrap();
    let text = String::from_utf8(client.rest()).unwrap();
    assert!(text.starts_with("Status: 200 OK\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\nHello World"), "{text}");
    battery.stop();
}

#[test]
fn bodies_of_any_size_are_whole_however_they_come() {
    let battery = Battery::start(&[]);
    let body: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    for size in [1, 100, 200_000] {
        let seen = ask(battery.scgi.as_path(), "POST", "/echo", &body[..size]).unwrap();
        assert_eq!((seen.status, seen.body == body[..size]), (200, true), "{size}");
    }
    if !only(Subject::Ours) {
        return battery.stop(); // the original gives up when a head comes byte by byte
    }
    let mut client = Client::connect(battery.scgi.as_path()).unwrap();
    for byte in [&head(&usual("POST", "/echo", "5"))[..], b"hello"].concat() {
        client.send([byte]).unwrap();
    }
    let text = String::from_utf8(client.rest()).unwrap();
    assert!(text.ends_with("\r\n\r\nhello"), "{text}");
    battery.stop();
}

#[test]
fn an_error_before_the_first_byte_is_a_500() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    for path in ["/boom", "/boom-after", "/none", "/badheader", "/badstatus"] {
        assert_eq!(ask(battery.scgi.as_path(), "GET", path, b"").unwrap().status, 500, "{path}");
    }
    battery.stop();
}

#[test]
fn what_is_no_scgi_is_not_served() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&["--socket-timeout", "1"]);
    let good = head(&usual("GET", "/hello", "0"));
    let text = String::from_utf8(good.clone()).unwrap();
    let swapped =
        text.replace("CONTENT_LENGTH\x000\0SCGI\x001\0", "SCGI\x001\0CONTENT_LENGTH\x000\0");
    let mut cases = vec![
        format!("0{text}"),
        format!(" {text}"),
        format!("+{text}"),
        text.replace(',', ";"),
        text.replace("SCGI\x001", "SCGI\x002"),
        text.replace("LENGTH\x000", "LENGTH\0x"),
        text.replace("LENGTH\x000", "LENGTH\0-"),
        text.replace("METHOD", "METHOB"),
        swapped,
        "5:hello,".to_owned(),
        "99999999999999999999:".to_owned(),
        "70000:".to_owned(),
    ];
    cases.extend((1..text.len()).step_by(13).map(|end| text[..end].to_owned()));
    for case in cases {
        assert_ne!(case, text);
        let mut client = Client::connect(battery.scgi.as_path()).unwrap();
        client.send(&case).unwrap();
        client.stream.half_close().unwrap();
        let text = String::from_utf8_lossy(&client.rest()).into_owned();
        assert!(!text.contains("Hello World"), "{case:?} was served: {text}");
    }
    let mut client = Client::connect(battery.scgi.as_path()).unwrap();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(client.response(true).unwrap().status, 400);
    battery.server.expect_log("HTTP was spoken to a SCGI socket");
    battery.stop();
}

#[test]
fn refusals_begin_with_a_status_field() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&["--limit-post", "100"]);
    let seen = ask(battery.scgi.as_path(), "POST", "/echo", &[0; 101]).unwrap();
    assert_eq!(seen.status, 413);
    let mut client = Client::connect(battery.scgi.as_path()).unwrap();
    client.send(head(&[("CONTENT_LENGTH", "0"), ("SCGI", "1")])).unwrap();
    client.stream.half_close().unwrap();
    let text = String::from_utf8(client.rest()).unwrap();
    assert!(text.starts_with("Status: 400 Bad Request\r\n"), "{text}");
    battery.stop();
}
