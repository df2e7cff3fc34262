//! `daemonize` without an Emperor: leave the terminal, but not before the start is known to be
//! good or bad, so that the shell that started us gets the errors and a true exit code.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::OFlag;
use nix::unistd::{pipe2, setsid};
use shared::exit::Exit;
use shared::sys::descriptor;
use shared::sys::process::{Fork, SingleThreaded, fork, leave};

/// Which process goes on after [`detach`].
#[derive(Debug)]
pub enum Detached {
    /// The daemon; it tells the terminal when it stands.
    Daemon(Notice),
    /// The one at the terminal, which ends with this.
    Terminal(Exit),
}

/// The daemon's word to the process at the terminal.
#[derive(Debug)]
pub struct Notice {
    pipe: OwnedFd,
}

impl Notice {
    /// Everything stands: the shell may go on.
    pub fn stands(self) {
        // a terminal that was closed meanwhile does not concern the daemon
        let _ = File::from(self.pipe).write_all(b"1");
    }
}

/// Forks twice into a session of its own. The process at the terminal waits for the daemon.
pub fn detach() -> io::Result<Detached> {
    let (from, to) = pipe2(OFlag::O_CLOEXEC)?;
    let proof = SingleThreaded::prove()?;
    if let Fork::Parent(_) = fork(&proof)? {
        drop(to);
        let mut word = [0; 1];
        let stands = File::from(from).read(&mut word)? == 1;
        return Ok(Detached::Terminal(if stands { Exit::Success } else { Exit::Failure }));
    }
    drop(from);
    setsid()?;
    if let Fork::Parent(_) = fork(&proof)? {
        leave(0);
    }
    descriptor::become_standard(File::open("/dev/null")?.as_fd(), 0)?;
    Ok(Detached::Daemon(Notice { pipe: to }))
}
