//! What values do to a server that runs.

use std::net::SocketAddr;

use serde_json::Value;
use tests::server::{End, SOON};
use tests::{Dir, Run, Server, Subject, eventually, free_address, http, only, subject};

/// An application that shows a variable of its environment.
const SHOWS: &str = "import os\n\ndef application(env, start_response):\n    \
    start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
    return [os.environ.get(env['QUERY_STRING'], '-').encode()]\n";

/// A server of some lines, ready to serve.
fn start(dir: &Dir, text: &str, change: impl FnOnce(Run) -> Run) -> (Server, SocketAddr) {
    let address = free_address();
    dir.write("shows.py", SHOWS);
    dir.write("app.ini", format!("[uwsgi]\nhttp-socket = {address}\nwsgi-file = shows.py\n{text}"));
    let server = change(Run::uwsgi(dir).args(["--ini", "app.ini"])).start();
    server.await_tcp(address);
    (server, address)
}

/// Waits until the statistics show that many workers.
#[track_caller]
fn await_workers(stats: SocketAddr, wanted: usize) {
    eventually(&format!("{wanted} workers"), SOON, || {
        let text = http::Client::connect(stats).map(|mut client| client.rest());
        let text = text.map_err(|error| error.to_string())?;
        let found: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        let count = found["workers"].as_array().map_or(0, Vec::len);
        if count == wanted { Ok(()) } else { Err(count.to_string()) }
    });
}

/// A file that must be refused, and what was said.
#[track_caller]
fn refused(dir: &Dir, text: &str) -> String {
    dir.write("shows.py", SHOWS);
    let address = free_address();
    dir.write("app.ini", format!("[uwsgi]\nhttp-socket = {address}\nwsgi-file = shows.py\n{text}"));
    let (end, log) = Run::uwsgi(dir).args(["--ini", "app.ini"]).to_end(SOON);
    assert_eq!(end, End::Code(1), "{text}: {log}");
    log
}

#[test]
fn of_several_numbers_the_last_one_counts() {
    let dir = Dir::new();
    let stats = free_address();
    let text = format!("stats = {stats}\nprocesses = 2\nprocesses = 3\nmaster = true\n");
    let (server, _) = start(&dir, &text, |run| run);
    await_workers(stats, 3);
    server.stop();
}

#[test]
fn a_variable_of_the_environment_sets_an_option_that_the_file_leaves_open() {
    let dir = Dir::new();
    let stats = free_address();
    let text = format!("stats = {stats}\nmaster = true\n");
    let (server, _) = start(&dir, &text, |run| run.env("UWSGI_PROCESSES", "3"));
    await_workers(stats, 3);
    server.stop();
}

#[test]
fn a_flag_with_a_comment_behind_it_is_true_and_off_is_false_in_any_case() {
    for (word, gone) in [
        ("false ; x", true),
        ("OFF", false),
        ("No", false),
        ("0", false),
        ("", true),
        ("disabled", true),
    ] {
        let dir = Dir::new();
        let text = format!("socket = flag.sock\nmaster = true\nvacuum = {word}\n");
        let (mut server, address) = start(&dir, &text, |run| run);
        let socket = dir.join("flag.sock");
        // a signal that comes before the original is ready just kills it
        assert_eq!(http::get(address, "/?A").unwrap().status, 200);
        assert!(socket.exists(), "{word}");
        server.signal(nix::sys::signal::Signal::SIGINT);
        server.wait(SOON);
        server.finish();
        assert_eq!(!socket.exists(), gone, "vacuum = {word}");
    }
}

#[test]
fn requests_are_logged_where_disable_logging_is_false() {
    for (word, logged) in [("false", true), ("true", false)] {
        let dir = Dir::new();
        let (server, address) = start(&dir, &format!("disable-logging = {word}\n"), |run| run);
        http::get(address, "/a-line-for-the-log").unwrap();
        if logged {
            server.expect_log("/a-line-for-the-log");
        } else {
            // the next answer comes after the line of the first would have been written
            http::get(address, "/another").unwrap();
            assert!(!server.log().contains("/a-line-for-the-log"), "{}", server.log());
        }
        server.stop();
    }
}

#[test]
fn the_last_env_wins_over_the_others_and_over_the_start() {
    let dir = Dir::new();
    let text = "env = A=1\nenv = A=2\nenv = OUTER=inner\nenv = S=a b=c\n";
    let (server, address) = start(&dir, text, |run| run.env("OUTER", "outer").env("KEPT", "kept"));
    for (name, value) in [("A", "2"), ("OUTER", "inner"), ("KEPT", "kept"), ("S", "a b=c")] {
        assert_eq!(http::get(address, &format!("/?{name}")).unwrap().text(), value, "{name}");
    }
    server.stop();
}

#[test]
fn a_declared_option_stands_for_others() {
    let dir = Dir::new();
    let text = "declare-option = site=env=A=$1;env=B=/srv/$2/$1\nsite = shop alice\n";
    let (server, address) = start(&dir, text, |run| run);
    for (name, value) in [("A", "shop"), ("B", "/srv/alice/shop")] {
        assert_eq!(http::get(address, &format!("/?{name}")).unwrap().text(), value, "{name}");
    }
    server.stop();
}

#[test]
fn numbers_are_read_up_to_the_first_letter() {
    let dir = Dir::new();
    let stats = free_address();
    let text = format!("stats = {stats}\nmaster = true\nprocesses = 2 ; two\nharakiri = 5s\n");
    let (server, address) = start(&dir, &text, |run| run);
    await_workers(stats, 2);
    assert_eq!(http::get(address, "/?A").unwrap().status, 200);
    server.stop();
}

#[test]
fn a_word_where_a_number_belongs() {
    // 0 for the original, so that nobody answers
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let log = refused(&dir, "processes = abc\n");
    assert!(log.contains("app.ini:4: processes") && log.contains("abc"), "{log}");
}

#[test]
fn a_negative_number_and_a_mode_with_four_digits_are_refused() {
    let dir = Dir::new();
    for (line, named) in [
        ("processes = -1", "processes"),
        ("chmod-socket = 0660", "chmod"),
        ("chmod-socket = 668", "chmod"),
    ] {
        let log = refused(&dir, &format!("{line}\n"));
        assert!(log.contains(named), "{line}: {log}");
    }
}

#[test]
fn a_backlog_above_the_limit_of_the_kernel() {
    let dir = Dir::new();
    if subject() == Subject::Uwsgi {
        refused(&dir, "listen = 1000000\n");
        return;
    }
    // the kernel clamps it, and so do we
    let (server, address) = start(&dir, "listen = 1000000\n", |run| run);
    assert_eq!(http::get(address, "/?A").unwrap().status, 200);
    server.stop();
}

#[test]
fn an_application_that_cannot_be_imported() {
    if !only(Subject::Ours) {
        return;
    }
    // the original serves 500 unless need-app is set; ours sets it
    let dir = Dir::new();
    for lazy in ["", "lazy-apps = true\n"] {
        let address = free_address();
        dir.write(
            "app.ini",
            format!("[uwsgi]\nhttp-socket = {address}\nmodule = no_such_module\n{lazy}"),
        );
        let (end, log) = Run::uwsgi(&dir).args(["--ini", "app.ini"]).to_end(SOON);
        assert_eq!(end, End::Code(22), "{lazy}: {log}");
        assert!(log.contains("no_such_module"), "{log}");
    }
}
