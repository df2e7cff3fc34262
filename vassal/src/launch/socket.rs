//! Binds the listening sockets.
//!
//! A file that is root's own may have any port; a tenant's binds with the tenant's rights. The
//! same goes for UNIX sockets, by directory. A socket on which somebody listens is in use and is
//! never taken away; one that nobody listens on is stale and is replaced.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, UnixAddr, connect, getsockname,
    listen, setsockopt, socket, sockopt,
};
use nix::sys::stat::{FchmodatFlags, Mode, SFlag, fchmod, fchmodat, fstat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchownat, unlinkat};
use shared::plan::Plan;
use shared::settings::{Address, Listen};
use shared::sys::descriptor;

use super::access::{Access, Directory};
use super::identity::as_tenant;
use crate::handover::{Listener, Vacuum};

/// The longest path that fits into a socket's address.
const PATH_MAX: usize = 107;
/// Ports below this one are root's.
const LOW: u16 = 1024;

/// Why a socket cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody listens there.
    #[error(
        "{0}: address already in use: probably another instance of uWSGI is running on the same \
         address ({0})."
    )]
    InUse(String),
    /// There is a file of that name which is not a socket.
    #[error("{} exists and is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// The kernel's limit.
    #[error("{}: {} bytes are more than the {PATH_MAX} that a socket's path may have", .0.display(), .0.as_os_str().len())]
    TooLong(PathBuf),
    /// The socket was replaced between bind and chown.
    #[error("{}: another file took the socket's name", .0.display())]
    Replaced(PathBuf),
    /// `fd://` names what is not a listening socket.
    #[error("fd://{0}: not a listening socket that this program was started with")]
    NotInherited(u32),
    /// A port that belongs to root.
    #[error(
        "{0}: permission denied: ports below 1024 are root's: start as root with a file that is \
         root's own and names uid, or give the program CAP_NET_BIND_SERVICE, or use a higher port"
    )]
    LowPort(String),
    /// An address that no interface has.
    #[error("{0}: no interface of this machine has this address; freebind takes it all the same")]
    NotHere(String),
    /// The directory of a UNIX socket is missing.
    #[error("{}: there is no directory {}", .0.display(), .0.parent().unwrap_or(Path::new("/")).display())]
    NoDirectory(PathBuf),
    /// The kernel says no.
    #[error("{address}: {source}")]
    System {
        /// What was asked for.
        address: String,
        /// Why.
        source: io::Error,
    },
}

/// A bound socket, and what `vacuum` has to remove.
#[derive(Debug)]
pub struct Bound {
    /// The socket.
    pub listener: Listener,
    /// Its file, for UNIX sockets.
    pub vacuum: Option<Vacuum>,
}

/// What all sockets of a vassal have in common.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Modes, owners and backlog.
    pub plan: &'a Plan,
    /// Whose rights count.
    pub access: Access<'a>,
    /// The directory that relative paths count from.
    pub base: &'a Path,
    /// Tyrant mode: even the owner of a socket is changed with the tenant's rights.
    pub tyrant: bool,
}

/// Binds one socket, or takes over the one that was handed to us for it.
pub fn bind(asked: &Listen, given: Option<OwnedFd>, terms: &Terms<'_>) -> Result<Bound, Error> {
    let text = asked.address.to_string();
    let system = |source: io::Error| match (source.kind(), &asked.address) {
        (io::ErrorKind::AddrInUse, _) => Error::InUse(text.clone()),
        (io::ErrorKind::AddrNotAvailable, _) => Error::NotHere(text.clone()),
        (io::ErrorKind::PermissionDenied, Address::Tcp(tcp)) if tcp.port() < LOW => {
            Error::LowPort(text.clone())
        }
        (io::ErrorKind::NotFound, Address::Unix(path)) => Error::NoDirectory(terms.base.join(path)),
        _ => Error::System { address: text.clone(), source },
    };
    let mut result = asked.clone();
    let mut vacuum = None;
    let socket = match (&asked.address, given) {
        (Address::Unix(path), given) => {
            let (socket, file) = unix(&terms.base.join(path), given, terms, &system)?;
            vacuum = file;
            socket
        }
        (Address::Tcp(_) | Address::Abstract(_) | Address::Descriptor(_), Some(given)) => given,
        (Address::Tcp(address), None) => {
            let rights = terms.access.tenant.filter(|_| !terms.access.roots);
            as_tenant(rights, || tcp(*address, terms.plan)).map_err(system)?
        }
        (Address::Abstract(name), None) => {
            let address = std::os::unix::net::SocketAddr::from_abstract_name(name);
            address.and_then(|address| UnixListener::bind_addr(&address)).map_err(system)?.into()
        }
        (Address::Descriptor(number), None) => return Err(Error::NotInherited(*number)),
    };
    match &mut result.address {
        Address::Tcp(address) => {
            if let Some(Address::Tcp(real)) = name_of(&socket) {
                address.set_port(real.port());
            }
        }
        number @ Address::Descriptor(_) => {
            if let Some(real) = name_of(&socket) {
                *number = real;
            }
        }
        Address::Unix(_) | Address::Abstract(_) => {}
    }
    tune(&socket, &result.address, terms.plan).map_err(system)?;
    let waiting = i32::try_from(terms.plan.backlog).ok().and_then(|n| Backlog::new(n).ok());
    listen(&socket, waiting.unwrap_or(Backlog::MAXALLOWABLE)).map_err(|e| system(e.into()))?;
    descriptor::nonblocking(&socket, true).map_err(system)?;
    descriptor::inheritable(&socket, false).map_err(system)?;
    Ok(Bound { listener: Listener { listen: result, socket }, vacuum })
}

