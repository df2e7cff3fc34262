//! What an operator asks of a running server: by pipe, by signal, by the command line.

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tests::http::{self, Client};
use tests::server::{End, SOON};
use tests::{Dir, Run, Server, Subject, eventually, free_address, only};

/// A server of the battery with a pipe called `fifo`.
fn start(dir: &Dir, words: &[&str]) -> (Server, SocketAddr) {
    dir.app("battery.py");
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "battery.py", "--master"])
        .args(["--master-fifo", "fifo"])
        .args(words)
        .start();
    server.await_tcp(address);
    pid(address);
    (server, address)
}

fn pid(address: SocketAddr) -> String {
    eventually("a worker answers", SOON, || http::get(address, "/pid")).text()
}

/// Writes into the pipe.
fn order(dir: &Dir, bytes: &str) {
    let path = dir.join("fifo");
    eventually("the pipe", SOON, || fs::metadata(&path));
    let pipe = File::options().write(true).open(&path);
    pipe.and_then(|mut pipe| pipe.write_all(bytes.as_bytes())).expect("the master reads");
}

/// A request that takes some seconds and has begun.
fn slow(address: SocketAddr, seconds: &str) -> Client {
    let mut client = Client::connect(address).expect("the server listens");
    client.stream.patience(2 * SOON).expect("a time limit can be set");
    let head = format!("GET /slow?{seconds} HTTP/1.1\r\nHost: a\r\n\r\n");
    client.send(head).expect("it is sent");
    client
}

/// Waits until another worker answers.
#[track_caller]
fn replaced(server: &Server, address: SocketAddr, first: &str, what: &str) -> String {
    eventually(&format!("another worker after {what}"), SOON, || match pid(address) {
        now if now == first => Err(server.log()),
        now => Ok(now),
    })
}

#[test]
fn the_pipe_is_the_tenants_alone_and_a_graceful_stop_waits() {
    let dir = Dir::new();
    let (mut server, address) = start(&dir, &["--threads=2"]);
    let found = fs::metadata(dir.join("fifo")).unwrap();
    assert!(found.file_type().is_fifo());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
    let mut client = slow(address, "2");
    // somebody else is answered meanwhile: the slow one is in
    pid(address);
    order(&dir, "?q");
    assert_eq!(client.response(true).unwrap().text(), "slow");
    assert_eq!(server.wait(SOON), End::Code(0), "{}", server.log());
    server.finish();
}

#[test]
fn an_immediate_stop_waits_for_nothing() {
    let dir = Dir::new();
    let (mut server, address) = start(&dir, &["--threads=2"]);
    let mut client = slow(address, "20");
    pid(address);
    order(&dir, "Q");
    assert!(client.response(true).is_err());
    assert_eq!(server.wait(SOON), End::Code(0), "{}", server.log());
    server.finish();
}

#[test]
fn reloads_by_letter_and_requests_in_hand() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--threads=2"]);
    let mut last = pid(address);
    for (letter, finishes) in [("r", true), ("R", false), ("w", true), ("c", true), ("W", false)] {
        let mut client = slow(address, "3");
        assert_eq!(pid(address), last);
        order(&dir, letter);
        last = replaced(&server, address, &last, letter);
        assert_eq!(client.response(true).is_ok(), finishes, "{letter}: {}", server.log());
    }
    server.stop();
}

#[test]
fn a_connection_that_comes_while_workers_are_cut_off_is_not_forgotten() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--threads=2"]);
    let mut last = pid(address);
    let mut longest = Duration::ZERO;
    for _ in 0..80 {
        order(&dir, "R");
        // one at a time: each would wake up somebody for the one before
        last = eventually("another worker", SOON, || {
            let began = Instant::now();
            let answer = http::get(address, "/pid");
            longest = longest.max(began.elapsed());
            match answer {
                Ok(answer) if answer.text() != last => Ok(answer.text()),
                other => Err(format!("{other:?}")),
            }
        });
        assert!(longest < Duration::from_secs(10), "{longest:?}: {}", server.log());
    }
    server.stop();
}

#[test]
fn workers_come_and_go_by_hand() {
    let dir = Dir::new();
    let words = ["--processes=3", "--cheaper=1", "--cheaper-algo=manual"];
    let (server, address) = start(&dir, &words);
    order(&dir, "+");
    server.expect_log("spawned uWSGI worker 2 ");
    order(&dir, "-");
    server.expect_log(" cheaped.");
    server.forget_log();
    order(&dir, "C");
    server.expect_log("cheap mode enabled");
    pid(address);
    server.stop();
}

#[test]
fn a_paused_server_accepts_later() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--processes=2"]);
    for how in ["fifo", "signal"] {
        let toggle = || match how {
            "fifo" => order(&dir, "p"),
            _ => server.signal(Signal::SIGTSTP),
        };
        toggle();
        let mut client = eventually("nobody answers any more", SOON, || {
            let mut client = Client::connect(address).map_err(|error| error.to_string())?;
            client.stream.patience(Duration::from_millis(700)).expect("a limit can be set");
            match client.get("/pid") {
                Ok(answer) => Err(answer.text()),
                Err(_) => Ok(client),
            }
        });
        client.stream.patience(SOON).unwrap();
        toggle();
        assert_eq!(client.response(true).unwrap().status, 200, "{how}: {}", server.log());
    }
    server.stop();
}

