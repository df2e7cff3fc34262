//! What runs beside the workers, and the limits of all processes.

use std::net::SocketAddr;
use std::time::Duration;

use nix::sys::signal::Signal;
use tests::process::Process;
use tests::server::SOON;
use tests::wait::always;
use tests::{Dir, Run, Server, Subject, eventually, free_address, http, only};

/// How long is looked at a daemon that was not asked to end.
const SPARED: Duration = Duration::from_millis(300);

/// A server with these arguments.
fn start(dir: &Dir, more: &[&str]) -> (Server, SocketAddr) {
    dir.app("battery.py");
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "battery.py", "--master"])
        .args(more)
        .start();
    server.await_tcp(address);
    (server, address)
}

/// The process whose command line is this, below a server.
fn running(server: &Server, command: &str) -> Option<Process> {
    server.process().descendants().into_iter().find(|one| one.command() == command)
}

fn await_running(server: &Server, command: &str) -> Process {
    eventually("the daemon runs", SOON, || running(server, command).ok_or("not there"))
}

/// Another process than `old` with this command line.
fn await_another(server: &Server, command: &str, old: Process) -> Process {
    eventually("the daemon is started anew", SOON, || {
        running(server, command).filter(|now| *now != old).ok_or("not there")
    })
}

/// The pid of the worker that answers, with the help of an application that tells it.
fn worker(address: SocketAddr) -> String {
    eventually("a worker answers", SOON, || http::get(address, "/pid")).text()
}

/// Reloads, and waits until a worker of the new generation answers.
fn reload(server: &Server, address: SocketAddr) {
    let first = worker(address);
    server.process().signal(Signal::SIGHUP);
    eventually("a worker of the new generation answers", SOON, || {
        if worker(address) == first { Err(server.log()) } else { Ok(()) }
    });
}

#[test]
fn attach_daemon_is_kept_alive_and_started_anew_at_a_reload() {
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--attach-daemon", "exec sleep 86399"]);
    let first = await_running(&server, "sleep 86399");
    first.signal(Signal::SIGKILL);
    let second = await_another(&server, "sleep 86399", first);
    reload(&server, address);
    let third = await_another(&server, "sleep 86399", second);
    assert!(tests::until(SOON, || !second.alive()));
    server.stop();
    assert!(!third.alive(), "it ends with the server");
}

#[test]
fn attach_daemon2_is_asked_by_the_signal_of_its_choice() {
    let dir = Dir::new();
    let script = "trap 'echo asked > asked; exit' INT; while true; do sleep 0.05; done";
    dir.write("daemon.sh", script);
    let (server, _) = start(&dir, &["--attach-daemon2", "cmd=exec sh daemon.sh,stopsignal=2"]);
    await_running(&server, "sh daemon.sh");
    server.stop();
    assert!(dir.join("asked").exists());
}

#[test]
fn a_daemon_that_does_not_hear_is_killed_after_the_mercy() {
    let dir = Dir::new();
    let (server, _) = start(
        &dir,
        &[
            "--reload-mercy",
            "1",
            "--attach-daemon",
            "trap '' TERM; while true; do sleep 0.05; done",
        ],
    );
    eventually("the daemon runs", SOON, || {
        let below = server.process().descendants();
        below.into_iter().find(|one| one.command().contains("trap ''")).ok_or("not there")
    });
    server.stop();
}

#[test]
fn attach_control_daemon_takes_the_server_with_it() {
    let dir = Dir::new();
    let (mut server, _) = start(&dir, &["--attach-control-daemon", "exec sleep 86398"]);
    await_running(&server, "sleep 86398").signal(Signal::SIGKILL);
    server.wait(SOON);
    server.finish();
}

