//! How requests are read: how long clients may take, and who stands between them and us.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Address, Serve, Wire};

/// See the file's header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protocols {
    /// `http-timeout`: each wait for an HTTP client inside a request. `None`: `socket-timeout`,
    /// as on sockets of `http-socket`; with `http` the default is that of uWSGI's router.
    pub http_timeout: Option<Duration>,
    /// `http-headers-timeout`: how long the head of an HTTP request may take.
    pub http_headers_timeout: Option<Duration>,
    /// `enable-proxy-protocol`, `http-enable-proxy-protocol`: the sockets on which each
    /// connection begins with a header of the PROXY protocol.
    pub proxied: Vec<Address>,
}

impl Serve {
    /// How long a client of that protocol may keep the server waiting inside a request.
    pub fn patience(&self, wire: Wire) -> Duration {
        match (wire, self.protocols.http_timeout) {
            (Wire::Http, Some(limit)) => limit,
            _ => self.socket_timeout,
        }
    }

    /// How long a head may take from its first byte to its last.
    pub fn head_limit(&self, wire: Wire) -> Duration {
        match (wire, self.protocols.http_headers_timeout) {
            (Wire::Http, Some(limit)) => limit,
            _ => HEAD_LIMIT.max(self.patience(wire)),
        }
    }
}

/// A head that comes in drops holds a connection no longer than this.
const HEAD_LIMIT: Duration = Duration::from_mins(1);
