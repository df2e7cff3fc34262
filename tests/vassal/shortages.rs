//! A machine that lacks something: memory, processes, descriptors. The vassal serves on with what it
//! has, says so once, and is whole again when the shortage is over.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use tests::group::{Group, Limit};
use tests::http::{self, Client};
use tests::preload::Preload;
use tests::process::Process;
use tests::server::SOON;
use tests::wait::always;
use tests::{Dir, Run, Server, Subject, eventually, free_address, note, only, programs, root};

/// Answers its pid; `/eat` takes memory until there is none.
const APP: &str = r"
import os

def application(env, start_response):
    kept = []
    while env['PATH_INFO'] == '/eat':
        kept.append(b'x' * (1 << 20))
    size = len(env['wsgi.input'].read())
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [str(size or os.getpid()).encode()]
";

/// A server in a group.
fn start_in(group: &Group, dir: &Dir, more: &str) -> (Server, SocketAddr) {
    dir.write("app.py", APP);
    let address = free_address();
    let script = format!(
        "{} && exec {} --http-socket {address} --wsgi-file app.py --master --processes 2 {more}",
        group.enter(),
        programs::ours("vassal").display()
    );
    let server = Run::program(dir, "/bin/sh").args(["-c", &script]).start();
    server.await_tcp(address);
    server.expect_log("generation 1 serves");
    (server, address)
}

/// The pid of a worker that answers.
fn worker(address: SocketAddr) -> Process {
    let answer = eventually("a worker answers", SOON, || http::get(address, "/"));
    Process(answer.text().parse().expect("the application answers its pid"))
}

/// Waits until there are a nursery and two workers.
fn whole(server: &Server) {
    eventually("there are two workers", SOON, || {
        let count = server.process().children().len();
        if count == 3 { Ok(()) } else { Err(format!("{count} children\n{}", server.tail())) }
    });
}

/// How often a text was written.
fn times(server: &Server, text: &str) -> usize {
    server.log().matches(text).count()
}

#[test]
fn what_the_kernel_kills_for_lack_of_memory_is_told_and_replaced() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let Some(group) = Group::new(Limit::Memory) else { return };
    let dir = Dir::new();
    let (server, address) = start_in(&group, &dir, "");
    let before = worker(address);
    group.limit(Some(200 << 20));
    assert!(http::get(address, "/eat").is_err(), "nothing can be answered");
    worker(address);
    server.expect_log("Respawned uWSGI worker");
    let log = server.log();
    let line = log.lines().find(|line| line.contains("request lost: GET /eat [core 0] after "));
    let line = line.unwrap_or_else(|| panic!("no lost request in {log}"));
    assert!(line.ends_with("ended: signal 9 (SIGKILL)"), "{line}");
    assert!(log.contains("the kernel has killed 1 process(es) for lack of memory"), "{log}");
    whole(&server);
    // a worker that somebody else kills is nothing of that kind
    before.signal(Signal::SIGKILL);
    worker(address).signal(Signal::SIGKILL);
    whole(&server);
    assert_eq!(times(&server, "for lack of memory"), 1, "{}", server.log());
    server.stop();
}

#[test]
fn without_processes_to_be_had_the_others_serve_and_no_reload_breaks_them() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let Some(group) = Group::new(Limit::Processes) else { return };
    let dir = Dir::new();
    let (server, address) = start_in(&group, &dir, "--forkbomb-delay 1");
    for round in 1..3 {
        server.forget_log();
        group.limit(Some(1));
        worker(address).signal(Signal::SIGKILL);
        server.expect_log("cannot be forked: Resource temporarily unavailable");
        let left = worker(address);
        server.signal(Signal::SIGHUP);
        server.expect_log("reload refused, the old generation serves on");
        // forks are tried again meanwhile
        let left_alone = || worker(address) == left;
        always("the other worker serves", Duration::from_secs(3), left_alone);
        group.limit(None);
        server.expect_log("Respawned uWSGI worker");
        whole(&server);
        assert_eq!(times(&server, "cannot be forked"), 1, "round {round}: {}", server.log());
        assert_eq!(times(&server, ":( trying respawn"), 1, "round {round}: {}", server.log());
    }
    server.signal(Signal::SIGHUP);
    server.expect_log("generation 2 serves");
    server.stop();
}

