//! What applications and clients do to a server, and what it gets over.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tests::http::{self, Client};
use tests::process::Process;
use tests::server::SOON;
use tests::wait::always;
use tests::{Dir, Run, Server, Subject, eventually, free_address, only};

/// A server of an application given as text.
fn start(dir: &Dir, app: &str, more: &[&str]) -> (Server, SocketAddr) {
    dir.write("app.py", app);
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "app.py", "--master"])
        .args(more)
        .start();
    server.await_tcp(address);
    server.expect_log("spawned uWSGI worker 1 ");
    (server, address)
}

/// Answers its pid; `/fork` leaves a child that outlives it, `/half` swallows a refused head.
const APP: &str = r"
import os, time

def application(env, start_response):
    text = [('Content-Type', 'text/plain')]
    if env['PATH_INFO'] == '/fork' and os.fork() == 0:
        time.sleep(60)
        os._exit(0)
    if env['PATH_INFO'] == '/half':
        try:
            start_response('200 OK', text + [('X-Number', 1)])
        except TypeError:
            pass
        return [b'half a head']
    start_response('200 OK', text)
    return [str(os.getpid()).encode()]
";

fn pid(address: SocketAddr) -> Process {
    let text = eventually("a worker answers", SOON, || http::get(address, "/")).text();
    Process(text.parse().expect("the application answers its pid"))
}

#[test]
fn a_dead_worker_is_replaced_although_a_child_of_it_lives_on() {
    let dir = Dir::new();
    let (server, address) = start(&dir, APP, &["--processes", "1"]);
    let mut client = Client::connect(address).unwrap();
    let first: i32 = client.get("/fork").unwrap().text().parse().unwrap();
    Process(first).signal(Signal::SIGKILL);
    assert_ne!(pid(address).0, first);
    server.stop();
}

#[test]
fn a_head_that_was_refused_is_never_sent() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, APP, &[]);
    assert_eq!(http::get(address, "/half").unwrap().status, 500);
    server.stop();
}

#[test]
fn a_client_that_ends_with_its_request_is_answered_and_let_go() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, APP, &[]);
    let mut client = Client::connect(address).unwrap();
    // once through the event loop, so that the end comes as an event together with bytes
    client.get("/").unwrap();
    for _ in 0..20 {
        let mut client = Client::connect(address).unwrap();
        client.get("/").unwrap();
        client.send("GET / HTTP/1.1\r\nHost: example.test\r\n\r\n").unwrap();
        client.stream.half_close().unwrap();
        assert_eq!(client.response(true).unwrap().status, 200);
        assert!(client.closed_within(Duration::from_secs(5)), "kept after the client's end");
    }
    server.stop();
}

#[test]
fn a_request_that_stops_half_way_is_answered_408_in_seconds() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, APP, &["--socket-timeout", "1"]);
    let mut client = Client::connect(address).unwrap();
    client.get("/").unwrap();
    let begun = Instant::now();
    client.send("GET / HT").unwrap();
    assert_eq!(client.response(true).unwrap().status, 408);
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    server.stop();
}

/// Clock ticks that a process has used.
fn ticks(process: Process) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.0)).unwrap_or_default();
    // after the command's name: user and system time are the 12th and 13th field
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).map(|field| field.parse::<u64>().expect("a number of ticks")).sum()
}

#[test]
fn silent_connections_that_take_all_descriptors_neither_spin_nor_shut_others_out() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let app =
        format!("import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))\n{APP}");
    let (server, address) = start(&dir, &app, &["--processes", "1"]);
    let worker = pid(address);
    let before = ticks(worker);
    let silent: Vec<_> = (0..150).filter_map(|_| Client::connect(address).ok()).collect();
    assert_eq!(silent.len(), 150);
    server.expect_log("cannot accept");
    assert_eq!(pid(address), worker);
    // a worker that spins uses a hundred a second
    assert!(ticks(worker) - before < 50, "{} ticks", ticks(worker) - before);
    let said = || server.log().matches("cannot accept").count();
    assert_eq!(said(), 1, "{}", server.log());
    drop(silent);
    // a shortage is over when there was none for a while; the next one is said again
    always("the worker serves", Duration::from_secs(3), || pid(address) == worker);
    assert_eq!(said(), 1, "{}", server.log());
    server.forget_log();
    let silent: Vec<_> = (0..150).filter_map(|_| Client::connect(address).ok()).collect();
    server.expect_log("cannot accept");
    assert_eq!(pid(address), worker);
    drop(silent);
    server.stop();
}

#[test]
fn a_nursery_with_threads_of_the_application_is_gone_after_a_reload() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let app = format!(
        "import threading, time\n\ndef forever():\n    while True:\n        time.sleep(1)\n\n\
         threading.Thread(target=forever).start()\n{APP}"
    );
    let (server, address) = start(&dir, &app, &["--processes", "1"]);
    let first = pid(address);
    server.signal(Signal::SIGHUP);
    eventually("the next generation answers", SOON, || {
        let now = pid(address);
        if now == first { Err(now.0) } else { Ok(now) }
    });
    eventually("only one nursery and one worker are left", SOON, || {
        let children = server.process().children();
        if children.len() == 2 { Ok(()) } else { Err(format!("{children:?}")) }
    });
    let begun = Instant::now();
    server.stop();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[test]
fn a_dead_nursery_does_not_stay_dead() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, APP, &["--processes", "1"]);
    let worker = pid(address);
    let nursery = server.process().children().into_iter().find(|child| *child != worker);
    let nursery = nursery.expect("a nursery");
    nursery.signal(Signal::SIGKILL);
    let other = eventually("a worker of a new nursery", SOON, || {
        let now = pid(address);
        if now == worker { Err(now.0) } else { Ok(now) }
    });
    other.signal(Signal::SIGKILL);
    assert_ne!(pid(address), other);
    server.stop();
}

/// Sends 32 MiB through the old `write` callable.
const WRITER: &str = r"
def application(env, start_response):
    write = start_response('200 OK', [('Content-Type', 'text/plain')])
    for _ in range(512):
        write(b'x' * 65536)
    return []
";

/// Kilobytes of memory that a process has touched at most.
fn peak(process: Process) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.0)).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[test]
fn an_application_that_writes_faster_than_its_client_reads_waits_for_it() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, WRITER, &["--processes", "1", "--socket-timeout", "30"]);
    let worker = *server.process().descendants().iter().max().expect("the worker was forked last");
    let before = peak(worker);
    let mut client = Client::connect(address).unwrap();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    // nobody reads: it uses no time any more once the kernel's buffers and ours are full
    let mut last = u64::MAX;
    eventually("the writer waits", SOON, || {
        tests::wait::idle(Duration::from_millis(100));
        let now = ticks(worker);
        if std::mem::replace(&mut last, now) == now && peak(worker) > before {
            Ok(())
        } else {
            Err(now)
        }
    });
    let grown = peak(worker) - before;
    assert!(grown < 8 * 1024, "{grown} KiB more for a client that does not read");
    let answer = client.response(true).unwrap();
    assert_eq!(answer.body.len(), 512 * 65536);
    server.stop();
}
