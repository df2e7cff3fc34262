//! Sockets that the Emperor keeps: whoever comes next gets them, whatever is spoken on them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tests::emperor::Emperor;
use tests::server::SOON;
use tests::tls::{Certificates, Client};
use tests::{HITME, Subject, eventually, free_address, http, only, uwsgi};

/// The pid of a vassal's master.
fn pid(emperor: &Emperor) -> i64 {
    emperor.api.app("a.ini")["pid"].as_i64().unwrap_or(0)
}

/// Writes the file and waits until it is served by another master.
#[track_caller]
fn succeed(emperor: &Emperor, text: &str) {
    let before = pid(emperor);
    emperor.drop_file("a.ini", text);
    eventually("another master serves", SOON, || {
        let app = emperor.api.app("a.ini");
        let new = app["pid"].as_i64().is_some_and(|now| now != before);
        if new && app["state"] == "running" { Ok(()) } else { Err(app) }
    });
}

#[test]
fn what_is_spoken_on_an_address_can_change_while_it_is_served() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    let address = emperor.hello("a.ini", "");
    emperor.await_answer(address);
    let text = emperor.ini("a.py", address, "so-keepalive = true");
    let other = text.replace("http-socket", "socket");
    succeed(&emperor, &other);
    // workers of the tree before accept until they are told not to
    let spoken = |answer: std::io::Result<http::Response>| {
        let text = answer.map(|answer| answer.text()).unwrap_or_default();
        if text == "Hello World" { Ok(()) } else { Err(text) }
    };
    let ask = || uwsgi::ask(address, "GET", "/", b"");
    eventually("uwsgi is spoken", SOON, || spoken(ask()));
    succeed(&emperor, &text);
    let get = || http::get(address, "/");
    eventually("HTTP is spoken", SOON, || spoken(get()));
    assert!((0..20).all(|_| spoken(get()).is_ok()));
    emperor.stop();
}

#[test]
fn successions_and_new_certificates_lose_no_request_over_tls() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    let place = emperor.dir().mkdir("certificates");
    let Some(made) = Certificates::new(&place) else { return };
    made.make("server", "localhost", "/CN=first");
    emperor.dir().write("a.py", HITME);
    let address = free_address();
    let ini = |more: &str| {
        let text = emperor.ini("a.py", address, more);
        let place = place.display();
        let secure = format!("https-socket = {address},{place}/server.crt,{place}/server.key");
        text.replace(&format!("http-socket = {address}"), &secure)
    };
    emperor.drop_file("a.ini", &ini("processes = 2"));
    emperor.api.await_state("a.ini", "running");
    let authority = made.authority();
    let ask = |address: SocketAddr| {
        let mut client = Client::connect(address, "localhost", &authority, None)?;
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let (head, body) = client.ask(request)?;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(body, b"Hello World");
        Ok::<_, std::io::Error>(client.shown())
    };
    let first = ask(address).unwrap();
    let (over, asked) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut failures = Vec::new();
            while !over.load(Ordering::Relaxed) {
                asked.fetch_add(1, Ordering::Relaxed);
                if let Err(error) = ask(address) {
                    failures.push(error.to_string());
                }
            }
            failures
        });
        for round in 0..4 {
            succeed(&emperor, &ini(&format!("processes = 2\nenv = ROUND={round}")));
        }
        // a certificate's renewal: the same file, touched
        made.make("server", "localhost", "/CN=second");
        emperor.touch("a.ini");
        eventually("the new certificate is shown", SOON, || {
            let now = ask(address).map_err(|error| error.to_string())?;
            if now == first { Err("the old one".to_owned()) } else { Ok(()) }
        });
        over.store(true, Ordering::Relaxed);
        let failures = load.join().unwrap();
        assert_eq!(failures, [""; 0], "of {}", asked.load(Ordering::Relaxed));
    });
    assert!(asked.load(Ordering::Relaxed) > 20);
    emperor.stop();
}
