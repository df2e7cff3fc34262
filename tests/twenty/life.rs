//! Reloads and ends.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tests::process::Process;
use tests::server::{End, SOON};
use tests::{Run, Subject, eventually, only};

use crate::{All, Wire};

#[test]
fn behaviour_17_broken_code_changes_nothing_and_kept_connections_are_told() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&["--threads=2"]);
    let worker = all.get(Wire::Http, "/pid").text();
    let code = fs::read_to_string(all.dir.join("twenty.py")).unwrap();
    for broken in
        ["this is no Python", "raise SystemExit(3)", "application = None\ndel application"]
    {
        all.server.forget_log();
        all.dir.write("twenty.py", broken);
        all.server.signal(Signal::SIGHUP);
        all.server.expect_log("was rejected, the old one serves on");
        assert_eq!(all.get(Wire::Http, "/pid").text(), worker, "{broken}");
    }
    all.dir.write("twenty.py", code);
    // one that has requests in hand or on their way, and one that has none
    let mut busy = all.connect(Wire::Http);
    assert_eq!(busy.get("/pid").unwrap().text(), worker);
    busy.send("GET /slow?2 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut idle = all.connect(Wire::Http);
    assert_eq!(idle.get("/pid").unwrap().text(), worker);
    all.server.signal(Signal::SIGHUP);
    eventually("the next generation answers", SOON, || {
        let now = all.get(Wire::Http, "/pid").text();
        if now == worker { Err(now) } else { Ok(()) }
    });
    let seen = busy.response(true).unwrap();
    assert_eq!(seen.text(), "slow");
    // who is not told of the end goes on with the new workers
    if seen.header("connection") != Some("close") {
        let seen = busy.get("/pid").unwrap();
        assert_ne!(seen.text(), worker, "{seen:?}");
    }
    let seen = idle.get("/pid").unwrap();
    let told = seen.header("connection") == Some("close");
    assert!(told || seen.text() != worker, "{seen:?}");
    all.stop();
}

#[test]
fn behaviour_18_term_finishes_requests_and_waits_for_nobody_else() {
    if !only(Subject::Ours) {
        return;
    }
    let mut all = All::start(&["--threads=2"]);
    let idle: Vec<_> = (0..20).map(|_| all.connect(Wire::Http)).collect();
    let mut kept = all.connect(Wire::Http);
    assert_eq!(kept.get("/hello").unwrap().status, 200);
    let mut half = all.connect(Wire::Http);
    half.send("GET /hel").unwrap();
    let mut slow = all.connect(Wire::Http);
    slow.send("GET /slow?1.5 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    // another thread answers: the slow one was taken before
    assert_eq!(all.get(Wire::Http, "/hello").status, 200);
    let start = Instant::now();
    all.server.signal(Signal::SIGTERM);
    let seen = slow.response(true).unwrap();
    assert_eq!((seen.text().as_str(), seen.header("connection")), ("slow", Some("close")));
    assert_eq!(all.server.wait(SOON), End::Code(0), "{}", all.server.log());
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    drop((idle, kept, half));
    all.server.finish();
}

#[test]
fn behaviour_18_workers_die_with_their_master_and_a_taken_port_is_an_error() {
    if !only(Subject::Ours) {
        return;
    }
    let mut all = All::start(&["--processes=2"]);
    let place = all.http.to_string();
    assert_eq!(all.get(Wire::Http, "/hello").status, 200);
    let words = ["--http-socket", &place, "--wsgi-file", "twenty.py", "--master"];
    let (end, log) = Run::uwsgi(&all.dir).args(words).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("in use") && log.contains(&place), "{log}");
    let workers: Vec<Process> = all.server.process().descendants().into_iter().collect();
    assert!(workers.len() > 2, "{workers:?}");
    all.server.signal(Signal::SIGKILL);
    assert_eq!(all.server.wait(SOON), End::Signal(9));
    eventually("they are gone", SOON, || {
        let left: Vec<_> = workers.iter().filter(|one| one.alive()).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    });
    all.server.finish();
}
