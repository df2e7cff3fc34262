//! What the application does wrong, and what the client gets: an honest 500, or a visible cut.

use tests::http::{self, Client, Ended, Place};
use tests::{Subject, only, uwsgi};

use crate::Battery;

#[test]
fn an_exception_before_the_head_is_a_500_without_the_traceback() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    for path in ["/boom", "/boom-after", "/none", "/nostart", "/twice", "/badstatus", "/badtype"] {
        for answer in battery.both("GET", path, b"") {
            assert_eq!(answer.status, 500, "{path}: {answer:?}");
            assert!(!answer.text().contains("Traceback"), "{path}");
            assert!(!answer.text().is_empty(), "{path}");
        }
    }
    battery.server.expect_log("raised before the head");
    battery.server.expect_log("raised after the head");
    assert_eq!(http::get(battery.http, "/hello").unwrap().status, 200);
    // assertions are what was provoked here
    battery.server.stop();
}

#[test]
fn an_exception_is_logged_with_its_traceback() {
    let battery = Battery::start("application");
    http::get(battery.http, "/boom").ok();
    battery.server.expect_log("RuntimeError: raised before the head");
    battery.server.expect_log("in boom");
    battery.stop();
}

#[test]
fn catch_exceptions_shows_the_traceback() {
    let battery = Battery::with("application", &["--catch-exceptions"]);
    let answer = http::get(battery.http, "/boom").unwrap();
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("raised before the head"), "{}", answer.text());
    battery.stop();
}

#[test]
fn a_body_that_breaks_off_is_cut_visibly() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    for path in ["/boom-iterating", "/boom-length", "/short", "/exc-info-late"] {
        let answer = Client::connect(battery.http).unwrap().get(path).unwrap();
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.ended, Ended::Cut, "{path}: {answer:?}");
    }
    assert_eq!(http::get(battery.http, "/hello").unwrap().status, 200);
    battery.stop();
}

#[test]
fn a_body_longer_than_announced_is_cut_at_its_length() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    let mut client = Client::connect(battery.http).unwrap();
    let answer = client.get("/long").unwrap();
    assert_eq!((answer.text().as_str(), answer.ended), ("Hello", Ended::Length));
    battery.stop();
}

#[test]
fn a_header_that_would_split_the_answer_is_refused() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    for path in ["/badheader", "/badname"] {
        for answer in battery.both("GET", path, b"") {
            assert_eq!(answer.status, 500, "{path}");
            assert_eq!(answer.header("set-cookie"), None, "{path}");
        }
    }
    battery.stop();
}

#[test]
fn text_instead_of_bytes_is_an_error_that_is_logged() {
    let battery = Battery::start("application");
    let seen = http::get(battery.http, "/text");
    assert!(!seen.is_ok_and(|answer| answer.text().contains("not bytes")));
    assert_eq!(http::get(battery.http, "/hello").unwrap().status, 200);
    battery.stop();
}

#[test]
fn lines_for_wsgi_errors_reach_the_log() {
    let battery = Battery::start("validated");
    for answer in battery.both("GET", "/errors", b"") {
        assert_eq!(answer.text(), "logged");
    }
    battery.server.expect_log("a line for the log");
    battery.stop();
}

#[test]
fn a_client_that_goes_away_costs_nothing() {
    let battery = Battery::start("application");
    for _ in 0..20 {
        let mut client = Client::connect(battery.http).unwrap();
        client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        drop(client);
        let mut client = Client::connect(Place::from(battery.socket.as_path())).unwrap();
        client.send(uwsgi::packet((0, 0), &uwsgi::variables("GET", "/big", ""))).unwrap();
        drop(client);
    }
    assert_eq!(http::get(battery.http, "/hello").unwrap().status, 200);
    battery.stop();
}

#[test]
fn an_error_after_an_empty_block_is_still_a_500() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    for answer in battery.both("GET", "/empty-then-boom", b"") {
        assert_eq!(answer.status, 500, "{answer:?}");
    }
    battery.server.expect_log("raised after an empty block");
    battery.stop();
}

#[test]
fn a_head_that_cannot_be_sent_is_a_500() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    for path in [
        "/wide",
        "/widestatus",
        "/bytesheader",
        "/tupleheaders",
        "/splitstatus",
        "/badlength?-1",
        "/badlength?five",
        "/badlength?99999999999999999999999",
    ] {
        for answer in battery.both("GET", path, b"") {
            assert_eq!(answer.status, 500, "{path}");
            assert_eq!(answer.header("x-split"), None, "{path}");
        }
    }
    battery.stop();
}

#[test]
fn start_response_is_of_no_use_after_its_request() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::with("application", &["--threads", "2"]);
    // it belongs to the thread that served the request: from another one it is too late
    assert_eq!(http::get(battery.http, "/keep").unwrap().text(), "kept");
    let answer = http::get(battery.http, "/late").unwrap();
    assert!(answer.text().contains("Error"), "{}", answer.text());
    assert_eq!(http::get(battery.http, "/hello").unwrap().status, 200);
    battery.stop();
}
