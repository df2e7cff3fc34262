//! The number of workers follows the load.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use tests::http::{self, Client};
use tests::process::Process;
use tests::server::{End, SOON};
use tests::wait::always;
use tests::{Dir, Run, Server, Subject, eventually, free_address, only, until};

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

/// So many clients that each wait for a slow answer.
fn load(address: SocketAddr, clients: usize, seconds: &str) -> Vec<thread::JoinHandle<u16>> {
    let path = format!("/slow?{seconds}");
    let ask = move |path: &str| {
        let mut client = Client::connect(address).expect("the server listens");
        client.stream.patience(2 * SOON).expect("a time limit can be set");
        client.get(path).map_or(0, |answer| answer.status)
    };
    (0..clients)
        .map(|_| {
            let path = path.clone();
            thread::spawn(move || ask(&path))
        })
        .collect()
}

/// All clients were answered.
#[track_caller]
fn answered(clients: Vec<thread::JoinHandle<u16>>) {
    for client in clients {
        assert_eq!(client.join().expect("a client does not panic"), 200);
    }
}

/// How many workers were started so far.
fn started(server: &Server) -> usize {
    let log = server.log();
    log.matches("spawned uWSGI worker ").count() + log.matches("Respawned uWSGI worker ").count()
}

/// The worker that answers.
fn worker(address: SocketAddr) -> Process {
    let text = eventually("a worker answers", SOON, || http::get(address, "/pid")).text();
    Process(text.parse().expect("the application answers its pid"))
}

#[test]
fn cheaper_starts_few_workers_and_more_come_with_the_load() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--processes=4", "--cheaper=1", "--cheaper-overload=1"]);
    server.expect_log("spawned uWSGI worker 1 ");
    assert_eq!(started(&server), 1, "{}", server.log());
    let clients = load(address, 4, "7");
    eventually("more workers", SOON, || match started(&server) {
        0..=2 => Err(server.log()),
        _ => Ok(()),
    });
    answered(clients);
    server.expect_log(" cheaped.");
    assert_eq!(http::get(address, "/hello").unwrap().status, 200);
    server.stop();
}

#[test]
fn cheaper_initial_is_how_many_workers_start() {
    let dir = Dir::new();
    let words = ["--processes=6", "--cheaper=1", "--cheaper-initial=3"];
    let (server, _) = start(&dir, &words);
    server.expect_log("spawned uWSGI worker 3 ");
    assert_eq!(started(&server), 3, "{}", server.log());
    server.stop();
}

#[test]
fn cheaper_step_is_how_many_come_at_a_time() {
    let dir = Dir::new();
    let words = ["--processes=6", "--cheaper=1", "--cheaper-step=4", "--cheaper-overload=2"];
    let (server, address) = start(&dir, &words);
    let clients = load(address, 1, "5");
    eventually("four more workers", SOON, || match started(&server) {
        5 => Ok(()),
        _ => Err(server.log()),
    });
    answered(clients);
    server.stop();
}

#[test]
fn cheaper_algo_manual_leaves_the_number_alone() {
    let dir = Dir::new();
    let words = ["--processes=4", "--cheaper=1", "--cheaper-overload=1", "--cheaper-algo=manual"];
    let (server, address) = start(&dir, &words);
    server.expect_log("spawned uWSGI worker 1 ");
    let clients = load(address, 1, "4");
    // `spare` would have added one after two seconds
    always("one worker", Duration::from_millis(3500), || started(&server) == 1);
    answered(clients);
    server.stop();
}

#[test]
fn a_backlog_brings_workers() {
    let dir = Dir::new();
    let words = ["--processes=4", "--cheaper=1", "--cheaper-overload=1", "--cheaper-algo=backlog"];
    let (server, address) = start(&dir, &words);
    let clients = load(address, 6, "2");
    eventually("more workers", SOON, || match started(&server) {
        0..=2 => Err(server.log()),
        _ => Ok(()),
    });
    answered(clients);
    server.stop();
}

#[test]
fn cheaper_rss_limits_keep_the_number_down() {
    if !only(Subject::Ours) {
        return;
    }
    // any worker is larger than that
    let dir = Dir::new();
    let base = ["--processes=4", "--cheaper=1", "--cheaper-overload=1"];
    let (server, address) = start(&dir, &[&base[..], &["--cheaper-rss-limit-soft=4096"]].concat());
    let clients = load(address, 1, "4");
    always("no second worker", Duration::from_millis(3500), || started(&server) < 2);
    answered(clients);
    server.stop();
    // with `manual` only the limit lets workers go
    let more = ["--cheaper-initial=3", "--cheaper-algo=manual", "--cheaper-rss-limit-hard=4096"];
    let (server, address) = start(&dir, &[&base[..], &more].concat());
    eventually("two workers are let go", SOON, || {
        match server.log().matches(" cheaped.").count() {
            2 => Ok(()),
            _ => Err(server.log()),
        }
    });
    assert_eq!(http::get(address, "/hello").unwrap().status, 200);
    server.stop();
}

#[test]
fn busyness_says_what_it_decides() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let words = [
        "--processes=4",
        "--cheaper=1",
        "--cheaper-algo=busyness",
        "--cheaper-overload=1",
        "--cheaper-busyness-verbose",
    ];
    let (server, address) = start(&dir, &words);
    server.expect_log("[busyness] 0% busy");
    let clients = load(address, 2, "4");
    server.expect_log("uWSGI worker 2 ");
    server.expect_log("Add(1)");
    answered(clients);
    server.stop();
}

#[test]
fn cheap_starts_no_worker_before_the_first_connection() {
    let dir = Dir::new();
    dir.app("battery.py");
    let address = free_address();
    let server = Run::uwsgi(&dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "battery.py", "--master"])
        .args(["--cheap", "--processes=2"])
        .start();
    server.expect_log("cheap mode enabled: waiting for socket connection...");
    assert_eq!(started(&server), 0, "{}", server.log());
    assert_eq!(http::get(address, "/hello").unwrap().text(), "Hello World");
    server.expect_log("spawned uWSGI worker 1 ");
    server.stop();
}

#[test]
fn idle_workers_rest_until_the_next_connection() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--idle=1", "--processes=2"]);
    for _ in 0..2 {
        let first = worker(address);
        assert!(until(SOON, || !first.alive()), "it still works:\n{}", server.log());
        assert!(server.process().alive());
        assert_ne!(worker(address), first);
    }
    // whoever is served is not idle
    assert_eq!(http::get(address, "/slow?3").unwrap().text(), "slow");
    server.stop();
}

#[test]
fn die_on_idle_ends_the_server() {
    let dir = Dir::new();
    let (mut server, address) = start(&dir, &["--idle=2", "--die-on-idle"]);
    assert_eq!(http::get(address, "/hello").unwrap().status, 200);
    assert_eq!(server.wait(SOON), End::Code(0), "{}", server.log());
    server.finish();
}

#[test]
fn a_vassal_whose_workers_rest_reloads_and_stops() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--idle=1"]);
    server.expect_log("cheap mode enabled");
    server.signal(nix::sys::signal::Signal::SIGHUP);
    server.expect_log("generation 2 serves");
    assert_eq!(http::get(address, "/hello").unwrap().status, 200);
    server.forget_log();
    server.expect_log("cheap mode enabled");
    assert_eq!(server.stop(), End::Code(0));
}
