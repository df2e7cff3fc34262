//! Other web servers in front: Apache, lighttpd and HAProxy speak to every socket, under
//! `wsgiref.validate`, so that what the application sees is right and equal.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

use tests::front::{apache, beside};
use tests::http::{self, Response};
use tests::programs::system;
use tests::{Dir, Run, Server, Subject, free_address, only};

/// The server under test on TCP, one socket for each protocol.
struct Backend {
    server: Server,
    http: SocketAddr,
    uwsgi: SocketAddr,
    fastcgi: SocketAddr,
    scgi: SocketAddr,
    proxied: SocketAddr,
    dir: Dir,
}

impl Backend {
    fn start() -> Self {
        let dir = Dir::new();
        dir.app("battery.py");
        let [http, uwsgi, fastcgi, scgi, proxied] = std::array::from_fn(|_| free_address());
        let server = Run::uwsgi(&dir)
            .args(["--http", &http.to_string(), "--socket", &uwsgi.to_string()])
            .args(["--fastcgi-socket", &fastcgi.to_string(), "--scgi-socket", &scgi.to_string()])
            .args(["--http-socket", &proxied.to_string(), "--enable-proxy-protocol"])
            .args(["--wsgi-file", "battery.py", "--callable", "validated", "--master"])
            .args(["--threads", "2"])
            .start();
        for address in [http, uwsgi, fastcgi, scgi, proxied] {
            server.await_tcp(address);
        }
        Self { server, http, uwsgi, fastcgi, scgi, proxied, dir }
    }

    /// A web server that is started with a configuration of its own.
    fn front(&self, program: &Path, words: &[&str], name: &str, text: &str) -> Server {
        let file = self.dir.write(name, text);
        Run::program(&self.dir, program).args(words).arg(file).start()
    }

    fn stop(self) {
        let log = self.server.log();
        assert!(!log.contains("AssertionError"), "{log}");
        assert!(!log.contains(" refused: "), "{log}");
        self.server.stop();
    }
}

/// Writing to a string cannot fail.
const TAKES: &str = "a string takes text";

/// One request of a front, by path and Host.
type Ask<'a> = dyn Fn(&str, &str, &[u8]) -> Response + 'a;

/// Everything that has to be right whoever stands between.
fn examine(name: &str, prefix: &str, ask: &Ask<'_>) {
    let seen = ask("GET", "/environ/a%20b?q=1&r=%20z", b"").json();
    for (key, value) in [
        ("REQUEST_METHOD", "GET"),
        ("PATH_INFO", "/environ/a b"),
        ("SCRIPT_NAME", prefix),
        ("QUERY_STRING", "q=1&r=%20z"),
        ("REMOTE_ADDR", "127.0.0.1"),
        ("wsgi.url_scheme", "http"),
    ] {
        assert_eq!(seen[key], value, "{name}: {key}");
    }
    let body: Vec<u8> = (0..300_000_u32).map(|n| (n / 3) as u8).collect();
    let echo = ask("POST", "/echo", &body);
    assert_eq!((echo.status, echo.body == body), (200, true), "{name}: echo");
    assert_eq!(ask("GET", "/big", b"").body.len(), 80 * 65_536, "{name}: big");
    for (path, status) in [("/boom", 500), ("/nobody", 204), ("/unchanged", 304), ("/latin", 200)] {
        assert_eq!(ask("GET", path, b"").status, status, "{name}: {path}");
    }
    for _ in 0..5 {
        assert_eq!(ask("GET", "/generator", b"").text(), "one two three", "{name}");
    }
}

#[test]
fn apache_speaks_all_four() {
    if !only(Subject::Ours) {
        return;
    }
    let Some(program) = system("apache2") else { return };
    let backend = Backend::start();
    let address = free_address();
    let mut text = apache(backend.dir.path(), &program);
    writeln!(text, "Listen {address}").expect(TAKES);
    let sockets = [
        ("http", backend.http),
        ("uwsgi", backend.uwsgi),
        ("fcgi", backend.fastcgi),
        ("scgi", backend.scgi),
    ];
    for (scheme, socket) in sockets {
        writeln!(text, "ProxyPass /{scheme}/ {scheme}://{socket}/").expect(TAKES);
    }
    writeln!(text, "ProxyPass /kept/ fcgi://{}/ enablereuse=on", backend.fastcgi).expect(TAKES);
    let front = backend.front(&program, &["-DFOREGROUND", "-f"], "apache.conf", &text);
    front.await_tcp(address);
    for name in ["http", "uwsgi", "fcgi", "kept", "scgi"] {
        // HTTP does not say what was mapped away
        let prefix = if name == "http" { String::new() } else { format!("/{name}") };
        examine(&format!("Apache, {name}"), &prefix, &|method, path, body| {
            http::ask(address, method, &format!("/{name}{path}"), &[], body)
                .expect("Apache answers")
        });
    }
    front.kill();
    backend.stop();
}

