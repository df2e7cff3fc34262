//! What listening sockets are told beyond their address.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Options of the kernel that all request sockets of a vassal get. Accepted connections inherit
/// them, so that nothing has to be set for each of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tuning {
    /// `reuse-port`: other programs may listen on the same ports.
    pub reuse_port: bool,
    /// `freebind`: addresses that the machine does not have yet can be bound.
    pub freebind: bool,
    /// `so-keepalive`: the kernel asks silent clients whether they are still there.
    pub keepalive: bool,
    /// `tcp-fast-open`: how many connections whose first bytes came at once may wait.
    pub fast_open: Option<u32>,
    /// `socket-sndbuf`: bytes of the kernel's send buffer.
    pub send_buffer: Option<u32>,
    /// `socket-rcvbuf`: bytes of the kernel's receive buffer.
    pub receive_buffer: Option<u32>,
}

/// `map-socket`: a socket that some workers serve and the others do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crew {
    /// The number of the request socket, from 0, among those of the settings.
    pub socket: u32,
    /// The workers, from 1.
    pub workers: Vec<u32>,
}

/// What uWSGI's HTTP router does to requests, and the workers do here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Front {
    /// `http-to-https`: the numbers of request sockets whose requests are sent to HTTPS.
    pub redirects: Vec<u32>,
    /// `http-var`: variables of each HTTP request.
    pub variables: Vec<(String, String)>,
    /// `http-server-name-as-http-host`: `SERVER_NAME` is what the field Host says.
    pub host_name: bool,
}

impl Front {
    /// Whether environs of HTTP requests are other than usual.
    pub fn adds(&self) -> bool {
        self.host_name || !self.variables.is_empty()
    }
}

/// Listening sockets that other servers give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Zerg {
    /// `zerg`: the UNIX sockets of these servers, absolute.
    pub servers: Vec<PathBuf>,
    /// `zerg-fallback`: a server that is not there is done without.
    pub fallback: bool,
}