#[test]
fn smart_attach_daemon2_survives_a_reload() {
    let dir = Dir::new();
    let pidfile = dir.join("smart.pid");
    let asked = format!("{} exec sleep 86397", pidfile.display());
    let plain = ["--attach-daemon", "exec sleep 86395"];
    let (server, address) =
        start(&dir, &[&plain[..], &["--smart-attach-daemon2", &asked]].concat());
    let mut usual = await_running(&server, "sleep 86395");
    let pid = eventually("the pid file is written", SOON, || {
        let text = std::fs::read_to_string(&pidfile).map_err(|error| error.to_string())?;
        text.trim().parse().map_err(|_| text)
    });
    for _ in 0..2 {
        reload(&server, address);
        // when the plain one is renewed, the smart one was spared
        usual = await_another(&server, "sleep 86395", usual);
        always("a reload leaves it alone", SPARED, || Process(pid).alive());
    }
    Process(pid).signal(Signal::SIGKILL);
    eventually("another one runs", SOON, || {
        let text = std::fs::read_to_string(&pidfile).map_err(|error| error.to_string())?;
        if text.trim() == pid.to_string() { Err(text) } else { Ok(()) }
    });
    if tests::subject() == Subject::Ours {
        server.stop();
    } else {
        // uWSGI leaves it running
        let text = std::fs::read_to_string(&pidfile).expect("the pid file is there");
        server.stop();
        Process(text.trim().parse().expect("a number")).signal(Signal::SIGKILL);
    }
}

#[test]
fn smart_attach_daemon_finds_what_detached_itself() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("detach.sh", "setsid sleep 86396 >/dev/null 2>&1 & echo $! > detached.pid");
    let asked = format!("{} sh detach.sh", dir.join("detached.pid").display());
    let plain = ["--attach-daemon", "exec sleep 86395"];
    let (server, address) = start(&dir, &[&plain[..], &["--smart-attach-daemon", &asked]].concat());
    let usual = await_running(&server, "sleep 86395");
    let first = await_running(&server, "sleep 86396");
    eventually("it is found by its pid file", SOON, || {
        let log = server.log();
        if log.contains("runs already") { Ok(()) } else { Err(log) }
    });
    reload(&server, address);
    await_another(&server, "sleep 86395", usual);
    always("a reload leaves it alone", SPARED, || first.alive());
    first.signal(Signal::SIGKILL);
    let second = await_another(&server, "sleep 86396", first);
    server.stop();
    assert!(!second.alive(), "it ends with the server");
}

#[test]
fn a_daemon_that_writes_its_pid_late_is_not_started_twice() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let late = "sleep 2; echo $$ > late.pid; exec sleep 86394";
    dir.write("late.sh", format!("echo x >> started\nsetsid sh -c '{late}' >/dev/null 2>&1 &\n"));
    let asked = format!("{} sh late.sh", dir.join("late.pid").display());
    let (server, _) = start(&dir, &["--smart-attach-daemon", &asked]);
    server.expect_log("runs already");
    assert_eq!(std::fs::read_to_string(dir.join("started")).unwrap(), "x\n");
    server.stop();
}

/// One line of a process's limits: the soft limit.
fn limit(process: Process, name: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{}/limits", process.0))
        .expect("the process is there");
    let line = text.lines().find(|line| line.starts_with(name)).expect("the kernel tells");
    line[name.len()..].split_whitespace().next().expect("a number").to_owned()
}

#[test]
fn limits_are_set_for_all_processes() {
    let dir = Dir::new();
    let (server, _) = start(
        &dir,
        &["--max-fd", "777", "--limit-as", "4096", "--limit-nproc", "5555", "--prio", "7"],
    );
    let below = server.process().descendants();
    for process in below.into_iter().chain([server.process()]) {
        assert_eq!(limit(process, "Max open files"), "777");
        assert_eq!(limit(process, "Max address space"), (4096u64 << 20).to_string());
        assert_eq!(limit(process, "Max processes"), "5555");
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.0))
            .expect("the process is there");
        let nice = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(16));
        assert_eq!(nice, Some("7"));
    }
    server.stop();
}

#[test]
fn cpu_affinity_binds_each_worker() {
    let dir = Dir::new();
    let (server, _) = start(&dir, &["--processes", "2", "--cpu-affinity", "1"]);
    let allowed = |process: Process| {
        let text = std::fs::read_to_string(format!("/proc/{}/status", process.0)).ok()?;
        let line = text.lines().find(|line| line.starts_with("Cpus_allowed_list:"))?;
        Some(line.split_whitespace().nth(1)?.to_owned())
    };
    eventually("two workers are bound to one processor each", SOON, || {
        let below = server.process().descendants();
        let bound: Vec<_> = below.into_iter().filter_map(allowed).collect();
        let single = bound.iter().filter(|list| !list.contains(['-', ','])).count();
        // on a machine of one processor there is nothing to see
        let whole = allowed(server.process()).is_some_and(|list| !list.contains(['-', ',']));
        if single == 2 || whole { Ok(()) } else { Err(format!("{bound:?}")) }
    });
    server.stop();
}
