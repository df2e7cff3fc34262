//! Processes: fork with a proof of one thread, pidfds, death signals.

use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::{ForkResult, Pid};

/// Proof that this process has one thread. It cannot leave the thread that made it.
#[derive(Debug)]
pub struct SingleThreaded {
    here: PhantomData<*const ()>,
}

impl SingleThreaded {
    /// Counts `/proc/self/task`. Where there is no `/proc` (some chroots) nothing can be
    /// counted and the answer is yes: the callers start no thread before they fork.
    pub fn prove() -> io::Result<Self> {
        let tasks = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
        if tasks > 1 {
            return Err(io::Error::other("this process has several threads and cannot fork"));
        }
        Ok(Self { here: PhantomData })
    }
}

/// Which side of a fork this is.
#[derive(Debug)]
pub enum Fork {
    /// The new process.
    Child,
    /// The process that forked.
    Parent(Pid),
}

/// Forks a process that has one thread. The child leaves by [`leave`] or an exec.
pub fn fork(_proof: &SingleThreaded) -> io::Result<Fork> {
    // SAFETY: with one thread no lock can be held by a thread that does not exist in the
    // child, which is the condition for running ordinary code there.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Child => Ok(Fork::Child),
        ForkResult::Parent { child } => Ok(Fork::Parent(child)),
    }
}

/// Ends a forked child at once: no destructors, no flushing of what the parent buffered.
pub fn leave(code: i32) -> ! {
    // SAFETY: _exit has no conditions; the kernel closes everything.
    unsafe { libc::_exit(code) }
}

/// A stable handle of a process: signals and waits through it never hit a recycled pid.
pub fn pidfd(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_open takes two integers and makes a descriptor that nobody else owns.
    let raw = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as above: fresh from the kernel.
    Ok(unsafe { OwnedFd::from_raw_fd(raw as RawFd) })
}

/// Signals a process by its pidfd. A process that is gone is not an error (`Ok(false)`).
pub fn signal(pidfd: impl AsFd, signal: Signal) -> io::Result<bool> {
    // SAFETY: the descriptor is borrowed for the call and a null siginfo means "as kill()".
    let answer = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_fd().as_raw_fd(),
            signal as i32,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    match answer {
        0 => Ok(true),
        _ if Errno::last() == Errno::ESRCH => Ok(false),
        _ => Err(io::Error::last_os_error()),
    }
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this code.
    Code(i32),
    /// This signal killed it.
    Signal(i32),
}

impl std::fmt::Display for Ended {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(out, "exit code {code}"),
            Self::Signal(number) => match Signal::try_from(*number) {
                Ok(signal) => write!(out, "signal {number} ({signal})"),
                Err(_) => write!(out, "signal {number}"),
            },
        }
    }
}

/// Reaps a child by its pidfd without waiting. `None`: it still runs.
///
/// A process that is not a child of this one gives `ECHILD`: a pid that a tenant reported can
/// be checked so.
pub fn reap(pidfd: impl AsFd) -> io::Result<Option<Ended>> {
    let status = waitid(Id::PIDFd(pidfd.as_fd()), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG)?;
    Ok(match status {
        WaitStatus::Exited(_, code) => Some(Ended::Code(code)),
        WaitStatus::Signaled(_, signal, _) => Some(Ended::Signal(signal as i32)),
        _ => None,
    })
}

/// The pids of this process's children, stopped and dead ones included.
///
/// Reads `/proc/self/task/*/children` and, where the kernel lacks it, every `/proc/*/stat`.
pub fn children() -> io::Result<Vec<Pid>> {
    children_of(Pid::this())
}

/// The pids of the children of `parent`.
pub fn children_of(parent: Pid) -> io::Result<Vec<Pid>> {
    let mut found = Vec::new();
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task"))?;
    let mut listed = false;
    for task in tasks.flatten() {
        if let Ok(text) = std::fs::read_to_string(task.path().join("children")) {
            listed = true;
            found.extend(text.split_whitespace().filter_map(|p| p.parse().ok().map(Pid::from_raw)));
        }
    }
    if listed {
        return Ok(found);
    }
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // the command's name may hold spaces and parentheses: fields count from the last one
        let after = stat.rsplit(')').next().unwrap_or_default();
        if after.split_whitespace().nth(1).and_then(|p| p.parse().ok()) == Some(parent.as_raw()) {
            found.push(Pid::from_raw(pid));
        }
    }
    Ok(found)
}

/// Kills every descendant that is, or becomes, a child of this process (which has to be a
/// sub-reaper), and reaps them, until none is left or `rounds` are over. Returns how many died.
pub fn end_descendants(rounds: u32) -> usize {
    let mut ended = 0;
    for _ in 0..rounds {
        let Ok(list) = children() else { return ended };
        if list.is_empty() {
            return ended;
        }
        for pid in list {
            let Ok(handle) = pidfd(pid) else { continue };
            if signal(&handle, Signal::SIGKILL).is_ok()
                && waitid(Id::PIDFd(handle.as_fd()), WaitPidFlag::WEXITED).is_ok()
            {
                ended += 1;
            }
        }
    }
    ended
}

/// Asks the kernel to send `signal` when the thread that made this process ends.
///
/// To be called after every change of credentials (the kernel clears it then). The caller
/// looks at its parent afterwards: it may have gone before.
pub fn die_with_parent(signal: Signal) -> io::Result<()> {
    Ok(nix::sys::prctl::set_pdeathsig(signal)?)
}

/// Sets the nice value of this process, -20 to 19; children inherit it.
pub fn renice(value: i32) -> io::Result<()> {
    // SAFETY: three integers; the call touches no memory of ours.
    match unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, value) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The kernel kills what this command becomes as soon as the thread that starts it ends.
pub fn dying_with_us(command: &mut Command) -> &mut Command {
    let parent = Pid::this();
    // SAFETY: between fork and exec the closure makes two system calls, allocates nothing and
    // takes no lock.
    unsafe {
        command.pre_exec(move || {
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
            // it may have ended before
            if Pid::parent() == parent { Ok(()) } else { Err(Errno::ESRCH.into()) }
        })
    }
}

/// Makes orphaned descendants children of this process.
pub fn become_subreaper() -> io::Result<()> {
    Ok(nix::sys::prctl::set_child_subreaper(true)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_child_is_seen_and_reaped_through_its_pidfd() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let handle = pidfd(Pid::from_raw(child.id() as i32)).unwrap();
        assert_eq!(reap(&handle).unwrap(), None);
        assert!(children().unwrap().contains(&Pid::from_raw(child.id() as i32)));
        assert!(signal(&handle, Signal::SIGKILL).unwrap());
        let ended = loop {
            if let Some(ended) = reap(&handle).unwrap() {
                break ended;
            }
        };
        assert_eq!(ended, Ended::Signal(9));
        assert!(!signal(&handle, Signal::SIGKILL).unwrap());
        assert!(child.wait().is_err(), "it was reaped above");
    }

    #[test]
    fn what_dies_with_us_ends_with_the_thread_that_started_it() {
        use std::os::unix::process::ExitStatusExt;
        let start = || dying_with_us(Command::new("sleep").arg("1000")).spawn().unwrap();
        let mut child = std::thread::spawn(start).join().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));
    }

    #[test]
    fn a_stranger_cannot_be_reaped() {
        let init = pidfd(Pid::from_raw(1)).unwrap();
        assert_eq!(reap(&init).unwrap_err().raw_os_error(), Some(libc::ECHILD));
    }
}
