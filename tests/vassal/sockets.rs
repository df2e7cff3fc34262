//! Where sockets come from, what they are told, who serves them, and what is said when one
//! cannot be had.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;

use serde_json::Value;
use tests::http::{self, Client};
use tests::server::{End, SOON};
use tests::{
    Dir, HITME, Run, Server, Subject, eventually, free_address, free_port, only, programs, root,
    subject, uwsgi,
};

/// An application that tells what its listening sockets and its connection were told.
const SOCKETS: &str = r#"
import json, os, socket, stat

def options(s):
    get = lambda level, name: s.getsockopt(level, name)
    return {
        "port": s.getsockname()[1],
        "reuse": get(socket.SOL_SOCKET, socket.SO_REUSEPORT),
        "keepalive": get(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
        "send": get(socket.SOL_SOCKET, socket.SO_SNDBUF),
        "receive": get(socket.SOL_SOCKET, socket.SO_RCVBUF),
        "fastopen": get(socket.IPPROTO_TCP, socket.TCP_FASTOPEN),
        "freebind": get(socket.IPPROTO_IP, 15),
        "nodelay": get(socket.IPPROTO_TCP, socket.TCP_NODELAY),
        "listens": get(socket.SOL_SOCKET, socket.SO_ACCEPTCONN),
        "v6only": s.family == socket.AF_INET6 and get(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY),
    }

def application(environ, start_response):
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            fd = int(name)
            if not stat.S_ISSOCK(os.fstat(fd).st_mode):
                continue
            s = socket.socket(fileno=os.dup(fd))
        except OSError:
            continue
        with s:
            if s.family in (socket.AF_INET, socket.AF_INET6):
                found.append(options(s))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"pid": os.getpid(), "sockets": found}).encode()]
"#;

/// Opens a socket, then becomes the server: `how` says where the socket ends up.
const OPENER: &str = r#"
import os, socket, sys
how, port = sys.argv[1], int(sys.argv[2])
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", port))
s.listen(8)
number = 0 if how == "zero" else 3
if s.fileno() != number:
    os.dup2(s.fileno(), number)
os.set_inheritable(number, True)
if how in ("ours", "other"):
    os.environ["LISTEN_PID"] = str(os.getpid() + (how == "other"))
    os.environ["LISTEN_FDS"] = "1"
os.execv(sys.argv[3], ["uwsgi"] + sys.argv[4:])
"#;

fn start(dir: &Dir, words: &[&str]) -> Server {
    dir.write("hitme.py", HITME);
    dir.write("sockets.py", SOCKETS);
    Run::uwsgi(dir).arg("--master").args(words).start()
}

/// The server with a socket that somebody opened before.
fn start_with(dir: &Dir, how: &str, port: u16, words: &[&str]) -> Server {
    dir.write("hitme.py", HITME);
    let opener = dir.write("opener.py", OPENER);
    let python = programs::find("python3").expect("there is a python3");
    let (program, own): (_, &[&str]) = match subject() {
        Subject::Ours => (programs::ours("vassal"), &[]),
        Subject::Uwsgi => (programs::original(), &["--plugins", "python3,http", "--die-on-term"]),
    };
    Run::program(dir, python)
        .arg(opener)
        .args([how, &port.to_string()])
        .arg(program)
        .args(own)
        .args(["--master", "--wsgi-file", "hitme.py"])
        .args(words)
        .start()
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The listening socket with this port, as a worker sees it.
fn told(address: SocketAddr) -> Value {
    let all = http::get(address, "/").expect("the server answers").json();
    let sockets = all["sockets"].as_array().expect("a list of sockets");
    let is = |one: &&Value| one["listens"] == 1 && one["port"] == address.port();
    sockets.iter().find(is).unwrap_or_else(|| panic!("{all}")).clone()
}

#[test]
fn sockets_have_what_they_were_told() {
    let dir = Dir::new();
    let address = free_address();
    let place = address.to_string();
    let plain = ["--http-socket", place.as_str(), "--wsgi-file", "sockets.py"];
    let server = start(&dir, &plain);
    server.await_tcp(address);
    let before = told(address);
    for key in ["reuse", "keepalive", "fastopen", "freebind"] {
        assert_eq!(before[key], 0, "{key}");
    }
    server.stop();
    let words = [
        &plain[..],
        &["--reuse-port", "--so-keepalive", "--freebind", "--tcp-fast-open", "17"],
        &["--socket-sndbuf", "50000", "--socket-rcvbuf", "60000"],
    ];
    let server = start(&dir, &words.concat());
    server.await_tcp(address);
    let after = told(address);
    for (key, value) in [("reuse", 1), ("keepalive", 1), ("freebind", 1), ("fastopen", 17)] {
        assert_eq!(after[key], value, "{key}: {after}");
    }
    // the kernel counts its own overhead twice over
    assert_eq!((&after["send"], &after["receive"]), (&100_000.into(), &120_000.into()), "{after}");
    server.stop();
}

#[test]
fn accepted_connections_send_small_answers_at_once() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let address = free_address();
    let place = address.to_string();
    let words = ["--http-socket", &place, "--so-keepalive", "--wsgi-file", "sockets.py"];
    let server = start(&dir, &words);
    server.await_tcp(address);
    let all = http::get(address, "/").unwrap().json();
    let sockets = all["sockets"].as_array().unwrap();
    let accepted = sockets.iter().find(|one| one["listens"] == 0).unwrap();
    assert_eq!((&accepted["nodelay"], &accepted["keepalive"]), (&1.into(), &1.into()), "{all}");
    server.stop();
}

