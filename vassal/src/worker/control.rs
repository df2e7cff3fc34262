//! The messages between a worker and its master: JSON in packets of a socket pair that only
//! these two hold.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::sys::descriptor;

/// The largest packet, bytes.
pub const PACKET_MAX: usize = 64 * 1024;

/// Master to worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Finish what is in hand, let go of the rest, end. With the packet may travel the socket
    /// on which idle connections are passed to the successors.
    Drain,
    /// The same where another process tree serves on the same sockets: idle connections cannot
    /// be passed to it, so their clients are given time for one more request.
    Relieved,
    /// Look whether connections wait: the kernel may have woken a worker that is dead now.
    Look,
    /// Accept no more connections for now.
    Pause,
    /// Accept connections again.
    Resume,
}

/// Worker to master.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// The process exists, with this pid, and has the master as its parent.
    Born(i32),
    /// It accepts requests.
    Accepting,
    /// It has served its first request.
    Loyal,
    /// A request runs longer than `harakiri` allows: it wants to be killed.
    Stuck,
    /// It wants to be replaced (`max-requests`).
    Full,
    /// Files that modules were loaded from since (`py-autoreload`).
    Modules(Vec<String>),
    /// The application could not be loaded (`lazy-apps`).
    NoApp(String),
    /// The nursery says that it cannot fork this worker: why.
    NoFork(String),
}

/// [`News::Full`] as it is sent, for a signal handler, which may not make a text.
pub const FULL: &[u8] = b"\"full\"";

/// Sends a message as one packet.
pub fn send<T: Serialize>(
    socket: impl AsFd,
    message: &T,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    descriptor::send(socket, &serde_json::to_vec(message)?, descriptors)
}

/// Receives a message; `None` when the other end is closed.
pub fn receive<T: DeserializeOwned>(socket: impl AsFd) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut buffer = vec![0; PACKET_MAX];
    let (size, descriptors) = descriptor::receive(socket, &mut buffer)?;
    if size == 0 {
        return Ok(None);
    }
    Ok(Some((serde_json::from_slice(&buffer[..size])?, descriptors)))
}

#[cfg(test)]
mod tests {
    use super::{FULL, News};

    #[test]
    fn the_packet_of_a_signal_handler_is_what_serde_writes() {
        assert_eq!(serde_json::to_vec(&News::Full).unwrap(), FULL);
    }
}
