//! `uwsgidecorators`: the documented examples run with our module and with uWSGI's own; what needs a
//! part that is not there keeps no application from serving.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::Value;
use tests::server::SOON;
use tests::{Dir, Run, Server, Subject, eventually, free_address, http, only};

/// The module of PyPI's package, which `tests/run` builds.
fn foreign() -> Option<PathBuf> {
    let lib = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/uwsgi-pypi/lib");
    let mut dirs =
        fs::read_dir(lib).ok()?.flatten().map(|entry| entry.path().join("site-packages"));
    dirs.find_map(|dir| Some(dir.join("uwsgidecorators.py")).filter(|file| file.is_file()))
}

/// A server of one of the applications.
fn serving(dir: &Dir, app: &str, words: &[&str]) -> (Server, SocketAddr) {
    dir.app(app);
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--master", "--wsgi-file", app])
        .args(["--enable-threads", "--py-call-uwsgi-fork-hooks"])
        .args(words)
        .start();
    server.await_tcp(address);
    (server, address)
}

/// The examples of the documentation, whoever's module it is.
fn examples(dir: &Dir) {
    dir.write("count", "0");
    let (server, address) = serving(dir, "decorated.py", &["--processes", "2"]);

    // hooks after the fork: in each worker once, in one worker, in a thread of each
    eventually("both workers were seen with their threads", SOON, || {
        let seen: Vec<Value> = (0..8).map(|_| http::json(address, "/born")).collect();
        for one in &seen {
            let own = serde_json::json!([[one["worker"], one["pid"]]]);
            let chosen = if one["worker"] == 2 { vec![2] } else { vec![] };
            assert_eq!((&one["born"], &one["only"]), (&own, &serde_json::json!(chosen)), "{one}");
            assert_eq!(one["strange"], 0, "{one}");
        }
        let both = (1..=2).all(|id| {
            seen.iter().any(|one| one["worker"] == id && one["ticks"].as_u64() > Some(1))
        });
        if both { Ok(()) } else { Err(format!("{seen:?}")) }
    });

    // a call in a thread
    let number = http::json(address, "/later?well")["worker"].clone();
    eventually("the call was made", SOON, || {
        let seen = http::json(address, "/done");
        let there =
            seen["worker"] == number && seen["done"][0] == serde_json::json!(["done well", false]);
        if there { Ok(()) } else { Err(seen) }
    });

    // one call at a time in all workers
    let counts: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(move || http::get(address, "/count").map(|seen| seen.status)))
        .collect();
    for count in counts {
        assert_eq!(count.join().expect("the thread ends").expect("an answer"), 200);
    }
    assert_eq!(fs::read_to_string(dir.join("count")).expect("the file is there"), "80");

    // a call that may take a second: another one is not held against the request
    assert_eq!(http::json(address, "/slow?0.01")["said"], "slow");
    let cut = http::get(address, "/slow?30");
    assert!(cut.as_ref().map_or(true, |answer| answer.status == 504), "{cut:?}");
    assert_eq!(http::json(address, "/slow?0.01")["said"], "slow");
    server.stop();
}

#[test]
fn the_documented_examples_run() {
    if !only(Subject::Ours) {
        return;
    }
    examples(&Dir::new());
}

#[test]
fn the_documented_examples_run_with_the_packages_own_module() {
    let Some(module) = foreign() else {
        return tests::not_run("PyPI's uWSGI is missing: run tests/run");
    };
    let dir = Dir::new();
    fs::copy(module, dir.join("uwsgidecorators.py")).expect("a file can be copied");
    examples(&dir);
}

#[test]
fn decorators_of_missing_parts_keep_no_application_from_serving() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.app("timed.py");
    let (server, address) = serving(&dir, "undecorated.py", &[]);
    let seen = http::json(address, "/");
    let direct = ["tick", "red", "nightly", "changed", "signalled", "brain", "message", "hello"];
    assert_eq!(seen["direct"], serde_json::json!(direct));
    let refused = seen["refused"].as_array().expect("a list");
    assert_eq!(refused.len(), 7, "{seen}");
    for (at, text) in refused.iter().filter_map(Value::as_str).enumerate() {
        let part = if at < 5 { "this server has no spoolers" } else { "this server has no mules" };
        assert!(text.contains(part), "{text}");
    }
    for (name, function) in [("timer", "tick"), ("rbtimer", "red"), ("cron", "nightly")] {
        server.expect_log(&format!(
            "@{name}: this server has no signals and timers: nothing calls timed.{function}"
        ));
    }
    server.expect_log("@rpc: this server has no remote calls: nothing calls timed.hello");
    server
        .expect_log("@mule: this server has no mules: nothing calls uwsgi_file_undecorated.brain");
    server.stop();
}

#[test]
fn signals_of_the_packages_own_module_keep_no_application_from_serving() {
    if !only(Subject::Ours) {
        return;
    }
    let Some(module) = foreign() else {
        return tests::not_run("PyPI's uWSGI is missing: run tests/run");
    };
    let dir = Dir::new();
    fs::copy(module, dir.join("uwsgidecorators.py")).expect("a file can be copied");
    let (server, address) = serving(&dir, "timed.py", &["--processes", "1"]);
    for _ in 0..2 {
        assert_eq!(http::json(address, "/")["registered"], serde_json::json!([true, false]));
    }
    let signals = "this server has no signals and timers";
    let mut lines: Vec<String> = ["tick", "red", "nightly", "changed", "signalled"]
        .iter()
        .map(|name| format!("{signals}: nothing calls uwsgi_file_timed.{name}"))
        .collect();
    lines.push("this server has no remote calls: nothing calls uwsgi_file_timed.hello".into());
    lines.push(format!("uwsgi.signal: {signals}: signal 17 is not raised"));
    lines.push(format!("uwsgi.add_timer: {signals}: nothing comes of signal 99"));
    for line in lines {
        server.expect_log(&line);
        assert_eq!(server.log().matches(&line).count(), 1, "{line}: {}", server.log());
    }
    server.stop();
}
