//! Requests that take too long: what the client gets, what the log says, who may finish.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use tests::http::{self, Client, Ended};
use tests::server::SOON;
use tests::{Dir, Run, Server, Subject, eventually, free_address, only};

fn start(dir: &Dir, words: &[&str], variables: &[(&str, &str)]) -> (Server, SocketAddr) {
    dir.app("harakiri.py");
    let address = free_address();
    let mut run = Run::uwsgi(dir).args([
        "--http-socket",
        &address.to_string(),
        "--master",
        "--wsgi-file",
        "harakiri.py",
    ]);
    for (name, value) in variables {
        run = run.env(name, value);
    }
    let server = run.args(words).start();
    server.await_tcp(address);
    (server, address)
}

fn pid(address: SocketAddr) -> String {
    http::get(address, "/").expect("the server under test is there").text()
}

#[test]
fn the_log_says_which_request_was_stuck_and_where() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--harakiri", "1"], &[]);
    let lines = ["X-Wanted: this", "Cookie: session=secret"];
    let answer = http::ask(address, "GET", "/slow?30", &lines, b"").unwrap();
    assert_eq!(answer.status, 504);
    server.expect_log("HARAKIRI !!! end of worker 1 status");
    server.expect_log("deep_in_the_application");
    let log = server.log();
    for wanted in ["HARAKIRI ON WORKER 1", "HARAKIRI [core 0] GET /slow?30", "HTTP_X_WANTED=this"] {
        assert!(log.contains(wanted), "no {wanted:?} in {log}");
    }
    assert!(!log.contains("secret"), "{log}");
    assert!(!log.contains("-- wchan>"), "only with harakiri-verbose");
    server.stop();
}

#[test]
fn a_worker_whose_interpreter_is_locked_up_is_explained_and_replaced_too() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--harakiri", "1"], &[]);
    let before = pid(address);
    assert_eq!(http::get(address, "/held?30").unwrap().status, 504);
    assert_ne!(pid(address), before);
    server.expect_log("in application");
    server.stop();
}

#[test]
fn harakiri_verbose_says_where_in_the_kernel_the_worker_is() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--harakiri", "1", "--harakiri-verbose"], &[]);
    drop(http::get(address, "/slow?30"));
    server.expect_log("HARAKIRI: -- wchan>");
    server.stop();
}

#[test]
fn an_answer_that_was_begun_is_cut() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--harakiri", "1"], &[]);
    let answer = Client::connect(address).unwrap().get("/begun?30").unwrap();
    assert_eq!((answer.status, answer.ended), (200, Ended::Cut), "{answer:?}");
    server.stop();
}

#[test]
fn requests_of_other_threads_finish_before_the_worker_goes() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--harakiri", "3", "--threads", "2"], &[]);
    let before = pid(address);
    thread::scope(|scope| {
        let stuck = scope.spawn(|| http::get(address, "/slow?60").unwrap().status);
        // begun two seconds later, it ends one second after the other one's limit
        tests::wait::idle(Duration::from_secs(2));
        let other = http::get(address, "/slow?2").unwrap();
        assert_eq!((other.status, other.text()), (200, before.clone()));
        assert_eq!(stuck.join().unwrap(), 504);
    });
    eventually("the worker is replaced", SOON, || {
        let now = pid(address);
        if now == before { Err(now) } else { Ok(()) }
    });
    server.expect_log("HARAKIRI ON WORKER 1");
    server.stop();
}

