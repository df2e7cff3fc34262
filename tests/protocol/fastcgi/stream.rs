//! `body-buffering = false`: bodies that the application takes out of the stream itself.

use super::*;

/// A request's start, up to the end of its variables.
fn head(keep: bool, path: &str, length: &str) -> Vec<u8> {
    let vars = pairs(&usual("POST", path, length));
    [begin(1, 1, keep), record(PARAMS, 1, &vars), record(PARAMS, 1, b"")].concat()
}

fn start() -> Battery {
    Battery::start(&["--body-buffering=false", "--socket-timeout", "2"])
}

#[test]
fn an_application_reads_what_came_before_the_rest_is_sent() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = start();
    let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
    // the connection is kept: each of them was read to its end
    for (length, told) in [("12", "12"), ("", "")] {
        battery.server.forget_log();
        client.send(head(true, "/streamed", length)).unwrap();
        client.send(record(STDIN, 1, b"hello")).unwrap();
        battery.server.expect_log("came first: b'hello'");
        let rest = [record(STDIN, 1, b" \nw"), record(STDIN, 1, b"orld"), record(STDIN, 1, b"")];
        client.send(rest.concat()).unwrap();
        let answer = response(&mut client, 1).unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, " \nworld"), "{length:?}");
        assert_eq!(answer.header("x-length"), Some(told));
    }
    // what asks between the records is answered behind
    client.send(head(true, "/echo", "5")).unwrap();
    client.send(record(GET_VALUES, 0, &pairs(&[("FCGI_MPXS_CONNS", "")]))).unwrap();
    client.send([record(STDIN, 1, b"hello"), record(STDIN, 1, b"")].concat()).unwrap();
    assert_eq!(response(&mut client, 1).unwrap().text(), "hello");
    assert_eq!(next(&mut client).unwrap().kind, GET_VALUES_RESULT);
    // a request that comes together with the body is the next one
    client.send(head(true, "/echo", "5")).unwrap();
    let more = request(1, false, &usual("GET", "/pid", ""), b"", 60_000);
    client.send([record(STDIN, 1, b"hello"), record(STDIN, 1, b""), more].concat()).unwrap();
    assert_eq!(response(&mut client, 1).unwrap().text(), "hello");
    assert_eq!(response(&mut client, 1).unwrap().text(), battery.worker);
    battery.stop();
}

#[test]
fn a_body_that_breaks_off_raises_where_it_is_read() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = start();
    for (rest, half, said) in [
        (record(STDIN, 1, b""), false, "the body is shorter than CONTENT_LENGTH"),
        (record(STDIN, 1, &[b'x'; 50]), false, "the body is longer than CONTENT_LENGTH"),
        (record(ABORT, 1, b""), false, "the web server gave the request up"),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), false, "this is no record of FastCGI"),
        (Vec::new(), true, "the client ended before its request body"),
        (Vec::new(), false, "too slowly"),
    ] {
        battery.server.forget_log();
        let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
        client.send(head(true, "/streamed", "50")).unwrap();
        client.send(record(STDIN, 1, b"hello")).unwrap();
        battery.server.expect_log("came first: b'hello'");
        client.send(rest).unwrap();
        if half {
            client.stream.half_close().unwrap();
        }
        assert_eq!(response(&mut client, 1).unwrap().status, 500, "{said}");
        battery.server.expect_log(said);
        assert!(client.closed_within(Duration::from_secs(5)), "{said}");
    }
    battery.stop();
}

#[test]
fn what_nobody_reads_ends_the_connection_and_not_the_answer() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = start();
    let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
    client.send(head(true, "/part", "500000")).unwrap();
    for _ in 0..8 {
        client.send(record(STDIN, 1, &vec![b'x'; 50_000])).unwrap();
    }
    assert_eq!(response(&mut client, 1).unwrap().text(), "xxxxx");
    assert!(client.closed_within(Duration::from_secs(5)));
    // one that came whole leaves nothing behind
    let mut client = Client::connect(battery.fastcgi.as_path()).unwrap();
    for _ in 0..2 {
        client.send(request(1, true, &usual("POST", "/part", "3000"), &[b'x'; 3000], 100)).unwrap();
        assert_eq!(response(&mut client, 1).unwrap().text(), "xxxxx");
    }
    battery.stop();
}

#[test]
fn large_bodies_pass() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = start();
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let answer = ask(battery.fastcgi.as_path(), "POST", "/echo", &body).unwrap();
    assert!(answer.body == body, "{} bytes", answer.body.len());
    battery.stop();
}
