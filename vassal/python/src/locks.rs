//! The locks of `uwsgi.lock`, which all workers of a vassal share, old generations included.
//!
//! The kernel's record locks on a memory file keep processes apart, and let go of what a killed
//! worker held; threads of one process, which they do not keep apart, meet in front of them.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// How long to wait where the kernel takes waiting threads of two processes for a deadlock: it
/// cannot tell threads apart.
const AGAIN: Duration = Duration::from_millis(5);

/// All locks.
pub(crate) struct Locks {
    memory: OwnedFd,
    gates: Vec<Gate>,
}

/// Where the threads of one process meet.
#[derive(Default)]
struct Gate {
    /// The process one of whose threads has the lock. A forked process has none of them.
    holder: Mutex<u32>,
    given: Condvar,
}

impl Gate {
    fn holder(&self) -> MutexGuard<'_, u32> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Locks {
    /// `count` locks on a memory file of the master's.
    pub(crate) fn new(memory: OwnedFd, count: u32) -> Self {
        Self { memory, gates: (0..count.max(1)).map(|_| Gate::default()).collect() }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u32 {
        self.gates.len() as u32
    }

    /// Takes a lock, however long that takes. Who has it already waits for ever, as with
    /// uWSGI's.
    pub(crate) fn take(&self, number: u32) -> Result<(), String> {
        let gate = &self.gates[number as usize];
        let own = std::process::id();
        let mut holder = gate.holder();
        while *holder == own {
            holder = gate.given.wait(holder).unwrap_or_else(PoisonError::into_inner);
        }
        *holder = own;
        drop(holder);
        loop {
            match self.ask(number, libc::F_WRLCK, Wait::Yes) {
                Ok(()) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(Errno::EDEADLK) => std::thread::park_timeout(AGAIN),
                Err(error) => {
                    *gate.holder() = 0;
                    gate.given.notify_one();
                    return Err(format!("lock {number}: {error}"));
                }
            }
        }
    }

    /// Gives a lock back. Of one that this process does not have nothing changes.
    pub(crate) fn give(&self, number: u32) -> Result<(), String> {
        let gate = &self.gates[number as usize];
        let mut holder = gate.holder();
        if *holder != std::process::id() {
            return Ok(());
        }
        let given = self.ask(number, libc::F_UNLCK, Wait::No);
        *holder = 0;
        gate.given.notify_one();
        given.map_err(|error| format!("lock {number}: {error}"))
    }

    /// Whether any process has a lock.
    pub(crate) fn is_taken(&self, number: u32) -> Result<bool, String> {
        if *self.gates[number as usize].holder() == std::process::id() {
            return Ok(true);
        }
        let mut found = record(number, libc::F_WRLCK);
        let asked = fcntl(self.memory.as_fd(), FcntlArg::F_GETLK(&mut found));
        asked.map_err(|error| format!("lock {number}: {error}"))?;
        Ok(found.l_type != libc::F_UNLCK as libc::c_short)
    }

    fn ask(&self, number: u32, kind: i32, wait: Wait) -> nix::Result<()> {
        let record = record(number, kind);
        let what = match wait {
            Wait::Yes => FcntlArg::F_SETLKW(&record),
            Wait::No => FcntlArg::F_SETLK(&record),
        };
        fcntl(self.memory.as_fd(), what).map(drop)
    }
}

#[derive(Clone, Copy)]
enum Wait {
    Yes,
    No,
}

/// The lock's byte of the file, which need not be there.
fn record(number: u32, kind: i32) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: libc::off_t::from(number),
        l_len: 1,
        l_pid: 0,
    }
}