#[test]
fn statistics_come_by_letter_and_by_signal_and_usr2_is_harmless() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &[]);
    // a request is counted just after its answer
    let says = |what: &str, ask: &dyn Fn()| {
        eventually(what, SOON, || {
            ask();
            if server.log().contains(what) { Ok(()) } else { Err(server.log()) }
        });
    };
    says("requests: 1 exceptions: 0", &|| order(&dir, "s"));
    pid(address);
    says("requests: 2 exceptions: 0", &|| server.signal(Signal::SIGUSR1));
    if only(Subject::Ours) {
        server.signal(Signal::SIGUSR2);
        pid(address);
        assert!(server.process().alive());
    }
    server.stop();
}

#[test]
fn pidfiles_of_the_user_are_written_and_written_again() {
    let dir = Dir::new();
    for option in ["--pidfile2", "--safe-pidfile", "--safe-pidfile2"] {
        let (server, _) = start(&dir, &[option, "pid", "--vacuum"]);
        let path = dir.join("pid");
        let pid = format!("{}\n", server.process().0);
        eventually("the pid file", SOON, || match fs::read_to_string(&path) {
            Ok(text) if text == pid => Ok(()),
            other => Err(format!("{other:?}")),
        });
        fs::write(&path, "").unwrap();
        order(&dir, "P");
        eventually("the pid file again", SOON, || match fs::read_to_string(&path) {
            Ok(text) if text == pid => Ok(()),
            other => Err(format!("{other:?}")),
        });
        server.stop();
        if only(Subject::Ours) {
            assert!(!path.exists(), "{option}");
        }
    }
}

#[test]
fn a_safe_pid_file_is_written_once_the_start_went_well() {
    for option in ["--safe-pidfile", "--safe-pidfile2"] {
        let dir = Dir::new();
        let look = "import os\nopen('seen', 'w').write(str(os.path.exists('pid')))\n";
        dir.write("good.py", format!("{look}def application(env, start): return []\n"));
        dir.write("bad.py", format!("{look}raise SystemError\n"));
        let run = |app: &str| {
            let address = free_address().to_string();
            let words = ["--http-socket", &address, "--wsgi-file", app, "--need-app", "--master"];
            Run::uwsgi(&dir).args(words).args([option, "pid"])
        };
        let (end, log) = run("bad.py").to_end(2 * SOON);
        assert_ne!(end, End::Code(0), "{log}");
        assert!(!dir.join("pid").exists(), "{option}: a start that failed has no pid: {log}");
        let server = run("good.py").start();
        let pid = format!("{}\n", server.process().0);
        eventually("the pid file", SOON, || match fs::read_to_string(dir.join("pid")) {
            Ok(text) if text == pid => Ok(()),
            other => Err(format!("{other:?}")),
        });
        assert_eq!(fs::read_to_string(dir.join("seen")).unwrap(), "False", "{option}");
        server.stop();
    }
}

#[test]
fn a_digit_chooses_the_pipe() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--master-fifo", "second"]);
    order(&dir, "1");
    server.expect_log("active master fifo is now second");
    let first = pid(address);
    let pipe = File::options().write(true).open(dir.join("second"));
    pipe.unwrap().write_all(b"r").unwrap();
    replaced(&server, address, &first, "a reload by the second pipe");
    server.stop();
}

#[test]
fn what_is_no_pipe_is_left_alone() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("precious", "data");
    let (server, _) = start(&dir, &["--master-fifo", "precious"]);
    order(&dir, "1");
    server.expect_log("precious is no named pipe");
    assert_eq!(fs::read_to_string(dir.join("precious")).unwrap(), "data");
    server.stop();
}

#[test]
fn a_running_server_is_told_by_the_command_line() {
    let dir = Dir::new();
    let (mut server, address) = start(&dir, &["--pidfile2", "pid", "--threads=2"]);
    let tell = |option: &str| {
        let (end, log) = Run::bare(&dir, tests::subject()).args([option, "pid"]).to_end(SOON);
        assert_eq!(end, End::Code(0), "{option}: {log}");
    };
    let first = pid(address);
    tell("--reload");
    replaced(&server, address, &first, "--reload");
    for (off, on) in [("--pause", "--resume"), ("--suspend", "--resume")] {
        tell(off);
        let mut client = eventually("nobody answers any more", SOON, || {
            let mut client = Client::connect(address).map_err(|error| error.to_string())?;
            client.stream.patience(Duration::from_millis(700)).expect("a limit can be set");
            match client.get("/pid") {
                Ok(answer) => Err(answer.text()),
                Err(_) => Ok(client),
            }
        });
        client.stream.patience(SOON).unwrap();
        tell(on);
        assert_eq!(client.response(true).unwrap().status, 200, "{on}: {}", server.log());
    }
    tell("--stop");
    assert_eq!(server.wait(SOON), End::Code(0), "{}", server.log());
    server.finish();
}

#[test]
fn connect_and_read_prints_what_a_socket_sends() {
    let dir = Dir::new();
    let stats = free_address();
    let (server, _) = start(&dir, &["--stats", &stats.to_string(), "--stats-minified"]);
    server.await_tcp(stats);
    let run = Run::bare(&dir, tests::subject()).args(["--connect-and-read", &stats.to_string()]);
    let (_, text) = run.to_end(SOON);
    assert!(text.contains("\"workers\":[{\"id\":1,"), "{text}");
    server.stop();
}

#[test]
fn root_signals_with_no_more_rights_than_the_owner_of_the_pid_file() {
    if !only(Subject::Ours) || !tests::root() {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--pidfile2", "pid"]);
    let path = dir.join("pid");
    eventually("the pid file", SOON, || fs::metadata(&path));
    // a stranger's file names root's server
    std::os::unix::fs::chown(&path, Some(54321), Some(54321)).unwrap();
    let (end, log) = Run::bare(&dir, Subject::Ours).args(["--stop", "pid"]).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("Operation not permitted"), "{log}");
    pid(address);
    server.stop();
}
