//! `@(target)` and files that are fetched.

use tests::shown::{Shown, lines, of, refused, refused_lines, shown};
use tests::{Dir, Run, Subject, programs, subject};

/// The subject behind a shell that opens what the test needs.
fn behind(dir: &Dir, redirect: &str, args: &str) -> Shown {
    let server = match subject() {
        Subject::Ours => programs::ours("vassal"),
        Subject::Uwsgi => programs::original(),
    };
    let script = format!("exec {} {args} \"$@\" {redirect}", server.display());
    of(dir, Run::program(dir, "/bin/sh").args(["-c", &script, "uwsgi"]))
}

#[test]
fn the_content_of_a_file_without_its_last_newline() {
    let dir = Dir::new();
    dir.write("word", "content %(y)\n");
    let shown = lines(&dir, "y = 5\nx = <@(word)>\n");
    // the third pass comes after the second
    assert_eq!(shown.only("x"), "<content 5>");
}

#[test]
fn a_file_that_is_missing_is_an_error() {
    let dir = Dir::new();
    assert!(refused_lines(&dir, "x = @(none-such)\n").contains("none-such"));
}

#[test]
fn the_output_of_a_program() {
    let dir = Dir::new();
    dir.write("gen.sh", "#!/bin/sh\nprintf '[uwsgi]\\ngenerated = 2\\n'\n");
    let shown = lines(&dir, "x = @(exec://echo one)\nini = exec://sh gen.sh\n");
    assert_eq!((shown.only("x"), shown.only("generated")), ("one", "2"));
}

#[test]
fn how_a_program_ends_does_not_matter() {
    let dir = Dir::new();
    assert_eq!(lines(&dir, "x = @(exec://echo half; exit 3)\n").only("x"), "half");
}

#[test]
fn an_open_descriptor() {
    let dir = Dir::new();
    dir.write("three.ini", "[uwsgi]\nfrom-three = 3\n");
    assert_eq!(behind(&dir, "3< three.ini", "--ini fd://3").only("from-three"), "3");
}

#[test]
fn a_file_of_the_loopback() {
    let dir = Dir::new();
    let shown = with_http("[uwsgi]\nfetched = 1\n", |address| {
        shown(&dir, &["--ini", &format!("http://{address}/x.ini")])
    });
    assert_eq!(shown.only("fetched"), "1");
}

#[test]
fn an_answer_that_is_no_success_is_an_error() {
    let dir = Dir::new();
    with_http("", |address| {
        let log = refused(&dir, &["--ini", &format!("http://{address}/x.ini")]);
        if subject() == Subject::Ours {
            assert!(log.contains("2xx"), "{log}");
        }
    });
}

/// Serves one text (an empty one as 404) on the loopback while `run` runs.
fn with_http<T>(text: &str, run: impl FnOnce(std::net::SocketAddr) -> T) -> T {
    use std::io::{BufRead, BufReader, Write};
    let listener =
        std::net::TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    let (status, text) =
        (if text.is_empty() { "404 Not Found" } else { "200 OK" }, text.to_owned());
    // it ends with the test's process; the listener is its own
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let head = BufReader::new(&stream).lines().map_while(Result::ok);
            head.take_while(|line| !line.is_empty()).for_each(drop);
            let length = text.len();
            let _ = write!(stream, "HTTP/1.0 {status}\r\nContent-Length: {length}\r\n\r\n{text}");
        }
    });
    run(address)
}
