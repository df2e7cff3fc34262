//! What is written where: logs, pid files, statistics, and what only prints.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::http::{self, Client};
use tests::process::Process;
use tests::server::{End, SOON};
use tests::{Dir, HITME, Run, Server, Subject, eventually, free_address, only, programs, subject};

/// A server of Hello World.
fn start(dir: &Dir, words: &[&str]) -> (Server, SocketAddr) {
    dir.write("hitme.py", HITME);
    let address = free_address();
    let file = dir.join("hitme.py").display().to_string();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", &file, "--master"])
        .args(words)
        .start();
    server.await_tcp(address);
    (server, address)
}

/// Waits until a file contains a text.
#[track_caller]
fn has(path: &Path, text: &str) {
    eventually(&format!("{text:?} in {}", path.display()), SOON, || {
        let found = fs::read_to_string(path).unwrap_or_default();
        if found.contains(text) { Ok(()) } else { Err(found) }
    });
}

#[test]
fn logto_and_logto2_take_the_output_and_count_from_the_start() {
    let dir = Dir::new();
    dir.mkdir("inner");
    for option in ["--logto", "--logto2"] {
        let (server, address) = start(&dir, &[option, "app.log", "--chdir", "inner"]);
        assert_eq!(http::get(address, "/seen").unwrap().status, 200);
        has(&dir.join("app.log"), "/seen");
        server.stop();
        fs::remove_file(dir.join("app.log")).unwrap();
    }
}

#[test]
fn disable_logging_writes_no_line_for_a_request() {
    let dir = Dir::new();
    for (value, expected) in [("true", 0), ("false", 1)] {
        let name = format!("{expected}.log");
        dir.write("app.ini", format!("[uwsgi]\ndisable-logging = {value}\n"));
        let (server, address) = start(&dir, &["--ini", "app.ini", "--logto", &name]);
        assert_eq!(http::get(address, "/seen").unwrap().status, 200);
        // what was written is there when the server has ended
        server.stop();
        let log = fs::read_to_string(dir.join(&name)).unwrap();
        assert_eq!(log.matches("GET /seen").count(), expected, "{value}: {log}");
    }
}

#[test]
fn pidfile_takes_the_pid_of_the_master_and_so_does_each_other() {
    let dir = Dir::new();
    let (server, _) = start(&dir, &["--pidfile", "a.pid", "--safe-pidfile", "b.pid"]);
    for name in ["a.pid", "b.pid"] {
        has(&dir.join(name), &format!("{}\n", server.process().0));
    }
    server.stop();
}

/// Starts a server that detaches, below a shell whose end is the warden's business.
fn detached(option: &str) {
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let address = free_address();
    let shell = Run::program(&dir, "/bin/sh")
        .args(["-c", "\"$0\" \"$@\"; echo \"code $?\"; exec tail -f /dev/null"])
        .arg(programs::ours("vassal"))
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "hitme.py", "--master"])
        .args([option, "app.log", "--pidfile", "app.pid"])
        .start();
    shell.expect_log("code 0");
    let answer = http::get(address, "/seen").expect("the daemon answers");
    assert_eq!(answer.text(), "Hello World");
    has(&dir.join("app.log"), "/seen");
    let pid = fs::read_to_string(dir.join("app.pid")).expect("the daemon wrote its pid");
    let daemon = Process(pid.trim().parse().expect("a pid is a number"));
    assert_ne!(daemon.parent(), Some(shell.process().0), "it has left the shell");
    daemon.signal(Signal::SIGTERM);
    assert!(tests::until(SOON, || !daemon.alive()), "{}", shell.log());
    shell.kill();
}

#[test]
fn daemonize_detaches_and_writes_a_log() {
    if only(Subject::Ours) {
        detached("--daemonize");
    }
}

#[test]
fn daemonize2_detaches_and_writes_a_log() {
    if only(Subject::Ours) {
        detached("--daemonize2");
    }
}

/// What a client of the statistics gets that says nothing.
fn figures(stats: SocketAddr) -> String {
    let mut client = Client::connect(stats).expect("the statistics socket accepts");
    String::from_utf8(client.rest()).expect("the statistics are text")
}