#[test]
fn a_shared_socket_is_what_its_number_means() {
    let dir = Dir::new();
    for option in ["--shared-socket", "--undeferred-shared-socket"] {
        let (first, second) = (free_address(), free_address());
        let places = [first.to_string(), second.to_string()];
        let words = [option, &places[0], option, &places[1]];
        let named = ["--http-socket", "=1", "--socket", "=0", "--wsgi-file", "hitme.py"];
        let server = start(&dir, &[&words[..], &named].concat());
        server.await_tcp(second);
        assert_eq!(http::get(second, "/").unwrap().text(), "Hello World");
        assert_eq!(uwsgi::ask(first, "GET", "/", b"").unwrap().text(), "Hello World");
        server.stop();
    }
}

#[test]
fn a_shared_socket_that_is_not_there_is_an_error_with_its_line() {
    let dir = Dir::new();
    dir.write("a.ini", "[uwsgi]\nmaster = true\nshared-socket = 127.0.0.1:0\nhttp = =1\n");
    let (end, log) = Run::uwsgi(&dir).args(["--ini", "a.ini"]).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    if only(Subject::Ours) {
        assert!(log.contains("a.ini:4: http: expected the number of a shared-socket"), "{log}");
    }
}

#[test]
fn map_socket_gives_a_socket_to_some_workers() {
    let dir = Dir::new();
    let (first, second) = (free_address(), free_address());
    let places = [first.to_string(), second.to_string()];
    let sockets = ["--http-socket", &places[0], "--http-socket", &places[1]];
    let more = ["--processes", "2", "--map-socket", "0:1", "--map-socket", "1:2"];
    let server = start(&dir, &[&sockets[..], &more, &["--wsgi-file", "sockets.py"]].concat());
    let pids = |address: SocketAddr| -> Vec<u64> {
        let mut pids: Vec<u64> = (0..40)
            .map(|_| http::get(address, "/").unwrap().json()["pid"].as_u64().unwrap())
            .collect();
        pids.sort_unstable();
        pids.dedup();
        pids
    };
    server.await_tcp(first);
    server.await_tcp(second);
    let (one, two) = (pids(first), pids(second));
    assert_eq!((one.len(), two.len()), (1, 1), "{one:?} {two:?}");
    assert_ne!(one, two);
    server.stop();
}

