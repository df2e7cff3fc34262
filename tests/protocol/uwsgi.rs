//! Packets of the uwsgi protocol, good and bad.

use std::time::{Duration, Instant};

use tests::http::Client;
use tests::uwsgi::{packet, raw, variables};
use tests::{Subject, only, subject};

use crate::Battery;

#[test]
fn a_packet_built_by_hand_is_answered_in_http() {
    let battery = Battery::start(&[]);
    let bytes = raw(
        battery.socket.as_path(),
        &packet(
            (0, 0),
            &[
                ("QUERY_STRING", "a=1"),
                ("PATH_INFO", "/hello"),
                ("REQUEST_METHOD", "GET"),
                ("SERVER_PROTOCOL", "HTTP/1.1"),
                ("SERVER_NAME", "a"),
                ("SERVER_PORT", "80"),
            ],
        ),
    )
    .unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.ends_with("Hello World"), "{text}");
    battery.stop();
}

#[test]
fn a_packet_above_4_kilobytes_is_served_and_one_above_the_limit_is_not() {
    let battery = Battery::start(&[]);
    let long = "x".repeat(5000);
    let mut vars = variables("GET", "/hello", "");
    vars.push(("HTTP_X_LONG", &long));
    let bytes = raw(battery.socket.as_path(), &packet((0, 0), &vars)).unwrap_or_default();
    // deliberate: the original resets what is above buffer-size
    assert_eq!(!bytes.is_empty(), subject() == Subject::Ours);
    battery.stop();
}

#[test]
fn http_on_a_uwsgi_socket_is_explained() {
    let battery = Battery::start(&[]);
    let bytes =
        raw(battery.socket.as_path(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    if subject() == Subject::Ours {
        assert!(text.starts_with("HTTP/1.1 400"), "{text:?}");
        battery.server.expect_log("HTTP");
    } else {
        assert_eq!(text, "");
        battery.server.expect_log("invalid request block size: 21573");
    }
    battery.stop();
}

#[test]
fn lengths_that_do_not_fit_close_the_connection() {
    let battery = Battery::start(&["--socket-timeout", "1"]);
    let good = packet((0, 0), &variables("GET", "/hello", ""));
    let mut cases: Vec<Vec<u8>> = vec![
        vec![0, 4, 0, 0, 255, 255, b'a', b'b'],
        vec![0, 4, 0, 0, 0, 0, 0, 0],
        vec![0, 1, 0, 0, 1],
        vec![0, 5, 0, 0, 1, 0, b'k', 255, 255],
    ];
    cases.extend((1..good.len()).step_by(7).map(|end| good[..end].to_vec()));
    for case in cases {
        let mut client = Client::connect(battery.socket.as_path()).unwrap();
        client.send(&case).unwrap();
        client.stream.half_close().unwrap();
        let bytes = client.rest();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("Hello World"), "{case:?} was served: {text}");
    }
    battery.stop();
}

#[test]
fn modifiers_that_would_run_code_are_refused() {
    let battery = Battery::start(&[]);
    for modifier in [17, 22, 110, 111, 173] {
        let vars = variables("GET", "/hello", "");
        let bytes =
            raw(battery.socket.as_path(), &packet((modifier, 0), &vars)).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains("Hello World"), "modifier {modifier}");
        if subject() == Subject::Ours {
            battery.server.expect_log(&format!("modifier1 {modifier}"));
        }
    }
    battery.stop();
}

#[test]
fn variables_do_not_choose_the_application() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let mut vars = variables("GET", "/hello", "");
    vars.extend([("UWSGI_FILE", "/tmp/evil.py"), ("UWSGI_MODULE", "os"), ("UWSGI_CHDIR", "/")]);
    for _ in 0..2 {
        let bytes = raw(battery.socket.as_path(), &packet((0, 0), &vars)).unwrap();
        assert!(String::from_utf8_lossy(&bytes).contains("Hello World"));
    }
    battery.server.expect_log("UWSGI_FILE");
    assert_eq!(battery.server.log().matches("UWSGI_FILE").count(), 1, "it is said once");
    battery.stop();
}

#[test]
fn a_body_shorter_than_announced_does_not_hang() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&["--socket-timeout", "1"]);
    let mut client = Client::connect(battery.socket.as_path()).unwrap();
    client.send(packet((0, 0), &variables("POST", "/echo", "500"))).unwrap();
    client.send("too short").unwrap();
    let bytes = client.rest();
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("200 OK"), "{text}");
    battery.stop();
}

#[test]
fn a_chunked_body_that_the_router_never_passes_on_holds_no_worker_and_is_given_up() {
    if !only(Subject::Ours) {
        return;
    }
    // without its option http-chunked-input uWSGI's router keeps such a body
    let battery = Battery::start(&["--socket-timeout", "2", "--processes", "1"]);
    let mut vars = variables("POST", "/echo", "");
    vars.retain(|(name, _)| *name != "CONTENT_LENGTH");
    vars.extend([("HTTP_TRANSFER_ENCODING", "chunked"), ("UWSGI_ROUTER", "http")]);
    let mut client = Client::connect(battery.socket.as_path()).unwrap();
    let begun = Instant::now();
    client.send(packet((0, 0), &vars)).unwrap();
    // the only thread of the only worker serves others meanwhile
    for _ in 0..3 {
        let answer =
            raw(battery.socket.as_path(), &packet((0, 0), &variables("GET", "/hello", "")));
        assert!(String::from_utf8_lossy(&answer.unwrap()).ends_with("Hello World"));
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let bytes = client.rest();
    let (text, time) = (String::from_utf8_lossy(&bytes), begun.elapsed());
    assert!(text.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{text:?}");
    assert!(time >= Duration::from_millis(1700) && time < Duration::from_secs(15), "{time:?}");
    battery.stop();
}
