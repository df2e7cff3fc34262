//! One Emperor for a directory: an advisory lock on the directory itself.
//!
//! Any user who can open the directory could hold such a lock, so only a holder that is root or
//! our own user counts; who it is, the kernel's list of locks tells.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// A held lock; given back when dropped.
#[derive(Debug)]
pub struct DirectoryLock {
    _lock: Option<Flock<File>>,
    identity: (u64, u64),
}

/// Why a directory cannot be governed.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another Emperor is there.
    #[error("{directory} is governed by another emperor already (pid {pid})")]
    Taken {
        /// The directory.
        directory: String,
        /// The process that governs it.
        pid: i32,
    },
    /// The directory cannot be opened.
    #[error("{directory}: {source}")]
    Open {
        /// The directory.
        directory: String,
        /// Why.
        source: io::Error,
    },
}

impl DirectoryLock {
    /// Takes the lock.
    pub fn take(directory: &Path) -> Result<Self, LockError> {
        let named = || directory.display().to_string();
        let open = |source| LockError::Open { directory: named(), source };
        let file = File::open(directory).map_err(open)?;
        let own = file.metadata().map_err(open)?;
        let identity = (own.dev(), own.ino());
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Self { _lock: Some(lock), identity }),
            Err((_, Errno::EWOULDBLOCK)) => {
                if let Some(pid) = holder(own.ino()) {
                    Err(LockError::Taken { directory: named(), pid })
                } else {
                    tracing::warn!(
                        "{}: somebody who is no emperor holds a lock on it: ignored",
                        directory.display()
                    );
                    Ok(Self { _lock: None, identity })
                }
            }
            Err((_, errno)) => Err(open(errno.into())),
        }
    }

    /// Whether the directory is still the one that was locked.
    pub fn covers(&self, directory: &Path) -> bool {
        fs::metadata(directory).is_ok_and(|own| (own.dev(), own.ino()) == self.identity)
    }
}

/// The process of root or of our own user that holds a lock on this inode.
fn holder(inode: u64) -> Option<i32> {
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let me = nix::unistd::geteuid().as_raw();
    holders(&locks, inode).into_iter().find(|pid| {
        fs::metadata(format!("/proc/{pid}"))
            .is_ok_and(|process| process.uid() == 0 || process.uid() == me)
    })
}

/// `1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF`
fn holders(locks: &str, inode: u64) -> Vec<i32> {
    locks
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let at = fields.iter().position(|field| *field == "FLOCK")?;
            // a process that waits has "->" before; it holds nothing
            if fields.contains(&"->") {
                return None;
            }
            let number: u64 = fields.get(at + 4)?.rsplit(':').next()?.parse().ok()?;
            (number == inode).then(|| fields.get(at + 3)?.parse().ok())?
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_are_read_from_the_kernels_list() {
        let text = "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF\n\
                    1: -> FLOCK  ADVISORY  WRITE 99 08:01:5678 0 EOF\n\
                    2: POSIX  ADVISORY  WRITE 77 08:01:5678 0 EOF\n\
                    3: FLOCK  ADVISORY  READ 55 08:01:1 0 EOF\n";
        assert_eq!(holders(text, 5678), [1234]);
    }

    #[test]
    fn a_second_lock_names_the_first_ones_pid() {
        let root = tempfile::tempdir().unwrap();
        let first = DirectoryLock::take(root.path()).unwrap();
        let error = DirectoryLock::take(root.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("pid {}", std::process::id())), "{error}");
        assert!(first.covers(root.path()));
        drop(first);
        DirectoryLock::take(root.path()).unwrap();
    }
}
