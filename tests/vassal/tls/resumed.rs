//! Clients that come back with a ticket: to any worker, and to the same socket only.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_worker_resumes_a_session_and_tells_whose_it_is() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (chain, key) = made.make("client", "", "/CN=client one");
    let words = ["--processes", "3", "--listen", "64"];
    let (server, address) = serve(&dir, ",HIGH,!ca.crt", &words);
    let config = memory(&made.authority(), Some((&chain, &key))).unwrap();
    let first = Client::again(&config, address, "localhost").and_then(|mut one| one.get("/"));
    first.expect("a certificate was shown");
    // connections that stay open make the next one somebody else's
    let mut open = Vec::new();
    let mut workers = BTreeSet::new();
    eventually("all workers were met", SOON, || {
        let mut client = Client::again(&config, address, "localhost").unwrap();
        let found = told(&mut client);
        assert!(client.resumed(), "a worker does not know the session: {found}");
        assert_eq!(found["HTTPS_DN"], "/CN=client one");
        workers.insert(found["pid"].to_string());
        open.push(client);
        if workers.len() == 3 { Ok(()) } else { Err(format!("{workers:?}")) }
    });
    drop(open);
    server.stop();
}

#[test]
fn a_session_without_a_certificate_is_not_resumed_where_one_is_demanded() {
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (open, closed) = (free_address(), free_address());
    let words = [
        "--https".to_owned(),
        format!("{open},server.crt,server.key"),
        "--https".to_owned(),
        format!("{closed},server.crt,server.key,HIGH,!ca.crt"),
    ];
    let server = start(&dir, &words.each_ref().map(String::as_str));
    server.await_tcp(open);
    server.await_tcp(closed);
    let config = memory(&made.authority(), None).unwrap();
    let visit = |address| {
        let mut client = Client::again(&config, address, "localhost").unwrap();
        let answer = client.get("/");
        (client.resumed(), answer)
    };
    visit(open).1.expect("nothing is demanded");
    if only(Subject::Ours) {
        assert!(visit(open).0, "there is a session to resume");
    }
    let (resumed, answer) = visit(closed);
    assert!(!resumed && answer.is_err(), "{answer:?}");
    server.stop();
}
