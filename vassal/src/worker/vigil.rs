//! Who answers a request that takes too long: its core or the vigil ([`super::harakiri`]).
//!
//! They agree through a [`Post`]: whoever comes second keeps its hands off the connection.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::socket::{Shutdown, shutdown};

use shared::settings::Wire;

use super::answer::ready;
use crate::tls::session::{self, Shared};

/// What a client gets that waited too long.
const ANSWER: &str = "504 Gateway Timeout\r\nContent-Type: text/plain\r\n\
Content-Length: 49\r\nConnection: close\r\n\r\nthe application took too long for this request.\r\n";

/// No request.
const IDLE: u8 = 0;
/// The application runs, nothing was sent.
const RUNNING: u8 = 1;
/// The head is on its way.
const ANSWERING: u8 = 2;
/// The vigil answers, which takes it a moment.
const SEIZED: u8 = 3;
/// The vigil has answered; the core must not, and does nothing any more.
const TURNED: u8 = 4;

/// Whom the vigil would answer.
#[derive(Clone, Debug)]
struct Client {
    socket: Arc<OwnedFd>,
    /// Its encryption, where there is one.
    tls: Option<Shared>,
    /// What it speaks.
    wire: Wire,
    stream: u16,
}

/// Where a core and the vigil meet.
#[derive(Debug, Default)]
pub struct Post {
    client: Mutex<Option<Client>>,
    state: AtomicU8,
    /// When the request is late by its own word (`uwsgi.set_user_harakiri`), monotonic
    /// milliseconds; 0 is never.
    pub(super) until: AtomicU64,
}

impl Post {
    /// The core begins a request, on a connection that may be encrypted.
    pub(super) fn enter(
        &self,
        socket: &Arc<OwnedFd>,
        tls: Option<&Shared>,
        wire: Wire,
        stream: u16,
    ) {
        let client = Client { socket: Arc::clone(socket), tls: tls.cloned(), wire, stream };
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = Some(client);
        self.state.store(RUNNING, SeqCst);
    }

    /// The core is about to send; whether it may. Waits for no longer than the vigil needs to
    /// write: the caller may hold locks that the other threads need to finish.
    pub(super) fn claim(&self) -> bool {
        loop {
            match self.state.compare_exchange(RUNNING, ANSWERING, SeqCst, SeqCst) {
                // the vigil is mistaken and gives the post back, or it is done
                Err(SEIZED) => std::thread::yield_now(),
                result => return result != Err(TURNED),
            }
        }
    }

    /// The request is over. Where the vigil came first, so is this thread: the master kills the
    /// worker when the others are done. To be called without any lock that these need.
    pub(super) fn leave(&self) {
        while !self.claim() {
            std::thread::park();
        }
        self.until.store(0, SeqCst);
        self.state.store(IDLE, SeqCst);
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The vigil takes the connection, if nothing was sent on it and the request is (still) the
    /// one that is meant.
    fn seize(&self, still: impl FnOnce() -> bool) -> Option<Client> {
        self.state.compare_exchange(RUNNING, SEIZED, SeqCst, SeqCst).ok()?;
        if !still() {
            self.state.store(RUNNING, SeqCst);
            return None;
        }
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The vigil answers in place of the core, if nothing was sent yet and the request is (still)
    /// the one that is meant.
    pub(super) fn turn_away(&self, still: impl FnOnce() -> bool) {
        if let Some(client) = self.seize(still) {
            let answer = ready(client.wire, client.stream, ANSWER);
            // a client that does not take it at once does not get it: nobody waits here
            if let Some(tls) = &client.tls {
                let _ = session::lock(tls).farewell(client.socket.as_fd(), &answer);
            } else {
                let _ = nix::unistd::write(&client.socket, &answer);
            }
            // before the core goes on: what it writes is lost
            let _ = shutdown(client.socket.as_raw_fd(), Shutdown::Both);
            self.state.store(TURNED, SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn who_comes_first_may_write() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let socket = Arc::new(OwnedFd::from(ours));
        let post = Post::default();
        assert!(post.seize(|| true).is_none(), "there is no request");
        post.enter(&socket, None, Wire::Http, 0);
        assert!(post.claim());
        assert!(post.seize(|| true).is_none(), "the core answers");
        post.leave();
        post.enter(&socket, None, Wire::Http, 0);
        assert!(post.seize(|| false).is_none(), "it is another request by now");
        assert!(post.claim());
        post.leave();
        post.enter(&socket, None, Wire::Http, 0);
        assert!(post.seize(|| true).is_some());
        assert!(post.seize(|| true).is_none(), "once");
    }

    #[test]
    fn who_was_turned_away_writes_into_nothing_and_does_not_wait_for_it() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let socket = Arc::new(OwnedFd::from(ours));
        let post = Post::default();
        post.enter(&socket, None, Wire::Http, 0);
        post.turn_away(|| true);
        assert!(!post.claim() && !post.claim());
        assert_eq!(nix::unistd::write(&socket, b"late"), Err(nix::errno::Errno::EPIPE));
        let mut text = String::new();
        theirs.read_to_string(&mut text).unwrap();
        assert_eq!(text, format!("HTTP/1.1 {ANSWER}"));
    }

    #[test]
    fn the_answer_is_as_long_as_it_says() {
        let (head, body) = ANSWER.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
    }
}
