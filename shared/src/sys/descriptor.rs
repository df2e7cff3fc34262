//! Descriptors: pairs, flags, and passing them between processes (SCM_RIGHTS).
//!
//! Every descriptor made here is close-on-exec; what has to cross an exec is said by
//! [`inheritable`], in one place of the caller.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::cmsg_space;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixAddr,
    recvmsg, sendmsg, socketpair,
};

/// The most descriptors that one message carries (the kernel allows 253).
pub const DESCRIPTORS_MAX: usize = 250;

/// A connected pair that keeps message boundaries.
pub fn packet_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?)
}

/// A connected stream pair.
pub fn stream_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)?)
}

/// Lets a descriptor stay open over an exec (or not).
pub fn inheritable(fd: impl AsFd, yes: bool) -> io::Result<()> {
    let flag = if yes { FdFlag::empty() } else { FdFlag::FD_CLOEXEC };
    fcntl(fd, FcntlArg::F_SETFD(flag))?;
    Ok(())
}

/// Switches a descriptor to non-blocking (or back).
pub fn nonblocking(fd: impl AsFd, yes: bool) -> io::Result<()> {
    let mut flags = OFlag::from_bits_retain(fcntl(fd.as_fd(), FcntlArg::F_GETFL)?);
    flags.set(OFlag::O_NONBLOCK, yes);
    fcntl(fd, FcntlArg::F_SETFL(flags))?;
    Ok(())
}

/// A second descriptor for the same file, close-on-exec, numbered 3 or more.
pub fn duplicate(fd: impl AsFd) -> io::Result<OwnedFd> {
    let raw = fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(3))?;
    // SAFETY: the kernel has just made this number for us and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// Takes ownership of a descriptor that this process was started with.
///
/// Returns `None` when nothing is open there. To be called once a number, early, by the code
/// that knows what the number means (`UWSGI_EMPEROR_FD`, `LISTEN_FDS`, standard input).
pub fn inherited(number: RawFd) -> Option<OwnedFd> {
    if number < 0 {
        return None;
    }
    // SAFETY: F_GETFD only asks; an unused number answers EBADF.
    if unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return None;
    }
    // SAFETY: the number is open, it came from whoever started this process, and by this
    // function's contract no other owner of it exists in this process.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// A copy of a descriptor that belongs to somebody else, by its number; `None` when it is not open.
pub fn copy_of(number: RawFd) -> Option<OwnedFd> {
    // SAFETY: the call takes two integers and makes a new descriptor, whatever the old one is.
    let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) };
    if copy < 0 {
        return None;
    }
    // SAFETY: the number was made by this call, so nobody else owns it.
    Some(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// Replaces standard input, output or error (0, 1, 2) by `source`.
pub fn become_standard(source: BorrowedFd<'_>, number: RawFd) -> io::Result<()> {
    debug_assert!((0..=2).contains(&number));
    // SAFETY: dup2 onto 0..2 closes what was there; no `OwnedFd` of this process owns a
    // standard descriptor, so no owner is left with a number that means something else.
    if unsafe { libc::dup2(source.as_raw_fd(), number) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Sends one message with descriptors. A non-blocking socket that is full gives `WouldBlock`.
pub fn send(socket: impl AsFd, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let raw: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control: &[ControlMessage<'_>] = if raw.is_empty() { &[] } else { &rights };
    let sent = sendmsg::<UnixAddr>(
        socket.as_fd().as_raw_fd(),
        &[IoSlice::new(bytes)],
        control,
        MsgFlags::MSG_NOSIGNAL,
        None,
    )?;
    if sent != bytes.len() {
        return Err(io::Error::new(io::ErrorKind::WriteZero, "message was cut"));
    }
    Ok(())
}

/// Receives one message and its descriptors (close-on-exec) into `buffer`.
///
/// Zero bytes mean that the other end is closed. A message or a list of descriptors that does
/// not fit is an error, and what came of it is closed.
pub fn receive(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = cmsg_space!([RawFd; DESCRIPTORS_MAX]);
    let mut parts = [IoSliceMut::new(buffer)];
    let message = recvmsg::<UnixAddr>(
        socket.as_fd().as_raw_fd(),
        &mut parts,
        Some(&mut space),
        MsgFlags::MSG_CMSG_CLOEXEC,
    )?;
    let mut descriptors = Vec::new();
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(raw) = control {
            // SAFETY: the kernel installed these numbers for this call; they have no other owner.
            descriptors.extend(raw.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    if message.flags.intersects(MsgFlags::MSG_TRUNC | MsgFlags::MSG_CTRUNC) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "message does not fit"));
    }
    Ok((message.bytes, descriptors))
}

/// Closes every descriptor from `first` on, those of this process's `OwnedFd`s included: only
/// for a process that is about to exec.
pub fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: close_range takes three integers. Callers exec next, so no owner closes twice.
    if unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Marks every descriptor from `first` on close-on-exec: whatever we were started with does not
/// reach what we start.
pub fn close_on_exec_from(first: u32) -> io::Result<()> {
    // SAFETY: close_range with this flag takes three integers and only changes flags.
    let answer =
        unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;

    use super::*;

    #[test]
    fn a_descriptor_arrives_with_its_message() {
        let (left, right) = packet_pair().unwrap();
        let file = File::open("/proc/self/stat").unwrap();
        send(&left, b"hello", &[file.as_fd()]).unwrap();
        let mut buffer = [0; 16];
        let (size, mut descriptors) = receive(&right, &mut buffer).unwrap();
        assert_eq!(&buffer[..size], b"hello");
        assert_eq!(descriptors.len(), 1);
        let mut text = String::new();
        File::from(descriptors.remove(0)).read_to_string(&mut text).unwrap();
        assert!(text.starts_with(&std::process::id().to_string()));
    }

    #[test]
    fn a_message_that_does_not_fit_is_an_error() {
        let (left, right) = packet_pair().unwrap();
        send(&left, b"0123456789", &[]).unwrap();
        let error = receive(&right, &mut [0; 4]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
