//! Opening files below a directory, and nowhere else.
//!
//! The kernel resolves the path beneath the directory's descriptor (`openat2`), so that neither
//! dot segments nor links lead out, whatever happens in the file system meanwhile. A link that
//! does lead out is followed by hand, and only into the same directory or one of `static-safe`:
//! components are compared, never starts of strings. Where the kernel (or a sandbox) has no
//! `openat2` everything goes that way.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::{Mode, SFlag, fstatat};

/// How long a directory's descriptor is used before its path is looked at again, milliseconds:
/// deployments swap directories by a link.
const HOLD: u64 = 1000;

/// What opens a file for sending. Not blocking: only a pipe without a writer could block, and
/// pipes are not sent.
const READ: OFlag =
    OFlag::O_RDONLY.union(OFlag::O_CLOEXEC).union(OFlag::O_NOCTTY).union(OFlag::O_NONBLOCK);

/// What is at a path.
#[derive(Debug)]
pub(super) enum Found {
    /// A regular file, opened.
    File(File, Metadata),
    /// A directory.
    Directory,
}

/// A directory (or a single file) from which files are sent.
#[derive(Debug)]
pub(super) struct Base {
    path: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    looked: u64,
    root: Option<Root>,
}

#[derive(Clone, Debug)]
struct Root {
    directory: Arc<OwnedFd>,
    device: u64,
    inode: u64,
}

impl Base {
    /// `path` is absolute.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, held: Mutex::default() }
    }

    /// The path as it was given.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens what `inner` leads to. It holds no empty, `.` or `..` component and no NUL; empty
    /// is the base itself. `safe` are further directories that links may lead into, `now` is in
    /// milliseconds of any clock that does not go back.
    pub(super) fn open(&self, inner: &[u8], safe: &[Self], now: u64) -> io::Result<Found> {
        if inner.is_empty() {
            return self.itself();
        }
        let root = self.root(now)?;
        let inner = Path::new(OsStr::from_bytes(inner));
        let there = fstatat(&root.directory, inner, AtFlags::empty())?;
        match SFlag::from_bits_truncate(there.st_mode) & SFlag::S_IFMT {
            SFlag::S_IFREG => {}
            SFlag::S_IFDIR => return Ok(Found::Directory),
            _ => return Err(not_sent()),
        }
        let how = OpenHow::new()
            .flags(READ)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        match openat2(&root.directory, inner, how) {
            Ok(file) => regular(file),
            Err(Errno::EXDEV | Errno::ELOOP | Errno::ENOSYS | Errno::EPERM) => {
                self.follow(inner, safe)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The base itself: a directory, or a file that was named as such.
    fn itself(&self) -> io::Result<Found> {
        let facts = fs::metadata(&self.path)?;
        if facts.is_dir() {
            return Ok(Found::Directory);
        }
        if !facts.is_file() {
            return Err(not_sent());
        }
        regular(open(&self.path, READ, Mode::empty())?)
    }

    /// The base's directory, opened anew when another one has taken its place.
    fn root(&self, now: u64) -> io::Result<Root> {
        let lock = || self.held.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut held = lock();
            if let Some(root) = &held.root {
                if now.saturating_sub(held.looked) < HOLD {
                    return Ok(root.clone());
                }
                // other threads go on with the old one while this one looks
                held.looked = now;
            }
        }
        let facts = fs::metadata(&self.path)?;
        let mut held = lock();
        if let Some(root) = &held.root
            && (root.device, root.inode) == (facts.dev(), facts.ino())
        {
            return Ok(root.clone());
        }
        drop(held.root.take());
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = Arc::new(open(&self.path, flags, Mode::empty())?);
        let root = Root { directory, device: facts.dev(), inode: facts.ino() };
        *held = Held { looked: now, root: Some(root.clone()) };
        Ok(root)
    }

    /// Follows links by hand; the real path has to lie in this base or in a safe one.
    fn follow(&self, inner: &Path, safe: &[Self]) -> io::Result<Found> {
        let real = fs::canonicalize(self.path.join(inner))?;
        for base in std::iter::once(self).chain(safe) {
            let Ok(root) = fs::canonicalize(&base.path) else { continue };
            let Ok(inner) = real.strip_prefix(&root) else { continue };
            return walk(&root, inner);
        }
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("it is {}, which is not in a static-safe directory", real.display()),
        ))
    }
}

/// Opens a path without links, component by component.
fn walk(root: &Path, inner: &Path) -> io::Result<Found> {
    let step = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut directory = open(root, step, Mode::empty())?;
    let mut parts = inner.components().peekable();
    while let Some(part) = parts.next() {
        let name = part.as_os_str();
        if parts.peek().is_none() {
            return last(directory.as_fd(), name);
        }
        directory = openat(&directory, name, step, Mode::empty())?;
    }
    Err(not_sent())
}

