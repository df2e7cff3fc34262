//! `flock` and its relatives: files that one server at a time holds.
//!
//! The lock is one of fcntl(2) on the open file, which uWSGI's conflicts with. It ends with the
//! master, which keeps the descriptor; nothing of the application has it. Opened with root's rights
//! only where root's own files are, like a log.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, openat};
use nix::libc;
use nix::sys::stat::{Mode, SFlag, fstat};
use shared::settings::Lock;

use super::access::Access;

/// Why a file is not locked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Somebody holds it.
    #[error("{} is locked by another process", .0.display())]
    Held(PathBuf),
    /// It cannot be opened or locked.
    #[error("{}: {source}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Locks a file, which is made where it is missing. A successor goes on without the lock that its
/// predecessor holds until it ends: it gets it then ([`later`]).
pub(super) fn take(lock: &Lock, access: &Access<'_>, successor: bool) -> Result<OwnedFd, Error> {
    let system = |source| Error::System { path: lock.path.clone(), source };
    let (directory, name) = access.parent(&lock.path).map_err(system)?;
    let mut flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    flags.set(OFlag::O_NOFOLLOW, access.is_risky() && directory.tenant.is_none());
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let file = directory.act(|handle| Ok(openat(handle, name.as_os_str(), flags, mode)?));
    let file = file.map_err(system)?;
    let kind = fstat(&file).map_err(|error| system(error.into()))?.st_mode;
    if kind & SFlag::S_IFMT.bits() != SFlag::S_IFREG.bits() {
        return Err(system(io::Error::other("not a regular file")));
    }
    let whole = whole();
    loop {
        let asked = if lock.waits && !successor {
            FcntlArg::F_OFD_SETLKW(&whole)
        } else {
            FcntlArg::F_OFD_SETLK(&whole)
        };
        match fcntl(&file, asked) {
            Ok(_) => return Ok(file),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN | Errno::EACCES) if successor => return Ok(file),
            Err(Errno::EAGAIN | Errno::EACCES) => return Err(Error::Held(lock.path.clone())),
            Err(error) => return Err(system(error.into())),
        }
    }
}

/// Tries again for files that a predecessor held; whether all are ours now. One that is ours
/// already is locked once more without harm.
pub(crate) fn later(files: &[OwnedFd]) -> bool {
    let whole = whole();
    files.iter().all(|file| fcntl(file, FcntlArg::F_OFD_SETLK(&whole)).is_ok())
}

/// A lock for writing, of the whole file.
fn whole() -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_a_file_and_the_next_gets_it_afterwards() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lock");
        let lock = Lock { option: "flock".into(), path, waits: false, late: false };
        let access = Access { tenant: None, roots: true };
        let first = take(&lock, &access, false).unwrap();
        assert!(matches!(take(&lock, &access, false), Err(Error::Held(_))));
        let successor = [take(&lock, &access, true).unwrap()];
        assert!(!later(&successor));
        drop(first);
        assert!(later(&successor) && later(&successor));
        let lock = Lock { path: place.path().to_owned(), ..lock };
        assert!(matches!(take(&lock, &access, false), Err(Error::System { .. })));
    }
}
