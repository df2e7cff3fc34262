//! FastCGI, good and bad.

/// Bodies that the application takes out of the stream itself.
mod stream;

use std::collections::HashSet;
use std::time::Duration;

use nix::sys::signal::Signal;

use tests::fastcgi::{
    ABORT, END, GET_VALUES, GET_VALUES_RESULT, PARAMS, Record, STDIN, STDOUT, ask, begin, next,
    pairs, record, request, response, text, usual,
};
use tests::http::{Client, Ended};
use tests::{Dir, Run, Subject, only};

use crate::Battery;

#[test]
fn a_request_built_by_hand_is_answered_with_a_status_field_and_an_end() {
    let battery = Battery::start(&[]);
    let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
    client.send(request(1, false, &usual("GET", "/hello", ""), b"", 60_000)).unwrap();
    let text = String::from_utf8(text(&mut client, 1).unwrap()).unwrap();
    assert!(text.starts_with("Status: 200 OK\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\nHello World"), "{text}");
    assert!(client.closed_within(Duration::from_secs(5)));
    battery.stop();
}

#[test]
fn the_nph_twins_answer_with_a_status_line() {
    let (dir, subject) = (Dir::new(), tests::subject());
    dir.app("battery.py");
    let server = Run::bare(&dir, subject)
        .args(if subject == Subject::Ours { &[][..] } else { &["--plugins", "python3"] })
        .args(["--fastcgi-nph-socket", "a.fcgi", "--scgi-nph-socket", "a.scgi", "--master"])
        .args(["--wsgi-file", "battery.py"])
        .start();
    server.await_unix(&dir.join("a.fcgi"));
    let mut client = Client::connect(dir.join("a.fcgi").as_path()).unwrap();
    client.send(request(1, false, &usual("GET", "/hello", ""), b"", 60_000)).unwrap();
    let seen = String::from_utf8(text(&mut client, 1).unwrap()).unwrap();
    assert!(seen.starts_with("HTTP/1.1 200 OK\r\n"), "{seen}");
    server.await_unix(&dir.join("a.scgi"));
    let mut client = Client::connect(dir.join("a.scgi").as_path()).unwrap();
    client.send(tests::scgi::head(&tests::scgi::usual("GET", "/hello", "0"))).unwrap();
    let seen = String::from_utf8(client.rest()).unwrap();
    assert!(seen.starts_with("HTTP/1.1 200 OK\r\n"), "{seen}");
    server.stop();
}

#[test]
fn variables_and_bodies_over_many_records_are_whole() {
    let battery = Battery::start(&[]);
    let long = "x".repeat(3000);
    let body: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    for step in [7, 999, 60_000] {
        if step < 60_000 && !only(Subject::Ours) {
            continue; // the original wants all variables in one record
        }
        let mut vars = usual("POST", "/echo?a=b", "200000");
        vars.push(("HTTP_X_LONG", &long));
        let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
        client.send(request(1, false, &vars, &body, step)).unwrap();
        let seen = response(&mut client, 1).unwrap();
        assert_eq!((seen.status, seen.body == body), (200, true), "{step}");
    }
    battery.stop();
}

#[test]
fn a_body_without_a_length_is_taken_to_its_end() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
    client.send(request(1, true, &usual("POST", "/echo", ""), b"how long am I", 5)).unwrap();
    assert_eq!(response(&mut client, 1).unwrap().text(), "how long am I");
    client.send(request(1, true, &usual("POST", "/environ", ""), b"how long am I", 50)).unwrap();
    assert_eq!(response(&mut client, 1).unwrap().json()["CONTENT_LENGTH"], "13");
    battery.stop();
}

