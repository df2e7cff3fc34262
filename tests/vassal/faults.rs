//! Applications at their worst: each fault costs what it hits, and the server serves on.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use tests::http::{self, Client};
use tests::process::Process;
use tests::server::{End, SOON};
use tests::{Dir, Run, Server, Subject, eventually, free_address, note, only, programs, root};

/// A user that has nothing else to run.
const TENANT: u32 = 4310;

/// Each path is a fault; every other path answers the pid.
const APP: &str = r"
import ctypes, os, signal, sys, threading, time

class Odd(BaseException):
    pass

def application(env, start_response):
    path = env['PATH_INFO']
    if path == '/segv':
        ctypes.string_at(0)
    elif path == '/abort':
        os.abort()
    elif path == '/kill':
        os.kill(os.getpid(), 9)
    elif path == '/exit':
        os._exit(7)
    elif path == '/sys-exit':
        sys.exit(3)
    elif path == '/interrupt':
        raise KeyboardInterrupt
    elif path == '/base':
        raise Odd('odd')
    elif path == '/generator-exit':
        raise GeneratorExit
    elif path == '/recursion':
        def again(n): return again(n + 1) + 1
        again(0)
    elif path == '/memory':
        bytearray(1 << 60)
    elif path == '/fork':
        os.fork()
    elif path == '/fork-in-generator':
        start_response('200 OK', [])
        def blocks():
            yield b'one '
            os.fork()
            yield b'two'
        return blocks()
    elif path == '/close-standard':
        for number in (0, 1, 2):
            os.close(number)
    elif path == '/print':
        try:
            print('printed by the application', flush=True)
            print('printed by the application', file=sys.stderr, flush=True)
        except OSError:
            pass
    elif path == '/close-all':
        os.closerange(3, 4096)
    elif path == '/signals':
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT,
                       signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGCHLD,
                       signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
    elif path == '/chdir':
        os.chdir('/')
    elif path == '/streams':
        sys.stdout = sys.stderr = None
    elif path == '/thread':
        threading.Thread(target=lambda: 1 / 0).start()
    elif path == '/forever':
        threading.Event().wait()
    elif path == '/spin':
        while True:
            pass
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [str(os.getpid()).encode()]
";

fn start(dir: &Dir, app: &str, more: &[&str]) -> (Server, SocketAddr) {
    dir.write("app.py", app);
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "app.py", "--master"])
        .args(more)
        .start();
    server.await_tcp(address);
    (server, address)
}

/// The pid of a worker that answers.
fn answers(address: SocketAddr) -> Process {
    let answer = eventually("a worker answers", SOON, || {
        let answer = http::get(address, "/").map_err(|error| error.to_string())?;
        if answer.status == 200 { Ok(answer) } else { Err(answer.status.to_string()) }
    });
    Process(answer.text().parse().expect("the application answers its pid"))
}

/// Asks for a fault; the answer, if one came.
fn fault(address: SocketAddr, path: &str) -> Option<u16> {
    http::get(address, path).ok().map(|answer| answer.status)
}

#[test]
fn what_kills_a_worker_costs_its_request_and_is_told() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, APP, &["--processes", "2"]);
    for (path, how) in [
        ("/segv", "signal 11"),
        ("/abort", "signal 6"),
        ("/kill", "signal 9"),
        ("/exit", "exit code 7"),
    ] {
        answers(address);
        server.forget_log();
        assert_eq!(fault(address, path), None, "{path}: nothing can be answered");
        for _ in 0..5 {
            answers(address);
        }
        server.expect_log("DAMN ! worker");
        let lost = format!("request lost: GET {path} [core 0]");
        server.expect_log(&lost);
        let log = server.log();
        let line = log.lines().find(|line| line.contains(&lost)).expect("it was seen above");
        assert!(line.contains(how), "{line}");
    }
    server.stop();
}

#[test]
fn what_an_application_raises_is_a_500_and_the_worker_lives() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, APP, &["--processes", "1"]);
    let worker = answers(address);
    for (path, told) in [
        ("/interrupt", "KeyboardInterrupt"),
        ("/base", "Odd: odd"),
        ("/generator-exit", "GeneratorExit"),
        ("/recursion", "RecursionError"),
        ("/memory", "MemoryError"),
    ] {
        assert_eq!(fault(address, path), Some(500), "{path}");
        server.expect_log(told);
        assert_eq!(answers(address), worker, "{path}");
    }
    server.stop();
}

#[test]
fn what_an_application_does_to_its_process_stays_with_it() {
    if !only(Subject::Ours) {
        return;
    }
    for path in ["/signals", "/chdir", "/streams", "/thread", "/close-standard"] {
        let dir = Dir::new();
        let (server, address) = start(&dir, APP, &["--processes", "1"]);
        let worker = answers(address);
        assert_eq!(fault(address, path), Some(200), "{path}");
        for _ in 0..3 {
            assert_eq!(answers(address), worker, "{path}");
        }
        // another generation starts from nothing, and the old one goes
        server.signal(Signal::SIGHUP);
        eventually("the next generation answers", SOON, || {
            if answers(address) == worker { Err(path) } else { Ok(()) }
        });
        eventually(
            "the old worker is gone",
            SOON,
            || {
                if worker.alive() { Err(path) } else { Ok(()) }
            },
        );
        fault(address, path);
        let end = server.stop();
        assert_eq!(end, End::Code(0), "{path}");
    }
}

