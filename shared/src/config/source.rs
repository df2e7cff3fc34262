//! Opening what a configuration names: bounded, regular files only.
//!
//! A tenant may name anything. What is opened here never blocks (a FIFO), never fills memory
//! (a device, a huge file) and, for what a vassal includes, belongs to root or to the owner of
//! the vassal's file. No error quotes what was read.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::owner;
use crate::summons::Version;

/// The largest file that is read, bytes.
pub(super) const FILE_MAX: u64 = 1024 * 1024;

/// The mode bits of those who are not the owner and may write.
const OTHERS: u32 = 0o022;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    /// The kernel said no.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Nothing that can be read to its end.
    #[error("not a regular file but {0}")]
    NotRegular(&'static str),
    /// A symbolic link whose target is missing.
    #[error("a link to nothing: its target is missing")]
    Dangling,
    /// More than [`FILE_MAX`].
    #[error("larger than {} KiB", FILE_MAX / 1024)]
    TooLarge,
    /// All files together are more than one configuration may read.
    #[error("not read: a configuration reads at most {0} MiB of files")]
    TooMuch(usize),
    /// Not the file that the monitor saw, or one that was written meanwhile.
    #[error("changed while it was read")]
    Changed,
    /// Somebody else's file.
    #[error("belongs to uid {owner}: a vassal may read files of root and of uid {allowed} only")]
    Owner {
        /// Whose it is.
        owner: u32,
        /// Whose it would have to be.
        allowed: u32,
    },
    /// Somebody else's file, and root reads.
    #[error("belongs to uid {0}: root reads root's files only")]
    Stranger(u32),
    /// Root's file, but not root's alone.
    #[error("can be written by others than root (mode {0:o}): root reads root's files only")]
    Writable(u32),
}

/// What has to be true of a file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Proof {
    /// Nothing: the caller's own files.
    None,
    /// It is the version that was seen.
    Version(Version),
    /// It belongs to root or to this user.
    Owner(u32),
    /// Nobody but root can have written it, or said that it stands here.
    Alone,
}

/// A file's content and inode.
#[derive(Debug)]
pub(super) struct Source {
    /// The content.
    pub(super) bytes: Vec<u8>,
    /// The inode (`%i`).
    pub(super) inode: u64,
    /// Somebody else than root can have written it.
    pub(super) others: bool,
}

/// Reads a file.
pub(super) fn read(path: &Path, proof: Proof) -> Result<Source, SourceError> {
    let mut file = open(path).map_err(|error| why(path, error))?;
    let before = file.metadata()?;
    if !before.is_file() {
        return Err(SourceError::NotRegular(kind(before.file_type())));
    }
    if before.len() > FILE_MAX {
        return Err(SourceError::TooLarge);
    }
    match proof {
        Proof::Version(version) if version_of(&before) != version => {
            return Err(SourceError::Changed);
        }
        Proof::None | Proof::Version(_) => {}
        Proof::Owner(allowed) => {
            let owner = before.uid();
            match allowed {
                _ if owner == 0 || owner == allowed => {}
                0 => return Err(SourceError::Stranger(owner)),
                _ => return Err(SourceError::Owner { owner, allowed }),
            }
        }
        Proof::Alone => roots_alone(path, &before)?,
    }
    let mut bytes = Vec::new();
    (&mut file).take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(SourceError::TooLarge);
    }
    if version_of(&file.metadata()?) != version_of(&before) {
        return Err(SourceError::Changed);
    }
    let others = before.uid() != 0 || before.mode() & OTHERS != 0;
    Ok(Source { bytes, inode: before.ino(), others })
}

/// Refuses what others than root can write, and a stranger's link to what is root's.
fn roots_alone(path: &Path, data: &Metadata) -> Result<(), SourceError> {
    let (whose, _) = owner::of(path)?;
    if let Some(stranger) = [data.uid(), whose].into_iter().find(|uid| *uid != 0) {
        return Err(SourceError::Stranger(stranger));
    }
    if data.mode() & OTHERS != 0 {
        return Err(SourceError::Writable(data.mode() & 0o7777));
    }
    Ok(())
}

fn open(path: &Path) -> io::Result<File> {
    // without O_NONBLOCK a FIFO would hold the reader for ever, before it could be looked at
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

/// What a path is that cannot be opened; this look decides nothing but the words.
fn why(path: &Path, error: io::Error) -> SourceError {
    match std::fs::symlink_metadata(path).map(|data| data.file_type()) {
        Ok(is) if is.is_socket() => SourceError::NotRegular(kind(is)),
        Ok(is) if is.is_symlink() && error.kind() == io::ErrorKind::NotFound => {
            SourceError::Dangling
        }
        Ok(_) | Err(_) => error.into(),
    }
}

fn kind(is: FileType) -> &'static str {
    if is.is_dir() {
        "a directory"
    } else if is.is_fifo() {
        "a FIFO"
    } else if is.is_socket() {
        "a socket"
    } else if is.is_block_device() || is.is_char_device() {
        "a device"
    } else {
        "something unknown"
    }
}

fn version_of(data: &Metadata) -> Version {
    Version {
        dev: data.dev(),
        ino: data.ino(),
        mtime_ns: i128::from(data.mtime()) * 1_000_000_000 + i128::from(data.mtime_nsec()),
        size: data.size(),
        uid: data.uid(),
        gid: data.gid(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_the_right_owner_and_version_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.ini");
        std::fs::write(&path, "[uwsgi]\n").unwrap();
        let seen = version_of(&path.metadata().unwrap());
        assert_eq!(read(&path, Proof::Version(seen)).unwrap().bytes, b"[uwsgi]\n");
        let other = Version { size: 7, ..seen };
        assert!(matches!(read(&path, Proof::Version(other)), Err(SourceError::Changed)));
        assert!(read(&path, Proof::Owner(seen.uid)).is_ok());
        if seen.uid != 0 {
            let error = read(&path, Proof::Owner(seen.uid + 1)).unwrap_err();
            assert!(matches!(error, SourceError::Owner { .. }));
        }
        assert!(matches!(read(directory.path(), Proof::None), Err(SourceError::NotRegular(_))));
        let fifo = directory.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(matches!(read(&fifo, Proof::None), Err(SourceError::NotRegular(_))));
        File::create(&path).unwrap().set_len(FILE_MAX + 1).unwrap();
        assert!(matches!(read(&path, Proof::None), Err(SourceError::TooLarge)));
        assert!(matches!(
            read(&directory.path().join("none"), Proof::None),
            Err(SourceError::Io(_))
        ));
    }
}
