//! Where a server listens, for whom, and how long it listens to one client.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{self, UnixStream};
use std::time::Duration;

use serde_json::Value;
use tests::http::{self, Client};
use tests::server::SOON;
use tests::{Dir, HITME, Run, Server, Subject, eventually, free_address, only, root, uwsgi};

/// A server with only these options.
fn start(dir: &Dir, words: &[&str]) -> Server {
    dir.write("hitme.py", HITME);
    dir.app("tell.py");
    Run::uwsgi(dir).arg("--master").args(words).start()
}

/// A server of one file on a port of its own.
fn serve(dir: &Dir, file: &str, words: &[&str]) -> (Server, SocketAddr) {
    let address = free_address();
    let place = address.to_string();
    let all = [&["--http-socket", &place, "--wsgi-file", file], words].concat();
    let server = start(dir, &all);
    server.await_tcp(address);
    (server, address)
}

#[test]
fn abstract_socket_makes_names_that_are_no_files() {
    let dir = Dir::new();
    let name = format!("emperor-test-{}", std::process::id());
    let server = start(&dir, &["--abstract-socket", "--socket", &name, "--wsgi-file", "hitme.py"]);
    let address = net::SocketAddr::from_abstract_name(&name).unwrap();
    let mut stream = eventually("the name accepts", SOON, || UnixStream::connect_addr(&address));
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(&uwsgi::packet((0, 0), &uwsgi::variables("GET", "/", ""))).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("Hello World"), "{answer}");
    assert!(dir.sockets().is_empty());
    server.stop();
}

#[test]
fn each_form_of_an_address_is_listened_on() {
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    for form in [":0", "127.0.0.1:0", "127.0.0.1:", "localhost:0", "127.*:0", "[::1]:0"] {
        let statistics = free_address();
        let words = ["--http-socket", form, "--stats", &statistics.to_string(), "--wsgi-file"];
        let server = start(&dir, &[&words[..], &["hitme.py"]].concat());
        server.await_tcp(statistics);
        // the statistics name the port that the kernel chose
        let document = eventually("the statistics", SOON, || {
            let mut text = String::new();
            std::net::TcpStream::connect(statistics)?.read_to_string(&mut text)?;
            serde_json::from_str::<Value>(&text).map_err(std::io::Error::other)
        });
        let name = document["sockets"][0]["name"].as_str().unwrap();
        let (host, port) = name.rsplit_once(':').unwrap();
        assert_ne!(port, "0", "{form}: {document}");
        assert!(host != "0.0.0.0" || form == ":0", "{form}: {document}");
        let port: u16 = port.parse().unwrap();
        let address = match form {
            "[::1]:0" => SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port)),
            _ => SocketAddr::from(([127, 0, 0, 1], port)),
        };
        let seen = eventually("an answer", SOON, || http::get(address, "/"));
        assert_eq!(seen.text(), "Hello World", "{form}");
        server.stop();
    }
    // without a colon it is a path, relative to where the server started
    let server = start(&dir, &["--http-socket", "no-colon", "--wsgi-file", "hitme.py"]);
    let path = dir.join("no-colon");
    server.await_unix(&path);
    let answer = eventually("an answer", SOON, || http::get(path.as_path(), "/"));
    assert_eq!(answer.text(), "Hello World");
    server.stop();
    let endless = "x".repeat(120);
    let words = ["--master", "--http-socket", endless.as_str(), "--wsgi-file", "hitme.py"];
    let (ended, log) = Run::uwsgi(&dir).args(words).to_end(SOON);
    assert_eq!(ended, tests::server::End::Code(1), "{log}");
}

#[test]
fn http11_socket_speaks_http() {
    let dir = Dir::new();
    let address = free_address();
    let server = start(&dir, &["--http11-socket", &address.to_string(), "--wsgi-file", "hitme.py"]);
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
    server.stop();
}

