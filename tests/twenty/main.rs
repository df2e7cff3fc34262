//! Twenty behaviours that servers of Python applications get wrong somewhere: one test each, over
//! every protocol that can show it. The number of a test is that of the behaviour.
//!
//! Neighbours look closer at many of them (`protocol/corpus`, `wsgi`); here each is whole.

/// 10 to 13, 20 and bytes: what the application answers.
mod answers;
/// 1 to 3 and 14: bodies of requests.
mod bodies;
/// 15, 16 and 19: connections.
mod connections;
/// 4 to 7: heads of requests.
mod heads;
/// 17 and 18: reloads and ends.
mod life;

use std::net::SocketAddr;
use std::path::PathBuf;

use tests::http::{self, Client, Place, Response};
pub use tests::wire::Wire;
use tests::{Dir, Run, Server, fastcgi, free_address, scgi, uwsgi};

/// All of them.
pub const WIRES: [Wire; 4] = Wire::ALL;
/// Those of web servers, which send variables.
pub const GATEWAYS: [Wire; 3] = [Wire::Uwsgi, Wire::Fastcgi, Wire::Scgi];

/// A server of the application on every wire.
pub struct All {
    /// The process.
    pub server: Server,
    /// Where HTTP is spoken.
    pub http: SocketAddr,
    sockets: [PathBuf; 3],
    /// The test's directory.
    pub dir: Dir,
}

impl All {
    /// Starts it.
    pub fn start(more: &[&str]) -> Self {
        let dir = Dir::new();
        dir.app("battery.py");
        dir.app("twenty.py");
        dir.write("text", "xx0123456789");
        let http = free_address();
        let names = ["app.sock", "app.fcgi", "app.scgi"];
        let server = Run::uwsgi(&dir)
            .args(["--http-socket", &http.to_string(), "--socket", names[0], "--master"])
            .args(["--fastcgi-socket", names[1], "--scgi-socket", names[2]])
            .args(["--wsgi-file", "twenty.py"])
            .args(more)
            .start();
        let sockets = names.map(|name| dir.join(name));
        server.await_tcp(http);
        for socket in &sockets {
            server.await_unix(socket);
        }
        Self { server, http, sockets, dir }
    }

    /// Where a protocol is spoken.
    pub fn place(&self, wire: Wire) -> Place {
        match wire {
            Wire::Http => self.http.into(),
            Wire::Uwsgi => self.sockets[0].as_path().into(),
            Wire::Fastcgi => self.sockets[1].as_path().into(),
            Wire::Scgi => self.sockets[2].as_path().into(),
        }
    }

    /// A connection.
    pub fn connect(&self, wire: Wire) -> Client {
        Client::connect(self.place(wire)).expect("the server listens")
    }

    /// A request with a body; the answer, where there is a whole head.
    pub fn try_ask(
        &self,
        wire: Wire,
        method: &str,
        uri: &str,
        body: &[u8],
    ) -> std::io::Result<Response> {
        let place = self.place(wire);
        match wire {
            Wire::Http => http::ask(place, method, uri, &[], body),
            Wire::Uwsgi => uwsgi::ask(place, method, uri, body),
            Wire::Fastcgi => fastcgi::ask(place, method, uri, body),
            Wire::Scgi => scgi::ask(place, method, uri, body),
        }
    }

    /// A request with a body that is answered.
    #[track_caller]
    pub fn ask(&self, wire: Wire, method: &str, uri: &str, body: &[u8]) -> Response {
        let answer = self.try_ask(wire, method, uri, body);
        answer.unwrap_or_else(|error| panic!("{wire:?} {method} {uri}: {error}"))
    }

    /// A GET that is answered.
    #[track_caller]
    pub fn get(&self, wire: Wire, uri: &str) -> Response {
        self.ask(wire, "GET", uri, b"")
    }

    /// A request of a web server with variables beside or in place of the usual ones, of which a
    /// body that may lie about its length follows; everything that comes back.
    pub fn raw(&self, wire: Wire, vars: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        let length = body.len().to_string();
        let mut all = fastcgi::usual("POST", "/raises", &length);
        all.retain(|(name, _)| !vars.iter().any(|(other, _)| name == other));
        all.extend_from_slice(vars);
        let bytes = match wire {
            Wire::Http => panic!("HTTP has no variables"),
            Wire::Uwsgi => [uwsgi::packet((0, 0), &all), body.to_vec()].concat(),
            Wire::Fastcgi => fastcgi::request(1, false, &all, body, 60_000),
            Wire::Scgi => {
                all.sort_by_key(|(name, _)| *name != "CONTENT_LENGTH");
                all.insert(1, ("SCGI", "1"));
                [scgi::head(&all), body.to_vec()].concat()
            }
        };
        let mut client = self.connect(wire);
        client.send(bytes).ok();
        client.stream.half_close().ok();
        client.rest()
    }

    /// It still serves, and ends.
    #[track_caller]
    pub fn stop(self) {
        assert_eq!(self.get(Wire::Http, "/hello").text(), "Hello World");
        self.server.stop();
    }
}

/// The status in an answer of any protocol.
pub fn status(bytes: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(bytes);
    let starts = ["HTTP/1.1 ", "Status: "];
    let at = starts.iter().find_map(|start| Some(text.find(start)? + start.len()))?;
    text.get(at..at + 3)?.parse().ok()
}
