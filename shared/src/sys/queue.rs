//! How many connections wait on a listening UNIX socket: the kernel tells by netlink only
//! (sock_diag(7)), which uWSGI never asked.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};
use nix::sys::stat::fstat;

/// `SOCK_DIAG_BY_FAMILY`.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
/// `UDIAG_SHOW_RQLEN`: the lengths of the queue are wanted.
const SHOW_QUEUE: u32 = 0x10;
/// `UNIX_DIAG_RQLEN`: the attribute that holds them.
const QUEUE: u16 = 4;
/// Bytes of a netlink head (`nlmsghdr`) and of what this answer begins with (`unix_diag_msg`).
const HEAD: usize = 16;
const ANSWER: usize = 16;

/// How many connections wait on a listening UNIX socket, and how many may: `(queue, limit)`.
/// An error where the kernel does not tell.
pub fn of(listener: impl AsFd) -> io::Result<(u32, u32)> {
    let inode = fstat(listener.as_fd())?.st_ino as u32;
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let diag = SockProtocol::NetlinkSockDiag;
    let netlink = socket(AddressFamily::Netlink, SockType::Raw, flags, diag)?;
    let fd = netlink.as_raw_fd();
    sendto(fd, &question(inode), &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
    let mut room = [0; 512];
    let count = recv(fd, &mut room, MsgFlags::empty())?;
    answer(&room[..count]).ok_or_else(|| io::Error::other("the kernel tells no queue"))
}

/// Asks about the socket of this inode.
fn question(inode: u32) -> Vec<u8> {
    let family = libc::AF_UNIX as u8;
    let mut body = vec![family, 0, 0, 0];
    // every state; any cookie
    for word in [u32::MAX, inode, SHOW_QUEUE, u32::MAX, u32::MAX] {
        body.extend_from_slice(&word.to_ne_bytes());
    }
    let mut packet = ((HEAD + body.len()) as u32).to_ne_bytes().to_vec();
    packet.extend_from_slice(&BY_FAMILY.to_ne_bytes());
    packet.extend_from_slice(&REQUEST.to_ne_bytes());
    packet.extend_from_slice(&[0; 8]);
    packet.extend_from_slice(&body);
    packet
}

/// Finds the lengths among the attributes of an answer.
fn answer(packet: &[u8]) -> Option<(u32, u32)> {
    let short = |at: usize| Some(u16::from_ne_bytes(packet.get(at..at + 2)?.try_into().ok()?));
    let word = |at: usize| Some(u32::from_ne_bytes(packet.get(at..at + 4)?.try_into().ok()?));
    if short(4)? != BY_FAMILY {
        return None;
    }
    let mut at = HEAD + ANSWER;
    loop {
        let (size, kind) = (usize::from(short(at)?), short(at + 2)?);
        if kind == QUEUE {
            return Some((word(at + 4)?, word(at + 8)?));
        }
        // each attribute begins at a multiple of four
        at += size.max(4).next_multiple_of(4);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn connections_that_wait_are_counted() {
        let place = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(place.path().join("socket")).unwrap();
        let Ok((before, limit)) = of(&listener) else {
            eprintln!("not run: this kernel does not tell");
            return;
        };
        assert_eq!(before, 0);
        assert!(limit > 0);
        let waiting: Vec<UnixStream> =
            (0..3).map(|_| UnixStream::connect(place.path().join("socket")).unwrap()).collect();
        assert_eq!(of(&listener).unwrap(), (3, limit));
        drop(listener.accept().unwrap());
        assert_eq!(of(&listener).unwrap(), (2, limit));
        drop(waiting);
    }

    #[test]
    fn what_is_no_answer_has_no_lengths() {
        assert_eq!(answer(&[]), None);
        assert_eq!(answer(&[0; 64]), None);
        let mut packet = vec![0; 32];
        packet[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
        // an attribute without a size, again and again, up to the end
        packet.extend_from_slice(&[0; 40]);
        assert_eq!(answer(&packet), None);
    }
}
