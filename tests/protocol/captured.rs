//! What real web servers send, played back: files that `capture` wrote, and some shaped by hand like
//! servers that are not to be had here. Each request comes whole, and then in small pieces.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use tests::http::{self, Client, Place, Response};
use tests::{Subject, fastcgi, only};

use crate::Battery;

/// The body of the request `form`.
const FORM: &str = "name=J%C3%BCrgen&more=1";

/// The requests of a file: its lines are `= NAME`, or bytes in hexadecimal before a bar.
fn requests(text: &str) -> BTreeMap<String, Vec<u8>> {
    let mut found: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(next) = line.strip_prefix("= ") {
            next.clone_into(&mut name);
            continue;
        }
        let digits = line.split('|').next().unwrap_or_default().trim();
        let bytes = digits.as_bytes().chunks(2).map(|pair| {
            let pair = str::from_utf8(pair).expect("the file is text");
            u8::from_str_radix(pair, 16).expect("the file has bytes in hexadecimal")
        });
        found.entry(name.clone()).or_default().extend(bytes);
    }
    found
}

/// Sends what was captured, `step` bytes at a time, and reads the answer as that peer would.
fn play(place: &Place, wire: &str, head: bool, bytes: &[u8], step: usize) -> io::Result<Response> {
    let mut client = Client::connect(place.clone())?;
    for part in bytes.chunks(step) {
        client.send(part)?;
    }
    match wire {
        "fastcgi" => fastcgi::response(&mut client, 1),
        "scgi" => http::of_cgi(&client.rest()),
        _ => client.response(!head),
    }
}

/// What each of the requests has to be answered with.
fn examine(who: &str, request: &str, seen: &Response) {
    assert_eq!(seen.status, 200, "{who}: {}", seen.text());
    match request {
        "get" => {
            let environ = seen.json();
            for (key, value) in [
                ("REQUEST_METHOD", "GET"),
                ("PATH_INFO", "/environ/a b"),
                ("SCRIPT_NAME", ""),
                ("QUERY_STRING", "q=1&r=%20z"),
                ("HTTP_COOKIE", "a=1; b=2"),
                ("HTTP_X_REQUEST_ID", "0f1e2d3c-1"),
                ("HTTP_USER_AGENT", "capture"),
                ("REMOTE_ADDR", "127.0.0.1"),
                ("wsgi.url_scheme", "http"),
            ] {
                assert_eq!(environ[key], value, "{who}: {key}");
            }
            assert!(environ["HTTP_HOST"].is_string(), "{who}: {environ}");
        }
        "head" => assert!(seen.body.is_empty(), "{who}: {}", seen.text()),
        "letters" => assert_eq!(seen.text(), "/latin/\u{fc}", "{who}"),
        "form" => assert_eq!(seen.text(), FORM, "{who}"),
        "empty" => assert_eq!(seen.text(), "", "{who}"),
        "chunked" => assert_eq!(seen.text(), "hello world", "{who}"),
        other => panic!("{who}: nothing is known about {other}"),
    }
}

#[test]
fn what_web_servers_sent_is_served() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&["--callable", "validated", "--threads", "2"]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol/captured");
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the files are in the repository") {
        let path = entry.expect("the folder can be read").path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (_, wire) = file.split_once('.').expect("PEER.WIRE");
        let place = match wire {
            "http" => Place::from(battery.http),
            "uwsgi" => Place::from(battery.socket.as_path()),
            "fastcgi" => Place::from(battery.fastcgi.as_path()),
            "scgi" => Place::from(battery.scgi.as_path()),
            other => panic!("{other} is no protocol"),
        };
        let text = fs::read_to_string(&path).expect("the file can be read");
        for (request, bytes) in requests(&text) {
            for step in [usize::MAX, 7] {
                let who = format!("{file}: {request}, {step} bytes at a time");
                let answer = play(&place, wire, request == "head", &bytes, step);
                examine(&who, &request, &answer.unwrap_or_else(|error| panic!("{who}: {error}")));
            }
            *seen.entry(wire.to_owned()).or_default() += 1;
        }
    }
    // all there are: five web servers and two of uWSGI, and what was shaped by hand
    let least = [("fastcgi", 30), ("http", 41), ("scgi", 28), ("uwsgi", 39)];
    for (wire, number) in least {
        assert!(seen.get(wire).is_some_and(|count| *count >= number), "{wire}: {seen:?}");
    }
    let log = battery.server.log();
    assert!(!log.contains("in assert_"), "{log}");
    battery.stop();
}