#[test]
fn what_is_printed_never_reaches_a_client() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, APP, &["--processes", "1"]);
    assert_eq!(fault(address, "/close-standard"), Some(200));
    // the next connections would take the numbers of the streams that were closed
    for _ in 0..3 {
        let mut client = Client::connect(address).unwrap();
        client.send("GET /print HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        let bytes = String::from_utf8_lossy(&client.rest()).into_owned();
        assert!(bytes.starts_with("HTTP/1.1 200 OK\r\n"), "{bytes}");
        assert!(!bytes.contains("printed by"), "{bytes}");
    }
    server.stop();
}

#[test]
fn a_fork_that_comes_back_from_a_request_answers_nobody() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, APP, &["--processes", "1"]);
    let worker = answers(address);
    for (path, body) in [("/fork", worker.0.to_string()), ("/fork-in-generator", "one two".into())]
    {
        let mut client = Client::connect(address).unwrap();
        let ask = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        client.send(ask).unwrap();
        let answer = client.response(true).unwrap();
        assert_eq!((answer.status, answer.text()), (200, body), "{path}");
        assert_eq!(client.rest(), b"", "{path}: one answer for one request");
        server.expect_log("came back from its request: ended");
        server.forget_log();
        for _ in 0..5 {
            assert_eq!(answers(address), worker, "{path}");
        }
    }
    let of_worker = |process: &Process| process.parent() == Some(worker.0);
    eventually("no fork is left", SOON, || {
        let forks: Vec<_> =
            server.process().descendants().into_iter().filter(|one| of_worker(one)).collect();
        let alive = |one: &Process| one.status().is_some_and(|status| status.state != 'Z');
        if forks.iter().any(alive) { Err(format!("{forks:?}")) } else { Ok(()) }
    });
    server.stop();
}

#[test]
fn a_worker_that_loses_its_descriptors_is_replaced() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, APP, &["--processes", "2"]);
    answers(address);
    fault(address, "/close-all");
    for _ in 0..10 {
        answers(address);
    }
    server.stop();
}

#[test]
fn requests_that_never_return_hold_up_nobody_else_and_no_stop() {
    if !only(Subject::Ours) {
        return;
    }
    for path in ["/forever", "/spin"] {
        let dir = Dir::new();
        let more = ["--processes", "2", "--worker-reload-mercy", "1"];
        let (mut server, address) = start(&dir, APP, &more);
        answers(address);
        let mut stuck = Client::connect(address).unwrap();
        stuck.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).unwrap();
        for _ in 0..10 {
            answers(address);
        }
        server.signal(Signal::SIGTERM);
        assert_eq!(server.wait(SOON), End::Code(0));
        assert!(server.log().contains(&format!("request lost: GET {path}")), "{}", server.tail());
        server.finish();
    }
}

#[test]
fn an_import_may_start_threads_and_take_signals() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let odd = "import os, signal, threading, time\n\
               def forever():\n    while True:\n        time.sleep(0.01)\n\
               threading.Thread(target=forever, daemon=True).start()\n\
               threading.Thread(target=forever).start()\n\
               for number in (1, 2, 3, 10, 12, 14, 15, 17):\n    \
               signal.signal(number, lambda *_: None)\n\
               os.chdir('/')\nos.umask(0o077)\n";
    let app = format!("{odd}{APP}");
    let (server, address) = start(&dir, &app, &["--processes", "2", "--threads", "2"]);
    let worker = answers(address);
    worker.signal(Signal::SIGKILL);
    for _ in 0..5 {
        answers(address);
    }
    server.signal(Signal::SIGHUP);
    server.expect_log("generation 2 serves");
    answers(address);
    assert_eq!(server.stop(), End::Code(0));
}

/// The hard limit of processes of a running process.
fn most_processes(process: Process) -> String {
    let text = std::fs::read_to_string(format!("/proc/{}/limits", process.0));
    let text = text.expect("the process runs");
    let line = text.lines().find(|line| line.starts_with("Max processes")).expect("it is told");
    line.split_whitespace().nth(3).expect("the hard limit").to_owned()
}

/// Sets the soft limit of processes of a running process.
fn limit_processes(process: Process, limit: &str) -> bool {
    let Some(prlimit) = programs::system("prlimit") else { return false };
    let words = [format!("--pid={}", process.0), format!("--nproc={limit}:")];
    // as its user: that is always allowed
    let mut command = std::process::Command::new(prlimit);
    command.args(words).uid(TENANT).gid(TENANT);
    command.status().is_ok_and(|status| status.success())
}