#[test]
fn a_late_request_that_comes_back_does_not_hold_the_others_up() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    for late in ["/late-yield?3", "/late-raise?3"] {
        let (server, address) = start(&dir, &["--harakiri", "2", "--threads", "4"], &[]);
        let before = pid(address);
        thread::scope(|scope| {
            let stuck = scope.spawn(|| http::get(address, late).unwrap().status);
            // these end after the late one came back, and before the worker's time is over
            tests::wait::idle(Duration::from_millis(1500));
            let others: Vec<_> =
                (0..3).map(|_| scope.spawn(|| http::get(address, "/slow?1.8"))).collect();
            for other in others {
                let answer = other.join().unwrap().expect("it is answered");
                assert_eq!((answer.status, answer.text()), (200, before.clone()), "{late}");
            }
            assert_eq!(stuck.join().unwrap(), 504, "{late}");
        });
        eventually("the worker is replaced", SOON, || {
            let now = pid(address);
            if now == before { Err(now) } else { Ok(()) }
        });
        server.expect_log("HARAKIRI ON WORKER 1");
        server.stop();
    }
}

#[test]
fn a_signal_comes_first_where_that_is_wanted() {
    if !only(Subject::Ours) {
        return;
    }
    let words = ["--harakiri", "1", "--harakiri-graceful-timeout", "3"];
    let words = [&words[..], &["--harakiri-graceful-signal", "12"]].concat();
    for (variables, killed) in [(&[][..], true), (&[("ENDS", "1")], false)] {
        let dir = Dir::new();
        let (server, address) = start(&dir, &words, variables);
        let before = pid(address);
        assert_eq!(http::get(address, "/slow?30").unwrap().status, 504);
        server.expect_log("the worker got signal 12");
        assert_ne!(pid(address), before);
        assert_eq!(server.log().contains("did not end by the signal"), killed, "{}", server.log());
        assert_eq!(server.log().matches("HARAKIRI ON WORKER").count(), 1, "{}", server.log());
        server.stop();
    }
}

#[test]
fn an_application_may_limit_a_request_itself() {
    if !only(Subject::Ours) {
        return;
    }
    for words in [&[][..], &["--harakiri", "20"], &["--threads", "2"]] {
        let dir = Dir::new();
        let (server, address) = start(&dir, words, &[]);
        let before = pid(address);
        let answer = http::get(address, "/taken-back?1.5").unwrap();
        assert_eq!((answer.status, answer.text()), (200, before.clone()));
        let begun = Instant::now();
        assert_eq!(http::get(address, "/own?30").unwrap().status, 504, "{words:?}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
        eventually("the worker is replaced", SOON, || {
            let now = pid(address);
            if now == before { Err(now) } else { Ok(()) }
        });
        server.expect_log("deep_in_the_application");
        server.stop();
    }
}

#[test]
fn a_late_request_goes_on_while_nobody_waits() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let words = ["--harakiri", "1", "--harakiri-queue-threshold", "2"];
    let (server, address) = start(&dir, &words, &[]);
    let before = pid(address);
    assert_eq!(http::get(address, "/slow?3.5").unwrap().text(), before);
    assert!(!server.log().contains("HARAKIRI"), "{}", server.log());
    thread::scope(|scope| {
        let stuck = scope.spawn(|| http::get(address, "/slow?60").unwrap().status);
        server.expect_log("/slow?3.5");
        // others come, and wait in the kernel's queue
        tests::wait::idle(Duration::from_secs(1));
        let waiting: Vec<_> = (0..3).map(|_| scope.spawn(|| pid(address))).collect();
        assert_eq!(stuck.join().unwrap(), 504);
        for one in waiting {
            assert_ne!(one.join().unwrap(), before);
        }
    });
    server.stop();
}

#[test]
fn a_hook_after_a_request_has_time_where_that_is_wanted() {
    for (words, dies) in [(&["--harakiri-no-arh"][..], false), (&[], true)] {
        let dir = Dir::new();
        let words = [&["--harakiri", "1"], words].concat();
        let (server, address) = start(&dir, &words, &[("AFTER", "3.5")]);
        let before = pid(address);
        server.expect_log("the hook begins");
        // the only worker is in the hook, or another one took its place
        assert_eq!(pid(address) != before, dies, "{}", server.log());
        assert_eq!(server.log().contains("HARAKIRI ON WORKER"), dies, "{}", server.log());
        server.kill();
    }
}
