//! `logto` and `pidfile`: files that are made while we are still root.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat};
use nix::unistd::{UnlinkatFlags, fchown, ftruncate, unlinkat};
use shared::settings::Logfile;
use shared::sys::descriptor;

use super::access::{Access, Directory};
use crate::handover::{LogFile, Vacuum};

/// The mode of a new log.
const LOG_MODE: u32 = 0o640;

/// What is wrong with a file that was to be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel says no.
    #[error("{}: {source}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is a device, a link, or has a second name: root does not write there.
    #[error("{} is not a regular file with one name", .0.display())]
    NotPlain(PathBuf),
}

/// A log that was opened.
#[derive(Debug)]
pub struct Opened {
    /// What output is sent to.
    pub file: OwnedFd,
    /// Where it is, for whoever rotates it.
    pub place: LogFile,
}

/// Opens the log. `None`: the path means where the output goes already.
pub fn open_log(
    path: &Path,
    wanted: &Logfile,
    access: &Access<'_>,
) -> Result<Option<Opened>, Error> {
    if ["/dev/stdout", "/dev/stderr"].iter().any(|standard| path == *standard) {
        return Ok(None);
    }
    let system = |source| Error::System { path: path.to_owned(), source };
    let (directory, name) = access.parent(path).map_err(system)?;
    let as_root = access.is_risky() && directory.tenant.is_none();
    let mut flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_NONBLOCK;
    flags |= OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    flags.set(OFlag::O_NOFOLLOW, as_root);
    let bits = wanted.mode.unwrap_or(LOG_MODE);
    let mode = Mode::from_bits_truncate(bits);
    let file = directory
        .act(|handle| Ok(openat(handle, name.as_os_str(), flags, mode)?))
        .map_err(system)?;
    let stat = fstat(&file).map_err(|error| system(error.into()))?;
    if as_root && !is_plain(&stat) {
        return Err(Error::NotPlain(path.to_owned()));
    }
    descriptor::nonblocking(&file, false).map_err(system)?;
    let regular = stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits();
    // through the descriptor, and with the tenant's rights unless the directory is root's alone
    directory.act(|_| prepare(&file, regular, wanted, as_root, access)).map_err(system)?;
    let place = LogFile { directory: directory.handle, name, mode: bits };
    Ok(Some(Opened { file, place }))
}

/// `logfile-chmod`, `logfile-chown`, `log-truncate`.
fn prepare(
    file: &OwnedFd,
    regular: bool,
    wanted: &Logfile,
    as_root: bool,
    access: &Access<'_>,
) -> io::Result<()> {
    if let Some(mode) = wanted.mode {
        fchmod(file, Mode::from_bits_truncate(mode))?;
    }
    // what the tenant opened is the tenant's
    if let (true, true, Some(tenant)) = (wanted.owned, as_root, access.tenant) {
        fchown(file, Some(tenant.uid.into()), Some(tenant.gid.into()))?;
    }
    if wanted.truncate && regular {
        ftruncate(file, 0)?;
    }
    Ok(())
}

/// Sends standard output and error to the log.
pub fn redirect(log: BorrowedFd<'_>) -> io::Result<()> {
    descriptor::become_standard(log, 1)?;
    descriptor::become_standard(log, 2)
}

/// Writes our pid into a new file. An old one is replaced, never written into: its inode stays
/// the predecessor's, whose `vacuum` then does not take ours away.
pub fn write_pidfile(path: &Path, access: &Access<'_>) -> Result<Vacuum, Error> {
    let system = |source| Error::System { path: path.to_owned(), source };
    let (directory, name) = access.parent(path).map_err(system)?;
    if let Some(old) = directory.look(&name).map_err(system)? {
        if !is_plain(&old) {
            return Err(Error::NotPlain(path.to_owned()));
        }
        remove(&directory, &name).map_err(system)?;
    }
    let flags =
        OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mode = Mode::from_bits_truncate(0o644);
    let file = directory
        .act(|handle| Ok(openat(handle, name.as_os_str(), flags, mode)?))
        .map_err(system)?;
    let stat = fstat(&file).map_err(|error| system(error.into()))?;
    writeln!(File::from(file), "{}", std::process::id()).map_err(system)?;
    Ok(Vacuum { directory: directory.handle, name, identity: (stat.st_dev, stat.st_ino) })
}

fn remove(directory: &Directory<'_>, name: &OsStr) -> io::Result<()> {
    directory.act(|handle| Ok(unlinkat(handle.as_fd(), name, UnlinkatFlags::NoRemoveDir)?))
}

fn is_plain(stat: &FileStat) -> bool {
    stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits() && stat.st_nlink == 1
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::*;

    const ACCESS: Access<'_> = Access { tenant: None, roots: true };
    const PLAIN: Logfile = Logfile { mode: None, owned: false, truncate: false };

    #[test]
    fn a_pid_file_is_made_anew_and_is_no_link() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("pid");
        write_pidfile(&path, &ACCESS).unwrap();
        let first = std::fs::metadata(&path).unwrap().ino();
        // the old inode stays taken, so that its number cannot come again
        let held = File::open(&path).unwrap();
        let vacuum = write_pidfile(&path, &ACCESS).unwrap();
        assert_ne!(vacuum.identity.1, first);
        assert_eq!(held.metadata().unwrap().ino(), first);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{}\n", std::process::id()));
        symlink(&path, place.path().join("link")).unwrap();
        let refused = write_pidfile(&place.path().join("link"), &ACCESS);
        assert!(matches!(refused, Err(Error::NotPlain(_))));
    }

    #[test]
    fn a_log_is_appended_to() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("log");
        for line in ["one", "two"] {
            let log = open_log(&path, &PLAIN, &ACCESS).unwrap().unwrap();
            writeln!(File::from(log.file), "{line}").unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert!(open_log(Path::new("/dev/stdout"), &PLAIN, &ACCESS).unwrap().is_none());
        let missing = open_log(&place.path().join("no/log"), &PLAIN, &ACCESS).unwrap_err();
        assert!(missing.to_string().contains("no/log: No such file"), "{missing}");
    }
}
