//! What the application finds in its environment and its input.

use tests::http::{self, Client};
use tests::{Subject, only, subject, uwsgi};

use crate::Battery;

#[test]
fn the_environment_of_a_request_is_what_cgi_says() {
    let battery = Battery::start("validated");
    let mut client = Client::connect(battery.http).unwrap();
    client
        .send(
            "GET /environ/a%20b/%E2%82%AC/x%2Fy;p=1?q=1&r=%20z HTTP/1.1\r\nHost: ex.test:8080\r\n\
             X-Dup: one\r\nX-Dup: two\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
    let seen = client.response(true).unwrap().json();
    for (key, value) in [
        ("REQUEST_METHOD", "GET"),
        ("REQUEST_URI", "/environ/a%20b/%E2%82%AC/x%2Fy;p=1?q=1&r=%20z"),
        ("PATH_INFO", "/environ/a b/\u{e2}\u{82}\u{ac}/x/y;p=1"),
        ("QUERY_STRING", "q=1&r=%20z"),
        ("SCRIPT_NAME", ""),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("HTTP_HOST", "ex.test:8080"),
        ("HTTP_X_DUP", "one, two"),
        ("HTTP_ACCEPT", "*/*"),
        ("REMOTE_ADDR", "127.0.0.1"),
        ("wsgi.url_scheme", "http"),
    ] {
        assert_eq!(seen[key], value, "{key} in {seen}");
    }
    assert_eq!(seen["SERVER_PORT"], battery.http.port().to_string());
    assert_eq!(seen["wsgi.version"], serde_json::json!([1, 0]));
    for key in ["wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"] {
        assert_eq!(seen[key], false, "{key}");
    }
    for key in ["wsgi.input", "wsgi.errors", "wsgi.file_wrapper", "uwsgi.version", "uwsgi.node"] {
        assert!(seen.get(key).is_some(), "no {key} in {seen}");
    }
    for key in ["HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"] {
        assert!(seen.get(key).is_none(), "{key} in {seen}");
    }
    battery.stop();
}

#[test]
fn the_environment_over_uwsgi_is_what_nginx_sent() {
    let battery = Battery::start("validated");
    let answer = uwsgi::ask(battery.socket.as_path(), "GET", "/environ/x?y=1", b"").unwrap();
    let seen = answer.json();
    for (key, value) in [
        ("REQUEST_METHOD", "GET"),
        ("PATH_INFO", "/environ/x"),
        ("QUERY_STRING", "y=1"),
        ("REQUEST_URI", "/environ/x?y=1"),
        ("SERVER_NAME", "example.test"),
        ("SERVER_PORT", "80"),
        ("REQUEST_SCHEME", "http"),
        ("CONTENT_LENGTH", ""),
        ("DOCUMENT_ROOT", "/usr/share/nginx/html"),
    ] {
        assert_eq!(seen[key], value, "{key} in {seen}");
    }
    battery.stop();
}

#[test]
fn of_two_equal_variables_the_last_wins_over_uwsgi() {
    let battery = Battery::start("application");
    let mut vars = uwsgi::variables("GET", "/environ", "");
    vars.extend([("HTTP_X_DUP", "one"), ("HTTP_X_DUP", "two")]);
    let mut client = Client::connect(battery.socket.as_path()).unwrap();
    client.send(uwsgi::packet((0, 0), &vars)).unwrap();
    assert_eq!(client.response(true).unwrap().json()["HTTP_X_DUP"], "two");
    battery.stop();
}

#[test]
fn cookies_are_joined_so_that_they_can_be_parsed() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("validated");
    let answer =
        http::ask(battery.http, "GET", "/cookies", &["Cookie: a=1", "Cookie: b=2"], b"").unwrap();
    assert_eq!(answer.text(), "a=1; b=2");
    battery.stop();
}

#[test]
fn a_name_with_an_underscore_cannot_pose_as_another() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("validated");
    let lines = ["X-Real-Ip: honest", "X_Real_Ip: forged"];
    let seen = http::ask(battery.http, "GET", "/environ", &lines, b"");
    if let Ok(answer) = seen
        && answer.status == 200
    {
        assert_eq!(answer.json()["HTTP_X_REAL_IP"], "honest");
    }
    battery.stop();
}

#[test]
fn a_near_proxy_says_that_its_client_came_by_https() {
    let battery = Battery::start("validated");
    let scheme = |line: &str| {
        let answer = http::ask(battery.http, "GET", "/environ", &[line], b"").unwrap();
        answer.json()["wsgi.url_scheme"].as_str().unwrap_or_default().to_owned()
    };
    for (line, expected) in [
        ("X-Forwarded-Proto: https", "https"),
        ("X-Forwarded-Proto: http", "http"),
        ("X-Forwarded-Ssl: on", "https"),
        ("X-Forwarded-Ssl: off", "http"),
        ("X-Other: https", "http"),
    ] {
        assert_eq!(scheme(line), expected, "{line}");
    }
    battery.stop();
}

