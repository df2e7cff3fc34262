//! `chroot`: a private mount namespace, the extension brought into the new root, and in.
//!
//! The extension is one file, mounted read-only at `/.emperor/_vassal.abi3.so` of the jail by
//! descriptors, so that nobody in the jail can lead the mount elsewhere. The mount lives in the
//! vassal's own namespace and ends with it; an empty file stays as its mount point.

use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, open, openat};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{chdir, chroot, fchdir};
use shared::sys;

use super::access::Access;
use super::identity::as_tenant;

/// The folder in a jail that holds the extension.
const FOLDER: &str = ".emperor";
/// The extension's name there.
const FILE: &std::ffi::CStr = c"_vassal.abi3.so";

/// Why a jail cannot be entered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory, or the change of root itself.
    #[error("{}: {source}", path.display())]
    Root {
        /// The new root.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The interpreter would not find the extension.
    #[error(
        "{}: the Python extension cannot be mounted into it ({source}) and is not there as {}",
        path.display(), extension.display()
    )]
    Extension {
        /// The new root.
        path: PathBuf,
        /// Where the extension is outside.
        extension: PathBuf,
        /// Why it cannot be mounted.
        source: io::Error,
    },
}

/// Proof that the root directory is final.
#[derive(Debug)]
pub struct Jailed {
    /// The extension as seen from here.
    pub extension: PathBuf,
    /// Whether paths may be trusted that are root's from here on: the jail itself is root's.
    pub roots: bool,
}

/// Enters the jail, or stays when there is none.
pub fn enter(
    root: Option<&Path>,
    extension: PathBuf,
    access: &Access<'_>,
) -> Result<Jailed, Error> {
    let Some(root) = root else { return Ok(Jailed { extension, roots: access.roots }) };
    let refused = |source| Error::Root { path: root.to_owned(), source };
    // descriptors belong to the namespace they were opened in: first the namespace
    let namespace = private_mounts();
    let directory = access.directory(root).map_err(refused)?;
    let brought = namespace.and_then(|()| bring(&extension, &directory.handle));
    fchdir(&directory.handle).map_err(|error| refused(error.into()))?;
    chroot(".").map_err(|error| refused(error.into()))?;
    chdir("/").map_err(|error| refused(error.into()))?;
    let roots = access.roots && directory.tenant.is_none();
    match brought {
        Ok(extension) => Ok(Jailed { extension, roots }),
        Err(source) => {
            let there = as_tenant(access.tenant, || std::fs::metadata(&extension));
            if there.is_ok_and(|file| file.is_file()) {
                return Ok(Jailed { extension, roots });
            }
            Err(Error::Extension { path: root.to_owned(), extension, source })
        }
    }
}

/// A mount namespace of our own, whose mounts do not reach the machine's.
fn private_mounts() -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    let flags = MsFlags::MS_REC | MsFlags::MS_SLAVE;
    Ok(mount(None::<&str>, "/", None::<&str>, flags, None::<&str>)?)
}

/// Mounts the extension into the new root; the path it has there.
fn bring(extension: &Path, root: impl AsFd) -> io::Result<PathBuf> {
    let source = open(extension, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
    let tree = sys::mount::detached_read_only(&source)?;
    match mkdirat(&root, FOLDER, Mode::from_bits_truncate(0o755)) {
        Ok(()) | Err(nix::Error::EEXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let folder = openat(&root, FOLDER, flags, Mode::empty())?;
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    match openat(&folder, FILE, flags, Mode::from_bits_truncate(0o444)) {
        Ok(_) | Err(nix::Error::EEXIST) => {}
        Err(error) => return Err(error.into()),
    }
    sys::mount::attach(&tree, &folder, FILE)?;
    Ok(Path::new("/").join(FOLDER).join(FILE.to_str().expect("the name is ASCII")))
}
