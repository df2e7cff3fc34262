//! Malformed input of every protocol: an answer or a close, never a crash, never a smuggled request.

/// What real web servers sent, played back.
mod captured;
/// Malformed and smuggled requests, each with the rule that it breaks or keeps.
mod corpus;
/// FastCGI, good and bad.
mod fastcgi;
/// HTTP/1.1 as strict as RFC 9112 wants it.
mod http;
/// Other web servers in front.
mod peers;
/// Clients that a proxy announces.
mod proxy;
/// The same application behind every protocol.
mod same;
/// SCGI, good and bad.
mod scgi;
/// Clients that take their time.
mod slow;
/// Packets of the uwsgi protocol.
mod uwsgi;

use std::net::SocketAddr;
use std::path::PathBuf;

use tests::{Dir, Run, Server, free_address};

/// A server of the battery on every wire.
pub struct Battery {
    /// The process.
    pub server: Server,
    /// Where HTTP is spoken.
    pub http: SocketAddr,
    /// Where the uwsgi protocol is spoken.
    pub socket: PathBuf,
    /// Where FastCGI is spoken.
    pub fastcgi: PathBuf,
    /// Where SCGI is spoken.
    pub scgi: PathBuf,
    /// The worker that answered first.
    pub worker: String,
    /// The test's directory.
    pub dir: Dir,
}

impl Battery {
    /// Starts it with one worker, so that a crash shows as another pid.
    pub fn start(more: &[&str]) -> Self {
        let dir = Dir::new();
        dir.app("battery.py");
        let http = free_address();
        let [socket, fastcgi, scgi] =
            ["app.sock", "app.fcgi", "app.scgi"].map(|name| dir.join(name));
        let server = Run::uwsgi(&dir)
            .args(["--http-socket", &http.to_string(), "--socket", "app.sock", "--master"])
            .args(["--fastcgi-socket", "app.fcgi", "--scgi-socket", "app.scgi"])
            .args(["--wsgi-file", "battery.py"])
            .args(more)
            .start();
        server.await_tcp(http);
        server.await_unix(&socket);
        let worker = tests::http::get(http, "/pid").expect("the test's own set-up works").text();
        Self { server, http, socket, fastcgi, scgi, worker, dir }
    }

    /// Stops it; the worker is still the first one.
    pub fn stop(self) {
        let now = tests::http::get(self.http, "/pid").expect("the test's own set-up works").text();
        assert_eq!(now, self.worker, "the worker crashed:\n{}", self.server.tail());
        self.server.stop();
    }
}
