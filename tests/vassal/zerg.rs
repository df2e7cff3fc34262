//! Listening sockets that one server gives to another (`zerg`).

use std::net::SocketAddr;

use tests::server::{End, SOON};
use tests::{
    Dir, HITME, Run, Server, Subject, eventually, free_address, http, only, programs, root,
};

/// An application that answers a word.
fn app(dir: &Dir, word: &str) -> String {
    let name = format!("{word}.py");
    let text = HITME.replace("Hello World", word);
    assert_ne!(text, HITME, "the greeting is in it");
    dir.write(&name, text);
    name
}

/// A server of the word, with these arguments.
fn serve(dir: &Dir, word: &str, words: &[&str]) -> Run {
    Run::uwsgi(dir).args(["--master", "--wsgi-file", &app(dir, word)]).args(words)
}

/// uWSGI itself, where it is installed.
fn original(dir: &Dir, word: &str, words: &[&str]) -> Option<Run> {
    if programs::find("uwsgi-core").is_none() {
        programs::not_run("there is no uWSGI");
        return None;
    }
    let run = Run::bare(dir, Subject::Uwsgi).args(["--plugins", "python3", "--die-on-term"]);
    Some(run.args(["--master", "--wsgi-file", &app(dir, word)]).args(words))
}

fn text(address: SocketAddr) -> String {
    http::get(address, "/").map_or_else(|error| error.to_string(), |answer| answer.text())
}

/// Waits until only this word is answered.
#[track_caller]
fn only_answers(address: SocketAddr, word: &str) {
    eventually(&format!("only {word} answers"), SOON, || {
        let got: Vec<String> = (0..8).map(|_| text(address)).collect();
        if got.iter().all(|one| one == word) { Ok(()) } else { Err(format!("{got:?}")) }
    });
}

/// When the first has ended the second goes on alone, on the same address.
fn relieves(first: Server, second: Server, address: SocketAddr) {
    second.expect_log("spawned uWSGI worker 1");
    first.signal(nix::sys::signal::Signal::SIGTERM);
    only_answers(address, "second");
    second.kill();
    first.kill();
}

#[test]
fn a_zerg_serves_the_sockets_of_another_server() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let address = free_address();
    let words = ["--http-socket", &address.to_string(), "--zerg-server", "zerg.sock"];
    let first = serve(&dir, "first", &words).start();
    first.await_tcp(address);
    // uWSGI's server does not tell what is spoken
    let words = ["--zerg", "zerg.sock", "--protocol", "http"];
    let second = serve(&dir, "second", &words).start();
    relieves(first, second, address);
}

#[test]
fn a_zerg_knows_what_is_spoken_and_an_option_may_say_it() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (address, other) = (free_address(), free_address());
    let (text, also) = (address.to_string(), other.to_string());
    let words = ["--http-socket", &text, "--socket", &also, "--zerg-server", "zerg.sock"];
    let first = serve(&dir, "first", &words).start();
    first.await_tcp(address);
    // what is a uwsgi socket there speaks HTTP here, because this file says so
    let second = serve(&dir, "second", &["--zerg", "zerg.sock", "--http-socket", &also]).start();
    second.expect_log("generation 1 serves");
    first.stop();
    only_answers(address, "second");
    only_answers(other, "second");
    second.stop();
}

#[test]
fn uwsgi_and_this_server_give_to_each_other() {
    if !only(Subject::Ours) {
        return;
    }
    for ours_gives in [true, false] {
        let dir = Dir::new();
        let address = free_address();
        let text = address.to_string();
        let gives = ["--http-socket", &text, "--zerg-server", "zerg.sock"];
        let takes = ["--zerg", "zerg.sock", "--protocol", "http"];
        let start = |ours: bool, word: &str, words: &[&str]| {
            let run =
                if ours { Some(serve(&dir, word, words)) } else { original(&dir, word, words) };
            run.map(Run::start)
        };
        let Some(first) = start(ours_gives, "first", &gives) else { return };
        first.await_tcp(address);
        first.await_unix(&dir.join("zerg.sock"));
        let Some(second) = start(!ours_gives, "second", &takes) else { return };
        relieves(first, second, address);
    }
}

#[test]
fn without_its_server_a_zerg_ends_or_falls_back() {
    let dir = Dir::new();
    let address = free_address();
    let (end, log) = serve(&dir, "alone", &["--zerg", "none.sock"]).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("zerg server") && log.contains("none.sock"), "{log}");
    let text = address.to_string();
    let words = ["--zerg", "none.sock", "--zerg-fallback", "--http-socket", &text];
    let server = serve(&dir, "alone", &words).start();
    server.await_tcp(address);
    only_answers(address, "alone");
    server.stop();
}

#[test]
fn a_pool_holds_sockets_for_others() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let address = free_address();
    let pool = format!("pool.sock:{address}");
    let pool = Run::uwsgi(&dir).args(["--master", "--zerg-pool", &pool]).start();
    pool.await_unix(&dir.join("pool.sock"));
    // nobody answers yet, and nobody is turned away
    let mut early = http::Client::connect(address).expect("the pool listens");
    early.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("it is sent");
    let words = ["--zerg", "pool.sock", "--protocol", "http"];
    let first = serve(&dir, "first", &words).start();
    assert_eq!(early.response(true).expect("an answer").text(), "first");
    first.stop();
    let second = serve(&dir, "second", &words).start();
    only_answers(address, "second");
    second.stop();
    pool.stop();
}

#[test]
fn sockets_are_given_to_the_same_user_and_to_root_only() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let address = free_address();
    let text = address.to_string();
    let words = ["--http-socket", &text, "--zerg-server", "zerg.sock", "--chmod-socket=666"];
    let server = serve(&dir, "first", &words).start();
    server.await_tcp(address);
    let words = ["--zerg", "zerg.sock", "--uid=4101", "--gid=4101"];
    let (end, log) = serve(&dir, "second", &words).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("gives nothing to this user"), "{log}");
    server.expect_log("refused to uid 4101");
    server.stop();
}