#[test]
fn map_socket_holds_for_kept_connections_over_a_reload() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (first, second) = (free_address(), free_address());
    let places = [first.to_string(), second.to_string()];
    let sockets = ["--http-socket", &places[0], "--http-socket", &places[1]];
    let more = ["--processes", "2", "--map-socket", "0:1", "--map-socket", "1:2"];
    let more = [&more[..], &["--http-keepalive=60", "--wsgi-file", "sockets.py"]].concat();
    let server = start(&dir, &[&sockets[..], &more].concat());
    server.await_tcp(first);
    server.await_tcp(second);
    let mut kept: Vec<(SocketAddr, Client)> = Vec::new();
    for address in [first, second].repeat(8) {
        let mut client = Client::connect(address).unwrap();
        assert_eq!(client.get("/").unwrap().status, 200);
        kept.push((address, client));
    }
    server.signal(nix::sys::signal::Signal::SIGHUP);
    server.expect_log("generation 2 serves");
    let pid = |answer: &http::Response| answer.json()["pid"].as_u64();
    let [one, two] = [first, second].map(|address| pid(&http::get(address, "/").unwrap()));
    for (address, mut client) in kept {
        // whoever has not gone yet answers once more; then the connection is closed
        let Ok(answer) = client.get("/") else { continue };
        let ours = if address == first { one } else { two };
        let last = answer.header("connection") == Some("close");
        assert!(last || pid(&answer) == ours, "{:?} is not {ours:?}", pid(&answer));
    }
    server.stop();
}

#[test]
fn a_socket_that_is_standard_input_is_served_unless_it_is_skipped() {
    let dir = Dir::new();
    let address = free_address();
    let server = start_with(&dir, "zero", address.port(), &[]);
    server.await_tcp(address);
    assert_eq!(uwsgi::ask(address, "GET", "/", b"").unwrap().text(), "Hello World");
    server.stop();
    let server = start_with(&dir, "zero", free_port(), &["--skip-zero"]);
    eventually("it ends without a socket", SOON, || {
        let log = server.log();
        if log.contains("The -s/--socket option is missing") { Ok(()) } else { Err(log) }
    });
    server.kill();
}

#[test]
fn sockets_that_systemd_opened_are_served() {
    let dir = Dir::new();
    let address = free_address();
    let server = start_with(&dir, "ours", address.port(), &[]);
    server.await_tcp(address);
    assert_eq!(uwsgi::ask(address, "GET", "/", b"").unwrap().text(), "Hello World");
    // a reload reads the settings again, and the socket is still nobody's by name
    server.signal(nix::sys::signal::Signal::SIGHUP);
    if only(Subject::Ours) {
        server.expect_log("generation 2 serves");
        assert_eq!(uwsgi::ask(address, "GET", "/", b"").unwrap().text(), "Hello World");
    }
    server.stop();
}

#[test]
fn a_socket_that_systemd_opened_is_that_of_the_option_that_names_its_address() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let address = free_address();
    let words = ["--http-socket", &address.to_string()];
    let server = start_with(&dir, "ours", address.port(), &words);
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
    server.stop();
}

#[test]
fn sockets_that_systemd_opened_for_another_process_are_not_ours() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let mut server = start_with(&dir, "other", free_port(), &[]);
    assert_eq!(server.wait(SOON), End::Code(1));
    assert!(server.log().contains("The -s/--socket option is missing"), "{}", server.log());
    server.finish();
}

#[test]
fn an_inherited_descriptor_is_served_by_its_number() {
    let dir = Dir::new();
    let address = free_address();
    let server = start_with(&dir, "plain", address.port(), &["--http-socket", "fd://3"]);
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
    server.stop();
}

#[test]
fn a_port_is_served_on_both_families_at_once() {
    if !only(Subject::Ours) || TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return;
    }
    let dir = Dir::new();
    let port = free_port();
    let (four, six) = (format!(":{port}"), format!("[::]:{port}"));
    let words = ["--http-socket", &four, "--http-socket", &six, "--wsgi-file", "hitme.py"];
    let server = start(&dir, &words);
    server.await_tcp(local(port));
    for ip in [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] {
        let mut client = Client::connect(SocketAddr::new(ip, port)).unwrap();
        assert_eq!(client.get("/").unwrap().text(), "Hello World", "{ip}");
    }
    server.stop();
}

#[test]
fn a_pattern_is_the_first_address_of_this_machine_that_it_matches() {
    let dir = Dir::new();
    let port = free_port();
    let place = format!("127.0.*:{port}");
    let server = start(&dir, &["--http-socket", &place, "--wsgi-file", "hitme.py"]);
    server.await_tcp(local(port));
    assert_eq!(http::get(local(port), "/").unwrap().text(), "Hello World");
    server.stop();
}

