//! The named pipes that take commands (`master-fifo`): one byte each.
//!
//! Made by the master, so by the tenant, with mode 0600: whoever may write there is the tenant or
//! root. Several paths are slots, of which one is open at a time; a digit chooses it.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::task::JoinSet;

use super::{Fact, Facts, output};

/// Bytes that are taken at a time.
const READ_MAX: usize = 64;

/// Why there is no pipe.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// Somebody's file is there.
    #[error("{0} is no named pipe: it stays as it is")]
    Other(PathBuf),
    /// It cannot be made or opened.
    #[error("{path}: {source}")]
    Make {
        /// Where.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
}

/// The slots, and the one that is open.
pub(super) struct Fifo {
    slots: Vec<PathBuf>,
    /// Pipes that were made, with their device and inode.
    made: Vec<(PathBuf, (u64, u64))>,
    reader: JoinSet<()>,
}

impl Fifo {
    /// Opens the first slot, if there is one.
    pub(super) fn new(slots: &[PathBuf], facts: &Facts) -> Self {
        let mut fifo = Self { slots: slots.to_vec(), made: Vec::new(), reader: JoinSet::new() };
        fifo.choose(0, facts);
        fifo
    }

    /// The paths.
    pub(super) fn slots(&self) -> &[PathBuf] {
        &self.slots
    }

    /// Makes another slot the one that is read.
    pub(super) fn choose(&mut self, slot: usize, facts: &Facts) {
        let Some(path) = self.slots.get(slot) else { return };
        let (pipe, identity) = match open(path) {
            Ok(opened) => opened,
            Err(error) => {
                output::say(&format!("master-fifo: {error}"));
                return;
            }
        };
        if slot > 0 || !self.made.is_empty() {
            output::say(&format!("active master fifo is now {}", path.display()));
        }
        self.made.retain(|(known, _)| known != path);
        self.made.push((path.clone(), identity));
        self.reader.abort_all();
        self.reader.spawn(read(pipe, facts.clone()));
    }

    /// Removes the pipes that were made here and are still there (`vacuum`).
    pub(super) fn remove(&self) {
        for (path, identity) in &self.made {
            let found = path.symlink_metadata().map(|found| (found.dev(), found.ino()));
            if found.is_ok_and(|found| found == *identity) {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// Makes a pipe in place of an old one.
fn open(path: &Path) -> Result<(pipe::Receiver, (u64, u64)), Error> {
    let fault = |source| Error::Make { path: path.to_owned(), source };
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_fifo() => std::fs::remove_file(path).map_err(fault)?,
        Ok(_) => return Err(Error::Other(path.to_owned())),
        Err(_) => {}
    }
    mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).map_err(|errno| fault(errno.into()))?;
    let found = path.symlink_metadata().map_err(fault)?;
    // with a writing end of its own the pipe has no end when a writer goes
    let pipe = pipe::OpenOptions::new().read_write(true).open_receiver(path).map_err(fault)?;
    Ok((pipe, (found.dev(), found.ino())))
}

/// Turns bytes into facts.
async fn read(mut pipe: pipe::Receiver, facts: Facts) {
    let mut buffer = [0; READ_MAX];
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        for byte in &buffer[..count] {
            if facts.send(Fact::Command(*byte)).await.is_err() {
                return;
            }
        }
    }
}
