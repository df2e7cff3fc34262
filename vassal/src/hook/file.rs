//! Files and directories of hooks.
//!
//! Where root acts for a tenant's server the path's directory decides with whose rights: root's
//! where every step to it is root's alone, otherwise the tenant's; and no link is followed.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FchmodatFlags, Mode, SFlag, fchmodat, fstat, mkdirat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchownat, ftruncate, unlinkat};
use shared::settings::Principal;

use crate::launch::access::Access;
use crate::launch::identity;

/// How long to pause before somebody is looked for again at the other end of a FIFO.
const PAUSE: Duration = Duration::from_millis(50);

/// Does something to a name in its directory.
fn at<T>(
    path: &Path,
    access: &Access<'_>,
    work: impl FnOnce(BorrowedFd<'_>, &OsStr) -> io::Result<T>,
) -> io::Result<T> {
    let (directory, name) = access.parent(path)?;
    directory.act(|handle| work(handle, &name))
}

/// Makes a directory, with exactly `mode` where one is given.
pub(super) fn mkdir(path: &Path, mode: Option<u32>, access: &Access<'_>) -> io::Result<()> {
    at(path, access, |handle, name| {
        match mkdirat(handle, name, Mode::from_bits_truncate(0o777)) {
            Ok(()) => {}
            Err(Errno::EEXIST) => {
                let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
                drop(openat(handle, name, flags, Mode::empty())?);
            }
            Err(error) => return Err(error.into()),
        }
        mode.map_or(Ok(()), |mode| change_mode(handle, name, mode, access))
    })
}

/// Changes a mode.
pub(super) fn chmod(path: &Path, mode: u32, access: &Access<'_>) -> io::Result<()> {
    at(path, access, |handle, name| change_mode(handle, name, mode, access))
}

fn change_mode(
    handle: BorrowedFd<'_>,
    name: &OsStr,
    mode: u32,
    access: &Access<'_>,
) -> io::Result<()> {
    let links = if access.is_risky() {
        FchmodatFlags::NoFollowSymlink
    } else {
        FchmodatFlags::FollowSymlink
    };
    Ok(fchmodat(handle, name, Mode::from_bits_truncate(mode), links)?)
}

/// Gives a file away.
pub(super) fn chown(
    path: &Path,
    user: &Principal,
    group: &Principal,
    access: &Access<'_>,
) -> io::Result<()> {
    let nobody =
        |kind: &str, who: &Principal| io::Error::other(format!("no such {kind} \"{who}\""));
    let uid = identity::user(user).ok_or_else(|| nobody("user", user))?;
    let gid = identity::group(group).ok_or_else(|| nobody("group", group))?;
    let links = if access.is_risky() { AtFlags::AT_SYMLINK_NOFOLLOW } else { AtFlags::empty() };
    let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    at(path, access, |handle, name| Ok(fchownat(handle, name, uid, gid, links)?))
}

/// Removes a file, if there is one.
pub(super) fn unlink(path: &Path, access: &Access<'_>) -> io::Result<()> {
    at(path, access, |handle, name| match unlinkat(handle, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(error) => Err(error.into()),
    })
}

/// Writes a file, or behind what is there.
pub(super) fn write(path: &Path, text: &str, append: bool, access: &Access<'_>) -> io::Result<()> {
    let mut flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    flags.set(OFlag::O_APPEND, append);
    // without it a FIFO that nobody reads would hold us for ever
    flags |= OFlag::O_NONBLOCK;
    let file = open(path, flags, access)?;
    let regular = fstat(&file)?.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits();
    if regular && !append {
        ftruncate(&file, 0)?;
    }
    File::from(file).write_all(text.as_bytes())
}

/// Opens a file to write to. Where root does it for a tenant's server it is a regular file with
/// one name, or none yet.
fn open(path: &Path, mut flags: OFlag, access: &Access<'_>) -> io::Result<OwnedFd> {
    let (directory, name) = access.parent(path)?;
    let as_root = access.is_risky() && directory.tenant.is_none();
    flags.set(OFlag::O_NOFOLLOW, as_root);
    let mode = Mode::from_bits_truncate(0o666);
    let file = directory.act(|handle| Ok(openat(handle, name.as_os_str(), flags, mode)?))?;
    let stat = fstat(&file)?;
    let kind = stat.st_mode & SFlag::S_IFMT.bits();
    if as_root && (kind != SFlag::S_IFREG.bits() || stat.st_nlink != 1) {
        return Err(io::Error::other("not a regular file with one name"));
    }
    Ok(file)
}

/// Writes to a FIFO; waits until somebody reads from it.
pub(super) fn fifo(
    path: &Path,
    text: &str,
    limit: Duration,
    access: &Access<'_>,
) -> io::Result<()> {
    let until = Instant::now() + limit;
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    loop {
        let opened =
            at(path, access, |handle, name| Ok(openat(handle, name, flags, Mode::empty())?));
        match opened {
            Ok(file) => return File::from(file).write_all(text.as_bytes()),
            Err(error) => {
                let nobody = matches!(
                    error.raw_os_error().map(Errno::from_raw),
                    Some(Errno::ENXIO | Errno::ENOENT)
                );
                if !nobody || Instant::now() >= until {
                    return Err(error);
                }
                std::thread::sleep(PAUSE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use shared::plan::Identity;

    use super::*;

    const PLAIN: Access<'_> = Access { tenant: None, roots: true };

    #[test]
    fn what_is_there_already_will_do() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("d");
        mkdir(&path, None, &PLAIN).unwrap();
        mkdir(&path, Some(0o1777), &PLAIN).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o1777);
        let file = place.path().join("f");
        write(&file, "one", false, &PLAIN).unwrap();
        write(&file, "two\n", true, &PLAIN).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "onetwo\n");
        write(&file, "x", false, &PLAIN).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "x");
        assert!(mkdir(&file, None, &PLAIN).is_err(), "a file is no directory");
        chmod(&file, 0o604, &PLAIN).unwrap();
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o604);
        unlink(&file, &PLAIN).unwrap();
        unlink(&file, &PLAIN).unwrap();
    }

    #[test]
    fn a_fifo_that_nobody_reads_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("fifo");
        nix::unistd::mkfifo(&path, Mode::from_bits_truncate(0o600)).unwrap();
        assert!(fifo(&path, "x", Duration::ZERO, &PLAIN).is_err());
        let reader = std::thread::spawn({
            let path = path.clone();
            move || std::fs::read_to_string(path).unwrap()
        });
        fifo(&path, "word", Duration::from_secs(10), &PLAIN).unwrap();
        assert_eq!(reader.join().unwrap(), "word");
    }

    #[test]
    fn where_a_tenant_has_a_hand_in_root_has_not() {
        if !crate::testing::alone_as_root(
            "hook::file::tests::where_a_tenant_has_a_hand_in_root_has_not",
        ) {
            return;
        }
        let place = tempfile::tempdir_in("/var/lib").unwrap();
        let root = place.path();
        std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o755)).unwrap();
        let secret = root.join("secret");
        std::fs::write(&secret, "mine").unwrap();
        let home = root.join("home");
        std::fs::create_dir(&home).unwrap();
        symlink(&secret, root.join("link")).unwrap();
        symlink(&secret, home.join("link")).unwrap();
        std::os::unix::fs::chown(&home, Some(54321), Some(54321)).unwrap();
        let who = Identity { uid: 54321, gid: 54321, groups: Vec::new() };
        let access = Access { tenant: Some(&who), roots: true };
        // root's directory: as root, but over no link
        mkdir(&root.join("run"), None, &access).unwrap();
        let (user, group) = (Principal::Id(54321), Principal::Id(54321));
        chown(&root.join("run"), &user, &group, &access).unwrap();
        assert_eq!(root.join("run").metadata().unwrap().uid(), 54321);
        assert!(write(&root.join("link"), "x", false, &access).is_err());
        chown(&root.join("link"), &user, &group, &access).unwrap();
        assert_eq!(secret.metadata().unwrap().uid(), 0, "the link was given away, not the file");
        // the tenant's directory: with the tenant's rights
        write(&home.join("file"), "x", false, &access).unwrap();
        assert_eq!(home.join("file").metadata().unwrap().uid(), 54321);
        assert!(write(&home.join("link"), "x", false, &access).is_err());
        assert!(chmod(&home.join("link"), 0o777, &access).is_err());
        assert_eq!(std::fs::read_to_string(&secret).unwrap(), "mine");
    }
}