#[test]
fn without_memory_for_a_fork_the_others_serve_and_a_reload_is_rejected() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("app.py", APP);
    let Some(preload) = Preload::new(&dir) else { return };
    let address = free_address();
    let mut run = Run::program(&dir, programs::ours("vassal"));
    for (name, value) in preload.variables() {
        run = run.env(name, value);
    }
    let http = address.to_string();
    let server = run
        .args(["--http-socket", &http, "--wsgi-file", "app.py", "--master", "--processes", "2"])
        .args(["--forkbomb-delay", "1"])
        .start();
    server.await_tcp(address);
    server.expect_log("generation 1 serves");
    preload.forks(false);
    worker(address).signal(Signal::SIGKILL);
    server.expect_log("cannot be forked: Cannot allocate memory");
    let left = worker(address);
    server.signal(Signal::SIGHUP);
    eventually("the reload is refused or rejected", SOON, || {
        let log = server.log();
        if log.contains("the old") && log.contains("serves on:") { Ok(()) } else { Err(log) }
    });
    assert_eq!(worker(address), left);
    preload.forks(true);
    server.expect_log("Respawned uWSGI worker");
    whole(&server);
    server.stop();
}

/// A limit that the standard streams use up: no descriptor can be opened, those that are stay.
const NONE: usize = 3;

/// Sets the soft limit of descriptors of a running process.
fn limit_descriptors(process: Process, limit: usize) -> bool {
    let Some(prlimit) = programs::system("prlimit") else {
        note("not run: there is no prlimit");
        return false;
    };
    let words = [format!("--pid={}", process.0), format!("--nofile={limit}:")];
    Command::new(prlimit).args(words).status().is_ok_and(|status| status.success())
}

#[test]
fn a_master_without_descriptors_serves_on_and_recovers() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("app.py", APP);
    let (address, stats) = (free_address(), free_address());
    let server = Run::uwsgi(&dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "app.py", "--master"])
        .args(["--processes", "2", "--forkbomb-delay", "1", "--stats", &stats.to_string()])
        .start();
    server.await_tcp(address);
    server.expect_log("generation 1 serves");
    let master = server.process();
    if !limit_descriptors(master, NONE) {
        return;
    }
    worker(address).signal(Signal::SIGKILL);
    server.expect_log("Too many open files");
    let left = worker(address);
    server.signal(Signal::SIGHUP);
    server.expect_log("serves on: ");
    let asked = std::net::TcpStream::connect(stats).unwrap();
    for _ in 0..5 {
        assert_eq!(worker(address), left);
    }
    assert!(limit_descriptors(master, 1024));
    server.expect_log("Respawned uWSGI worker");
    // who asked meanwhile is answered
    let mut document = String::new();
    asked.set_read_timeout(Some(SOON)).unwrap();
    std::io::Read::read_to_string(&mut &asked, &mut document).unwrap();
    assert!(document.contains("\"workers\""), "{document}");
    whole(&server);
    server.signal(Signal::SIGHUP);
    server.expect_log("generation 2 serves");
    server.stop();
}

#[test]
fn a_worker_without_descriptors_refuses_what_needs_one_and_serves_the_rest() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("app.py", APP);
    let address = free_address();
    let server = Run::uwsgi(&dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "app.py", "--master"])
        .args(["--processes", "1"])
        .start();
    server.await_tcp(address);
    let mut client = Client::connect(address).unwrap();
    let pid = client.get("/").unwrap().text();
    let process = Process(pid.parse().unwrap());
    if !limit_descriptors(process, NONE) {
        return;
    }
    // a body that is too large for memory has nowhere to go
    let body = vec![b'x'; 200_000];
    let answer = client.ask("POST", "/", &[], &body).unwrap();
    assert_eq!(answer.status, 503, "{}", answer.text());
    server.expect_log("a request body cannot be stored: Too many open files");
    assert!(limit_descriptors(process, 1024));
    assert_eq!(http::get(address, "/").unwrap().text(), pid);
    assert_eq!(http::ask(address, "POST", "/", &[], &body).unwrap().text(), "200000");
    server.stop();
}
