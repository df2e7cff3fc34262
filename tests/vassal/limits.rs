//! How long workers live, and what ends them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::http::{self, Client};
use tests::server::{End, SOON};
use tests::{Dir, Run, Server, Subject, eventually, free_address, only};

/// A server of the battery.
fn start(dir: &Dir, words: &[&str]) -> (Server, SocketAddr) {
    dir.app("battery.py");
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "battery.py", "--master"])
        .args(words)
        .start();
    server.await_tcp(address);
    (server, address)
}

/// The worker that answers.
fn worker(address: SocketAddr) -> String {
    eventually("a worker answers", SOON, || http::get(address, "/pid")).text()
}

/// The numbers of the workers that are in a request, from the statistics.
fn busy(stats: SocketAddr) -> Vec<Value> {
    let text = Client::connect(stats).expect("the statistics socket accepts").rest();
    let document: Value = serde_json::from_slice(&text).expect("the statistics are JSON");
    let workers = document["workers"].as_array().cloned().unwrap_or_default();
    workers.into_iter().filter(|one| one["status"] == "busy").map(|one| one["id"].clone()).collect()
}

#[test]
fn max_requests_delta_lets_further_workers_live_longer() {
    // Debian's original is too old for it
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let stats = free_address();
    let (server, address) = start(
        &dir,
        &[
            "--processes=2",
            "--max-requests=3",
            "--max-requests-delta=1000",
            "--min-worker-lifetime=0",
            "--stats",
            &stats.to_string(),
        ],
    );
    server.await_tcp(stats);
    // while the first worker is kept busy, all others are the second one's
    let begun = Instant::now();
    let mut client = loop {
        assert!(begun.elapsed() < 2 * SOON, "the first worker never took the slow request");
        let mut client = Client::connect(address).unwrap();
        client.send("GET /slow?2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        let who = eventually("somebody is busy", SOON, || match busy(stats).as_slice() {
            [one] => Ok(one.clone()),
            other => Err(format!("{other:?}")),
        });
        if who == 1 {
            break client;
        }
        assert_eq!(client.response(true).unwrap().status, 200);
    };
    let second = worker(address);
    for count in 0..9 {
        assert_eq!(worker(address), second, "replaced after {count} requests");
    }
    assert_eq!(client.response(true).unwrap().status, 200);
    server.stop();
}

#[test]
fn min_worker_lifetime_keeps_a_young_worker() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--max-requests=3", "--min-worker-lifetime=600"]);
    let first = worker(address);
    for _ in 0..9 {
        assert_eq!(worker(address), first);
    }
    server.stop();
    // and one that may be replaced at once is
    let (server, address) = start(&dir, &["--max-requests=3", "--min-worker-lifetime=0"]);
    let first = worker(address);
    let begun = Instant::now();
    while worker(address) == first {
        assert!(begun.elapsed() < Duration::from_secs(8), "not replaced");
    }
    server.stop();
}

#[test]
fn worker_reload_mercy_is_how_long_an_old_worker_may_finish() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--worker-reload-mercy=1"]);
    // a request that waits in the kernel's queue would be the next generation's
    assert_eq!(http::get(address, "/hello").unwrap().status, 200);
    let mut client = Client::connect(address).unwrap();
    client.send("GET /slow?40 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    eventually("the slow request runs", SOON, || {
        let waits = !client.closed_within(Duration::from_millis(200));
        if waits { Ok(()) } else { Err("closed") }
    });
    server.signal(Signal::SIGHUP);
    assert!(client.closed_within(SOON), "the old worker was not ended");
    assert_eq!(http::get(address, "/hello").unwrap().status, 200);
    server.stop();
}

#[test]
fn without_die_on_term_a_term_reloads() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (mut server, address) = start(&dir, &["--die-on-term=false"]);
    let before = worker(address);
    server.signal(Signal::SIGTERM);
    eventually("another worker answers", SOON, || {
        let now = http::get(address, "/pid").map_err(|error| error.to_string())?.text();
        if now == before { Err(now) } else { Ok(()) }
    });
    server.signal(Signal::SIGINT);
    assert_eq!(server.wait(SOON), End::Code(0));
    server.finish();
}

#[test]
fn processes_is_the_number_of_workers() {
    let dir = Dir::new();
    let stats = free_address();
    let (server, address) = start(&dir, &["--processes=3", "--stats", &stats.to_string()]);
    server.await_tcp(stats);
    assert_eq!(http::get(address, "/hello").unwrap().status, 200);
    let text = Client::connect(stats).unwrap().rest();
    let document: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(document["workers"].as_array().map(Vec::len), Some(3), "{document}");
    server.stop();
}