#[test]
fn a_connection_that_is_kept_takes_request_after_request() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
    for id in [1, 7, 7, 65_535, 256] {
        client.send(request(id, true, &usual("GET", "/hello", ""), b"", 60_000)).unwrap();
        assert_eq!(response(&mut client, id).unwrap().text(), "Hello World");
        client.send(request(id, true, &usual("POST", "/echo", "5"), b"hello", 2)).unwrap();
        assert_eq!(response(&mut client, id).unwrap().text(), "hello");
        client.send(request(id, true, &usual("GET", "/generator", ""), b"", 60_000)).unwrap();
        assert_eq!(response(&mut client, id).unwrap().text(), "one two three");
    }
    // two at once, one after the other
    let both = [1, 2].map(|id| request(id, true, &usual("GET", "/pid", ""), b"", 60_000)).concat();
    client.send(both).unwrap();
    for id in [1, 2] {
        assert_eq!(response(&mut client, id).unwrap().text(), battery.worker);
    }
    client.send(request(1, false, &usual("GET", "/hello", ""), b"", 60_000)).unwrap();
    assert_eq!(response(&mut client, 1).unwrap().status, 200);
    assert!(client.closed_within(Duration::from_secs(5)));
    battery.stop();
}

#[test]
fn kept_connections_are_served_by_every_thread_and_by_the_next_generation() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.app("battery.py");
    let server = Run::uwsgi(&dir)
        .args(["--fastcgi-socket", "a.fcgi", "--master", "--threads", "3", "--processes", "2"])
        .args(["--wsgi-file", "battery.py"])
        .start();
    let place = dir.join("a.fcgi");
    server.await_unix(&place);
    let mut clients: Vec<Client> =
        (0..12).map(|_| Client::connect(place.as_path()).unwrap()).collect();
    let pids = |clients: &mut Vec<Client>| -> HashSet<String> {
        for (id, client) in (1..).zip(clients.iter_mut()) {
            let body = b"a body in two records that comes together with its head";
            let vars = usual("POST", "/echo", "55");
            client.send(request(id, true, &vars, body, 40)).unwrap();
            client.send(request(id, true, &usual("GET", "/pid", ""), b"", 60_000)).unwrap();
        }
        let answers = (1..).zip(clients.iter_mut()).map(|(id, client)| {
            assert_eq!(response(client, id).unwrap().body.len(), 55);
            response(client, id).unwrap().text()
        });
        answers.collect()
    };
    let before = pids(&mut clients);
    server.signal(Signal::SIGHUP);
    for worker in ["worker 1", "worker 2"] {
        server.expect_log(&format!("{worker} killed successfully"));
    }
    let after = pids(&mut clients);
    assert!(after.is_disjoint(&before), "{before:?} {after:?}");
    server.stop();
}

#[test]
fn a_second_request_while_one_is_sent_is_told_that_there_is_no_multiplexing() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let first = request(1, true, &usual("POST", "/echo", "10"), b"0123456789", 5);
    let second = request(2, true, &usual("GET", "/hello", ""), b"", 60_000);
    // in the variables, between them and the body, in the body
    for cut in [16, 60, first.len() - 40, first.len() - 21] {
        let at = boundary(&first, cut);
        let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
        client.send([&first[..at], &second, &first[at..]].concat()).unwrap();
        let refused = Record { kind: END, id: 2, content: vec![0, 0, 0, 0, 1, 0, 0, 0] };
        assert_eq!(next(&mut client).unwrap(), refused, "{cut}");
        assert_eq!(response(&mut client, 1).unwrap().text(), "0123456789");
        client.send(&second).unwrap();
        assert_eq!(response(&mut client, 2).unwrap().text(), "Hello World");
    }
    battery.stop();
}

/// The end of the record that ends first at or behind `least`.
fn boundary(bytes: &[u8], least: usize) -> usize {
    let mut at = 0;
    while at < least {
        at += 8 + usize::from(u16::from_be_bytes([bytes[at + 4], bytes[at + 5]]));
    }
    at
}

