//! Several applications in one vassal: which one answers, and how the path is split for it.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tests::http::Place;
use tests::server::{End, SOON};
use tests::{Dir, Run, Server, Subject, eventually, free_address, http, only, subject, uwsgi};

/// A server of `mounts.py`.
fn serving(dir: &Dir, words: &[&str]) -> (Server, SocketAddr) {
    dir.app("mounts.py");
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--socket", "app.sock", "--master"])
        .args(words)
        .start();
    server.await_tcp(address);
    server.await_unix(&dir.join("app.sock"));
    (server, address)
}

/// Asks for each path, and expects the application, `SCRIPT_NAME` and `PATH_INFO`.
#[track_caller]
fn expect(address: SocketAddr, cases: &[(&str, [&str; 3])]) {
    for (path, wanted) in cases {
        let answer = http::get(address, path).expect("the server under test is there");
        assert_eq!(answer.json(), json!(wanted), "{path}");
    }
}

#[test]
fn manage_script_name_finds_the_application_by_the_longest_mount_point() {
    let dir = Dir::new();
    let words = ["--module", "mounts", "--manage-script-name"];
    let words = [&words[..], &["--mount", "/a=mounts:one", "--mount", "/a/b=mounts:two"]].concat();
    let (server, address) = serving(&dir, &words);
    expect(
        address,
        &[
            ("/a", ["one", "/a", ""]),
            ("/a/", ["one", "/a", "/"]),
            ("/a/x?y=1", ["one", "/a", "/x"]),
            ("/a/b/x", ["two", "/a/b", "/x"]),
            ("/a/bc", ["one", "/a", "/bc"]),
            ("/ab", ["application", "", "/ab"]),
        ],
    );
    if subject() == Subject::Ours {
        expect(address, &[("/", ["application", "", "/"])]);
    }
    server.stop();
}

#[test]
fn a_mounted_file_is_served_and_the_first_mounted_application_takes_the_rest() {
    let dir = Dir::new();
    let words = ["--mount", "/a=mounts:one", "--mount", "/b=mounts.py", "--manage-script-name"];
    let (server, address) = serving(&dir, &words);
    expect(
        address,
        &[("/b/y", ["application", "/b", "/y"]), ("/elsewhere", ["one", "", "/elsewhere"])],
    );
    server.stop();
}

#[test]
fn callable_names_the_application_of_a_mounted_file() {
    let dir = Dir::new();
    let words = ["--mount", "/b=mounts.py", "--callable", "two", "--manage-script-name"];
    let (server, address) = serving(&dir, &words);
    expect(address, &[("/b/y", ["two", "/b", "/y"])]);
    server.stop();
}

#[test]
fn no_default_app_answers_500_where_nothing_is_mounted() {
    let dir = Dir::new();
    let words = ["--mount", "/a=mounts:one", "--manage-script-name", "--no-default-app"];
    let (server, address) = serving(&dir, &words);
    expect(address, &[("/a/x", ["one", "/a", "/x"])]);
    assert_eq!(http::get(address, "/elsewhere").unwrap().status, 500);
    server.expect_log("no python application found");
    server.stop();
}

/// What the application sees whose `SCRIPT_NAME` the web server sent.
fn named(dir: &Dir, script: &str, path: &str) -> Value {
    let mut vars = uwsgi::variables("GET", path, "");
    vars.push(("SCRIPT_NAME", script));
    let mut client = http::Client::connect(Place::from(dir.join("app.sock").as_path()))
        .expect("the server under test is there");
    client.send(uwsgi::packet((0, 0), &vars)).expect("the server under test is there");
    client.response(true).expect("the server under test is there").json()
}

#[test]
fn the_web_server_chooses_by_script_name_unless_that_is_ignored() {
    let dir = Dir::new();
    let words = ["--module", "mounts", "--mount", "/a=mounts:one"];
    let (server, _) = serving(&dir, &words);
    assert_eq!(named(&dir, "/a", "/x"), json!(["one", "/a", "/x"]));
    assert_eq!(named(&dir, "/c", "/x"), json!(["application", "/c", "/x"]));
    server.stop();
    let words = [&words[..], &["--ignore-script-name"]].concat();
    let (server, _) = serving(&dir, &words);
    assert_eq!(named(&dir, "/a", "/x"), json!(["application", "/a", "/x"]));
    server.stop();
}

