//! Waiting at a start until something is there (`wait-for-*`, `wait_for_*`).

use std::fs;
use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use shared::settings::{Address, Awaited};

use super::{Stage, say};
use crate::launch::identity::as_tenant;

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(100);
/// How long one attempt to connect may take.
const CONNECT: Duration = Duration::from_secs(1);

/// Waits; a file of a stranger's does with the tenant's rights.
pub(super) fn wait(what: &Awaited, limit: Duration, stage: &Stage<'_>) -> io::Result<()> {
    let tenant = stage.access.tenant.filter(|_| !stage.access.roots);
    let there = || as_tenant(tenant, || Ok(is_there(what)));
    if there()? {
        return Ok(());
    }
    say(stage, &format!("waiting for {what} (at most {} s)...", limit.as_secs()));
    let until = Instant::now() + limit;
    while !there()? {
        if Instant::now() >= until {
            let text = format!("{what} is not there after {} s", limit.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn is_there(what: &Awaited) -> bool {
    match what {
        Awaited::Anything(path) => path.exists(),
        Awaited::File(path) => path.is_file(),
        Awaited::Directory(path) => path.is_dir(),
        Awaited::Mountpoint(path) => is_mountpoint(path),
        Awaited::Interface(name) => nix::net::if_::if_nametoindex(name.as_str()).is_ok(),
        Awaited::Socket(address) => accepts(address),
    }
}

/// Whether another file system begins here.
fn is_mountpoint(path: &Path) -> bool {
    let (Ok(here), Ok(above)) = (fs::metadata(path), fs::metadata(path.join(".."))) else {
        return false;
    };
    // the root directory is its own parent
    here.is_dir() && (here.dev() != above.dev() || here.ino() == above.ino())
}

fn accepts(address: &Address) -> bool {
    match address {
        Address::Tcp(address) => TcpStream::connect_timeout(address, CONNECT).is_ok(),
        Address::Unix(path) => UnixAddr::new(path).is_ok_and(|address| listens(&address)),
        Address::Abstract(name) => {
            UnixAddr::new_abstract(name.as_ref()).is_ok_and(|address| listens(&address))
        }
        Address::Descriptor(_) => false,
    }
}

/// Whether somebody listens at a UNIX address. A connection that blocks would wait for room in
/// the queue without any limit (unix(7)); a full queue says as well that somebody is there.
fn listens(address: &UnixAddr) -> bool {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let Ok(client) = socket(AddressFamily::Unix, SockType::Stream, flags, None) else {
        return false;
    };
    matches!(connect(client.as_raw_fd(), address), Ok(()) | Err(Errno::EAGAIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_from_the_others() {
        let place = tempfile::tempdir().unwrap();
        let (directory, file) = (place.path().to_owned(), place.path().join("f"));
        assert!(!is_there(&Awaited::Anything(file.clone())));
        fs::write(&file, "").unwrap();
        assert!(is_there(&Awaited::Anything(file.clone())));
        assert!(is_there(&Awaited::File(file.clone())));
        assert!(!is_there(&Awaited::File(directory.clone())));
        assert!(is_there(&Awaited::Directory(directory.clone())));
        assert!(!is_there(&Awaited::Directory(file)));
        assert!(!is_there(&Awaited::Mountpoint(directory)));
        assert!(is_there(&Awaited::Mountpoint("/proc".into())));
        assert!(is_there(&Awaited::Mountpoint("/".into())));
        assert!(is_there(&Awaited::Interface("lo".into())));
        assert!(!is_there(&Awaited::Interface("nosuch0".into())));
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        assert!(is_there(&Awaited::Socket(Address::Tcp(address))));
        drop(socket);
        assert!(!is_there(&Awaited::Socket(Address::Tcp(address))));
    }

    #[test]
    fn a_listener_whose_queue_is_full_is_there() {
        use nix::sys::socket::{Backlog, bind, listen};
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("s");
        let awaited = Awaited::Socket(Address::Unix(path.clone()));
        assert!(!is_there(&awaited));
        let address = UnixAddr::new(&path).unwrap();
        let make = || {
            let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
            super::socket(AddressFamily::Unix, SockType::Stream, flags, None).unwrap()
        };
        let server = make();
        bind(server.as_raw_fd(), &address).unwrap();
        assert!(!is_there(&awaited), "nobody listens");
        listen(&server, Backlog::new(1).unwrap()).unwrap();
        let clients: Vec<_> = (0..9).map(|_| make()).collect();
        let full =
            |one: &std::os::fd::OwnedFd| connect(one.as_raw_fd(), &address) == Err(Errno::EAGAIN);
        assert!(clients.iter().any(full));
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || tell.send(is_there(&awaited)));
        assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(true));
    }
}
