//! Sockets that speak TLS: what peers see, what applications are told, whose keys are read.

/// Clients that stall, send junk, or do not read.
mod hostile;
/// Requests that take too long.
mod late;
/// Clients that come back.
mod resumed;
/// Bodies that the application reads from the connection.
mod stream;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::server::{End, SOON};
use tests::tls::{Certificates, Client, memory};
use tests::{
    Dir, Run, Server, Subject, eventually, free_address, give, http, only, programs, root, uwsgi,
};

/// Tells what the request came with; `/big` is a large answer, `/file` a file, `/echo` the body.
const APP: &str = r#"
import ctypes, json, os, sys, time
BIG = bytes(range(256)) * 20000

def application(environ, start_response):
    path = environ["PATH_INFO"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/big":
        return [BIG]
    if path == "/file":
        name = os.path.join(os.path.dirname(__file__), "big.bin")
        with open(name, "wb") as file:
            file.write(BIG)
        return environ["wsgi.file_wrapper"](open(name, "rb"), 65536)
    if path == "/parts":
        return (BIG[at:at + 100000] for at in range(0, len(BIG), 100000))
    if path == "/echo":
        return [environ["wsgi.input"].read()]
    if path == "/slow":
        print("it sleeps", file=sys.stderr, flush=True)
        time.sleep(60)
    if path == "/held":
        # the interpreter's lock sleeps with it
        ctypes.PyDLL(None).sleep(60)
    if path == "/own":
        import uwsgi
        uwsgi.set_user_harakiri(1)
        time.sleep(60)
    if path == "/begun":
        return (time.sleep(at * 60) or b"part" for at in range(2))
    if path == "/breaks":
        return (b"part" if at == 0 else 1 // 0 for at in range(2))
    if path == "/first":
        print("came first:", environ["wsgi.input"].read(5), file=sys.stderr, flush=True)
        return [environ["wsgi.input"].read()]
    wanted = {k: v for k, v in environ.items() if k.startswith("HTTPS") or k == "SERVER_PORT"}
    wanted["scheme"] = environ["wsgi.url_scheme"]
    wanted["pid"] = os.getpid()
    return [json.dumps(wanted).encode()]
"#;

/// The certificate of `localhost` and its authority, in a directory with the application.
fn prepare(dir: &Dir) -> Option<Certificates> {
    dir.write("app.py", APP);
    let made = Certificates::new(dir.path())?;
    made.make("server", "localhost", "/CN=server");
    Some(made)
}

fn start(dir: &Dir, words: &[&str]) -> Server {
    Run::uwsgi(dir).args(["--master", "--wsgi-file", "app.py"]).args(words).start()
}

/// A server on a port of its own that shows `server.crt`; `more` follows the key.
fn serve(dir: &Dir, more: &str, words: &[&str]) -> (Server, SocketAddr) {
    let address = free_address();
    let place = format!("{address},server.crt,server.key{more}");
    let server = start(dir, &[&["--https-socket", &place], words].concat());
    server.await_tcp(address);
    (server, address)
}

fn connect(certificates: &Certificates, address: SocketAddr) -> Client {
    Client::connect(address, "localhost", &certificates.authority(), None).expect("it accepts")
}

fn told(client: &mut Client) -> Value {
    let (_, body) = client.get("/").expect("it answers");
    serde_json::from_slice(&body).expect("the application tells JSON")
}

#[test]
fn https_is_served_by_each_of_its_options() {
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let cases = [
        ("--https-socket", "{},server.crt,server.key"),
        ("--https", "{},server.crt,server.key,HIGH"),
        ("--https2", "addr={},cert=server.crt,key=server.key"),
    ];
    for (option, value) in cases {
        let address = free_address();
        let server = start(&dir, &[option, &value.replace("{}", &address.to_string())]);
        server.await_tcp(address);
        let mut client = connect(&made, address);
        let found = told(&mut client);
        assert_eq!((&found["scheme"], &found["HTTPS"]), (&"https".into(), &"on".into()), "{found}");
        assert_eq!(found["SERVER_PORT"], address.port().to_string());
        if only(Subject::Ours) {
            assert_eq!(client.protocol(), Some(&b"http/1.1"[..]));
            // the connection is kept
            assert_eq!(told(&mut client)["HTTPS"], "on");
        }
        server.stop();
    }
}

#[test]
fn curl_and_openssl_are_served() {
    let (Some(curl), Some(_)) = (programs::find("curl"), programs::find("openssl")) else {
        programs::not_run("there is no curl");
        return;
    };
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (server, address) = serve(&dir, "", &[]);
    let place = format!("https://localhost:{}/", address.port());
    for version in [&["--tlsv1.3"][..], &["--tls-max", "1.2"]] {
        let said = Command::new(&curl)
            .args(["-sS", "--cacert"])
            .arg(made.authority())
            .args(version)
            .args([&place, &place])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&said.stdout);
        assert_eq!(text.matches("\"HTTPS\": \"on\"").count(), 2, "{version:?}: {said:?}");
    }
    if !only(Subject::Ours) {
        server.stop();
        return;
    }
    // obsolete versions and a protocol that is not spoken
    for refused in [&["-tls1_1"][..], &["-alpn", "h2"]] {
        let said = Command::new("openssl")
            .args(["s_client", "-connect", &address.to_string()])
            .args(refused)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&said.stdout);
        assert!(text.contains("no peer certificate available"), "{refused:?}: {text}");
    }
    server.stop();
}