#[test]
fn questions_about_the_server_are_answered() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
    let asked = pairs(&[("FCGI_MPXS_CONNS", ""), ("FCGI_MAX_CONNS", ""), ("FCGI_NONSENSE", "")]);
    client.send(record(GET_VALUES, 0, &asked)).unwrap();
    let content = pairs(&[("FCGI_MAX_CONNS", "1"), ("FCGI_MPXS_CONNS", "0")]);
    let result = Record { kind: GET_VALUES_RESULT, id: 0, content };
    assert_eq!(next(&mut client).unwrap(), result);
    client.send(record(99, 0, b"")).unwrap();
    let unknown = Record { kind: 11, id: 0, content: vec![99, 0, 0, 0, 0, 0, 0, 0] };
    assert_eq!(next(&mut client).unwrap(), unknown);
    client.send(begin(1, 2, true)).unwrap();
    let role = Record { kind: END, id: 1, content: vec![0, 0, 0, 0, 3, 0, 0, 0] };
    assert_eq!(next(&mut client).unwrap(), role);
    client.send(request(1, true, &usual("GET", "/hello", ""), b"", 60_000)).unwrap();
    assert_eq!(response(&mut client, 1).unwrap().status, 200);
    battery.stop();
}

#[test]
fn a_request_that_is_given_up_reaches_no_application() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let whole = request(1, true, &usual("POST", "/echo", "10"), b"0123456789", 5);
    for cut in [16, 60, whole.len() - 21] {
        let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
        client.send([&whole[..boundary(&whole, cut)], &record(ABORT, 1, b"")].concat()).unwrap();
        assert_eq!(text(&mut client, 1).unwrap(), b"", "{cut}");
        client.send(request(1, false, &usual("GET", "/hello", ""), b"", 60_000)).unwrap();
        assert_eq!(response(&mut client, 1).unwrap().text(), "Hello World");
    }
    battery.stop();
}

#[test]
fn a_file_of_many_records_is_whole() {
    let battery = Battery::start(&[]);
    let body: Vec<u8> = (0..300_000_u32).map(|n| (n / 7) as u8).collect();
    let file = battery.dir.write("large", &body);
    let uri = format!("/file?{}", file.display());
    let seen = ask(battery.fastcgi.as_path(), "GET", &uri, b"").unwrap();
    assert_eq!((seen.status, seen.body == body), (200, true));
    let empty = battery.dir.write("empty", "");
    let uri = format!("/file?{}", empty.display());
    assert_eq!(ask(battery.fastcgi.as_path(), "GET", &uri, b"").unwrap().body, b"");
    let seen = ask(battery.fastcgi.as_path(), "GET", "/big", b"").unwrap();
    assert_eq!(seen.body.len(), 80 * 65_536);
    battery.stop();
}

#[test]
fn an_error_before_the_first_byte_is_a_500_and_a_later_one_has_no_end() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    for path in ["/boom", "/boom-after", "/none", "/badheader", "/badstatus"] {
        assert_eq!(ask(battery.fastcgi.as_path(), "GET", path, b"").unwrap().status, 500, "{path}");
    }
    for path in ["/boom-iterating", "/boom-length", "/short", "/exc-info-late"] {
        let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
        client.send(request(1, true, &usual("GET", path, ""), b"", 60_000)).unwrap();
        let error = text(&mut client, 1).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{path}: {error}");
    }
    let seen = ask(battery.fastcgi.as_path(), "GET", "/long", b"").unwrap();
    assert_eq!((seen.text().as_str(), seen.ended), ("Hello", Ended::Close));
    for path in ["/nobody", "/unchanged"] {
        let seen = ask(battery.fastcgi.as_path(), "GET", path, b"").unwrap();
        assert_eq!(seen.body, b"", "{path}");
    }
    let seen = ask(battery.fastcgi.as_path(), "HEAD", "/hello", b"").unwrap();
    assert_eq!((seen.header("content-length"), seen.body.len()), (Some("11"), 0));
    battery.stop();
}

