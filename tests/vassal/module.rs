//! The module `uwsgi`: what it says about the server, and what it asks of it.

use std::net::SocketAddr;
use std::thread;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use serde_json::{Value, json};
use tests::http::{self, Client, Ended};
use tests::server::{End, SOON};
use tests::{Dir, Run, Server, Subject, eventually, free_address, only, subject};

/// A server of `module.py`.
fn serving(dir: &Dir, words: &[&str]) -> (Server, SocketAddr) {
    started(dir, words, Run::uwsgi(dir))
}

fn started(dir: &Dir, words: &[&str], run: Run) -> (Server, SocketAddr) {
    dir.app("module.py");
    let address = free_address();
    let server = run
        .args(["--http-socket", &address.to_string(), "--master", "--module", "module"])
        .args(words)
        .start();
    server.await_tcp(address);
    if subject() == Subject::Ours {
        server.expect_log("generation 1 serves");
    }
    (server, address)
}

#[test]
fn it_knows_the_worker_its_master_and_the_options() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = serving(&dir, &["--processes", "2", "--set", "place=here"]);
    let seen = eventually("both workers are known", SOON, || {
        let seen = http::json(address, "/identity");
        let workers = seen["workers"].as_array().map_or(0, Vec::len);
        if workers == 2 { Ok(seen) } else { Err(workers) }
    });
    assert_eq!(seen["masterpid"], server.process().0);
    assert_eq!(seen["parent"], server.process().0);
    let id = seen["worker_id"].as_u64().unwrap();
    assert!((1..=2).contains(&id), "{seen}");
    assert_eq!((&seen["numproc"], &seen["cores"]), (&json!(2), &json!(1)));
    let option = |name: &str| seen["opt"][name].clone();
    assert_eq!((option("processes"), option("place")), (json!("2"), json!("here")));
    // what Sentry, New Relic and Datadog look for
    assert_eq!((option("master"), option("enable-threads")), (json!(true), json!(true)));
    assert!(seen["version"].as_str().unwrap().starts_with("2.0."), "{seen}");
    assert_eq!(seen["version_info"][0], 2);
    assert_eq!((&seen["env"], &seen["connected"]), (&json!("/identity"), &json!(true)));
    assert!(seen["connection_fd"].as_i64().unwrap() > 2);
    assert!(seen["mem"][0].as_u64().unwrap() > 1 << 20, "{seen}");
    let workers = seen["workers"].as_array().unwrap();
    let own = workers.iter().find(|worker| worker["id"] == id).unwrap();
    assert_eq!((&own["pid"], &own["status"]), (&seen["pid"], &json!("busy")));
    server.stop();
}

#[test]
fn requests_are_counted_over_all_workers() {
    let dir = Dir::new();
    let (server, address) = serving(&dir, &["--processes", "2"]);
    for _ in 0..5 {
        http::json(address, "/log");
    }
    let mut asked = 5;
    // a request is counted when its answer has left already
    eventually("all requests before are counted", SOON, || {
        let seen = http::json(address, "/identity");
        let total = seen["total_requests"].as_u64();
        assert!(seen["request_id"].as_u64() <= total);
        asked += 1;
        if total == Some(asked - 1) { Ok(()) } else { Err(seen["total_requests"].to_string()) }
    });
    server.stop();
}

#[test]
fn what_is_not_built_is_absent_and_says_what_is_missing() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = serving(&dir, &[]);
    let said = http::json(address, "/missing");
    assert_eq!(said.as_object().unwrap().len(), 6, "{said}");
    assert!(said["cache_get"].as_str().unwrap().contains("no caches"), "{said}");
    assert!(said["signal_wait"].as_str().unwrap().contains("no signals and timers"), "{said}");
    server.stop();
}

#[test]
fn postfork_runs_once_in_each_worker_also_where_that_imports_by_itself() {
    if !only(Subject::Ours) {
        return;
    }
    for words in [&["--processes", "2"][..], &["--processes", "2", "--lazy-apps"]] {
        let dir = Dir::new();
        let (server, address) = serving(&dir, words);
        for _ in 0..4 {
            let seen = http::json(address, "/forks");
            assert_eq!(seen["born"], json!([[seen["worker"], seen["pid"]]]), "{words:?}");
        }
        server.stop();
    }
}

#[test]
fn a_lock_keeps_workers_and_threads_apart() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = serving(&dir, &["--processes", "2", "--threads", "2", "--locks", "1"]);
    for number in ["0", "1"] {
        dir.write("count", "0");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| http::json(address, &format!("/hold?{number}")));
            }
        });
        assert_eq!(std::fs::read_to_string(dir.join("count")).unwrap(), "100");
    }
    let said = http::json(address, "/too_many");
    assert!(said["error"].as_str().unwrap().contains("2 locks"), "{said}");
    server.stop();
}