#[test]
fn stats_http_puts_a_head_before_the_statistics() {
    // the original waits for a request
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let stats = free_address();
    let (server, _) = start(&dir, &["--stats", &stats.to_string(), "--stats-http"]);
    server.await_tcp(stats);
    let text = figures(stats);
    assert!(text.starts_with("HTTP/1.0 200 OK\r\n") && text.contains("\r\n\r\n{"), "{text}");
    server.stop();
}

#[test]
fn stats_minified_leaves_white_space_out() {
    let dir = Dir::new();
    let stats = free_address();
    let (server, _) = start(&dir, &["--stats", &stats.to_string(), "--stats-minified"]);
    server.await_tcp(stats);
    let text = figures(stats);
    assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
    assert!(!text.trim_end().contains(['\n', '\t']), "{text}");
    server.stop();
}

#[test]
fn memory_report_shows_the_memory_of_workers() {
    let dir = Dir::new();
    let stats = free_address();
    for (more, expected) in [(None, false), (Some("--memory-report"), true)] {
        let words: Vec<&str> = more.into_iter().collect();
        let place = stats.to_string();
        let (server, address) = start(&dir, &[&["--stats", &place], words.as_slice()].concat());
        server.await_tcp(stats);
        // the original measures after a request
        assert_eq!(http::get(address, "/").unwrap().status, 200);
        eventually("the memory of a worker", SOON, || {
            let document: Value = serde_json::from_str(&figures(stats)).unwrap();
            let worker = &document["workers"][0];
            let shown = worker["rss"].as_u64() > Some(1 << 20);
            if shown == expected { Ok(()) } else { Err(worker.to_string()) }
        });
        server.stop();
    }
}

#[test]
fn version_prints_a_number_and_ends() {
    let dir = Dir::new();
    let (end, log) = Run::uwsgi(&dir).arg("--version").to_end(SOON);
    assert_eq!(end, End::Code(0), "{log}");
    let number = |line: &str| line.contains('.') && line.contains(|c: char| c.is_ascii_digit());
    assert!(log.lines().last().is_some_and(number), "{log}");
}

#[test]
fn help_prints_the_options_and_ends() {
    let dir = Dir::new();
    for option in ["--help", "--usage", "-h"] {
        let (end, log) = Run::uwsgi(&dir).arg(option).to_end(SOON);
        assert_eq!(end, End::Code(0), "{option}: {log}");
        assert!(log.contains("--processes") && log.contains("--harakiri"), "{option}: {log}");
    }
}

#[test]
fn print_and_iprint_print_and_exit_ends_with_its_number() {
    let dir = Dir::new();
    for (text, said) in [
        ("print = late %(word)\n", Some("late there")),
        ("iprint = early\n", Some("early")),
        ("", None),
    ] {
        dir.write("app.ini", format!("[uwsgi]\nset-placeholder = word=there\n{text}exit = 7\n"));
        let (end, log) = Run::uwsgi(&dir).args(["--ini", "app.ini"]).to_end(SOON);
        assert_eq!(end, End::Code(7), "{text}{log}");
        if subject() == Subject::Ours || text.starts_with("iprint") {
            // the original ends before it comes to print
            assert!(said.is_none_or(|said| log.contains(said)), "{text}{log}");
        }
    }
}

#[test]
fn fallback_config_is_used_when_the_first_one_cannot_start() {
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let address = free_address();
    dir.write(
        "other.ini",
        format!("[uwsgi]\nhttp-socket = {address}\nwsgi-file = hitme.py\nplugin = python3\n"),
    );
    dir.write("app.ini", "[uwsgi]\nsocket = /no/such/place.sock\nfallback-config = other.ini\n");
    let server = Run::uwsgi(&dir).args(["--ini", "app.ini"]).start();
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
    server.stop();
}

#[test]
fn resolve_makes_an_address_of_a_name() {
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let address = free_address();
    let text = format!(
        "[uwsgi]\nresolve = host=localhost\nhttp-socket = %(host):{}\nwsgi-file = hitme.py\n",
        address.port()
    );
    dir.write("app.ini", text);
    let server = Run::uwsgi(&dir).args(["--ini", "app.ini"]).start();
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
    server.stop();
}