#[test]
fn suwsgi_socket_speaks_uwsgi_over_tls() {
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let address = free_address();
    let place = format!("{address},server.crt,server.key");
    let server = start(&dir, &["--suwsgi-socket", &place]);
    server.await_tcp(address);
    let mut client = connect(&made, address);
    client.send(&uwsgi::packet((0, 0), &uwsgi::variables("GET", "/", ""))).unwrap();
    let (head, body) = client.answer().or_else(|_| client.answer()).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK") || head.starts_with("200"), "{head}");
    if only(Subject::Ours) {
        assert!(String::from_utf8_lossy(&body).contains("SERVER_PORT"));
    }
    server.stop();
}

#[test]
fn large_bodies_pass_both_ways() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (server, address) = serve(&dir, "", &["--threads", "2"]);
    let big: Vec<u8> = (0..=255).cycle().take(256 * 20000).collect();
    let mut client = connect(&made, address);
    for path in ["/big", "/file"] {
        let (_, body) = client.get(path).unwrap();
        assert!(body == big, "{path}: {} bytes", body.len());
    }
    // in pieces whose number is not known before
    client.send(b"GET /parts HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let (_, mut body) = client.answer().unwrap();
    body.extend(client.rest().unwrap());
    assert!(body == big, "/parts: {} bytes", body.len());
    let mut client = connect(&made, address);
    let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", big.len());
    client.send(head.as_bytes()).unwrap();
    client.send(&big).unwrap();
    let (_, body) = client.answer().unwrap();
    assert!(body == big, "/echo: {} bytes", body.len());
    // two at once
    let twice = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2);
    client.ask(&twice).unwrap();
    server.stop();
}

#[test]
fn the_end_of_a_connection_is_announced() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (server, address) = serve(&dir, "", &["--http-keepalive=1"]);
    let mut client = connect(&made, address);
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let (head, _) = client.ask(request).unwrap();
    assert!(head.contains("Connection: close"), "{head}");
    assert_eq!(client.rest().unwrap(), b"", "an end without close_notify would be an error");
    // a kept connection is told when the server stops
    let mut kept = connect(&made, address);
    kept.get("/").unwrap();
    server.stop();
    assert_eq!(kept.rest().unwrap(), b"");
}

#[test]
fn plain_http_on_such_a_port_is_answered_with_a_sentence() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(_made) = prepare(&dir) else { return };
    let (server, address) = serve(&dir, "", &[]);
    let answer = http::get(address, "/").unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("https://"), "{}", answer.text());
    server.stop();
}

#[test]
fn ssl_verbose_logs_handshakes_that_fail() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(_made) = prepare(&dir) else { return };
    for verbose in [true, false] {
        let words: &[&str] = if verbose { &["--ssl-verbose"] } else { &[] };
        let (server, address) = serve(&dir, "", words);
        let mut stream = TcpStream::connect(address).unwrap();
        // the end of a server's greeting, which no client sends
        stream.write_all(b"\x16\x03\x01\x00\x04\x0e\x00\x00\x00").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(answer.first(), Some(&21), "an alert: {answer:?}");
        if verbose {
            server.expect_log("TLS with 127.0.0.1 failed");
        } else {
            assert!(!server.log().contains("TLS with"), "{}", server.log());
        }
        server.stop();
    }
}

