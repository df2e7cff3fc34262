//! Clients that a proxy announces: the PROXY protocol on HTTP sockets.

use std::net::SocketAddr;
use std::time::Duration;

use tests::http::Client;
use tests::{Dir, Run, Server, Subject, free_address, only, subject};

/// A server of the battery whose HTTP sockets of either option stand behind a proxy.
fn start(dir: &Dir, words: &[&str]) -> (Server, [SocketAddr; 2]) {
    dir.app("battery.py");
    let [http, socket] = [free_address(), free_address()];
    let server = Run::uwsgi(dir)
        .args(["--http", &http.to_string(), "--http-socket", &socket.to_string()])
        .args(["--wsgi-file", "battery.py", "--master", "--socket-timeout", "2"])
        .args(words)
        .start();
    server.await_tcp(http);
    server.await_tcp(socket);
    (server, [http, socket])
}

const REQUEST: &[u8] = b"GET /environ HTTP/1.1\r\nHost: a\r\n\r\n";

/// Version 2: a command, a family, addresses.
fn binary(command: u8, family: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    bytes.extend([command, family, 0, u8::try_from(content.len()).expect("a short header")]);
    bytes.extend_from_slice(content);
    bytes
}

/// Who the application believes to serve; `None` if there was no answer.
fn seen(address: SocketAddr, header: &[u8]) -> Option<(String, String)> {
    let mut client = Client::connect(address).ok()?;
    client.send([header, REQUEST].concat()).ok()?;
    let first = client.response(true).ok()?.json();
    // the second request of a connection has the same client
    client.send(REQUEST).ok()?;
    let second = client.response(true).ok()?.json();
    assert_eq!(first["REMOTE_ADDR"], second["REMOTE_ADDR"]);
    let text = |name: &str| first[name].as_str().unwrap_or("").to_owned();
    Some((text("REMOTE_ADDR"), text("REMOTE_PORT")))
}

#[test]
fn a_proxy_says_who_the_client_is() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let options = ["--http-enable-proxy-protocol", "--enable-proxy-protocol"];
    let (server, places) = start(&dir, &options);
    let four = [192, 0, 2, 7, 127, 0, 0, 1, 0x30, 0x39, 0, 80, 4, 0, 3, 1, 2, 3];
    for address in places {
        let line = seen(address, b"PROXY TCP4 192.0.2.7 127.0.0.1 12345 80\r\n");
        assert_eq!(line, Some(("192.0.2.7".into(), "12345".into())));
        let line = seen(address, b"PROXY TCP6 2001:db8::7 ::1 12345 80\r\n");
        assert_eq!(line, Some(("2001:db8::7".into(), "12345".into())));
        let line = seen(address, &binary(0x21, 0x11, &four));
        assert_eq!(line, Some(("192.0.2.7".into(), "12345".into())));
        for header in [&b"PROXY UNKNOWN\r\n"[..], &binary(0x20, 0, b""), &binary(0x21, 0, b"")] {
            let own = seen(address, header).expect("the proxy's own requests are served");
            assert_eq!(own.0, "127.0.0.1");
        }
    }
    server.stop();
}

#[test]
fn the_header_may_come_in_drops() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, [_, address]) = start(&dir, &["--enable-proxy-protocol"]);
    for header in [
        b"PROXY TCP4 192.0.2.7 127.0.0.1 12345 80\r\n".to_vec(),
        binary(0x21, 0x11, &[192, 0, 2, 7, 127, 0, 0, 1, 0x30, 0x39, 0, 80]),
    ] {
        let mut client = Client::connect(address).unwrap();
        for byte in header.iter().chain(REQUEST) {
            client.send([*byte]).unwrap();
        }
        assert_eq!(client.response(true).unwrap().json()["REMOTE_ADDR"], "192.0.2.7");
    }
    server.stop();
}

#[test]
fn without_a_header_nobody_is_served() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, [http, address]) = start(&dir, &["--enable-proxy-protocol"]);
    for bytes in [
        REQUEST,
        b"PROXY TCP4 192.0.2.7 127.0.0.1 12345 80\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PROXY TCP4 one two 3 4\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PROXY TCP4 192.0.2.7 127.0.0.1 12345 80 90\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &binary(0x31, 0x11, &[0; 12]),
        &binary(0x21, 0x11, &[0; 11]),
        b"PROXY TCP4 192.0.2.7",
    ] {
        let mut client = Client::connect(address).unwrap();
        client.send(bytes).unwrap();
        assert_eq!(client.rest(), b"", "{:?}", String::from_utf8_lossy(bytes));
    }
    // nobody who is silent is waited for longer than for others
    let mut client = Client::connect(address).unwrap();
    assert!(client.closed_within(Duration::from_secs(10)));
    server.expect_log("PROXY protocol");
    // the other socket has no proxy
    let answer = tests::http::get(http, "/environ").unwrap().json();
    assert_eq!(answer["REMOTE_ADDR"], "127.0.0.1");
    server.stop();
}

#[test]
fn without_the_option_a_header_is_no_request() {
    let dir = Dir::new();
    let (server, [_, address]) = start(&dir, &[]);
    let mut client = Client::connect(address).unwrap();
    client.send([b"PROXY TCP4 192.0.2.7 127.0.0.1 12345 80\r\n", REQUEST].concat()).unwrap();
    client.stream.half_close().unwrap();
    let text = String::from_utf8_lossy(&client.rest()).into_owned();
    assert!(!text.contains("192.0.2.7"), "{text}");
    if subject() == Subject::Ours {
        assert!(text.starts_with("HTTP/1.1 400"), "{text}");
    }
    server.stop();
}

#[test]
fn a_proxy_speaks_before_tls_and_on_shared_sockets() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.app("battery.py");
    let Some(made) = tests::tls::Certificates::new(dir.path()) else { return };
    made.make("server", "localhost", "/CN=server");
    let [https, socket, shared] = [free_address(), free_address(), free_address()];
    let server = Run::uwsgi(&dir)
        .args(["--wsgi-file", "battery.py", "--master", "--shared-socket", &shared.to_string()])
        .args(["--https", &format!("{https},server.crt,server.key")])
        .args(["--https-socket", &format!("{socket},server.crt,server.key")])
        .args(["--http-socket", "=0"])
        .args(["--http-enable-proxy-protocol", "--enable-proxy-protocol"])
        .start();
    let header = b"PROXY TCP4 192.0.2.7 127.0.0.1 12345 443\r\n";
    for address in [https, socket] {
        server.await_tcp(address);
        let mut client =
            tests::tls::Client::connect(address, "localhost", &made.authority(), None).unwrap();
        client.announce(header).unwrap();
        let (_, body) = client.get("/environ").unwrap();
        let seen: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(seen["REMOTE_ADDR"], "192.0.2.7");
        assert_eq!(seen["wsgi.url_scheme"], "https");
        // not announced, not served
        let mut client =
            tests::tls::Client::connect(address, "localhost", &made.authority(), None).unwrap();
        assert!(client.get("/environ").is_err());
    }
    assert_eq!(seen(shared, header), Some(("192.0.2.7".into(), "12345".into())));
    server.stop();
}