#[test]
fn a_lock_is_seen_by_the_others_and_ends_with_its_worker() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = serving(&dir, &["--processes", "2"]);
    let holder = http::json(address, "/keep")["worker"].clone();
    eventually("another worker sees the lock", SOON, || {
        let seen = http::json(address, "/locked");
        assert_eq!(seen["locked"], true);
        if seen["worker"] == holder { Err("the holder itself answered") } else { Ok(()) }
    });
    server.stop();
    let (server, address) = serving(&dir, &["--processes", "2"]);
    http::get(address, "/die").ok();
    eventually("the dead worker's lock is free", SOON, || {
        let seen = http::get(address, "/locked").map_err(|error| error.to_string())?.json();
        if seen["locked"] == false { Ok(()) } else { Err(seen.to_string()) }
    });
    server.stop();
}

#[test]
fn log_writes_lines() {
    let dir = Dir::new();
    let (server, address) = serving(&dir, &[]);
    http::json(address, "/log");
    server.expect_log("a line of uwsgi.log\n");
    if subject() == Subject::Ours {
        http::json(address, "/log_bytes");
        server.expect_log("bytes of uwsgi.log\n");
    }
    server.stop();
}

#[test]
fn reload_starts_new_workers_and_stop_ends_the_server() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (mut server, address) = serving(&dir, &[]);
    let old = http::json(address, "/reload")["pid"].clone();
    eventually("a new worker answers", SOON, || {
        let seen = http::json(address, "/forks");
        if seen["pid"] == old { Err("still the old one") } else { Ok(()) }
    });
    http::get(address, "/stop").unwrap();
    assert_eq!(server.wait(SOON), End::Code(0), "{}", server.log());
    server.finish();
}

#[test]
fn setprocname_renames_the_process() {
    let dir = Dir::new();
    let (server, address) = serving(&dir, &[]);
    if subject() == Subject::Ours {
        assert_eq!(http::json(address, "/name")["comm"], "renamed");
    }
    server.stop();
}

#[test]
fn chunked_read_gives_the_body_of_a_chunked_request() {
    let dir = Dir::new();
    let (server, address) = serving(&dir, &[]);
    let mut client = Client::connect(address).unwrap();
    client
        .send(
            "POST /chunks HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
             5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        )
        .unwrap();
    let seen = client.response(true).unwrap().json();
    let total: u64 = seen["parts"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    assert_eq!((total, &seen["end"]), (11, &json!("")), "{seen}");
    server.stop();
}

#[test]
fn a_thread_of_the_applications_own_serves_no_request() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = serving(&dir, &[]);
    assert_eq!(http::json(address, "/thread")["seen"], json!([[-1, {}]]));
    server.stop();
}

#[test]
fn sendfile_is_the_file_wrapper() {
    let dir = Dir::new();
    let (server, address) = serving(&dir, &[]);
    let answer = http::get(address, "/file").unwrap();
    assert!(answer.text().contains("def application"));
    server.stop();
}

#[test]
fn disconnect_ends_the_answer_while_the_application_goes_on() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    nix::unistd::mkfifo(&dir.join("go"), Mode::S_IRWXU).unwrap();
    let (server, address) = serving(&dir, &[]);
    let mut client = Client::connect(address).unwrap();
    client.send("GET /leave HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let answer = client.response(true).unwrap();
    assert_eq!((answer.text().as_str(), answer.ended), ("all there is", Ended::Chunked));
    assert!(!server.log().contains("the work is done"));
    std::fs::write(dir.join("go"), "on").unwrap();
    server.expect_log("the work is done");
    server.stop();
}

#[test]
fn the_end_of_a_worker_and_of_a_request_can_be_hooked() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (mut server, address) = started(&dir, &[], Run::uwsgi(&dir).env("AFTER", "1"));
    http::json(address, "/log");
    server.expect_log("after a request for /log");
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait(SOON), End::Code(0));
    assert!(server.log().contains("the last words of worker 1"), "{}", server.log());
    server.finish();
}

#[test]
fn values_of_the_applications_own_stand_in_request_lines() {
    let dir = Dir::new();
    let (server, address) = serving(&dir, &["--log-format", "%(uri) of %(shop) it was"]);
    let seen = http::json(address, "/noted?second");
    assert_eq!((&seen["value"], &seen["none"]), (&json!("second"), &Value::Null));
    server.expect_log("/noted?second of second it was");
    server.stop();
}

#[test]
fn variables_that_the_application_adds_stand_in_request_lines() {
    let dir = Dir::new();
    let form = "%(uri) %(var.SHOP) of %(var.HTTP_HOST), %(var.REQUEST_METHOD)";
    let (server, address) = serving(&dir, &["--log-format", form]);
    assert_eq!(http::json(address, "/added?first")["done"], json!([true, true]));
    server.expect_log("/added?first first of other, GET");
    // they are of one request
    http::json(address, "/log?second");
    server.expect_log("/log?second - of ");
    server.stop();
}

#[test]
fn a_request_may_be_logged_in_spite_of_disable_logging() {
    let dir = Dir::new();
    let (server, address) = serving(&dir, &["--disable-logging"]);
    http::json(address, "/log?not-this");
    http::json(address, "/wanted?but-this");
    server.expect_log("GET /wanted?but-this");
    assert!(!server.log().contains("not-this"), "{}", server.log());
    server.stop();
}