#[test]
fn a_worker_that_cannot_be_forked_comes_as_soon_as_it_can() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    let id = TENANT.to_string();
    let more = ["--processes", "2", "--uid", &id, "--gid", &id];
    let (server, address) = start(&dir, APP, &more);
    let worker = answers(address);
    let nursery = server.process().children().into_iter().min().expect("the nursery came first");
    if !limit_processes(nursery, "1") {
        note("not run: prlimit cannot set limits");
        return;
    }
    worker.signal(Signal::SIGKILL);
    server.expect_log("cannot be forked");
    for _ in 0..5 {
        assert_ne!(answers(address), worker);
    }
    assert!(limit_processes(nursery, &most_processes(nursery)));
    eventually("there are two workers again", SOON, || {
        // nursery and workers
        let count = server.process().children().len();
        if count == 3 { Ok(()) } else { Err(count) }
    });
    let told = server.log().matches("cannot be forked").count();
    assert_eq!(told, 1, "{}", server.log());
    server.stop();
}

/// Starts a server whose log is on a file system of 64 KiB, in a mount namespace of its own.
fn with_small_log(dir: &Dir, address: SocketAddr) -> Option<Server> {
    let unshare = programs::system("unshare")?;
    let place = dir.mkdir("small");
    let script = format!(
        "mount -t tmpfs -o size=64k none {0} && exec {1} --http-socket {address} --wsgi-file \
         app.py --logto {0}/log",
        place.display(),
        programs::ours("vassal").display()
    );
    let server =
        Run::program(dir, unshare).args(["--mount", "--propagation", "private", "sh", "-c"]);
    Some(server.arg(script).start())
}

/// A file as a process sees it.
fn seen(server: &Server, path: &Path) -> std::path::PathBuf {
    let inside = path.strip_prefix("/").expect("an absolute path");
    Path::new(&format!("/proc/{}/root", server.process().0)).join(inside)
}

#[test]
fn a_full_disk_under_the_log_changes_nothing_for_clients() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    dir.write("app.py", APP);
    let address = free_address();
    let Some(server) = with_small_log(&dir, address) else { return };
    let worker = answers(address);
    let log = seen(&server, &dir.join("small/log"));
    let size = || std::fs::metadata(&log).map_or(0, |data| data.len());
    let mut client = Client::connect(address).unwrap();
    let path = format!("/{}", "x".repeat(500));
    for _ in 0..400 {
        assert_eq!(client.get(&path).unwrap().status, 200);
    }
    assert!(size() >= 60 * 1024, "{} bytes: the disk was never full", size());
    assert_eq!(answers(address), worker);
    // there is room again: lines come again
    std::fs::OpenOptions::new().write(true).truncate(true).open(&log).unwrap();
    eventually("the log grows again", Duration::from_secs(10), || {
        client.get("/").map_err(|error| error.to_string())?;
        let text = std::fs::read_to_string(&log).map_err(|error| error.to_string())?;
        if text.contains("GET / =>") { Ok(()) } else { Err(text) }
    });
    let text = std::fs::read_to_string(&log).unwrap();
    assert_eq!(text.matches("bytes of output were dropped").count(), 1, "{text}");
    drop(client);
    server.stop();
}

#[test]
fn closed_standard_streams_at_the_start_are_nobodys_socket() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("app.py", APP);
    let address = free_address();
    let script = format!(
        "exec {} --http-socket {address} --wsgi-file app.py 0<&- 1>&- 2>&-",
        programs::ours("vassal").display()
    );
    let server = Run::program(&dir, "/bin/sh").args(["-c", &script]).start();
    server.await_tcp(address);
    answers(address);
    let answer = http::get(address, "/print").unwrap();
    assert!(!answer.text().contains("printed by"), "{}", answer.text());
    server.stop();
}

#[test]
fn a_log_whose_reader_is_gone_or_stuck_changes_nothing_for_clients() {
    if !only(Subject::Ours) {
        return;
    }
    let Some(bash) = programs::system("bash") else { return };
    for reader in ["read line", "exec sleep 86394"] {
        let dir = Dir::new();
        dir.write("app.py", APP);
        let address = free_address();
        let script = format!(
            "exec > >({reader}) 2>&1; exec {} --http-socket {address} --wsgi-file app.py",
            programs::ours("vassal").display()
        );
        let server = Run::program(&dir, &bash).args(["-c", &script]).start();
        server.await_tcp(address);
        let worker = answers(address);
        let mut client = Client::connect(address).unwrap();
        let path = format!("/{}", "x".repeat(500));
        for _ in 0..400 {
            let answer = client.get(&path);
            assert_eq!(answer.map(|answer| answer.status).ok(), Some(200), "{reader}");
        }
        assert_eq!(answers(address), worker, "{reader}");
        drop(client);
        assert_eq!(server.stop(), End::Code(0), "{reader}");
    }
}
