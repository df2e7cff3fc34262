//! What the application finds in its interpreter, and what one request leaves for the next.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use serde_json::{Value, json};
use tests::http;
use tests::server::SOON;
use tests::{Dir, Run, Server, Subject, eventually, free_address, only, subject};

/// Tells what it was imported into.
const TELL: &str = r#"
import atexit, json, os, sys, threading, time

import beside

born, forks, beats = os.getpid(), [], []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: forks.append(os.getpid()))


def beat():
    while True:
        beats.append(1)
        time.sleep(0.01)


def application(environ, start_response):
    path, stream = environ["PATH_INFO"], environ["wsgi.input"]
    if path == "/leave":
        environ["LEFT"] = "behind"
        environ["wsgi.url_scheme"] = "gopher"
        del environ["SERVER_NAME"]
    if path == "/errors":
        environ["wsgi.errors"].write("one line\n")
        environ["wsgi.errors"].writelines(["two ", "parts \u00e9\n"])
        environ["wsgi.errors"].flush()
        print("printed \u20ac")
    if path == "/beat" and not beats:
        threading.Thread(target=beat, daemon=True).start()
    if path == "/again":
        first = stream.read(4)
        told = stream.tell()
        stream.seek(0)
        seen = [first.decode(), told, stream.readline().decode(), stream.read().decode()]
    else:
        seen = {
            "left": environ.get("LEFT"),
            "scheme": environ["wsgi.url_scheme"],
            "server": environ.get("SERVER_NAME"),
            "argv": sys.argv,
            "path": sys.path[:2],
            "name": __name__,
            "beside": beside.here,
            "born": born,
            "pid": os.getpid(),
            "forks": forks,
            "encodings": [sys.stdout.encoding, sys.stderr.encoding, sys.getfilesystemencoding()],
            "beats": len(beats),
        }
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(seen).encode()]
"#;

fn start(dir: &Dir, run: Run, more: &[&str]) -> (Server, SocketAddr) {
    dir.write("tell.py", TELL);
    dir.write("beside.py", "here = 'yes'\n");
    let address = free_address();
    let server = run
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "tell.py", "--master"])
        .args(more)
        .start();
    server.await_tcp(address);
    (server, address)
}

fn tell(address: SocketAddr, path: &str) -> Value {
    eventually("an answer", SOON, || http::get(address, path)).json()
}

#[test]
fn the_application_is_imported_once_beside_its_neighbours() {
    let dir = Dir::new();
    let (server, address) = start(&dir, Run::uwsgi(&dir), &["--processes=2"]);
    let mut pids: Vec<Value> = Vec::new();
    eventually("both workers answer", SOON, || {
        let seen = tell(address, "/");
        assert_eq!((&seen["argv"], &seen["beside"]), (&json!(["uwsgi"]), &json!("yes")));
        assert_eq!((&seen["path"], &seen["name"]), (&json!([".", ""]), &json!("uwsgi_file_tell")));
        assert_ne!(seen["born"], seen["pid"]);
        if subject() == Subject::Ours {
            // the original does not run these hooks unless it is asked to
            assert_eq!(seen["forks"], json!([seen["pid"]]), "{seen}");
        }
        pids.push(seen["pid"].clone());
        if pids.iter().any(|pid| *pid != pids[0]) { Ok(()) } else { Err(pids.len()) }
    });
    server.stop();
}

#[test]
fn what_a_request_does_to_its_environ_is_gone_with_it() {
    let dir = Dir::new();
    let (server, address) = start(&dir, Run::uwsgi(&dir), &[]);
    for _ in 0..3 {
        let before = tell(address, "/");
        assert_eq!(tell(address, "/leave")["left"], "behind");
        let after = tell(address, "/");
        for key in ["left", "scheme", "server"] {
            assert_eq!(before[key], after[key], "{key}");
        }
        assert_eq!((&after["left"], &after["scheme"]), (&Value::Null, &json!("http")));
    }
    server.stop();
}

#[test]
fn text_is_utf_8_whatever_the_locale_says() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    for locale in ["C", "POSIX", "nonsense"] {
        let run = Run::uwsgi(&dir).env("LC_ALL", locale).env("LANG", locale);
        let (server, address) = start(&dir, run, &[]);
        assert_eq!(tell(address, "/")["encodings"], json!(["utf-8", "utf-8", "utf-8"]), "{locale}");
        tell(address, "/errors");
        for line in ["one line\n", "two parts \u{e9}\n", "printed \u{20ac}\n"] {
            server.expect_log(line);
        }
        server.stop();
    }
}

#[test]
fn threads_of_the_application_run_between_requests() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, Run::uwsgi(&dir), &[]);
    tell(address, "/beat");
    let first = tell(address, "/")["beats"].as_u64().unwrap();
    eventually("they went on", SOON, || {
        tests::wait::idle(Duration::from_millis(200));
        let now = tell(address, "/")["beats"].as_u64().unwrap();
        if now > first + 10 { Ok(()) } else { Err(now) }
    });
    server.stop();
}

#[test]
fn a_body_that_was_taken_whole_can_be_read_again() {
    let dir = Dir::new();
    for more in [&["--post-buffering=1"][..], &["--post-buffering=4096"]] {
        let (server, address) = start(&dir, Run::uwsgi(&dir), more);
        let seen = eventually("an answer", SOON, || {
            http::ask(address, "POST", "/again", &[], b"first line\nsecond")
        });
        assert_eq!(seen.json(), json!(["firs", 4, "first line\n", "second"]), "{more:?}");
        server.stop();
    }
}

#[test]
fn a_log_may_be_an_address_that_takes_datagrams() {
    let dir = Dir::new();
    let log = UdpSocket::bind("127.0.0.1:0").unwrap();
    log.set_read_timeout(Some(SOON)).unwrap();
    let place = log.local_addr().unwrap().to_string();
    let (server, address) = start(&dir, Run::uwsgi(&dir), &["--logto", &place]);
    tell(address, "/seen-by-datagram");
    let mut room = vec![0; 65_536];
    loop {
        let size = log.recv(&mut room).expect("a datagram with the request's line");
        let line = String::from_utf8_lossy(&room[..size]);
        if line.contains("GET /seen-by-datagram") {
            assert!(line.ends_with('\n'), "{line:?}");
            break;
        }
    }
    server.stop();
}
