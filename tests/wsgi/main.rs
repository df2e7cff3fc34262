//! PEP 3333, path by path, over HTTP and over the uwsgi protocol, under `wsgiref.validate`.

/// What the application finds in its environment and its input.
mod environ;
/// What the application does wrong, and what the client gets.
mod errors;
/// What is around the application.
mod interpreter;
/// What the application answers.
mod response;
/// Bodies that the application reads from the connection itself.
mod stream;

use std::net::SocketAddr;
use std::path::PathBuf;

use tests::http::{self, Place, Response};
use tests::{Dir, Run, Server, free_address, uwsgi};

/// A server of the battery on both wires.
pub struct Battery {
    /// The process.
    pub server: Server,
    /// Where HTTP is spoken.
    pub http: SocketAddr,
    /// Where the uwsgi protocol is spoken.
    pub socket: PathBuf,
    /// The test's directory.
    pub dir: Dir,
}

impl Battery {
    /// Starts it with one of the application's callables.
    pub fn start(callable: &str) -> Self {
        Self::with(callable, &[])
    }

    /// The same with more arguments.
    pub fn with(callable: &str, more: &[&str]) -> Self {
        let dir = Dir::new();
        dir.app("battery.py");
        let http = free_address();
        let socket = dir.join("app.sock");
        let server = Run::uwsgi(&dir)
            .args(["--http-socket", &http.to_string(), "--socket", "app.sock", "--master"])
            .args(["--wsgi-file", "battery.py", "--callable", callable])
            .args(more)
            .start();
        server.await_tcp(http);
        server.await_unix(&socket);
        Self { server, http, socket, dir }
    }

    /// The same request on both wires.
    pub fn both(&self, method: &str, path: &str, body: &[u8]) -> [Response; 2] {
        [
            http::ask(self.http, method, path, &[], body).expect("the test's own set-up works"),
            uwsgi::ask(Place::from(self.socket.as_path()), method, path, body)
                .expect("the test's own set-up works"),
        ]
    }

    /// Stops it: nothing may have failed the validator.
    pub fn stop(self) {
        let log = self.server.log();
        assert!(!log.contains("wsgiref/validate.py"), "{log}");
        self.server.stop();
    }
}
