//! What others ask of an answer. The module `uwsgi`: its descriptor, its early end, a limit of
//! its own. The worker's loop: how its connection ends. Who streams: whether the client keeps up.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{Shutdown, shutdown};

use super::Reply;
use crate::worker::vigil::Post;

/// Bytes that a streaming application may be ahead of its client.
const AHEAD_MAX: usize = 256 * 1024;

impl<'a> Reply<'a> {
    /// Where the core and the vigil meet, if they do.
    pub fn post(&self) -> Option<&'a Post> {
        self.post
    }

    /// The same from now on, for a request that was begun without (`uwsgi.set_user_harakiri`).
    pub fn guard(&mut self, post: &'a Post) -> io::Result<()> {
        if self.post.is_none() {
            let socket = Arc::new(self.socket.try_clone_to_owned()?);
            post.enter(&socket, self.output.session(), self.facts.wire, self.facts.stream);
            if self.sent() && !post.claim() {
                self.note(Err(io::ErrorKind::BrokenPipe.into()));
            }
            self.post = Some(post);
        }
        Ok(())
    }

    /// The head says that the connection ends where this is true by then.
    pub fn announce(&mut self, leaving: &'a AtomicBool) {
        self.leaving = Some(leaving);
    }

    /// Whether the worker will not keep the connection after all.
    pub(super) fn leaves(&self) -> bool {
        self.leaving.is_some_and(|leaving| leaving.load(Relaxed))
    }

    /// Whether nothing but the end of the connection ends the body.
    pub(super) fn open_ended(&self) -> bool {
        self.length.is_none() && !self.chunked && !self.facts.wire.is_fastcgi() && !self.silent()
    }

    /// Sends what waits, as far as the client takes it now; whether something is left.
    pub fn push(&mut self) -> bool {
        if self.output.is_empty() || self.lost.is_some() {
            return false;
        }
        let flushed = self.output.flush(self.socket);
        let left = matches!(flushed, Ok(false));
        self.note(flushed.map(drop));
        left
    }

    /// The connection's descriptor (`uwsgi.connection_fd`).
    pub fn descriptor(&self) -> i32 {
        self.socket.as_raw_fd()
    }

    /// Whether the client is so far behind that the application has to wait.
    pub fn full(&self) -> bool {
        self.output.waiting() > AHEAD_MAX && self.lost.is_none()
    }

    /// Waits until the client has taken some of what waits, or gives it up after `limit` (or the
    /// protocol's own, if that is longer).
    /// To be called without any lock that other requests need.
    pub fn wait(&mut self, limit: Duration) {
        let limit = limit.max(self.facts.patience);
        let timeout = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
        let mut watch = [PollFd::new(self.socket, PollFlags::POLLOUT)];
        let before = self.output.left();
        let written = match poll(&mut watch, timeout) {
            // "writable" is only said of a third of the buffer: a slow client may be reading
            Ok(0) => self.output.flush(self.socket).and_then(|_| {
                let moved = self.output.left() < before;
                if moved { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
            }),
            Ok(_) => self.output.flush(self.socket).map(drop),
            Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        };
        self.note(written);
    }

    /// Whether the client is gone: nothing more can be sent.
    pub fn lost(&self) -> bool {
        self.lost.is_some()
    }

    /// Ends the answer with what was given so far and closes the sending side, while the
    /// application goes on (`uwsgi.disconnect`). A client that takes nothing of what is left is
    /// given up after `limit`.
    pub fn hang_up(&mut self, limit: Duration) {
        self.close = true;
        self.end();
        while !self.output.is_empty() && self.lost.is_none() {
            self.wait(limit);
        }
        self.output.end_tls();
        let _ = self.output.flush(self.socket);
        let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Write);
    }
}
