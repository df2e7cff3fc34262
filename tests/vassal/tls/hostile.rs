//! Clients that stall, send junk, or do not read, over TLS.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::*;

#[test]
fn a_handshake_that_stalls_is_cut_and_holds_no_worker() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (server, address) = serve(&dir, "", &["--socket-timeout", "1"]);
    let mut stalled: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            // the start of a record that never comes whole
            stream.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
            stream
        })
        .collect();
    assert_eq!(told(&mut connect(&made, address))["HTTPS"], "on");
    stalled[0].set_read_timeout(Some(SOON)).unwrap();
    assert_eq!(stalled[0].read(&mut [0; 100]).unwrap_or(0), 0, "it is cut");
    server.stop();
}

#[test]
fn heads_that_come_in_drops_have_their_time_encrypted_or_not_yet() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let words = ["--http-headers-timeout", "2", "--http-timeout", "60"];
    let (server, address) = serve(&dir, "", &words);
    // one that only greets says when it asks
    let mut silent = connect(&made, address);
    silent.greet().unwrap();
    let mut behind = connect(&made, address);
    behind.greet().unwrap();
    let begins: [(&[u8], _); 2] = [
        // a greeting of 512 bytes
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", TcpStream::connect(address).unwrap()),
        // a record of 16 KiB behind a whole handshake
        (b"\x17\x03\x03\x40\x00", behind.into_socket()),
    ];
    for (begin, mut stream) in begins {
        let began = Instant::now();
        stream.write_all(begin).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        loop {
            match stream.read(&mut [0; 4096]) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
            assert!(began.elapsed() < Duration::from_secs(12), "{begin:?} holds its connection");
            // one that was cut shows it at the next read
            let _ = stream.write_all(b"x");
        }
        assert!(began.elapsed() > Duration::from_secs(1), "{:?}", began.elapsed());
    }
    assert_eq!(told(&mut silent)["HTTPS"], "on");
    server.stop();
}

#[test]
fn junk_on_such_a_port_harms_nobody() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (server, address) = serve(&dir, "", &[]);
    let pid = told(&mut connect(&made, address))["pid"].clone();
    let mut seed = 42_u32;
    for size in 1..120_usize {
        let mut bytes = vec![0x16, 3, 1, 0, size as u8, 1, 0, 0, size as u8 - 1, 3, 3];
        for _ in 0..size {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes.push((seed >> 24) as u8);
        }
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(told(&mut connect(&made, address))["pid"], pid, "the worker is another one");
    server.stop();
}

#[test]
fn a_client_that_does_not_read_costs_no_worker() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (server, address) = serve(&dir, "", &["--socket-timeout", "2"]);
    let mut first = connect(&made, address);
    let pid = told(&mut first)["pid"].as_i64().unwrap();
    let sockets = || {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
        let names = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
        names.filter(|name| name.to_string_lossy().starts_with("socket:")).count()
    };
    let idle = sockets();
    let mut deaf = connect(&made, address);
    deaf.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET /file HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    for _ in 0..5 {
        assert_eq!(told(&mut connect(&made, address))["HTTPS"], "on");
    }
    eventually("the deaf client is cut", SOON, || {
        let now = sockets();
        if now <= idle { Ok(()) } else { Err(format!("{now} sockets, {idle} before")) }
    });
    // one that reads late, and slowly at first, gets both answers whole
    let mut slow = connect(&made, address);
    slow.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET /file HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    assert_eq!(told(&mut connect(&made, address))["HTTPS"], "on");
    for _ in 0..2 {
        assert_eq!(slow.answer().unwrap().1.len(), 256 * 20000);
    }
    drop((first, deaf));
    server.stop();
}
