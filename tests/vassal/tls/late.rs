//! Requests that take too long, over TLS.

use super::*;

/// Asks for a path and waits for the end: what the server said, and whether it said that it ends.
fn all(client: &mut Client, request: &str) -> (String, bool) {
    client.send(request.as_bytes()).expect("the connection stands");
    let mut said = match client.answer() {
        Ok((head, body)) => head + &String::from_utf8_lossy(&body),
        Err(_) => return (String::new(), false),
    };
    let rest = client.rest();
    said += &String::from_utf8_lossy(rest.as_deref().unwrap_or_default());
    (said, rest.is_ok())
}

#[test]
fn the_client_is_told_by_whoever_is_not_stuck() {
    if !only(Subject::Ours) {
        return;
    }
    let stuck = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello";
    for (words, path) in [
        (&["--harakiri", "1"][..], "/slow"),
        (&["--harakiri", "1"], "/held"),
        (&["--harakiri", "1", "--threads", "2"], "/slow"),
        (&[], "/own"),
        (&["--harakiri", "1", "--body-buffering=false"], ""),
    ] {
        let dir = Dir::new();
        let Some(made) = prepare(&dir) else { return };
        let (server, address) = serve(&dir, "", words);
        let mut client = connect(&made, address);
        // the connection was used before
        let before = told(&mut client)["pid"].clone();
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        let request = if path.is_empty() { stuck } else { &request };
        let (said, announced) = all(&mut client, request);
        assert!(said.starts_with("HTTP/1.1 504 Gateway Timeout\r\n"), "{words:?} {path}: {said}");
        assert!(announced, "{words:?} {path}: its end was not announced");
        eventually("a new worker answers", SOON, || {
            let now = told(&mut connect(&made, address))["pid"].clone();
            if now == before { Err(now) } else { Ok(()) }
        });
        server.stop();
    }
}

#[test]
fn an_answer_that_was_begun_is_cut_without_a_word() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (server, address) = serve(&dir, "", &["--harakiri", "1"]);
    let request = "GET /begun HTTP/1.1\r\nHost: a\r\n\r\n";
    let (said, announced) = all(&mut connect(&made, address), request);
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n") && !said.contains("504"), "{said}");
    assert!(!announced, "a client cannot tell that something is missing");
    server.stop();
}

#[test]
fn an_answer_that_breaks_off_does_not_look_whole() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (server, address) = serve(&dir, "", &[]);
    // the end of the connection is all that tells; the reset may overtake what was on its way
    let (said, announced) =
        all(&mut connect(&made, address), "GET /breaks HTTP/1.0\r\nHost: a\r\n\r\n");
    assert!(!announced, "a client cannot tell that something is missing: {said}");
    server.expect_log("ZeroDivisionError");
    // a last chunk is missing
    let (said, _) = all(&mut connect(&made, address), "GET /breaks HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(said.contains("part") && !said.contains("\r\n0\r\n"), "{said}");
    server.stop();
}

#[test]
fn a_worker_that_can_say_nothing_is_killed_in_time() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (server, address) = serve(&dir, "", &["--harakiri", "1"]);
    let mut client = connect(&made, address);
    let pid = told(&mut client)["pid"].as_i64().unwrap();
    let worker = tests::process::Process(i32::try_from(pid).unwrap());
    client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    server.expect_log("it sleeps");
    worker.signal(Signal::SIGSTOP);
    let stopped = std::time::Instant::now();
    assert!(client.answer().is_err());
    assert!(stopped.elapsed() < std::time::Duration::from_secs(8), "{:?}", stopped.elapsed());
    server.expect_log("HARAKIRI ON WORKER 1");
    assert!(told(&mut connect(&made, address))["pid"] != pid);
    server.stop();
}
