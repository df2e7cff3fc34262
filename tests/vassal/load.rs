//! wrk, ab and siege against the command line of the README: not one error.

use std::net::SocketAddr;

use tests::load::{self, Verdict};
use tests::{Dir, HITME, Run, Server, Subject, free_address, subject};

/// The README's second command.
fn server(dir: &Dir) -> (Server, SocketAddr) {
    dir.write("hitme.py", HITME);
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http", &address.to_string(), "--wsgi-file", "hitme.py", "--master"])
        .args(["--processes", "4", "--threads", "2", "--disable-logging"])
        .arg("--http-keepalive=1")
        .start();
    server.await_tcp(address);
    (server, address)
}

/// The verdict of a generator that did something and lost nothing.
fn without_an_error(verdict: &Verdict) {
    assert!(verdict.requests > 100, "{}", verdict.said);
    // the original's router resets kept connections under this load
    assert!(verdict.lost == 0 || subject() == Subject::Uwsgi, "{}", verdict.said);
}

#[test]
fn wrk_sees_no_error() {
    let dir = Dir::new();
    let (server, address) = server(&dir);
    if let Some(verdict) = load::wrk(&load::url(address, "/"), 32, 3) {
        without_an_error(&verdict);
    }
    server.stop();
}

#[test]
fn ab_with_kept_connections_sees_no_error() {
    let dir = Dir::new();
    let (server, address) = server(&dir);
    if let Some(verdict) = load::ab(&load::url(address, "/"), 16, 5000) {
        assert_eq!(verdict.requests, 5000, "{}", verdict.said);
        without_an_error(&verdict);
    }
    server.stop();
}

#[test]
fn siege_sees_no_error() {
    let dir = Dir::new();
    let (server, address) = server(&dir);
    if let Some(verdict) = load::siege(&load::url(address, "/"), 10, 100) {
        without_an_error(&verdict);
    }
    server.stop();
}
