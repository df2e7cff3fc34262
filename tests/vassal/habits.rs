//! What scripts, monitoring and habits know of a uWSGI server besides its options.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;

use nix::sys::signal::Signal;
use tests::http::{self, Client};
use tests::process::Process;
use tests::server::{End, SOON};
use tests::{Dir, HITME, Run, Server, Subject, eventually, free_address, only, subject, uwsgi};

/// An application that tells what its process and its thread are called.
const NAMES: &str = "
import os, threading, time
def application(env, start):
    if env['PATH_INFO'] == '/slow':
        time.sleep(0.5)
    start('200 OK', [('Content-Type', 'text/plain')])
    return [(threading.current_thread().name + ' ' + os.environ['UWSGI_RELOADS']).encode()]
";

fn start(dir: &Dir, file: &str, more: &[&str]) -> (Server, SocketAddr) {
    dir.app("battery.py");
    dir.write("names.py", NAMES);
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", file, "--master"])
        .args(more)
        .start();
    server.await_tcp(address);
    (server, address)
}

/// What is answered, as soon as somebody answers.
fn text(address: SocketAddr, path: &str) -> String {
    eventually("a worker answers", SOON, || http::get(address, path)).text()
}

fn worker(address: SocketAddr) -> Process {
    Process(text(address, "/pid").parse().expect("the application answers its pid"))
}

/// The worker that answers after this one.
fn next_worker(server: &Server, address: SocketAddr, before: Process) -> Process {
    eventually("another worker answers", SOON, || {
        let now = worker(address);
        if now == before { Err(server.log()) } else { Ok(now) }
    })
}

