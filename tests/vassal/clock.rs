//! A time of day that jumps: every deadline is counted on the clock that does not.

use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tests::http::{self, Client};
use tests::preload::Preload;
use tests::server::End;
use tests::wait::always;
use tests::{Dir, Run, Subject, free_address, only};

const YEAR: i64 = 365 * 24 * 3600;

#[test]
fn a_clock_that_jumps_moves_no_deadline_and_stops_nothing() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.app("harakiri.py");
    let Some(preload) = Preload::new(&dir) else { return };
    let address = free_address();
    let mut run = Run::uwsgi(&dir).args([
        "--http-socket",
        &address.to_string(),
        "--master",
        "--wsgi-file",
        "harakiri.py",
        "--processes",
        "2",
        "--harakiri",
        "3",
        "--max-worker-lifetime",
        "3600",
        "--http-keepalive",
        "60",
        "--log-date",
    ]);
    for (name, value) in preload.variables() {
        run = run.env(name, value);
    }
    let server = run.start();
    server.await_tcp(address);
    server.expect_log("generation 1 serves");
    let mut kept = Client::connect(address).unwrap();
    let first = kept.get("/").unwrap();
    let pid = first.text();
    let year = |answer: &http::Response| -> i64 {
        let date = answer.header("date").expect("each answer has a date").to_owned();
        let year = date.split_whitespace().nth(3).and_then(|word| word.parse().ok());
        year.unwrap_or_else(|| panic!("{date}"))
    };
    let now = year(&first);
    assert!(now > 2000, "{now}");
    // forwards, backwards, and before all counting
    for (jump, wanted) in
        [(20, now + 19..=now + 21), (-20, now - 21..=now - 19), (-90, 1970..=1970)]
    {
        server.forget_log();
        thread::scope(|scope| {
            let running = scope.spawn(|| http::get(address, "/slow?1.5").map(|one| one.status));
            // it has begun by then, and has as long to go
            let other = || http::get(address, "/").is_ok();
            always("the other worker answers", Duration::from_millis(500), other);
            preload.jump(jump * YEAR);
            assert_eq!(running.join().unwrap().unwrap(), 200, "{jump} years");
        });
        // neither the connection nor the worker was too old by that
        let answer = kept.get("/").unwrap();
        assert_eq!(answer.text(), pid, "{jump} years");
        let seen = year(&answer);
        assert!(wanted.contains(&seen), "{jump} years: {seen}");
        server.expect_log("GET /slow?1.5 => generated");
        let log = server.log();
        let line = log.lines().find(|line| line.contains("GET /slow?1.5 =>")).unwrap();
        let millis: u64 = line
            .split_once(" bytes in ")
            .and_then(|(_, rest)| rest.split(' ').next())
            .and_then(|word| word.parse().ok())
            .unwrap_or_else(|| panic!("{line}"));
        assert!((1400..9000).contains(&millis), "{line}");
    }
    // what has to come to an end does
    let begun = Instant::now();
    assert_eq!(http::get(address, "/slow?60").unwrap().status, 504);
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(2) && took < Duration::from_secs(9), "{took:?}");
    server.expect_log("Respawned uWSGI worker");
    server.signal(Signal::SIGHUP);
    server.expect_log("generation 2 serves");
    preload.jump(YEAR);
    assert_eq!(http::get(address, "/").unwrap().status, 200);
    drop(kept);
    assert_eq!(server.stop(), End::Code(0));
}
