//! What the tenant's processes print goes through the master, so that nobody is killed by
//! SIGPIPE when a reader goes, and so that a log that is stuck holds nobody up.

use std::io::{PipeReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;

/// Bytes of a generation's output that are kept to explain its end.
const TAIL_MAX: usize = 8 * 1024;
/// A pipe that is writable takes at least this much without waiting (PIPE_BUF).
const PIECE: usize = 4096;

/// The last output of a generation.
pub(super) type Tail = Arc<Mutex<Vec<u8>>>;

/// Copies a pipe to the master's standard error until its last writer is gone.
pub(super) fn copy(pipe: PipeReader, copies: &mut JoinSet<()>) -> std::io::Result<Tail> {
    let tail = Tail::default();
    let keep = Arc::clone(&tail);
    let mut pipe = tokio::net::unix::pipe::Receiver::from_owned_fd(OwnedFd::from(pipe))?;
    copies.spawn(async move {
        let mut buffer = vec![0; 16 * 1024];
        let mut dropped = 0;
        while let Ok(count) = pipe.read(&mut buffer).await {
            if count == 0 {
                return;
            }
            write(&buffer[..count], &mut dropped);
            let mut kept = keep.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&buffer[..count]);
            let over = kept.len().saturating_sub(TAIL_MAX);
            kept.drain(..over);
        }
    });
    Ok(tail)
}

/// The kept output as text.
pub(super) fn text(tail: &Tail) -> String {
    String::from_utf8_lossy(&tail.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// Writes what the log takes without waiting; the rest is counted, and the count is told when
/// the log takes something again.
fn write(bytes: &[u8], dropped: &mut usize) {
    let stderr = std::io::stderr();
    for piece in bytes.chunks(PIECE) {
        let mut watch = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
        let ready = matches!(poll(&mut watch, PollTimeout::ZERO), Ok(1));
        if !ready {
            *dropped += piece.len();
            continue;
        }
        let mut out = stderr.lock();
        if *dropped > 0 {
            let lost = std::mem::take(dropped);
            let _ = writeln!(out, "\n[{lost} bytes of output were dropped: the log was full]");
        }
        let _ = out.write_all(piece);
    }
}

/// One line of the master's own.
pub(super) fn say(text: &str) {
    write(format!("{text}\n").as_bytes(), &mut 0);
}
