//! What outlives the daemon: which vassals were stopped by hand, and their generations.
//!
//! One JSON document, replaced atomically. The directory belongs to the Emperor's user alone;
//! the document's name is a hash of the sources, so that two Emperors can share a directory.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use serde::{Deserialize, Serialize};

/// The largest document that is read.
const SIZE_MAX: u64 = 64 * 1024 * 1024;

/// What is remembered of one vassal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Stopped by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
    /// The generation that served last.
    #[serde(default)]
    pub generation: u64,
}

/// What is remembered, by the path of each vassal's file.
#[derive(Debug, Default)]
pub struct Memories {
    path: Option<PathBuf>,
    vassals: BTreeMap<String, Memory>,
    dirty: bool,
}

impl Memories {
    /// Opens (and makes) the state of the Emperor with these sources. An unreadable document
    /// is set aside: what it said is lost, but the daemon runs.
    pub fn open(directory: &Path, sources: &str) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let path = directory.join(format!("emperor-{:016x}.json", hash(sources)));
        let vassals = match read(&path) {
            Ok(vassals) => vassals,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => {
                tracing::error!("state {}: {error}: starting without it", path.display());
                fs::rename(&path, path.with_extension("broken"))?;
                BTreeMap::new()
            }
        };
        Ok(Self { path: Some(path), vassals, dirty: false })
    }

    /// A memory that does not outlive the process.
    pub fn none() -> Self {
        Self::default()
    }

    /// The document; its directory is handed to the user that the Emperor becomes.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What is remembered of a file.
    pub fn of(&self, file: &Path) -> Memory {
        self.vassals.get(&key(file)).cloned().unwrap_or_default()
    }

    /// Remembers.
    pub fn put(&mut self, file: &Path, memory: Memory) {
        let old = self.vassals.insert(key(file), memory.clone());
        self.dirty |= old != Some(memory);
    }

    /// Forgets a file that was removed.
    pub fn forget(&mut self, file: &Path) {
        self.dirty |= self.vassals.remove(&key(file)).is_some();
    }

    /// Whether something is to be written.
    pub fn dirty(&self) -> bool {
        self.dirty && self.path.is_some()
    }

    /// Writes what changed.
    pub fn save(&mut self) -> io::Result<()> {
        let (Some(path), true) = (&self.path, self.dirty) else { return Ok(()) };
        let staged = path.with_extension("new");
        match fs::remove_file(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&staged)?;
        file.write_all(&serde_json::to_vec_pretty(&self.vassals)?)?;
        fs::rename(&staged, path)?;
        self.dirty = false;
        Ok(())
    }
}

fn key(file: &Path) -> String {
    file.to_string_lossy().into_owned()
}

fn read(path: &Path) -> io::Result<BTreeMap<String, Memory>> {
    // the directory may be a less powerful user's: no link is followed, no FIFO waited for
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = fs::OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let there = file.metadata()?;
    if !there.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if there.len() > SIZE_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(serde_json::from_reader(io::BufReader::new(file))?)
}

/// FNV-1a: a name, not a secret.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_read_again_and_a_broken_document_is_set_aside() {
        let root = tempfile::tempdir().unwrap();
        let file = Path::new("/sites/a.ini");
        let stopped = Memory { stopped: true, generation: 7 };
        let mut state = Memories::open(root.path(), "/sites").unwrap();
        assert_eq!(state.of(file), Memory::default());
        state.put(file, stopped.clone());
        state.save().unwrap();
        let mut state = Memories::open(root.path(), "/sites").unwrap();
        assert_eq!(state.of(file), stopped);
        assert_eq!(Memories::open(root.path(), "/other").unwrap().of(file), Memory::default());
        state.forget(file);
        state.save().unwrap();
        assert_eq!(Memories::open(root.path(), "/sites").unwrap().of(file), Memory::default());
        fs::write(state.path().unwrap(), "{").unwrap();
        assert_eq!(Memories::open(root.path(), "/sites").unwrap().of(file), Memory::default());
    }

    #[test]
    fn a_document_that_is_a_link_or_a_fifo_is_not_read() {
        let root = tempfile::tempdir().unwrap();
        let secret = root.path().join("secret");
        fs::write(&secret, r#"{"/sites/a.ini":{"stopped":true}}"#).unwrap();
        let path = Memories::open(root.path(), "/sites").unwrap().path().unwrap().to_owned();
        std::os::unix::fs::symlink(&secret, &path).unwrap();
        let state = Memories::open(root.path(), "/sites").unwrap();
        assert_eq!(state.of(Path::new("/sites/a.ini")), Memory::default());
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let state = Memories::open(root.path(), "/sites").unwrap();
        assert_eq!(state.of(Path::new("/sites/a.ini")), Memory::default());
    }
}
