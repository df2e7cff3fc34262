//! `uwsgi --http :9090 --wsgi-file hitme.py`, as written in every tutorial.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tests::http::{self, Client};
use tests::server::{End, SOON};
use tests::{Dir, HITME, Run, Subject, eventually, free_address, only};

#[test]
fn the_two_line_command_says_hello_world() {
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let address = free_address();
    let server =
        Run::uwsgi(&dir).args(["--http", &address.to_string(), "--wsgi-file", "hitme.py"]).start();
    server.await_tcp(address);
    let answer = http::get(address, "/").unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "Hello World"));
    assert_eq!(answer.header("content-type"), Some("text/html"));
    server.stop();
}

#[test]
fn a_colon_and_a_port_listens_on_every_address() {
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let address = free_address();
    let port = format!(":{}", address.port());
    let server = Run::uwsgi(&dir).args(["--http", &port, "--wsgi-file", "hitme.py"]).start();
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
    server.stop();
}

#[test]
fn master_processes_threads_and_stats_serve_together() {
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let (address, stats) = (free_address(), free_address());
    let server = Run::uwsgi(&dir)
        .args(["--http", &address.to_string(), "--wsgi-file", "hitme.py", "--master"])
        .args(["--processes", "4", "--threads", "2", "--stats", &stats.to_string()])
        .start();
    server.await_tcp(address);
    server.await_tcp(stats);
    for _ in 0..50 {
        assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
    }
    server.stop();
}

#[test]
fn the_same_from_an_ini_file() {
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let address = free_address();
    dir.write(
        "app.ini",
        format!("[uwsgi]\nhttp-socket = {address}\nwsgi-file = hitme.py\nmaster = true\n"),
    );
    let server = Run::uwsgi(&dir).args(["--ini", "app.ini"]).start();
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
    server.stop();
}

#[test]
fn term_lets_a_running_request_finish_and_ends_with_0() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.app("battery.py");
    let address = free_address();
    let server = Run::uwsgi(&dir)
        .args(["--http", &address.to_string(), "--wsgi-file", "battery.py", "--master"])
        .args(["--processes", "2"])
        .start();
    server.await_tcp(address);
    let mut client = Client::connect(address).unwrap();
    client.send("GET /slow?1.0 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    // another worker answers, so the slow request was taken before
    assert_eq!(http::get(address, "/hello").unwrap().status, 200);
    let mut server = server;
    server.signal(Signal::SIGTERM);
    let answer = client.response(true).unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "slow"));
    assert_eq!(server.wait(SOON), End::Code(0));
    server.finish();
}

#[test]
fn int_stops_as_a_terminal_expects() {
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let address = free_address();
    let mut server = Run::uwsgi(&dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "hitme.py", "--master"])
        .start();
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().status, 200);
    let start = Instant::now();
    server.signal(Signal::SIGINT);
    assert_eq!(server.wait(SOON), End::Code(0));
    assert!(start.elapsed() < Duration::from_secs(5));
    server.finish();
}

#[test]
fn hup_replaces_every_worker_and_keeps_the_master() {
    let dir = Dir::new();
    dir.app("battery.py");
    let address = free_address();
    let server = Run::uwsgi(&dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "battery.py", "--master"])
        .start();
    server.await_tcp(address);
    let before = http::get(address, "/pid").unwrap().text();
    server.signal(Signal::SIGHUP);
    eventually("another worker answers", SOON, || {
        let now = http::get(address, "/pid").map_err(|error| error.to_string())?.text();
        if now == before { Err(now) } else { Ok(()) }
    });
    assert!(server.process().alive(), "the master keeps its pid");
    server.stop();
}

#[test]
fn vacuum_removes_the_socket_at_the_end_and_chmod_sets_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let path = dir.join("app.sock");
    let server = Run::uwsgi(&dir)
        .args(["--socket", "app.sock", "--wsgi-file", "hitme.py", "--master", "--vacuum"])
        .args(["--chmod-socket=664"])
        .start();
    server.await_unix(&path);
    let mode = path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(format!("{mode:o}"), "664");
    let answer = tests::uwsgi::ask(path.as_path(), "GET", "/", b"").unwrap();
    assert_eq!(answer.text(), "Hello World");
    server.stop();
    assert!(dir.sockets().is_empty(), "left: {:?}", dir.sockets());
}

#[test]
fn logto_and_pidfile_are_written() {
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let address = free_address();
    let server = Run::uwsgi(&dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "hitme.py", "--master"])
        .args(["--logto", "app.log", "--pidfile", "app.pid"])
        .start();
    server.await_tcp(address);
    assert_eq!(http::get(address, "/seen-in-the-log").unwrap().status, 200);
    let pid = std::fs::read_to_string(dir.join("app.pid")).unwrap();
    assert_eq!(pid.trim(), server.process().0.to_string());
    eventually("the request is logged", SOON, || {
        let log = std::fs::read_to_string(dir.join("app.log")).unwrap_or_default();
        if log.contains("/seen-in-the-log") { Ok(()) } else { Err(log) }
    });
    server.stop();
}
