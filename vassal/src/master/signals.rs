//! What the operating system tells the master.

use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use shared::sys::process;
use tokio::signal::unix::{SignalKind, signal};

use super::{Fact, Facts};

/// Turns signals into facts: those that mean something by themselves.
pub(super) fn watch(facts: &Facts) -> std::io::Result<()> {
    for kind in ALWAYS {
        watch_one(kind, facts)?;
    }
    Ok(())
}

/// The signals that mean something by themselves.
pub(super) const ALWAYS: [Signal; 8] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGTSTP,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGCHLD,
];

/// Turns one signal into facts.
pub(super) fn watch_one(kind: Signal, facts: &Facts) -> std::io::Result<()> {
    let mut stream = signal(SignalKind::from_raw(kind as i32))?;
    let facts = facts.clone();
    tokio::spawn(async move {
        while stream.recv().await.is_some() {
            if facts.send(Fact::Signal(kind)).await.is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Reaps dead children that nobody else waits for: what the application left behind, and the
/// processes between two forks.
pub(super) fn reap_strangers(known: &[Pid], helper: Option<Pid>) {
    let Ok(children) = process::children() else { return };
    for pid in children {
        if !known.contains(&pid) && Some(pid) != helper {
            let _ = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG);
        }
    }
}