#[test]
fn what_is_no_fastcgi_is_not_served() {
    let battery = Battery::start(&["--socket-timeout", "1"]);
    let good = usual("GET", "/hello", "");
    let params = |content: &[u8]| {
        let last = record(PARAMS, 1, b"");
        [begin(1, 1, false), record(PARAMS, 1, content), last, record(STDIN, 1, b"")].concat()
    };
    let mut wrong = usual("POST", "/hello", "5");
    let mut cases = vec![
        b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        [&[2][..], &request(1, false, &good, b"", 60_000)[1..]].concat(),
        params(&[9, 1, b'x']),
        params(&[0xff, 0xff, 0xff, 0xff, 0xff]),
        request(1, false, &good, b"", 60_000)[16..].to_vec(),
        request(1, false, &wrong, b"four", 60_000),
        request(1, false, &wrong, b"sixsix", 60_000),
    ];
    wrong.push(("CONTENT_LENGTH", "6"));
    cases.push(request(1, false, &wrong, b"sixsix", 60_000));
    let whole = request(1, false, &usual("POST", "/hello", "5"), b"hello", 60_000);
    cases.extend((1..whole.len()).step_by(11).map(|end| whole[..end].to_vec()));
    for case in cases {
        let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
        client.send(&case).unwrap();
        client.stream.half_close().unwrap();
        let text = String::from_utf8_lossy(&client.rest()).into_owned();
        if tests::subject() == Subject::Ours {
            assert!(!text.contains("Hello World"), "{case:?} was served: {text}");
        }
    }
    battery.stop();
}

#[test]
fn refusals_come_in_records() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&["--limit-post", "100"]);
    let long = "x".repeat(70_000);
    let mut vars = usual("GET", "/hello", "");
    vars.push(("HTTP_X_LONG", &long));
    for (bytes, status) in [
        (request(9, true, &vars, b"", 60_000), 431),
        (request(9, true, &usual("POST", "/echo", "101"), &[0; 101], 60_000), 413),
        (request(9, true, &usual("POST", "/echo", ""), &[0; 101], 60_000), 413),
        (request(9, true, &usual("POST", "/echo", "5"), b"four", 60_000), 400),
        (request(9, true, &usual("POST", "/echo", "x"), b"four", 60_000), 400),
    ] {
        let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
        client.send(bytes).unwrap();
        assert_eq!(response(&mut client, 9).unwrap().status, status);
        client.stream.half_close().unwrap();
        assert!(client.closed_within(Duration::from_secs(5)));
    }
    // the one that speaks HTTP is told so in its own language
    let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(client.response(true).unwrap().status, 400);
    battery.server.expect_log("HTTP was spoken to a FastCGI socket");
    battery.stop();
}

#[test]
fn harakiri_answers_over_fastcgi_too() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.app("battery.py");
    let server = Run::uwsgi(&dir)
        .args(["--fastcgi-socket", "a.fcgi", "--master", "--harakiri", "1"])
        .args(["--wsgi-file", "battery.py"])
        .start();
    server.await_unix(&dir.join("a.fcgi"));
    let seen = ask(dir.join("a.fcgi").as_path(), "GET", "/slow?20", b"").unwrap();
    assert_eq!(seen.status, 504);
    server.stop();
}

#[test]
fn the_records_of_an_answer_have_lengths_that_fit() {
    let battery = Battery::start(&[]);
    let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
    client.send(request(3, false, &usual("GET", "/generator", ""), b"", 60_000)).unwrap();
    let mut kinds = Vec::new();
    loop {
        let record = next(&mut client).unwrap();
        assert_eq!(record.id, 3);
        kinds.push((record.kind, record.content.is_empty()));
        if record.kind == END {
            break;
        }
    }
    assert!(kinds.starts_with(&[(STDOUT, false)]), "{kinds:?}");
    assert_eq!(kinds.last(), Some(&(END, false)));
    battery.stop();
}