#[test]
fn lighttpd_speaks_all_four() {
    if !only(Subject::Ours) {
        return;
    }
    let Some(program) = system("lighttpd") else { return };
    let backend = Backend::start();
    let home = backend.dir.path().display();
    let address = free_address();
    let place = |socket: SocketAddr| {
        format!(
            "(( \"host\" => \"127.0.0.1\", \"port\" => {}, \"check-local\" => \"disable\", \
             \"fix-root-scriptname\" => \"enable\" ))",
            socket.port()
        )
    };
    let text = format!(
        "server.document-root = \"{home}\"\nserver.bind = \"127.0.0.1\"\nserver.port = {}\n\
         server.modules = (\"mod_proxy\", \"mod_fastcgi\", \"mod_scgi\")\n\
         $HTTP[\"host\"] == \"fcgi\" {{ fastcgi.server = ( \"/\" => {} ) }}\n\
         $HTTP[\"host\"] == \"scgi\" {{ scgi.server = ( \"/\" => {} ) }}\n\
         $HTTP[\"host\"] == \"uwsgi\" {{\n scgi.protocol = \"uwsgi\"\n\
         scgi.server = ( \"/\" => {} )\n}}\n\
         $HTTP[\"host\"] == \"http\" {{ proxy.server = ( \"\" =>\n\
         (( \"host\" => \"127.0.0.1\", \"port\" => {} )) ) }}\n",
        address.port(),
        place(backend.fastcgi),
        place(backend.scgi),
        place(backend.uwsgi),
        backend.http.port(),
    );
    let modules = beside(&program, "lighttpd");
    let words = ["-D", "-m", modules.to_str().expect("a path of text"), "-f"];
    let front = backend.front(&program, &words, "lighttpd.conf", &text);
    front.await_tcp(address);
    for name in ["http", "uwsgi", "fcgi", "scgi"] {
        examine(&format!("lighttpd, {name}"), "", &|method, path, body| {
            hosted(address, name, method, path, body)
        });
    }
    front.kill();
    backend.stop();
}

#[test]
fn haproxy_speaks_http_fastcgi_and_its_own_protocol() {
    if !only(Subject::Ours) {
        return;
    }
    let Some(program) = system("haproxy") else { return };
    let backend = Backend::start();
    let address = free_address();
    let mut text = format!(
        "defaults\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n\
         fcgi-app whole\n docroot /srv\n option keep-conn\n\
         fcgi-app split\n docroot /srv\n path-info ^(/)(.*)$\n\
         frontend all\n bind {address}\n use_backend %[req.hdr(host)]\n"
    );
    for (name, lines) in [
        ("http", format!("server s {}", backend.http)),
        ("first", format!("server s {} send-proxy", backend.proxied)),
        ("second", format!("server s {} send-proxy-v2", backend.proxied)),
        ("whole", format!("use-fcgi-app whole\n server s {} proto fcgi", backend.fastcgi)),
        ("split", format!("use-fcgi-app split\n server s {} proto fcgi", backend.fastcgi)),
    ] {
        writeln!(text, "backend {name}\n {lines}").expect(TAKES);
    }
    let front = backend.front(&program, &["-db", "-f"], "haproxy.cfg", &text);
    front.await_tcp(address);
    for name in ["http", "first", "second", "whole", "split"] {
        examine(&format!("HAProxy, {name}"), "", &|method, path, body| {
            hosted(address, name, method, path, body)
        });
    }
    front.kill();
    backend.stop();
}

/// A request that a front tells by its Host.
fn hosted(address: SocketAddr, host: &str, method: &str, path: &str, body: &[u8]) -> Response {
    let mut client = http::Client::connect(address).expect("the front listens");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    client.send([head.as_bytes(), body].concat()).expect("the front reads");
    client.response(true).expect("the front answers")
}
