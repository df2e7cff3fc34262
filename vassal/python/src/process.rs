//! What a nursery and its workers ask of the kernel as processes.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI32};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, geteuid, getppid};
use pyo3::ffi;
use shared::sys::process::{die_with_parent, leave};
use vassal::worker::control::FULL;

/// The longest that a worker waits to become its master's child.
const ADOPTION: Duration = Duration::from_secs(10);

extern "C" fn nothing(_signal: i32) {}

/// Signals of a terminal or of an operator are the master's to act on: they do nothing here.
/// TERM ends the process, as uWSGI's workers do; what HUP does to a worker, [`heed`] says.
pub(crate) fn signals() -> io::Result<()> {
    // a handler, not "ignore", which would be inherited by what the application executes
    let deaf = SigAction::new(SigHandler::Handler(nothing), SaFlags::SA_RESTART, SigSet::empty());
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    let operators =
        [Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2];
    for signal in operators {
        // SAFETY: the handler does nothing at all.
        unsafe { sigaction(signal, &deaf) }?;
    }
    // SAFETY: the default action needs no code of ours.
    unsafe { sigaction(Signal::SIGTERM, &default) }?;
    Ok(())
}

/// The control socket of this worker, for the handler below; -1: there is none.
static CONTROL: AtomicI32 = AtomicI32::new(-1);

extern "C" fn ask_for_a_successor(_signal: i32) {
    let socket = CONTROL.load(Relaxed);
    if socket >= 0 && !FORKED.load(Relaxed) {
        let before = Errno::last_raw();
        let flags = nix::libc::MSG_DONTWAIT | nix::libc::MSG_NOSIGNAL;
        // SAFETY: send may be called in a signal handler; the bytes are a constant, and the
        // descriptor is one that this process never closes.
        unsafe { nix::libc::send(socket, FULL.as_ptr().cast(), FULL.len(), flags) };
        Errno::set_raw(before);
    }
}

/// From here on a HUP has this worker replaced once it has finished its requests, as uWSGI's
/// workers are.
///
/// `control` stays open as long as the process lives. What the application made of the signal
/// while it was imported stays as it is.
pub(crate) fn heed(control: BorrowedFd<'_>) -> io::Result<()> {
    CONTROL.store(control.as_raw_fd(), Relaxed);
    let asks = SigHandler::Handler(ask_for_a_successor);
    let asks = SigAction::new(asks, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler loads atomics and sends a constant; it leaves errno as it was.
    let before = unsafe { sigaction(Signal::SIGHUP, &asks) }?;
    let ours = matches!(before.handler(), SigHandler::Handler(handler)
        if std::ptr::fn_addr_eq(handler, nothing as extern "C" fn(i32)));
    if !ours {
        // SAFETY: what was there before.
        unsafe { sigaction(Signal::SIGHUP, &before) }?;
    }
    Ok(())
}

/// Asks to be killed with the parent, and sees that it is the right one.
pub(crate) fn belong_to(master: Pid) -> io::Result<()> {
    die_with_parent(Signal::SIGKILL)?;
    if getppid() == master { Ok(()) } else { Err(io::Error::other("the master is gone")) }
}

/// Forks a grandchild that becomes the master's child, which is a sub-reaper; runs Python's own
/// fork hooks around it. Returns in the grandchild with `true`, in the nursery with `false`.
///
/// The lock is held.
pub(crate) fn fork_worker() -> io::Result<bool> {
    // SAFETY: the hooks bracket the fork as CPython's own os.fork does; they take the import lock
    // and run what the application registered. This process has one thread of ours; threads that
    // the application started do not exist in the child, as after any os.fork of its own.
    unsafe {
        ffi::PyOS_BeforeFork();
        match fork() {
            Ok(ForkResult::Child) => match fork() {
                Ok(ForkResult::Child) => {
                    ffi::PyOS_AfterFork_Child();
                    Ok(true)
                }
                Ok(ForkResult::Parent { .. }) => leave(0),
                Err(error) => leave(error as i32),
            },
            Ok(ForkResult::Parent { child }) => {
                ffi::PyOS_AfterFork_Parent();
                loop {
                    match waitpid(child, None) {
                        // ECHILD: the application ignores dead children; a worker that exists
                        // reports by itself
                        Ok(WaitStatus::Exited(_, 0)) | Err(Errno::ECHILD) => return Ok(false),
                        Ok(WaitStatus::Exited(_, code)) => {
                            return Err(io::Error::from_raw_os_error(code));
                        }
                        Ok(_) => {
                            return Err(io::Error::other("the process between ended by a signal"));
                        }
                        // the application handles signals of its own
                        Err(Errno::EINTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            Err(error) => {
                ffi::PyOS_AfterFork_Parent();
                Err(error.into())
            }
        }
    }
}

/// Waits until the master is this process's parent.
pub(crate) fn await_adoption(master: Pid) -> io::Result<()> {
    let start = Instant::now();
    while getppid() != master {
        if start.elapsed() > ADOPTION {
            return Err(io::Error::other("the master does not adopt this worker"));
        }
        // the process between is on its way out: this is a matter of microseconds
        std::thread::yield_now();
    }
    belong_to(master)
}

/// Keeps the pages of this process out of swap, each from when it is touched: what is shared with
/// the nursery stays so. A fork does not inherit it. Under a limit nothing is locked: later
/// allocations would fail at it.
pub(crate) fn never_swap() -> io::Result<()> {
    let (most, _) = getrlimit(Resource::RLIMIT_MEMLOCK)?;
    if most != RLIM_INFINITY && !geteuid().is_root() {
        return Err(io::Error::other("not all memory may be locked (ulimit -l): none is"));
    }
    let flags = MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE;
    let on_fault = MlockAllFlags::from_bits_retain(nix::libc::MCL_ONFAULT);
    Ok(mlockall(flags | on_fault)?)
}

/// Whether this process was forked by the application of a worker.
static FORKED: AtomicBool = AtomicBool::new(false);

extern "C" fn in_child() {
    FORKED.store(true, Relaxed);
}

/// From here on a fork is the application's own doing.
pub(crate) fn notice_forks() {
    // SAFETY: the handler stores one atomic, which is safe after a fork; this library is never
    // unloaded. Should there be no memory for it, forks are not noticed.
    unsafe { nix::libc::pthread_atfork(None, None, Some(in_child)) };
}

/// Ends a process that the application forked and that came back from the application: there must
/// not be two that answer this client and serve on.
pub(crate) fn end_if_forked() {
    if FORKED.load(Relaxed) {
        let pid = Pid::this();
        eprintln!("pid {pid}: forked by the application, came back from its request: ended");
        leave(1);
    }
}
