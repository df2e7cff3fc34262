//! Who is at the other end of a UNIX socket, as the kernel knows it.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

/// The process at the other end when the connection was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Process id.
    pub pid: i32,
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

/// Asks the kernel (SO_PEERCRED, SO_PEERGROUPS).
pub fn peer(socket: impl AsFd) -> io::Result<Peer> {
    let who = getsockopt(&socket, PeerCredentials)?;
    Ok(Peer {
        pid: who.pid(),
        uid: who.uid(),
        gid: who.gid(),
        groups: groups(socket.as_fd().as_raw_fd())?,
    })
}

fn groups(fd: i32) -> io::Result<Vec<u32>> {
    let mut list: Vec<libc::gid_t> = vec![0; 64];
    loop {
        let mut length = (list.len() * size_of::<libc::gid_t>()) as libc::socklen_t;
        // SAFETY: the kernel writes at most `length` bytes into `list`, which is that long, and
        // stores in `length` how many it wrote or would need.
        let answer = unsafe {
            libc::getsockopt(
                fd,
                libc::SOL_SOCKET,
                libc::SO_PEERGROUPS,
                list.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        let count = length as usize / size_of::<libc::gid_t>();
        match answer {
            0 => {
                list.truncate(count);
                return Ok(list);
            }
            _ if io::Error::last_os_error().raw_os_error() == Some(libc::ERANGE)
                && count > list.len() =>
            {
                list.resize(count, 0);
            }
            _ => return Err(io::Error::last_os_error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn the_peer_of_our_own_pair_is_us() {
        let (one, _two) = UnixStream::pair().unwrap();
        let who = peer(&one).unwrap();
        assert_eq!(who.pid, std::process::id() as i32);
        assert_eq!(who.uid, nix::unistd::geteuid().as_raw());
    }
}
