//! Accepting, and what the kernel knows of a socket.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::sys::socket::{SockFlag, accept4, setsockopt, sockopt};

/// Takes one connection from a listener: non-blocking, close-on-exec.
pub fn accept(listener: impl AsFd) -> io::Result<OwnedFd> {
    let raw =
        accept4(listener.as_fd().as_raw_fd(), SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC)?;
    // SAFETY: the kernel has just made this number; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// Sends small writes at once (TCP_NODELAY).
pub fn nodelay(socket: impl AsFd) -> io::Result<()> {
    Ok(setsockopt(&socket, sockopt::TcpNoDelay, &true)?)
}

/// How many connections wait on a TCP listener, and how many may: `(queue, limit)`.
pub fn backlog(listener: impl AsFd) -> io::Result<(u32, u32)> {
    let mut info = std::mem::MaybeUninit::<libc::tcp_info>::zeroed();
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes into `info`, which is that large.
    let answer = unsafe {
        libc::getsockopt(
            listener.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: every bit pattern of this struct of integers is valid, and it was zeroed.
    let info = unsafe { info.assume_init() };
    Ok((info.tcpi_unacked, info.tcpi_sacked))
}
