//! Workers come and go; the service stays.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tests::http;
use tests::process::Process;
use tests::server::{End, SOON};
use tests::{Dir, Run, Server, Subject, eventually, free_address, only, subject};

/// A server of the battery.
fn start(dir: &Dir, more: &[&str]) -> (Server, SocketAddr) {
    dir.app("battery.py");
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "battery.py", "--master"])
        .args(more)
        .start();
    server.await_tcp(address);
    (server, address)
}

/// The worker that answers.
fn worker(address: SocketAddr) -> Process {
    let text = eventually("a worker answers", SOON, || http::get(address, "/pid")).text();
    Process(text.parse().expect("the application answers its pid"))
}

#[test]
fn a_killed_worker_is_replaced() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &[]);
    let first = worker(address);
    first.signal(Signal::SIGKILL);
    let second = eventually("another worker answers", SOON, || {
        let now = http::get(address, "/pid").map_err(|error| error.to_string())?.text();
        if now == first.0.to_string() { Err(now) } else { Ok(now) }
    });
    assert_ne!(second, first.0.to_string());
    server.stop();
}

#[test]
fn connections_wait_while_the_only_worker_is_replaced() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &[]);
    for _ in 0..5 {
        let victim = worker(address);
        victim.signal(Signal::SIGKILL);
        assert!(tests::until(SOON, || !victim.alive()));
        let start = Instant::now();
        let answer = http::get(address, "/hello").unwrap();
        assert_eq!(answer.status, 200);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
    server.stop();
}

#[test]
fn max_requests_recycles_a_worker_without_losing_one() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--max-requests", "5", "--min-worker-lifetime", "0"]);
    let first = worker(address);
    let mut pids = std::collections::BTreeSet::new();
    let begun = Instant::now();
    while pids.len() < 3 && begun.elapsed() < SOON {
        pids.insert(worker(address).0);
    }
    assert!(pids.len() >= 3, "only {pids:?} after {first:?}");
    server.stop();
}

#[test]
fn harakiri_ends_a_request_that_takes_too_long() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--harakiri", "1"]);
    let before = worker(address);
    let begun = Instant::now();
    let answer = http::get(address, "/slow?30");
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    if subject() == Subject::Ours {
        // deliberate: uWSGI leaves the client with an empty reply
        assert_eq!(answer.unwrap().status, 504);
    } else {
        assert!(answer.is_err());
    }
    assert_ne!(worker(address), before);
    server.expect_log("HARAKIRI ON WORKER 1");
    server.stop();
}

#[test]
fn a_request_within_harakiri_is_not_disturbed() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--harakiri", "10"]);
    assert_eq!(http::get(address, "/slow?1.5").unwrap().text(), "slow");
    server.stop();
}

#[test]
fn an_application_that_exits_costs_its_worker_only() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &[]);
    let before = worker(address);
    let answer = http::get(address, "/leave");
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status == 500));
    let after = worker(address);
    if subject() == Subject::Uwsgi {
        assert_ne!(before, after);
    }
    server.stop();
}

#[test]
fn without_an_application_need_app_ends_with_22() {
    let dir = Dir::new();
    dir.write("broken.py", "raise ImportError('no such thing as a free import')\n");
    let (end, log) = Run::uwsgi(&dir)
        .args(["--http-socket", &free_address().to_string(), "--wsgi-file", "broken.py"])
        .args(["--master", "--need-app"])
        .to_end(SOON);
    assert_eq!(end, End::Code(22), "{log}");
    assert!(log.contains("no such thing as a free import"), "{log}");
}

#[test]
fn without_an_application_and_need_app_off_every_answer_is_500() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("broken.py", "raise ImportError('nothing here')\n");
    let address = free_address();
    let server = Run::uwsgi(&dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "broken.py"])
        .args(["--master", "--need-app=false"])
        .start();
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().status, 500);
    server.stop();
}

#[test]
fn lazy_apps_import_in_each_worker() {
    let dir = Dir::new();
    dir.write(
        "who.py",
        "import os\nborn = os.getpid()\n\ndef application(env, start_response):\n    \
         start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
         return [b'own' if born == os.getpid() else b'inherited']\n",
    );
    for (option, expected) in [("--lazy-apps", "own"), ("--master", "inherited")] {
        let address = free_address();
        let server = Run::uwsgi(&dir)
            .args(["--http-socket", &address.to_string(), "--wsgi-file", "who.py", "--master"])
            .args(["--processes", "2", option])
            .start();
        server.await_tcp(address);
        assert_eq!(http::get(address, "/").unwrap().text(), expected);
        server.stop();
    }
}

#[test]
fn threads_run_requests_at_the_same_time() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--threads", "4"]);
    let begun = Instant::now();
    let slow: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(move || http::get(address, "/slow?1").unwrap().status))
        .collect();
    for thread in slow {
        assert_eq!(thread.join().unwrap(), 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    server.stop();
}