/// The address that a socket is bound to.
pub fn name_of(socket: &OwnedFd) -> Option<Address> {
    let name = getsockname::<SockaddrStorage>(socket.as_raw_fd()).ok()?;
    if let Some(v4) = name.as_sockaddr_in() {
        return Some(Address::Tcp(SocketAddr::from((v4.ip(), v4.port()))));
    }
    if let Some(v6) = name.as_sockaddr_in6() {
        return Some(Address::Tcp(SocketAddr::from((v6.ip(), v6.port()))));
    }
    let unix = name.as_unix_addr()?;
    let name = unix.as_abstract().map(|name| String::from_utf8_lossy(name).into_owned());
    let path = || unix.path().map(|path| Address::Unix(path.to_owned()));
    name.map(Address::Abstract).or_else(path)
}

/// Makes an internet socket. What has to be known before the address is taken is set here.
fn tcp(address: SocketAddr, plan: &Plan) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let socket = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    if plan.tuning.reuse_port {
        setsockopt(&socket, sockopt::ReusePort, &true)?;
    }
    if plan.tuning.freebind {
        setsockopt(&socket, sockopt::IpFreebind, &true)?;
    }
    let twin = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
    if address.ip() == Ipv6Addr::UNSPECIFIED
        && plan.sockets.iter().any(|one| one.address == Address::Tcp(twin))
    {
        // `:80` and `[::]:80` together: the second would take IPv4 too
        setsockopt(&socket, sockopt::Ipv6V6Only, &true)?;
    }
    nix::sys::socket::bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    Ok(socket)
}

/// Sets what accepted connections inherit.
fn tune(socket: &OwnedFd, address: &Address, plan: &Plan) -> io::Result<()> {
    let tuning = &plan.tuning;
    if tuning.keepalive {
        setsockopt(socket, sockopt::KeepAlive, &true)?;
    }
    if let Some(size) = tuning.send_buffer {
        setsockopt(socket, sockopt::SndBuf, &(size as usize))?;
    }
    if let Some(size) = tuning.receive_buffer {
        setsockopt(socket, sockopt::RcvBuf, &(size as usize))?;
    }
    if let Address::Tcp(_) = address {
        // the second of two small writes would wait for the client's ACK otherwise
        shared::sys::socket::nodelay(socket)?;
        if let Some(queue) = tuning.fast_open {
            shared::sys::socket::fast_open(socket, queue)?;
        }
    }
    Ok(())
}