#[test]
fn a_worker_is_replaced_at_hup_and_spared_by_usr1_and_usr2() {
    let dir = Dir::new();
    let (server, address) = start(&dir, "battery.py", &["--threads=2"]);
    let first = worker(address);
    for signal in [Signal::SIGUSR1, Signal::SIGUSR2] {
        first.signal(signal);
        assert_eq!(worker(address), first, "{signal}");
    }
    let mut slow = Client::connect(address).unwrap();
    slow.send("GET /slow?1 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    // another thread answers: the slow one is in hand
    assert_eq!(worker(address), first);
    first.signal(Signal::SIGHUP);
    let second = next_worker(&server, address, first);
    assert_eq!(slow.response(true).unwrap().text(), "slow");
    server.expect_log(&format!("Respawned uWSGI worker 1 (new pid: {})", second.0));
    assert!(!server.log().contains("DAMN"), "{}", server.log());
    server.stop();
}

#[test]
fn a_dead_worker_is_told_with_its_pid() {
    let dir = Dir::new();
    let (server, address) = start(&dir, "battery.py", &[]);
    let first = worker(address);
    first.signal(Signal::SIGKILL);
    let second = next_worker(&server, address, first);
    server.expect_log(&format!(
        "DAMN ! worker 1 (pid: {}) died, killed by signal 9 :( trying respawn ...",
        first.0
    ));
    server.expect_log(&format!("Respawned uWSGI worker 1 (new pid: {})", second.0));
    server.stop();
}

#[test]
fn threads_have_the_names_that_logs_are_searched_for() {
    let dir = Dir::new();
    let (server, address) = start(&dir, "names.py", &["--threads=2"]);
    let mut clients: Vec<Client> = (0..2).map(|_| Client::connect(address).unwrap()).collect();
    for client in &mut clients {
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    }
    let mut seen: Vec<String> =
        clients.iter_mut().map(|client| client.response(true).unwrap().text()).collect();
    seen.sort();
    assert_eq!(seen, ["uWSGIWorker1Core0 0", "uWSGIWorker1Core1 0"]);
    server.stop();
}

#[test]
fn reloads_are_counted_by_one_process() {
    let dir = Dir::new();
    let (server, address) = start(&dir, "names.py", &["--pidfile=pid", "--threads=2"]);
    for number in ["0", "1", "2"] {
        eventually("the number of the reload", SOON, || match text(address, "/") {
            seen if seen.ends_with(number) => Ok(()),
            other => Err(other),
        });
        let mut slow = Client::connect(address).unwrap();
        slow.send("GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        assert!(text(address, "/").ends_with(number));
        server.signal(Signal::SIGHUP);
        let seen = slow.response(true).unwrap();
        assert_eq!((seen.status, seen.text().ends_with(number)), (200, true), "{seen:?}");
    }
    let pid = fs::read_to_string(dir.join("pid")).unwrap();
    assert_eq!(pid.trim(), server.process().0.to_string());
    server.stop();
}

#[test]
fn a_sockets_mode_is_the_umasks_and_it_stays_at_a_reload() {
    let dir = Dir::new();
    let (server, address) =
        start(&dir, "names.py", &["--socket", "app.sock", "--vacuum", "--umask=022"]);
    let path = dir.join("app.sock");
    server.await_unix(&path);
    assert!(text(address, "/").ends_with('0'));
    let mode = || path.metadata().map(|found| found.permissions().mode() & 0o777);
    assert_eq!(format!("{:o}", mode().unwrap()), "755");
    server.signal(Signal::SIGHUP);
    eventually("the reload", SOON, || match text(address, "/") {
        seen if seen.ends_with('1') => Ok(()),
        other => Err(other),
    });
    assert_eq!(format!("{:o}", mode().unwrap()), "755");
    assert!(uwsgi::ask(path.as_path(), "GET", "/", b"").unwrap().text().ends_with('1'));
    server.stop();
    if subject() == Subject::Ours {
        assert!(!path.exists());
    }
}

#[test]
fn as_many_workers_as_there_may_be_is_no_room_for_cheaper() {
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let place = free_address().to_string();
    let words = ["--http-socket", &place, "--wsgi-file", "hitme.py", "--master", "--processes=4"];
    let (end, log) = Run::uwsgi(&dir).args(words).arg("--cheaper=4").to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("cheaper"), "{log}");
}

#[test]
fn a_lazy_application_that_cannot_be_loaded_ends_with_22() {
    // the original ends with 0 where the worker finds out
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let place = free_address().to_string();
    for more in [&["--need-app"][..], &["--need-app", "--lazy-apps"], &["--lazy-apps"]] {
        let words = ["--http-socket", &place, "--module", "no_such_module", "--master"];
        let (end, log) = Run::uwsgi(&dir).args(words).args(more).to_end(SOON);
        assert_eq!(end, End::Code(22), "{more:?}: {log}");
        assert!(log.contains("no_such_module"), "{log}");
    }
}

#[test]
fn http_opens_one_socket_and_keeps_connections_whatever_the_word() {
    // the original has a router in front of a socket of its own, and takes words for 0
    if !only(Subject::Ours) {
        return;
    }
    for keepalive in ["1", "true", "on", ""] {
        let dir = Dir::new();
        dir.app("battery.py");
        let address = free_address();
        dir.write(
            "app.ini",
            format!(
                "[uwsgi]\nhttp = {address}\nhttp-keepalive = {keepalive}\n\
                 wsgi-file = battery.py\nmaster = true\n"
            ),
        );
        let server = Run::uwsgi(&dir).args(["--ini", "app.ini"]).start();
        server.await_tcp(address);
        let mut client = Client::connect(address).unwrap();
        for _ in 0..3 {
            let seen = client.get("/hello").unwrap();
            assert_eq!((seen.text().as_str(), seen.header("connection")), ("Hello World", None));
        }
        assert_eq!(listening(server.process()), 1, "{keepalive:?}");
        server.stop();
    }
}

#[test]
fn starts_and_ends_are_told_in_the_words_that_are_searched_for() {
    let dir = Dir::new();
    let (server, address) = start(&dir, "battery.py", &["--logto=uwsgi.log"]);
    let worker = worker(address);
    let log = || fs::read_to_string(dir.join("uwsgi.log")).unwrap_or_default();
    for line in [
        "WSGI app 0 (mountpoint='') ready in ".to_owned(),
        " (default app)".to_owned(),
        format!("spawned uWSGI master process (pid: {})", server.process().0),
        format!("spawned uWSGI worker 1 (pid: {}, cores: 1)", worker.0),
    ] {
        assert!(log().contains(&line), "{line}: {}", log());
    }
    server.stop();
    assert!(log().ends_with("goodbye to uWSGI.\n"), "{}", log());
}

#[test]
fn without_an_application_each_request_is_a_500_and_the_log_says_why() {
    let dir = Dir::new();
    let words: &[&str] = if subject() == Subject::Ours { &["--need-app=false"] } else { &[] };
    let (server, address) = start(&dir, "missing.py", words);
    let seen = eventually("an answer", SOON, || http::get(address, "/"));
    assert_eq!((seen.status, seen.text().as_str()), (500, "Internal Server Error"));
    for line in [
        "unable to load app 0 (mountpoint='') (callable not found or import error)",
        "*** no app loaded. going in full dynamic mode ***",
        "--- no python application found, check your startup logs for errors ---",
    ] {
        server.expect_log(line);
    }
    server.stop();
}

/// How many sockets of a process listen on TCP.
fn listening(process: Process) -> usize {
    let table = fs::read_to_string(format!("/proc/{}/net/tcp", process.0)).unwrap_or_default();
    // local address, remote address, state (0A: listening); the tenth word is the inode
    let inodes: Vec<String> = table
        .lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            (words.get(3) == Some(&"0A")).then(|| format!("socket:[{}]", words[9]))
        })
        .collect();
    let open = fs::read_dir(format!("/proc/{}/fd", process.0)).into_iter().flatten().flatten();
    open.filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter(|link| inodes.iter().any(|inode| link.as_os_str() == inode.as_str()))
        .count()
}
