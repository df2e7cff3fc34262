//! With whose rights a path is touched.
//!
//! A path is touched as root only when nobody but root can have a hand in it: the configuration
//! is root's, and every component up to the directory belongs to root and is writable by nobody
//! else (a link of root's is followed). Everything else is done as the tenant, who can then
//! only harm itself.

use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::fcntl::{AtFlags, OFlag, open};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat};
use nix::unistd::geteuid;
use shared::owner;
use shared::plan::Identity;

use super::identity::as_tenant;

/// Who asks for paths to be touched.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// Who the vassal becomes.
    pub tenant: Option<&'a Identity>,
    /// Whether the configuration is root's own: only then may its paths be touched as root.
    pub roots: bool,
}

/// A directory, and the rights to act in it with.
#[derive(Debug)]
pub struct Directory<'a> {
    /// The directory (O_PATH).
    pub handle: OwnedFd,
    /// Whose rights are used; `None`: those of this process.
    pub tenant: Option<&'a Identity>,
}

impl<'a> Access<'a> {
    /// Opens a directory and decides whose rights count in it.
    pub fn directory(&self, path: &Path) -> io::Result<Directory<'a>> {
        let tenant = self.tenant.filter(|who| who.uid != 0 && geteuid().is_root());
        if tenant.is_some()
            && self.roots
            && let Some(handle) = roots_directory(path)?
        {
            return Ok(Directory { handle, tenant: None });
        }
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let handle = told(tenant, as_tenant(tenant, || Ok(open(path, flags, Mode::empty())?)))?;
        Ok(Directory { handle, tenant })
    }

    /// The directory of a file, opened, and the file's name in it.
    pub fn parent(&self, path: &Path) -> io::Result<(Directory<'a>, OsString)> {
        let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        Ok((self.directory(parent)?, name.to_owned()))
    }

    /// Whether root acts where a tenant might have a hand in.
    pub fn is_risky(&self) -> bool {
        self.tenant.is_some_and(|who| who.uid != 0) && geteuid().is_root()
    }
}

impl Directory<'_> {
    /// Does something in the directory with the rights that were decided on.
    pub fn act<T>(&self, work: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>) -> io::Result<T> {
        told(self.tenant, as_tenant(self.tenant, || work(self.handle.as_fd())))
    }

    /// What a name in the directory is (a link is not followed); `None`: nothing.
    pub fn look(&self, name: &OsStr) -> io::Result<Option<FileStat>> {
        self.act(|directory| match fstatat(directory, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(nix::Error::ENOENT) => Ok(None),
            Err(error) => Err(error.into()),
        })
    }
}

/// Says who was denied: root started the program, so a bare "permission denied" would puzzle.
fn told<T>(tenant: Option<&Identity>, result: io::Result<T>) -> io::Result<T> {
    result.map_err(|error| match (error.kind(), tenant) {
        (kind @ io::ErrorKind::PermissionDenied, Some(who)) => {
            io::Error::new(kind, format!("permission denied for uid {}", who.uid))
        }
        _ => error,
    })
}

/// Opens a directory when every step to it is root's alone; `None` as soon as one is not:
/// nothing below a stranger's directory is looked at with root's rights.
pub fn roots_directory(path: &Path) -> io::Result<Option<OwnedFd>> {
    walk(path, |stat| stat.st_uid == 0 && stat.st_mode & 0o022 == 0)
}

/// Whether nobody but root can put another file in this file's place. In a directory with the
/// sticky bit everybody may make files, but nobody takes away root's.
pub fn is_roots_to_replace(file: &Path) -> bool {
    let sticky = |stat: &FileStat| stat.st_mode & Mode::S_ISVTX.bits() != 0;
    let kept = |stat: &FileStat| stat.st_uid == 0 && (stat.st_mode & 0o022 == 0 || sticky(stat));
    let owned = std::fs::symlink_metadata(file).is_ok_and(|stat| stat.uid() == 0);
    let parent = file.parent().filter(|parent| *parent != Path::new(""));
    owned && walk(parent.unwrap_or(Path::new(".")), kept).is_ok_and(|directory| directory.is_some())
}

/// Walks to a directory as long as every directory on the way is good enough, and every link
/// root's.
fn walk(path: &Path, enough: impl Fn(&FileStat) -> bool) -> io::Result<Option<OwnedFd>> {
    let walked = owner::walk(path, |stat| {
        let kind = SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits());
        let good = if owner::is_link(stat) { stat.st_uid == 0 } else { enough(stat) };
        match (kind, good) {
            (SFlag::S_IFDIR | SFlag::S_IFLNK, true) => ControlFlow::Continue(()),
            (SFlag::S_IFDIR | SFlag::S_IFLNK, false) => ControlFlow::Break(None),
            _ => ControlFlow::Break(Some(io::ErrorKind::NotADirectory)),
        }
    });
    match walked? {
        ControlFlow::Continue(directory) => Ok(Some(directory)),
        ControlFlow::Break(None) => Ok(None),
        ControlFlow::Break(Some(kind)) => Err(kind.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    #[test]
    fn only_a_path_of_roots_own_is_roots() {
        assert!(roots_directory(Path::new("/etc")).unwrap().is_some());
        assert!(roots_directory(Path::new("/tmp")).unwrap().is_none(), "everybody writes there");
        assert!(roots_directory(Path::new("/etc/passwd")).is_err());
        assert!(roots_directory(Path::new("/no such directory")).is_err());
        // on every Debian these are links of root's
        assert!(roots_directory(Path::new("/bin/../lib")).unwrap().is_some());
    }

    #[test]
    fn a_directory_or_link_of_a_stranger_ends_the_walk() {
        if !geteuid().is_root() {
            eprintln!("not run: needs root");
            return;
        }
        let place = tempfile::tempdir_in("/var/lib").unwrap();
        let root = place.path();
        std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::create_dir(root.join("mine")).unwrap();
        symlink("mine", root.join("link")).unwrap();
        assert!(roots_directory(&root.join("link")).unwrap().is_some());
        std::os::unix::fs::lchown(root.join("link"), Some(54321), None).unwrap();
        assert!(roots_directory(&root.join("link")).unwrap().is_none());
        let file = root.join("mine/a.ini");
        std::fs::write(&file, "").unwrap();
        assert!(is_roots_to_replace(&file));
        chown(root.join("mine"), Some(54321), None).unwrap();
        assert!(!is_roots_to_replace(&file));
        assert!(roots_directory(&root.join("mine")).unwrap().is_none());
    }
}