#[test]
fn bodies_of_every_size_come_back() {
    let battery = Battery::start("validated");
    for size in [0, 1, 4095, 4096, 65_536, 5 * 1024 * 1024] {
        let body: Vec<u8> = (0..size).map(|n: u32| (n % 253) as u8).collect();
        for answer in battery.both("POST", "/echo", &body) {
            assert!(answer.body == body, "{} of {size} bytes", answer.body.len());
        }
    }
    battery.stop();
}

#[test]
fn a_chunked_body_is_decoded_into_the_input() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    let mut client = Client::connect(battery.http).unwrap();
    for _ in 0..3 {
        client
            .send(
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                 5\r\nhello\r\n1;name=value\r\n \r\n5\r\nworld\r\n0\r\nX-Trailer: t\r\n\r\n",
            )
            .unwrap();
        assert_eq!(client.response(true).unwrap().text(), "hello world");
    }
    battery.stop();
}

#[test]
fn a_chunked_body_that_comes_byte_by_byte_is_decoded_too() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    let mut client = Client::connect(battery.http).unwrap();
    let bytes = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                  4\r\nbyte\r\nA\r\n0123456789\r\n0\r\n\r\n";
    for byte in bytes {
        client.send([*byte]).unwrap();
    }
    assert_eq!(client.response(true).unwrap().text(), "byte0123456789");
    assert_eq!(client.get("/hello").unwrap().status, 200);
    battery.stop();
}

#[test]
fn continue_is_said_before_a_body_is_read() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("validated");
    let mut client = Client::connect(battery.http).unwrap();
    client
        .send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        .unwrap();
    assert_eq!(client.response(true).unwrap().status, 100);
    client.send("hello").unwrap();
    assert_eq!(client.response(true).unwrap().text(), "hello");
    battery.stop();
}

#[test]
fn lines_of_the_input_are_read_with_and_without_a_limit() {
    let battery = Battery::start("application");
    let body = b"first\nsecond\nthird\nlast";
    let expected = if subject() == Subject::Ours {
        serde_json::json!(["first\n", "sec", "ond\n", ["third\n", "last"], ""])
    } else {
        // the original ignores the limit of readline
        serde_json::json!(["first\n", "second\n", "third\n", ["last"], ""])
    };
    for answer in battery.both("POST", "/lines", body) {
        assert_eq!(answer.json(), expected);
    }
    battery.stop();
}

#[test]
fn a_body_that_nobody_read_does_not_become_the_next_request() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("validated");
    let mut client = Client::connect(battery.http).unwrap();
    let smuggled = b"GET /boom HTTP/1.1\r\nHost: a\r\n\r\n";
    let answer = client.ask("POST", "/unread", &[], smuggled).unwrap();
    assert_eq!(answer.text(), "unread");
    // either the connection goes on after the body, or it was closed: never a second answer
    if answer.header("connection") != Some("close")
        && let Ok(next) = client.get("/hello")
    {
        assert_eq!(next.text(), "Hello World");
    }
    battery.stop();
}

#[test]
fn processes_and_threads_are_told() {
    let battery = Battery::with("validated", &["--processes", "2", "--threads", "2"]);
    let seen = http::get(battery.http, "/environ").unwrap().json();
    assert_eq!(
        (&seen["wsgi.multithread"], &seen["wsgi.multiprocess"]),
        (&true.into(), &true.into())
    );
    battery.stop();
}

#[test]
fn every_method_of_the_input_does_what_io_does() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    let query = "abc~de~f~ghij~klm~no~p~~qrstu";
    let body = query.replace('~', "\n");
    let path = format!("/reads?{query}");
    for answer in battery.both("POST", &path, body.as_bytes()) {
        assert_eq!((answer.status, answer.text().as_str()), (200, "[]"));
    }
    // chunked, and large enough for a file
    let mut client = Client::connect(battery.http).unwrap();
    client
        .send(format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
             {:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        ))
        .unwrap();
    assert_eq!(client.response(true).unwrap().text(), "[]");
    battery.stop();
    let spilled = Battery::with("application", &["--post-buffering", "4"]);
    for answer in spilled.both("POST", &path, body.as_bytes()) {
        assert_eq!((answer.status, answer.text().as_str()), (200, "[]"));
    }
    spilled.stop();
}

#[test]
fn a_body_that_does_not_come_whole_never_reaches_the_application() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    for (head, body) in [
        ("Content-Length: 100", "only so much"),
        ("Transfer-Encoding: chunked", "5\r\nhel"),
        ("Transfer-Encoding: chunked", "5\r\nhello\r\n"),
    ] {
        let mut client = Client::connect(battery.http).unwrap();
        let request = format!("POST /echo HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n{body}");
        client.send(request).unwrap();
        client.stream.half_close().unwrap();
        let answer = client.response(true);
        assert!(answer.as_ref().is_err() || answer.unwrap().status >= 400, "{head}: {body}");
    }
    let mut client = Client::connect(battery.http).unwrap();
    client
        .send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n")
        .unwrap();
    assert_eq!(client.response(true).unwrap().status, 400);
    assert!(!battery.server.log().contains("POST /echo"), "{}", battery.server.log());
    battery.stop();
}
