//! Workers that have done their part are replaced.

use std::net::SocketAddr;
use std::time::Duration;

use nix::sys::signal::Signal;
use tests::http;
use tests::server::{End, SOON};
use tests::wait::always;
use tests::{Dir, Run, Server, Subject, eventually, free_address, only};

/// `/eat?N` takes N MiB and keeps them, `/map?N` only their addresses; `/hold?N` and `/holdmap?N`
/// keep them for a while inside the request.
const APP: &str = r"
import mmap, os, time
kept = []

def application(env, start_response):
    path, query = env['PATH_INFO'], env['QUERY_STRING']
    if path in ('/eat', '/hold'):
        kept.append(bytearray(b'x') * (int(query) << 20))
    if path in ('/map', '/holdmap'):
        kept.append(mmap.mmap(-1, int(query) << 20))
    if path.startswith('/hold'):
        time.sleep(20)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [str(os.getpid()).encode()]
";

fn start(dir: &Dir, words: &[&str]) -> (Server, SocketAddr) {
    dir.write("app.py", APP);
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "app.py", "--master"])
        .args(words)
        .start();
    server.await_tcp(address);
    (server, address)
}

/// The worker that answers.
fn pid(address: SocketAddr, path: &str) -> String {
    eventually("a worker answers", SOON, || http::get(address, path)).text()
}

/// Waits until another worker answers.
#[track_caller]
fn replaced(address: SocketAddr, first: &str, what: &str) {
    eventually(what, SOON, || match pid(address, "/") {
        now if now == first => Err(now),
        _ => Ok(()),
    });
}

#[test]
fn max_worker_lifetime_replaces_a_worker_that_is_old_enough() {
    let dir = Dir::new();
    let words = ["--min-worker-lifetime=1", "--max-worker-lifetime=2"];
    let (server, address) = start(&dir, &words);
    let first = pid(address, "/");
    replaced(address, &first, "another worker");
    server.expect_log("Respawned uWSGI worker 1 ");
    server.stop();
}

#[test]
fn max_worker_lifetime_delta_lets_further_workers_live_longer() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let words = ["--processes=2", "--max-worker-lifetime=1", "--max-worker-lifetime-delta=100"];
    let (server, _) = start(&dir, &words);
    eventually("the first worker is replaced twice", SOON, || {
        let log = server.log();
        if log.matches("Respawned uWSGI worker 1 ").count() > 1 { Ok(()) } else { Err(log) }
    });
    assert!(!server.log().contains("Respawned uWSGI worker 2 "), "{}", server.log());
    server.stop();
}

#[test]
fn a_worker_that_grew_is_replaced_after_its_request() {
    let dir = Dir::new();
    let all = [("rss", "150"), ("as", "4000"), ("uss", "150"), ("pss", "150")];
    // the original knows two of them
    let count = if only(Subject::Ours) { all.len() } else { 2 };
    for (option, limit) in &all[..count] {
        let option = format!("--reload-on-{option}={limit}");
        let (server, address) = start(&dir, &[&option, "--min-worker-lifetime=0"]);
        let first = pid(address, "/");
        let small = Duration::from_millis(300);
        always(&format!("{option} leaves it alone"), small, || pid(address, "/") == first);
        let path = if option.contains("-as=") { "map" } else { "eat" };
        assert_eq!(pid(address, &format!("/{path}?{limit}")), first);
        replaced(address, &first, &option);
        server.stop();
    }
}

#[test]
fn a_worker_that_grows_is_killed_in_its_request() {
    let dir = Dir::new();
    for (option, limit) in [("rss", "150"), ("as", "4000")] {
        let option = format!("--evil-reload-on-{option}={limit}");
        let (server, address) = start(&dir, &[&option, "--mem-collector-freq=1"]);
        let first = pid(address, "/");
        let path = if option.contains("-as=") { "holdmap" } else { "hold" };
        let answer = http::get(address, &format!("/{path}?{limit}"));
        assert!(answer.is_err(), "{option}: {answer:?}");
        replaced(address, &first, &option);
        server.stop();
    }
}

#[test]
fn mem_collector_freq_is_how_often_memory_is_looked_at() {
    let dir = Dir::new();
    // any worker is larger than that, and would be killed after three seconds
    let (server, address) = start(&dir, &["--evil-reload-on-rss=1", "--mem-collector-freq=60"]);
    let first = pid(address, "/");
    let some = Duration::from_secs(5);
    always("it is left alone", some, || pid(address, "/") == first);
    server.stop();
}

#[test]
fn exit_on_reload_ends_in_place_of_a_reload() {
    let dir = Dir::new();
    let (mut server, address) = start(&dir, &["--exit-on-reload"]);
    assert_eq!(http::get(address, "/").unwrap().status, 200);
    server.signal(Signal::SIGHUP);
    assert_eq!(server.wait(SOON), End::Code(0), "{}", server.log());
    server.finish();
}

#[test]
fn lazy_imports_in_each_worker() {
    let dir = Dir::new();
    dir.write(
        "who.py",
        "import os\nborn = os.getpid()\n\ndef application(env, start_response):\n    \
         start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
         return [b'own' if born == os.getpid() else b'inherited']\n",
    );
    let address = free_address();
    let server = Run::uwsgi(&dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "who.py", "--master"])
        .arg("--lazy")
        .start();
    server.await_tcp(address);
    assert_eq!(pid(address, "/"), "own");
    server.stop();
}