#[test]
fn the_application_is_told_of_a_clients_certificate() {
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (chain, key) = made.make("client", "", "/C=DE/O=Org, Inc/CN=client one");
    let pem = std::fs::read_to_string(&chain).unwrap();
    let who = |address, own| Client::connect(address, "localhost", &made.authority(), own).unwrap();
    let own = Some((chain.as_path(), key.as_path()));
    // whose variables are exported by the router only in the original
    let address = free_address();
    let place = format!("{address},server.crt,server.key,HIGH,ca.crt");
    let server = start(&dir, &["--https", &place, "--https-export-cert"]);
    server.await_tcp(address);
    let found = told(&mut who(address, own));
    assert_eq!(found["HTTPS_DN"], "/C=DE/O=Org, Inc/CN=client one");
    assert_eq!(found["HTTPS_CC"], pem);
    assert!(found["HTTPS_CLIENT_CERTIFICATE"].is_string(), "{found}");
    let found = told(&mut who(address, None));
    assert_eq!((&found["HTTPS_DN"], &found["HTTPS"]), (&Value::Null, &"on".into()), "{found}");
    server.stop();
    let server =
        start(&dir, &["--https", &format!("{address},server.crt,server.key,HIGH,!ca.crt")]);
    server.await_tcp(address);
    let found = told(&mut who(address, own));
    assert_eq!(found["HTTPS_CC"], Value::Null, "it was not asked for: {found}");
    assert!(who(address, None).get("/").is_err(), "a certificate is demanded");
    server.stop();
}

#[test]
fn the_certificate_is_chosen_by_the_name_that_is_asked_for() {
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let other = made.make("other", "shop.example.org", "/CN=shop");
    let wild = made.make("wild", "*.example.net", "/CN=wild");
    let pattern = made.make("pattern", "r1.example.org", "/CN=pattern");
    dir.mkdir("names");
    for (from, to) in [(&other.0, "dir.example.org.crt"), (&other.1, "dir.example.org.key")] {
        std::fs::copy(from, dir.join("names").join(to)).unwrap();
    }
    for (from, to) in [(&other.0, "r2.dir.org.crt"), (&other.1, "r2.dir.org.key")] {
        std::fs::copy(from, dir.join("names").join(to)).unwrap();
    }
    let dir_certificate = std::fs::read(&other.0).unwrap();
    let der = |path: &Path| -> Vec<u8> {
        let said = Command::new("openssl")
            .args(["x509", "-outform", "der", "-in"])
            .arg(path)
            .output()
            .unwrap();
        said.stdout
    };
    assert!(!dir_certificate.is_empty());
    let words = [
        "--sni",
        "shop.example.org other.crt,other.key",
        "--sni",
        "*.example.net wild.crt wild.key",
        "--sni-dir",
        "names",
        "--sni-regexp",
        r"^(r\d|shop)\.(dir|example)\.org$ pattern.crt,pattern.key",
    ];
    // the original knows no names with a star
    let (server, address) = serve(&dir, "", &words);
    let shown = |host: &str| {
        let mut client = Client::connect(address, host, &made.authority(), None).unwrap();
        // a name that the certificate does not have ends the handshake, after it was shown
        let _ = client.greet();
        client.shown()
    };
    assert_eq!(shown("localhost"), Some(der(&dir.join("server.crt"))));
    // a name comes before a pattern, a pattern before the directory
    assert_eq!(shown("shop.example.org"), Some(der(&other.0)));
    assert_eq!(shown("r1.example.org"), Some(der(&pattern.0)));
    if only(Subject::Ours) {
        assert_eq!(shown("a.example.net"), Some(der(&wild.0)));
    }
    for (host, name) in [
        ("dir.example.org", "shop"),
        ("r2.dir.org", "pattern"),
        ("r1.example.org.elsewhere.org", "server"),
    ] {
        let said = Command::new("openssl")
            .args(["s_client", "-servername", host, "-connect", &address.to_string()])
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&said.stdout);
        assert!(text.contains(&format!("subject=CN = {name}")), "{host}: {text}");
    }
    server.stop();
}

