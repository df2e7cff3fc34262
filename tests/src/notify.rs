//! A listener of the systemd notification protocol: what `NOTIFY_SOCKET` receives, in order.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{Dir, eventually};

/// A bound notification socket and what came so far.
pub struct Notify {
    socket: UnixDatagram,
    path: PathBuf,
    messages: Vec<String>,
}

impl Notify {
    /// Binds in the test's directory.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn new(dir: &Dir) -> Self {
        let path = dir.join("notify.sock");
        let socket = UnixDatagram::bind(&path).expect("a notification socket can be bound");
        socket.set_nonblocking(true).expect("a socket can be non-blocking");
        Self { socket, path, messages: Vec::new() }
    }

    /// The value of `NOTIFY_SOCKET`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All lines that came so far, in order.
    pub fn lines(&mut self) -> Vec<String> {
        let mut room = [0; 4096];
        while let Ok(read) = self.socket.recv(&mut room) {
            self.messages.push(String::from_utf8_lossy(&room[..read]).into_owned());
        }
        self.messages.iter().flat_map(|message| message.lines().map(str::to_owned)).collect()
    }

    /// Waits until a line with this beginning came, and returns how many lines came before it.
    #[track_caller]
    pub fn expect(&mut self, beginning: &str, limit: Duration) -> usize {
        eventually(&format!("notification {beginning}"), limit, || {
            let lines = self.lines();
            lines.iter().position(|line| line.starts_with(beginning)).ok_or(lines.join(" | "))
        })
    }
}