/// A UNIX socket: the file first, with the rights that its directory asks for.
fn unix(
    path: &Path,
    given: Option<OwnedFd>,
    terms: &Terms<'_>,
    system: &dyn Fn(io::Error) -> Error,
) -> Result<(OwnedFd, Option<Vacuum>), Error> {
    if path.as_os_str().len() > PATH_MAX {
        return Err(Error::TooLong(path.to_owned()));
    }
    let (directory, name) = terms.access.parent(path).map_err(system)?;
    let there = directory.look(&name).map_err(system)?;
    let usable = |socket: &OwnedFd| there.is_some() && is_bound_to(socket, path);
    let socket = if let Some(given) = given.filter(usable) {
        // the mode may be what was changed
        let changed = |mode: &u32| there.is_some_and(|stat| stat.st_mode & 0o777 != *mode);
        if let Some(mode) = terms.plan.chmod_socket.filter(changed) {
            let mode = Mode::from_bits_truncate(mode);
            let chmod = |handle: BorrowedFd<'_>| {
                Ok(fchmodat(handle, name.as_os_str(), mode, FchmodatFlags::FollowSymlink)?)
            };
            directory.act(chmod).map_err(system)?;
        }
        given
    } else {
        clear(path, &directory, &name).map_err(|error| match error {
            Obstacle::Live => Error::InUse(path.display().to_string()),
            Obstacle::Other => Error::NotASocket(path.to_owned()),
            Obstacle::System(source) => system(source),
        })?;
        make(path, &directory, &name, terms).map_err(system)?
    };
    let Some(stat) = directory.look(&name).map_err(system)? else { return Ok((socket, None)) };
    if let Some((uid, gid)) = owner(&directory, terms) {
        let chown = || {
            let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let file = openat(&directory.handle, name.as_os_str(), flags, Mode::empty())?;
            let now = fstat(&file)?;
            if (now.st_dev, now.st_ino, now.st_nlink) != (stat.st_dev, stat.st_ino, 1)
                || now.st_mode & SFlag::S_IFMT.bits() != SFlag::S_IFSOCK.bits()
            {
                return Ok(false);
            }
            let gid = gid.map(Gid::from_raw);
            fchownat(&file, "", Some(Uid::from_raw(uid)), gid, AtFlags::AT_EMPTY_PATH)?;
            Ok(true)
        };
        let rights = terms.access.tenant.filter(|_| terms.tyrant);
        if !as_tenant(rights, chown).map_err(system)? {
            return Err(Error::Replaced(path.to_owned()));
        }
    }
    let vacuum = terms.plan.vacuum.then(|| Vacuum {
        directory: directory.handle,
        name,
        identity: (stat.st_dev, stat.st_ino),
    });
    Ok((socket, vacuum))
}

/// Whether a socket that was handed over is the one of this path: the path it was asked for by
/// may mean another place now (`chdir`, `chroot`).
fn is_bound_to(socket: &OwnedFd, path: &Path) -> bool {
    let name = getsockname::<UnixAddr>(socket.as_raw_fd());
    name.is_ok_and(|name| name.path() == Some(path))
}

/// Who shall own the file: whom the file names, or in a directory of root's the tenant itself.
fn owner(directory: &Directory<'_>, terms: &Terms<'_>) -> Option<(u32, Option<u32>)> {
    let tenant = terms.access.tenant.filter(|_| terms.access.is_risky());
    let by_root = tenant.filter(|_| directory.tenant.is_none());
    terms.plan.chown_socket.or(by_root.map(|who| (who.uid, Some(who.gid))))
}

/// What stands where a socket shall be.
enum Obstacle {
    /// Somebody listens.
    Live,
    /// Something that is not a socket.
    Other,
    /// It cannot be found out.
    System(io::Error),
}

/// Makes room: removes a stale socket, and nothing else.
fn clear(path: &Path, directory: &Directory<'_>, name: &std::ffi::OsStr) -> Result<(), Obstacle> {
    let Some(old) = directory.look(name).map_err(Obstacle::System)? else { return Ok(()) };
    if old.st_mode & SFlag::S_IFMT.bits() != SFlag::S_IFSOCK.bits() {
        return Err(Obstacle::Other);
    }
    let knock = directory.act(|_| {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let probe = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
        Ok(connect(probe.as_raw_fd(), &UnixAddr::new(path)?))
    });
    match knock.map_err(Obstacle::System)? {
        Err(nix::Error::ENOENT) => Ok(()),
        Err(nix::Error::ECONNREFUSED) => directory
            .act(|handle| Ok(unlinkat(handle.as_fd(), name, UnlinkatFlags::NoRemoveDir)?))
            .map_err(Obstacle::System),
        // a full queue, a datagram socket: somebody is there
        Ok(()) | Err(nix::Error::EAGAIN | nix::Error::EPROTOTYPE) => Err(Obstacle::Live),
        Err(error) => Err(Obstacle::System(error.into())),
    }
}

