//! What the application answers.

use tests::http::{Client, Ended};
use tests::server::SOON;
use tests::{Subject, eventually, fastcgi, only, uwsgi};

use crate::{All, GATEWAYS, WIRES, Wire};

/// How often `close()` was called so far.
fn closes(all: &All) -> u32 {
    all.get(Wire::Http, "/closes").text().parse().expect("a number")
}

#[test]
fn behaviour_09_an_error_after_the_first_byte_is_visible() {
    if !only(Subject::Ours) {
        return;
    }
    let tcp = tests::free_address();
    let all = All::start(&["--socket", &tcp.to_string()]);
    let seen = all.connect(Wire::Http).get("/break").unwrap();
    assert_eq!((seen.status, seen.text().as_str(), seen.ended), (200, "first part", Ended::Cut));
    assert_eq!(closes(&all), 1);
    // without chunks the end of the connection is all that can tell: it is a reset
    let mut old = all.connect(Wire::Http);
    old.send("GET /break HTTP/1.0\r\n\r\n").unwrap();
    assert!(reset(&mut old), "a clean end of a broken answer");
    let mut web = Client::connect(tcp).unwrap();
    web.send(uwsgi::packet((0, 0), &uwsgi::variables("GET", "/break", ""))).unwrap();
    assert!(reset(&mut web), "a clean end of a broken answer");
    // FastCGI has an end of its own, which does not come
    let mut fcgi = all.connect(Wire::Fastcgi);
    fcgi.send(fastcgi::request(1, false, &fastcgi::usual("GET", "/break", ""), b"", 60_000))
        .unwrap();
    assert!(fastcgi::text(&mut fcgi, 1).is_err());
    assert!(all.try_ask(Wire::Scgi, "GET", "/break", b"").is_ok_and(|seen| seen.status == 200));
    assert_eq!(closes(&all), 5);
    all.server.expect_log("RuntimeError: raised after the first byte");
    all.stop();
}

/// Whether the connection ends with a reset.
fn reset(client: &mut Client) -> bool {
    use std::io::Read;
    let mut room = [0; 4096];
    loop {
        match client.stream.read(&mut room) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

#[test]
fn behaviour_10_the_head_waits_for_the_first_byte() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&[]);
    for wire in WIRES {
        let seen = all.get(wire, "/hold");
        assert_eq!((seen.status, seen.text().as_str()), (503, "replaced"), "{wire:?}");
        assert_eq!((seen.header("x-first"), seen.header("x-second")), (None, Some("yes")));
        assert_eq!(seen.header("content-type"), None, "{wire:?}: a field of the first head");
        assert_eq!(all.get(wire, "/again").text(), "AssertionError", "{wire:?}");
    }
    let late = all.connect(Wire::Http).get("/exc-info-late").unwrap();
    assert_eq!((late.status, late.ended), (200, Ended::Cut), "{late:?}");
    all.stop();
}

#[test]
fn behaviour_11_no_body_where_there_must_be_none() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&[]);
    let file = all.dir.join("text").display().to_string();
    for wire in WIRES {
        for how in ["list", "parts", "file"] {
            for code in ["204", "304"] {
                let seen = all.get(wire, &format!("/status?{code},{how}"));
                assert_eq!((seen.status.to_string().as_str(), seen.body.len()), (code, 0));
                assert_eq!(seen.header("transfer-encoding"), None, "{wire:?} {code} {how}");
            }
            let head = all.ask(wire, "HEAD", &format!("/status?200,{how}"), b"");
            assert_eq!((head.status, head.body.len()), (200, 0), "{wire:?} {how}");
        }
        let head = all.ask(wire, "HEAD", "/hello", b"");
        assert_eq!((head.header("content-length"), head.body.len()), (Some("11"), 0), "{wire:?}");
        let head = all.ask(wire, "HEAD", &format!("/file-sized?{file},5"), b"");
        assert_eq!((head.header("content-length"), head.body.len()), (Some("5"), 0), "{wire:?}");
    }
    // on a kept connection a body would be taken for the next answer
    let mut client = all.connect(Wire::Http);
    for (method, path) in [
        ("HEAD", "/status?200,list"),
        ("HEAD", "/status?200,parts"),
        ("HEAD", "/status?200,file"),
        ("GET", "/status?204,parts"),
        ("GET", "/status?304,file"),
        ("GET", "/status?204,list"),
    ] {
        client.send(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n")).unwrap();
        client.response(false).unwrap();
        assert_eq!(client.get("/hello").unwrap().text(), "Hello World", "{method} {path}");
    }
    all.stop();
}