/// The answers for two hosts, and the status for a third.
fn hosts(address: SocketAddr) -> (Vec<Value>, u16) {
    let ask = |host: &str| {
        let mut client = http::Client::connect(address).expect("the server under test is there");
        let request = format!("GET /x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        client.send(request).expect("the server under test is there");
        client.response(true).expect("the server under test is there")
    };
    (vec![ask("one.test").json(), ask("two.test").json()], ask("three.test").status)
}

#[test]
fn vhost_host_chooses_by_the_host_that_was_asked_for() {
    let dir = Dir::new();
    let words = ["--mount", "one.test|=mounts:one", "--mount", "two.test|=mounts:two"];
    let (server, address) = serving(&dir, &[&words[..], &["--vhost-host"]].concat());
    let (answers, other) = hosts(address);
    assert_eq!(answers, [json!(["one", "", "/x"]), json!(["two", "", "/x"])]);
    assert_eq!(other, 500);
    server.stop();
}

#[test]
fn vhost_chooses_by_the_name_that_the_web_server_serves() {
    let dir = Dir::new();
    let words = ["--module", "mounts", "--mount", "example.test|=mounts:two", "--vhost"];
    let (server, _) = serving(&dir, &words);
    // the packet says SERVER_NAME = example.test
    assert_eq!(named(&dir, "", "/x"), json!(["two", "", "/x"]));
    server.stop();
}

#[test]
fn worker_mount_loads_the_application_in_each_worker() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write(
        "late.py",
        "import os\nprint('loaded in', os.getpid())\nfrom mounts import two as application\n",
    );
    let words = ["--module", "mounts", "--worker-mount", "/a=late", "--manage-script-name"];
    let (server, address) = serving(&dir, &[&words[..], &["--processes", "2"]].concat());
    expect(address, &[("/a/x", ["two", "/a", "/x"]), ("/b", ["application", "", "/b"])]);
    eventually("both workers load it", SOON, || {
        let log = server.log();
        if log.matches("loaded in").count() == 2 { Ok(()) } else { Err(log) }
    });
    server.stop();
}

#[test]
fn a_dictionary_of_applications_mounts_them() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write(
        "table.py",
        "import mounts\napplications = {'/': mounts.one, '/t': 'second'}\nsecond = mounts.two\n",
    );
    let (server, address) = serving(&dir, &["--module", "table", "--manage-script-name"]);
    expect(address, &[("/t/x", ["two", "/t", "/x"]), ("/x", ["one", "", "/x"])]);
    server.stop();
}

#[test]
fn a_mounted_application_that_does_not_load_refuses_the_start_or_is_left_out() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.app("mounts.py");
    let words = ["--module", "mounts", "--mount", "/a=nosuch", "--manage-script-name"];
    let address = free_address().to_string();
    let run = Run::uwsgi(&dir).args(["--http-socket", &address]).args(words);
    let (end, log) = run.to_end(SOON);
    assert_eq!(end, End::Code(22), "{log}");
    assert!(log.contains("nosuch"), "{log}");
    let (server, address) = serving(&dir, &[&words[..], &["--need-app=false"]].concat());
    expect(address, &[("/a/x", ["application", "", "/a/x"])]);
    server.expect_log("nosuch");
    server.stop();
}

#[test]
fn requests_are_counted_for_each_application() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let stats = free_address();
    let words = ["--module", "mounts", "--mount", "/a=mounts:one", "--manage-script-name"];
    let (server, address) =
        serving(&dir, &[&words[..], &["--stats", &stats.to_string(), "--stats-http"]].concat());
    for path in ["/a/x", "/b", "/a/y", "/a"] {
        http::get(address, path).unwrap();
    }
    eventually("both applications are counted", SOON, || {
        let apps = http::get(stats, "/").unwrap().json()["workers"][0]["apps"].clone();
        let seen = [0, 1].map(|at| (apps[at]["mountpoint"].clone(), apps[at]["requests"].clone()));
        let wanted = [(json!(""), json!(1)), (json!("/a"), json!(3))];
        if seen == wanted { Ok(()) } else { Err(apps) }
    });
    server.expect_log("|app: 1|");
    server.stop();
}