fn last(directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<Found> {
    let there = fstatat(directory, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    if SFlag::from_bits_truncate(there.st_mode) & SFlag::S_IFMT != SFlag::S_IFREG {
        return Err(not_sent());
    }
    regular(openat(directory, name, READ | OFlag::O_NOFOLLOW, Mode::empty())?)
}

/// What was opened, if it is (still) a regular file.
fn regular(file: OwnedFd) -> io::Result<Found> {
    let file = File::from(file);
    let facts = file.metadata()?;
    debug_assert!(!facts.file_type().is_fifo(), "pipes are sorted out before");
    if facts.is_file() { Ok(Found::File(file, facts)) } else { Err(not_sent()) }
}

fn not_sent() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory with a neighbour whose name starts alike.
    fn place() -> (tempfile::TempDir, Base, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let (inside, beside) = (dir.path().join("files"), dir.path().join("files-private"));
        fs::create_dir_all(inside.join("deep")).unwrap();
        fs::create_dir(&beside).unwrap();
        fs::write(inside.join("a.txt"), "a").unwrap();
        fs::write(inside.join("deep/b.txt"), "b").unwrap();
        fs::write(beside.join("secret.txt"), "secret").unwrap();
        (dir, Base::new(inside), beside)
    }

    fn text(base: &Base, inner: &str, safe: &[Base]) -> Result<String, io::ErrorKind> {
        match base.open(inner.as_bytes(), safe, 0).map_err(|error| error.kind())? {
            Found::File(mut file, _) => {
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                Ok(text)
            }
            Found::Directory => Ok("directory".into()),
        }
    }

    #[test]
    fn files_and_directories_below_are_found() {
        let (_dir, base, _) = place();
        assert_eq!(text(&base, "a.txt", &[]).as_deref(), Ok("a"));
        assert_eq!(text(&base, "deep/b.txt", &[]).as_deref(), Ok("b"));
        assert_eq!(text(&base, "deep", &[]).as_deref(), Ok("directory"));
        assert_eq!(text(&base, "", &[]).as_deref(), Ok("directory"));
        assert_eq!(text(&base, "none", &[]), Err(io::ErrorKind::NotFound));
        let single = Base::new(base.path().join("a.txt"));
        assert_eq!(text(&single, "", &[]).as_deref(), Ok("a"));
        assert!(text(&single, "x", &[]).is_err());
    }

    #[test]
    fn links_lead_nowhere_else_unless_it_is_safe() {
        let (_dir, base, beside) = place();
        let at = |name: &str| base.path().join(name);
        symlink("a.txt", at("near")).unwrap();
        symlink(at("a.txt"), at("absolute")).unwrap();
        symlink(beside.join("secret.txt"), at("out")).unwrap();
        symlink("../files-private", at("dir")).unwrap();
        symlink("loop", at("loop")).unwrap();
        for inside in ["near", "absolute"] {
            assert_eq!(text(&base, inside, &[]).as_deref(), Ok("a"), "{inside}");
        }
        let almost = Base::new(beside.parent().unwrap().join("files-priv"));
        fs::create_dir(almost.path()).unwrap();
        for outside in ["out", "dir/secret.txt"] {
            let denied = Err(io::ErrorKind::PermissionDenied);
            assert_eq!(text(&base, outside, &[]), denied, "{outside}");
            assert_eq!(text(&base, outside, std::slice::from_ref(&almost)), denied, "{outside}");
            let safe = [Base::new(beside.clone())];
            assert_eq!(text(&base, outside, &safe).as_deref(), Ok("secret"), "{outside}");
        }
        assert!(text(&base, "loop", &[]).is_err());
        assert!(text(&base, "../files-private/secret.txt", &[]).is_err(), "dot segments too");
    }

    #[test]
    fn pipes_and_sockets_are_not_opened() {
        let (_dir, base, _) = place();
        let pipe = base.path().join("pipe");
        nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
        symlink(&pipe, base.path().join("to-pipe")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(base.path().join("socket")).unwrap();
        // had it been opened, a reader would be there and this writer would get in
        let writer = || open(&pipe, OFlag::O_WRONLY | OFlag::O_NONBLOCK, Mode::empty());
        for name in ["pipe", "to-pipe", "socket"] {
            assert_eq!(text(&base, name, &[]), Err(io::ErrorKind::InvalidInput), "{name}");
        }
        assert_eq!(writer().err(), Some(Errno::ENXIO));
    }

    #[test]
    fn a_directory_that_was_swapped_is_noticed() {
        let (dir, _, beside) = place();
        let current = dir.path().join("current");
        symlink(dir.path().join("files"), &current).unwrap();
        let base = Base::new(current.clone());
        let found = |name: &str, now| base.open(name.as_bytes(), &[], now).is_ok();
        assert!(found("a.txt", 0));
        fs::remove_file(&current).unwrap();
        symlink(beside, &current).unwrap();
        assert!(found("a.txt", HOLD - 1), "its descriptor is used for a while");
        assert!(found("secret.txt", HOLD) && !found("a.txt", HOLD));
    }
}