#[test]
fn behaviour_12_never_more_bytes_than_announced() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&[]);
    let expect = [("list", "0123456789"), ("parts", "0123456789"), ("write", "0123456789")];
    for (how, whole) in expect.into_iter().chain([("file", "0123456789")]) {
        for wire in WIRES {
            let seen = all.get(wire, &format!("/sized?4,{how}"));
            assert_eq!(seen.text(), &whole[..4], "{wire:?} {how}");
            let seen = all.get(wire, &format!("/sized?10,{how}"));
            assert_eq!(seen.text(), whole, "{wire:?} {how}");
        }
        let mut client = all.connect(Wire::Http);
        let seen = client.get(&format!("/sized?4,{how}")).unwrap();
        assert_eq!((seen.text().as_str(), seen.ended), (&whole[..4], Ended::Length), "{how}");
        assert_eq!(client.get("/hello").unwrap().text(), "Hello World", "{how}");
        let seen = client.get(&format!("/sized?40,{how}")).unwrap();
        assert_eq!((seen.text().as_str(), seen.ended), (whole, Ended::Cut), "{how}");
    }
    let mut fcgi = all.connect(Wire::Fastcgi);
    let vars = fastcgi::usual("GET", "/sized?40,parts", "");
    fcgi.send(fastcgi::request(1, true, &vars, b"", 60_000)).unwrap();
    assert!(fastcgi::text(&mut fcgi, 1).is_err(), "a short answer has an end");
    all.stop();
}

#[test]
fn behaviour_13_a_head_that_cannot_be_sent_is_a_500() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&[]);
    let list = all.get(Wire::Http, "/wrongs").text();
    assert!(list.lines().count() > 30, "{list}");
    for wire in WIRES {
        for case in list.lines() {
            let seen = all.get(wire, &format!("/wrong?{case}"));
            assert_eq!(seen.status, 500, "{wire:?} {case}: {seen:?}");
            assert_eq!((seen.header("x-split"), seen.header("x-a")), (None, None), "{case}");
        }
    }
    all.stop();
}

#[test]
fn behaviour_20_fastcgi_in_many_records_and_cookies_in_one_line() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&[]);
    let vars = fastcgi::usual("POST", "/environ", "5");
    for step in [1, 7, 128, 60_000] {
        let mut client = all.connect(Wire::Fastcgi);
        client.send(fastcgi::request(9, false, &vars, b"hello", step)).unwrap();
        let seen = fastcgi::response(&mut client, 9).unwrap().json();
        assert_eq!(
            (&seen["PATH_INFO"], &seen["CONTENT_LENGTH"]),
            (&"/environ".into(), &"5".into())
        );
    }
    let mut client = all.connect(Wire::Fastcgi);
    let asked = fastcgi::pairs(&[("FCGI_MAX_CONNS", ""), ("FCGI_MPXS_CONNS", ""), ("OTHER", "")]);
    client.send(fastcgi::record(fastcgi::GET_VALUES, 0, &asked)).unwrap();
    let told = fastcgi::next(&mut client).unwrap();
    assert_eq!((told.kind, told.id), (fastcgi::GET_VALUES_RESULT, 0));
    let text = String::from_utf8_lossy(&told.content).into_owned();
    assert!(text.contains("FCGI_MPXS_CONNS0") && !text.contains("OTHER"), "{text:?}");
    let mut client = all.connect(Wire::Http);
    let lines = ["Cookie: a=1", "Cookie: b=2; c=3", "Cookie: d=4"];
    let seen = client.ask("GET", "/environ", &lines, b"").unwrap().json();
    assert_eq!(seen["HTTP_COOKIE"], "a=1; b=2; c=3; d=4");
    for wire in GATEWAYS {
        let vars =
            [("REQUEST_METHOD", "GET"), ("PATH_INFO", "/cookies"), ("HTTP_COOKIE", "a=1; b=2")];
        let seen = String::from_utf8_lossy(&all.raw(wire, &vars, b"")).into_owned();
        assert!(seen.contains("a=1; b=2"), "{wire:?}: {seen}");
    }
    all.stop();
}

#[test]
fn behaviour_21_bare_bytes_are_an_answer() {
    let all = All::start(&[]);
    for wire in WIRES {
        // the original serves them, too
        let seen = eventually("an answer", SOON, || all.try_ask(wire, "GET", "/bare", b""));
        assert_eq!((seen.status, seen.text().as_str()), (200, "bare bytes"), "{wire:?}");
    }
    all.stop();
}