#[test]
fn a_reload_shows_the_new_certificate_and_keeps_nobody_waiting() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    let (server, address) = serve(&dir, "", &[]);
    let mut old = connect(&made, address);
    let before = told(&mut old)["pid"].clone();
    let shown = old.shown();
    made.make("server", "localhost", "/CN=renewed");
    server.signal(Signal::SIGHUP);
    server.expect_log("generation 2 serves");
    assert_eq!(old.rest().unwrap(), b"", "the end is announced");
    let mut new = connect(&made, address);
    assert_ne!(told(&mut new)["pid"], before);
    assert_ne!(new.shown(), shown);
    // a broken one is not taken
    dir.write("server.crt", "nothing");
    server.signal(Signal::SIGHUP);
    server.expect_log("there is no certificate in it");
    assert_eq!(told(&mut connect(&made, address))["HTTPS"], "on");
    server.stop();
}

#[test]
fn certificates_that_cannot_be_used_are_named_with_their_line() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(made) = prepare(&dir) else { return };
    made.make("other", "localhost", "/CN=other");
    dir.write("empty.pem", "\n");
    dir.write("junk.pem", "junk");
    let cases = [
        ("127.0.0.1:0", "expected address,certificate,key"),
        ("127.0.0.1:0,none.crt,server.key", "none.crt: No such file"),
        ("127.0.0.1:0,.,server.key", "not a regular file"),
        ("127.0.0.1:0,empty.pem,server.key", "empty.pem: the file is empty"),
        ("127.0.0.1:0,junk.pem,server.key", "junk.pem: there is no certificate in it"),
        ("127.0.0.1:0,server.crt,server.crt", "server.crt: there is no private key in it"),
        ("127.0.0.1:0,server.crt,other.key", "other.key: this key does not belong"),
        ("127.0.0.1:0,server.crt,server.key,HIGH,junk.pem", "junk.pem: there is no certificate"),
    ];
    for (value, says) in cases {
        dir.write("a.ini", format!("[uwsgi]\nmaster = true\nhttps-socket = {value}\n"));
        let (end, log) = Run::uwsgi(&dir).args(["--ini", "a.ini"]).to_end(SOON);
        assert_eq!(end, End::Code(1), "{value}: {log}");
        assert!(log.contains("a.ini:3: https-socket: ") && log.contains(says), "{value}: {log}");
    }
}

#[test]
fn a_key_of_roots_own_serves_a_vassal_that_cannot_read_it() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let place = tempfile::Builder::new().prefix("emperor-test-").tempdir_in("/var/lib").unwrap();
    let home = place.path();
    std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o755)).unwrap();
    let Some(made) = Certificates::new(home) else { return };
    let (_, key) = made.make("server", "localhost", "/CN=server");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let dir = Dir::new();
    dir.write("app.py", APP);
    let address = free_address();
    let text = format!(
        "[uwsgi]\nmaster = true\nuid = 4105\ngid = 4105\nwsgi-file = {}/app.py\n\
         https-socket = {address},{1}/server.crt,{1}/server.key\n",
        dir.path().display(),
        home.display()
    );
    let file = home.join("a.ini");
    std::fs::write(&file, &text).unwrap();
    let server = Run::uwsgi(&dir).arg("--ini").arg(&file).start();
    server.await_tcp(address);
    assert_eq!(told(&mut connect(&made, address))["HTTPS"], "on");
    // root's rights are gone: the key that was read serves on
    server.signal(Signal::SIGHUP);
    server.expect_log("generation 2 serves");
    assert_eq!(told(&mut connect(&made, address))["HTTPS"], "on");
    server.stop();
    // a tenant's file names it in vain, and so does a tenant's link where root's file names that
    let own = dir.write("own.ini", &text);
    give(&own, 4105, 4105);
    let (end, log) = Run::uwsgi(&dir).arg("--ini").arg(&own).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("server.key: ") && log.contains("ermission denied"), "{log}");
    let theirs = dir.mkdir("theirs");
    give(&theirs, 4105, 4105);
    symlink(&key, theirs.join("key.pem")).unwrap();
    let behind = theirs.join("key.pem");
    let text = text.replace(key.to_str().unwrap(), behind.to_str().unwrap());
    std::fs::write(&file, text).unwrap();
    let (end, log) = Run::uwsgi(&dir).arg("--ini").arg(&file).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("key.pem: permission denied for uid 4105"), "{log}");
}
