//! What a vassal keeps of root (`cap`), what it does not share with the machine (`unshare`), and
//! what it locks (`flock`).

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use tests::process::Process;
use tests::server::{End, SOON};
use tests::{Dir, HITME, Run, Server, Subject, eventually, free_address, give, http, only, root};

/// A server that becomes 4101, with these arguments; its log is not the test's.
fn start(dir: &Dir, words: &[&str]) -> (Server, SocketAddr) {
    let home = dir.mkdir("home");
    let app = dir.write("home/hitme.py", HITME);
    give(&home, 4101, 4101);
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--uid", "4101", "--gid", "4101", "--master"])
        .args(["--http-socket", &address.to_string(), "--wsgi-file", &app.display().to_string()])
        .args(words)
        .start();
    server.await_tcp(address);
    (server, address)
}

fn all(server: &Server) -> Vec<Process> {
    eventually("master, nursery and worker", SOON, || {
        let first = server.process();
        let all: Vec<Process> = [first].into_iter().chain(first.descendants()).collect();
        if all.len() >= 3 { Ok(all) } else { Err(format!("{all:?}")) }
    })
}

#[test]
fn cap_keeps_these_capabilities_and_no_other() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    // CAP_KILL is 5, CAP_NET_BIND_SERVICE 10
    let (server, address) = start(&dir, &["--cap", "net_bind_service,kill"]);
    assert_eq!(http::get(address, "/").unwrap().status, 200);
    for process in all(&server) {
        let status = process.status().expect("the process lives");
        assert_eq!((status.uids, status.gids), (vec![4101; 4], vec![4101; 4]));
        assert_eq!(status.caps, [1 << 5 | 1 << 10; 5], "{}", process.command());
    }
    server.stop();
}

#[test]
fn unshare_leaves_namespaces_of_the_machine() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--unshare", "uts,ipc,ns", "--unshare2", "net"]);
    let shares = |process: Process, kind: &str| {
        let of = |who: &str| fs::read_link(format!("/proc/{who}/ns/{kind}")).expect("it lives");
        of("self") == of(&process.0.to_string())
    };
    for process in all(&server) {
        for (kind, shared) in
            [("uts", false), ("ipc", false), ("mnt", false), ("net", false), ("pid", true)]
        {
            assert_eq!(shares(process, kind), shared, "{kind} of {}", process.command());
        }
    }
    // what was bound before is reached all the same
    assert_eq!(http::get(address, "/").unwrap().status, 200);
    server.stop();
}

#[test]
fn only_roots_own_file_may_ask_for_it() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    for line in ["cap = kill", "unshare = uts", "unshare2 = net"] {
        let dir = Dir::new();
        dir.write("hitme.py", HITME);
        let text = format!(
            "[uwsgi]\nuid = 4101\ngid = 4101\nwsgi-file = hitme.py\nhttp-socket = 127.0.0.1:0\n{line}\n"
        );
        give(&dir.write("app.ini", text), 4101, 4101);
        give(dir.path(), 4101, 4101);
        let (end, log) = Run::uwsgi(&dir).args(["--ini", "app.ini"]).to_end(SOON);
        assert_eq!(end, End::Code(1), "{log}");
        let said = format!("app.ini:6: {}: only a file", &line[..line.find(' ').unwrap()]);
        assert!(log.contains(&said), "{line}: {log}");
    }
}

#[test]
fn a_locked_file_lets_one_server_run() {
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    dir.write("lock", "");
    let serve = |option: &str, address: SocketAddr| {
        let text = address.to_string();
        let words = ["--master", "--wsgi-file", "hitme.py", "--http-socket", &text, option, "lock"];
        Run::uwsgi(&dir).args(words)
    };
    for option in ["--flock", "--flock2"] {
        let address = free_address();
        let first = serve(option, address).start();
        first.await_tcp(address);
        let (end, log) = serve(option, free_address()).to_end(SOON);
        assert_eq!(end, End::Code(1), "{option}: {log}");
        first.stop();
    }
    // uWSGI's flock-wait2 does not wait
    let waits = &["--flock-wait", "--flock-wait2"][..if only(Subject::Ours) { 2 } else { 1 }];
    for option in waits {
        let (one, other) = (free_address(), free_address());
        let first = serve(option, one).start();
        first.await_tcp(one);
        let second = serve(option, other).start();
        tests::wait::always("the second server waits", Duration::from_secs(2), || {
            http::get(other, "/").is_err()
        });
        first.stop();
        second.await_tcp(other);
        assert_eq!(http::get(other, "/").unwrap().status, 200);
        second.stop();
    }
}
