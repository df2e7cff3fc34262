//! How request lines leave a worker: without waiting longer than a moment, whatever happens to
//! the log, and without forgetting that some were lost.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// How long a full pipe is waited for, milliseconds: the master empties it all the time, unless
/// it is stuck itself.
const PATIENCE: u16 = 250;

/// Where lines go.
#[derive(Debug)]
pub(super) struct Outlet {
    /// Non-blocking; `None` is standard error as it is.
    pipe: Option<OwnedFd>,
    lost: AtomicU64,
    stuck: AtomicBool,
}

impl Outlet {
    /// Lines go into `pipe`, else into what standard error is.
    pub(super) fn new(pipe: Option<OwnedFd>) -> Self {
        // opened anew, because what the application prints shall not become non-blocking
        let standard = || {
            let flags = (OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).bits();
            File::options().write(true).custom_flags(flags).open("/proc/self/fd/2").ok()
        };
        let pipe = pipe.or_else(|| standard().map(OwnedFd::from));
        Self { pipe, lost: AtomicU64::new(0), stuck: AtomicBool::new(false) }
    }

    /// Writes a line; what the log does not take in time is lost, and the number is told later.
    pub(super) fn write(&self, line: &[u8]) {
        if self.lost.load(Relaxed) > 0 {
            let lost = self.lost.swap(0, Relaxed);
            let told = format!("[{lost} request lines were dropped: the log was stuck]\n");
            if !self.send(told.as_bytes()) {
                self.lost.fetch_add(lost, Relaxed);
            }
        }
        if !self.send(line) {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    fn send(&self, mut line: &[u8]) -> bool {
        let standard = std::io::stderr();
        let out = self.pipe.as_ref().map_or_else(|| standard.as_fd(), AsFd::as_fd);
        while !line.is_empty() {
            match nix::unistd::write(out, line) {
                Ok(count) => {
                    line = &line[count..];
                    self.stuck.store(false, Relaxed);
                }
                Err(Errno::EINTR) => {}
                // nobody waits twice for a log that is stuck
                Err(Errno::EAGAIN) if !self.stuck.load(Relaxed) => {
                    let mut watch = [PollFd::new(out, PollFlags::POLLOUT)];
                    if poll(&mut watch, PollTimeout::from(PATIENCE)) == Ok(0) {
                        self.stuck.store(true, Relaxed);
                    }
                }
                Err(_) => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::time::Instant;

    use shared::sys::descriptor;

    use super::*;

    #[test]
    fn a_pipe_that_nobody_reads_costs_one_moment_and_the_loss_is_told() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        descriptor::nonblocking(&writer, true).unwrap();
        let outlet = Outlet::new(Some(writer.into()));
        let line = [&[b'x'; 4095][..], b"\n"].concat();
        let begun = Instant::now();
        let written = 1000;
        for _ in 0..written {
            outlet.write(&line);
        }
        assert!(begun.elapsed().as_millis() < u128::from(PATIENCE) * 8, "{:?}", begun.elapsed());
        let lost = outlet.lost.load(Relaxed);
        assert!(lost > 0 && lost < written, "{lost}");
        let mut room = vec![0; 4096];
        reader.read_exact(&mut room).unwrap();
        reader.read_exact(&mut room).unwrap();
        outlet.write(b"again\n");
        assert_eq!(outlet.lost.load(Relaxed), 0);
        drop(outlet);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        let told = format!("[{lost} request lines were dropped: the log was stuck]\nagain\n");
        assert!(text.ends_with(&told), "{}", &text[text.len() - 100..]);
    }
}