/// Binds the path. At no time is the file more open than asked for.
fn make(
    path: &Path,
    directory: &Directory<'_>,
    name: &std::ffi::OsStr,
    terms: &Terms<'_>,
) -> io::Result<OwnedFd> {
    let mode = terms.plan.chmod_socket.map(Mode::from_bits_truncate);
    directory.act(|handle| {
        let socket = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
        let address = UnixAddr::new(path.as_os_str().as_bytes())?;
        if let Some(mode) = mode {
            // the file that bind makes takes its mode from here
            fchmod(&socket, mode)?;
        }
        nix::sys::socket::bind(socket.as_raw_fd(), &address)?;
        if let Some(mode) = mode {
            fchmodat(handle, name, mode, FchmodatFlags::FollowSymlink)?;
        }
        Ok(socket)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    use std::os::unix::net::UnixStream;

    use shared::settings::Wire;

    use super::*;

    fn plan(mode: u32) -> Plan {
        Plan { chmod_socket: Some(mode), vacuum: true, ..super::super::plan::tests::empty() }
    }

    fn terms<'a>(plan: &'a Plan, base: &'a Path) -> Terms<'a> {
        let access = Access { tenant: None, roots: true };
        Terms { plan, access, base, tyrant: false }
    }

    fn at(address: Address) -> Listen {
        Listen::new(address, Wire::Uwsgi)
    }

    #[test]
    fn a_live_socket_is_in_use_and_a_stale_one_is_replaced() {
        let place = tempfile::tempdir().unwrap();
        let plan = plan(0o664);
        let terms = terms(&plan, place.path());
        let asked = at(Address::Unix("app.sock".into()));
        let first = bind(&asked, None, &terms).unwrap();
        let path = place.path().join("app.sock");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o664);
        assert!(UnixStream::connect(&path).is_ok());
        let refused = bind(&asked, None, &terms).unwrap_err();
        assert!(matches!(refused, Error::InUse(_)), "{refused}");
        assert!(UnixStream::connect(&path).is_ok(), "it was not taken away");
        drop(first);
        let again = bind(&asked, None, &terms).unwrap();
        assert_eq!(again.vacuum.unwrap().name, "app.sock");
        assert!(UnixStream::connect(&path).is_ok());
    }

    #[test]
    fn what_is_not_a_socket_is_never_removed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("app.sock");
        fs::write(&path, "precious").unwrap();
        let plan = plan(0o666);
        let refused = bind(&at(Address::Unix(path.clone())), None, &terms(&plan, Path::new("/")));
        assert!(matches!(refused, Err(Error::NotASocket(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        let long = Address::Unix("x".repeat(108).into());
        let refused = bind(&at(long), None, &terms(&plan, place.path()));
        assert!(matches!(refused, Err(Error::TooLong(_))));
    }

    #[test]
    fn a_port_of_the_kernels_choice_is_reported_and_a_taken_one_named() {
        let plan = plan(0o666);
        let terms = terms(&plan, Path::new("/"));
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let bound = bind(&at(Address::Tcp(any)), None, &terms).unwrap();
        let Address::Tcp(real) = bound.listener.listen.address else { panic!("not TCP") };
        assert_ne!(real.port(), 0);
        let refused = bind(&at(Address::Tcp(real)), None, &terms).unwrap_err();
        assert!(refused.to_string().contains(&format!("{real}: address already in use")));
    }

    #[test]
    fn a_socket_that_was_handed_over_is_taken_as_it_is() {
        let place = tempfile::tempdir().unwrap();
        let plan = plan(0o600);
        let terms = terms(&plan, place.path());
        let asked = at(Address::Unix("a".into()));
        let first = bind(&asked, None, &terms).unwrap().listener.socket;
        let copy = descriptor::duplicate(&first).unwrap();
        let second = bind(&asked, Some(copy), &terms).unwrap();
        assert!(second.vacuum.is_some());
        let elsewhere = tempfile::tempdir().unwrap();
        let moved = Terms { base: elsewhere.path(), ..terms };
        let copy = descriptor::duplicate(&first).unwrap();
        bind(&asked, Some(copy), &moved).unwrap();
        assert!(UnixStream::connect(elsewhere.path().join("a")).is_err(), "its listener is gone");
        assert!(elsewhere.path().join("a").exists(), "it was bound anew");
        assert!(fs::metadata(place.path().join("a")).unwrap().file_type().is_socket());
        assert!(UnixStream::connect(place.path().join("a")).is_ok());
    }
}