#[test]
fn requests_that_go_to_an_own_socket_are_served_and_others_refused() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let address = free_address();
    let place = address.to_string();
    let own = ["--http", &place, "--socket", "a.sock", "--http-to", "a.sock"];
    let server = start(&dir, &[&own[..], &["--wsgi-file", "hitme.py"]].concat());
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
    assert!(UnixStream::connect(dir.join("a.sock")).is_ok());
    server.stop();
    dir.write("a.ini", format!("[uwsgi]\nhttp = {place}\nhttp-to = 127.0.0.1:9\n"));
    let (end, log) = Run::uwsgi(&dir).args(["--ini", "a.ini"]).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("a.ini:3: http-to: expected a socket of this server"), "{log}");
}

#[test]
fn a_socket_that_cannot_be_had_is_named_with_its_line_and_a_way_out() {
    if !only(Subject::Ours) {
        return;
    }
    let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let taken = holder.local_addr().unwrap();
    let cases = [
        (taken.to_string(), "address already in use".to_owned()),
        ("203.0.113.7:8080".to_owned(), "freebind".to_owned()),
        ("none/a.sock".to_owned(), "there is no directory".to_owned()),
        (format!("/tmp/{}.sock", "x".repeat(120)), "107 that a socket's path may have".to_owned()),
        ("fd://77".to_owned(), "not a listening socket that this program".to_owned()),
    ];
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    for (place, says) in cases {
        dir.write("a.ini", format!("[uwsgi]\nmaster = true\nhttp-socket = {place}\n"));
        let (end, log) = Run::uwsgi(&dir).args(["--ini", "a.ini"]).to_end(SOON);
        assert_eq!(end, End::Code(1), "{place}: {log}");
        assert!(log.contains("a.ini:3: http-socket: "), "{place}: {log}");
        assert!(log.contains(&says), "{place}: {log}");
    }
}

#[test]
fn a_tenants_low_port_is_refused_with_what_to_do() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let low = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    if low.is_ok_and(|text| text.trim().parse().is_ok_and(|port: u16| port <= 81)) {
        tests::not_run("every port is for everybody here");
        return;
    }
    let dir = Dir::new();
    let text = "[uwsgi]\nuid = 4105\ngid = 4105\nhttp-socket = 127.0.0.1:81\n";
    let file = dir.write("a.ini", text);
    tests::give(&file, 4105, 4105);
    let (end, log) = Run::uwsgi(&dir).args(["--ini", "a.ini"]).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("a.ini:4: http-socket: 127.0.0.1:81: permission denied"), "{log}");
    assert!(log.contains("CAP_NET_BIND_SERVICE"), "{log}");
}

#[test]
fn http_to_https_sends_requests_to_https() {
    let dir = Dir::new();
    let (front, plain) = (free_address(), free_address());
    let places = [front.to_string(), plain.to_string()];
    let words = ["--http-to-https", &places[0], "--http", &places[1], "--wsgi-file", "hitme.py"];
    let server = start(&dir, &words);
    server.await_tcp(front);
    server.await_tcp(plain);
    let answer = http::get(front, "/a%20b?c=d").unwrap();
    assert_eq!(answer.status, 301);
    let host = answer.header("location").unwrap();
    assert!(host.starts_with("https://") && host.ends_with("/a%20b?c=d"), "{host}");
    assert!(!host.contains(&front.port().to_string()), "{host}");
    assert_eq!(http::get(plain, "/").unwrap().text(), "Hello World");
    server.stop();
}

#[test]
fn http_var_and_the_name_of_the_host_are_in_the_environ() {
    let dir = Dir::new();
    dir.write(
        "names.py",
        "def application(e, s):\n    s('200 OK', [])\n    \
         return [repr([e.get(k) for k in ('A', 'B', 'SERVER_NAME')]).encode()]\n",
    );
    let address = free_address();
    let words = ["--http", &address.to_string(), "--wsgi-file", "names.py"];
    let more = ["--http-var", "A=1", "--http-var", "B=x=y", "--http-server-name-as-http-host", "1"];
    let server = start(&dir, &[&words[..], &more].concat());
    server.await_tcp(address);
    let text = http::get(address, "/").unwrap().text();
    assert_eq!(text, "['1', 'x=y', 'example.test']");
    server.stop();
}