#[test]
fn protocol_is_what_plain_sockets_speak() {
    let dir = Dir::new();
    for (protocol, http) in [("http", true), ("uwsgi", false)] {
        let address = free_address();
        let place = address.to_string();
        let words = ["--socket", &place, "--protocol", protocol, "--wsgi-file", "hitme.py"];
        let server = start(&dir, &words);
        server.await_tcp(address);
        let answer =
            if http { http::get(address, "/") } else { uwsgi::ask(address, "GET", "/", b"") };
        assert_eq!(answer.unwrap().text(), "Hello World", "{protocol}");
        server.stop();
    }
}

#[test]
fn chown_socket_gives_a_socket_away() {
    if !root() {
        return;
    }
    let dir = Dir::new();
    let words = ["--socket", "app.sock", "--chown-socket", "4101:4201", "--wsgi-file", "hitme.py"];
    let server = start(&dir, &words);
    let path = dir.join("app.sock");
    server.await_unix(&path);
    eventually("the socket is given away", SOON, || {
        let found = path.metadata().map(|one| (one.uid(), one.gid()));
        if found.as_ref().is_ok_and(|who| *who == (4101, 4201)) {
            Ok(())
        } else {
            Err(format!("{found:?}"))
        }
    });
    server.stop();
}

#[test]
fn listen_is_the_length_of_the_queue() {
    let dir = Dir::new();
    let stats = free_address();
    let words = ["--listen", "37", "--stats", &stats.to_string()];
    let (server, _) = serve(&dir, "hitme.py", &words);
    server.await_tcp(stats);
    eventually("the length is in the statistics", SOON, || {
        let text = Client::connect(stats).unwrap().rest();
        let document: Value = serde_json::from_slice(&text).unwrap();
        if document["sockets"][0]["max_queue"] == 37 { Ok(()) } else { Err(document) }
    });
    server.stop();
}

#[test]
fn socket_timeout_is_how_long_a_request_may_pause() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let half = |address| {
        let mut client = Client::connect(address).unwrap();
        client.send("GET / HT").unwrap();
        client
    };
    let (server, address) = serve(&dir, "hitme.py", &["--socket-timeout", "1"]);
    assert_eq!(half(address).response(true).unwrap().status, 408);
    server.stop();
    // longer than usual
    let (server, address) = serve(&dir, "hitme.py", &["--socket-timeout", "60"]);
    let mut client = half(address);
    assert!(!client.closed_within(Duration::from_secs(6)), "given up too early");
    server.stop();
}

#[test]
fn http_keepalive_is_how_long_an_idle_connection_is_kept() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = serve(&dir, "hitme.py", &["--http-keepalive=2"]);
    let mut client = Client::connect(address).unwrap();
    for _ in 0..2 {
        assert_eq!(client.get("/").unwrap().text(), "Hello World");
    }
    assert!(client.closed_within(Duration::from_secs(15)), "an idle connection is kept");
    server.stop();
    let (server, address) = serve(&dir, "hitme.py", &["--http-keepalive=0"]);
    let mut client = Client::connect(address).unwrap();
    assert_eq!(client.get("/").unwrap().text(), "Hello World");
    assert!(client.closed_within(Duration::from_secs(1)), "kept although it is switched off");
    server.stop();
}

#[test]
fn limit_post_is_the_largest_body() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = serve(&dir, "hitme.py", &["--limit-post", "10"]);
    assert_eq!(http::ask(address, "POST", "/", &[], &[b'x'; 10]).unwrap().status, 200);
    assert_eq!(http::ask(address, "POST", "/", &[], &[b'x'; 11]).unwrap().status, 413);
    server.stop();
}

#[test]
fn post_buffering_sends_large_bodies_to_a_file_first() {
    let dir = Dir::new();
    let (server, address) = serve(&dir, "tell.py", &["--post-buffering", "1000"]);
    for (size, file) in [(100_usize, false), (5000, true)] {
        let told = http::ask(address, "POST", "/", &[], &vec![b'x'; size]).unwrap().json();
        let files = told["files"].as_array().unwrap();
        let deleted = files.iter().filter_map(Value::as_str).any(is_unlinked);
        assert_eq!(deleted, file, "{size}: {files:?}");
    }
    server.stop();
}

/// A regular file without a name, not one in memory.
fn is_unlinked(path: &str) -> bool {
    path.ends_with("(deleted)") && !path.starts_with("/memfd:") && !path.starts_with("/dev/zero")
}
