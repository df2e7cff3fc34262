//! Log files: written as far as they take it without waiting, rotated by size, opened again.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, RenameFlags, open, openat, renameat, renameat2};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, SFlag, fstat};
use shared::sys::descriptor;

use crate::handover::LogFile;

/// A pipe that is writable takes at least this much without waiting (PIPE_BUF).
const PIECE: usize = 4096;
/// Files that got their other names within one second and are told apart by a number.
const NUMBERED_MAX: u32 = 1000;

/// When and how a file is rotated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rotation {
    /// Above how many bytes; 0 is never.
    pub(super) maxsize: u64,
    /// What it is called then: beside the log without a directory; else its name and the time.
    pub(super) backup: Option<PathBuf>,
}

/// Something that lines are written to.
#[derive(Debug)]
pub(super) struct Output {
    /// Where it is, where that is known.
    place: Option<LogFile>,
    /// What is open; `None` is standard error.
    file: Option<OwnedFd>,
    standard: bool,
    regular: bool,
    rotation: Rotation,
    size: u64,
    /// Bytes that could not be written.
    dropped: u64,
    /// The last rotation failed: it is not tried again until the log is opened anew.
    stays: bool,
}

impl Output {
    /// Standard error, which is this file where `logto` made it one.
    pub(super) fn standard(place: Option<LogFile>) -> Self {
        let mut made = Self::closed(place);
        made.standard = true;
        made.measure();
        made
    }

    /// A file that is made where it is missing.
    pub(super) fn open(path: &Path, rotation: Rotation) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_owned();
        let parent = path.parent().filter(|parent| *parent != Path::new(""));
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = open(parent.unwrap_or(Path::new(".")), flags, Mode::empty())?;
        let place = LogFile { directory, name, mode: 0o640 };
        let mut made = Self { rotation, ..Self::closed(Some(place)) };
        made.reopen()?;
        Ok(made)
    }

    fn closed(place: Option<LogFile>) -> Self {
        Self {
            place,
            file: None,
            standard: false,
            regular: false,
            rotation: Rotation::default(),
            size: 0,
            dropped: 0,
            stays: false,
        }
    }

    /// When it is rotated from now on.
    pub(super) fn rotate_by(&mut self, rotation: Rotation) {
        self.stays &= self.rotation == rotation;
        self.rotation = rotation;
    }

    /// Learns what kind of file is open, and its size.
    fn measure(&mut self) {
        let error = io::stderr();
        let file = self.file.as_ref().map_or_else(|| error.as_fd(), AsFd::as_fd);
        if let Ok(stat) = fstat(file) {
            self.regular = stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits();
            self.size = stat.st_size as u64;
        }
    }

    /// Opens the file of this name again (somebody moved the old one away).
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        let mut flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_NONBLOCK;
        flags |= OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        let mode = Mode::from_bits_truncate(place.mode);
        let file = openat(&place.directory, place.name.as_os_str(), flags, mode)?;
        if self.standard {
            // whoever inherits it may not expect that a write is refused
            descriptor::nonblocking(&file, false)?;
            descriptor::become_standard(file.as_fd(), 1)?;
            descriptor::become_standard(file.as_fd(), 2)?;
        } else {
            self.file = Some(file);
        }
        self.stays = false;
        self.measure();
        Ok(())
    }

    /// Gives the file its other name and begins a new one.
    pub(super) fn rotate(&mut self, now: SystemTime) -> io::Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        let (here, name) = (place.directory.as_fd(), place.name.as_os_str());
        if let Some(backup) = &self.rotation.backup {
            // whoever names it wants the last one under that name
            let there = if is_beside(backup.as_os_str()) { here } else { AT_FDCWD };
            renameat(here, name, there, backup)?;
        } else {
            let epoch = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            keep_as(here, name, epoch)?;
        }
        self.reopen()
    }

    /// Writes what the log takes without waiting; the rest is counted, and the count is told
    /// when the log takes something again. Returns what went wrong with a rotation.
    pub(super) fn write(&mut self, bytes: &[u8], now: SystemTime) -> Option<io::Error> {
        let full = self.rotation.maxsize > 0 && self.regular && !self.stays;
        let trouble =
            if full && self.size > 0 && self.size + bytes.len() as u64 > self.rotation.maxsize {
                let error = self.rotate(now).err();
                self.stays = error.is_some();
                error
            } else {
                None
            };
        if self.dropped > 0 {
            let told =
                format!("\n[{} bytes of output were dropped: the log was full]\n", self.dropped);
            if self.put(told.as_bytes()) == told.len() {
                self.dropped = 0;
            }
        }
        let written = if self.dropped > 0 { 0 } else { self.put(bytes) };
        self.dropped += (bytes.len() - written) as u64;
        trouble
    }

    fn put(&mut self, bytes: &[u8]) -> usize {
        let error = io::stderr();
        let file = self.file.as_ref().map_or_else(|| error.as_fd(), AsFd::as_fd);
        let mut done = 0;
        while done < bytes.len() {
            // what is no regular file is asked first: it may be one that waits
            if !self.regular && !is_ready(file) {
                break;
            }
            let end = if self.regular { bytes.len() } else { bytes.len().min(done + PIECE) };
            match nix::unistd::write(file, &bytes[done..end]) {
                Ok(count) => done += count,
                Err(Errno::EINTR) => {}
                Err(_) => break,
            }
        }
        self.size += done as u64;
        done
    }
}

/// Gives a file the name with the time. Nothing is replaced: within one second, or after the clock
/// was set back, that name is taken, and a number tells the files apart.
fn keep_as(place: BorrowedFd<'_>, name: &OsStr, epoch: u64) -> nix::Result<()> {
    for number in 0..NUMBERED_MAX {
        let mut other = name.to_owned();
        other.push(format!(".{epoch}"));
        if number > 0 {
            other.push(format!(".{number}"));
        }
        let flags = RenameFlags::RENAME_NOREPLACE;
        match renameat2(place, name, place, other.as_os_str(), flags) {
            Err(Errno::EEXIST) => {}
            // a file system that cannot promise it
            Err(Errno::EINVAL | Errno::ENOSYS) => {
                return renameat(place, name, place, other.as_os_str());
            }
            done => return done,
        }
    }
    Err(Errno::EEXIST)
}

fn is_ready(file: BorrowedFd<'_>) -> bool {
    let mut watch = [PollFd::new(file, PollFlags::POLLOUT)];
    matches!(poll(&mut watch, PollTimeout::ZERO), Ok(1))
}

fn is_beside(name: &OsStr) -> bool {
    Path::new(name).parent().is_none_or(|parent| parent == Path::new(""))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_file_that_is_large_enough_gets_its_other_name() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("log");
        let now = UNIX_EPOCH + Duration::from_secs(7);
        let rotation = Rotation { maxsize: 10, backup: None };
        let mut file = Output::open(&path, rotation).unwrap();
        for line in ["12345678\n", "second\n"] {
            assert!(file.write(line.as_bytes(), now).is_none());
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "second\n");
        assert_eq!(fs::read_to_string(place.path().join("log.7")).unwrap(), "12345678\n");
        // the same second, or one that comes again: nothing is lost
        assert!(file.write(b"third\n", now).is_none());
        assert_eq!(fs::read_to_string(place.path().join("log.7")).unwrap(), "12345678\n");
        assert_eq!(fs::read_to_string(place.path().join("log.7.1")).unwrap(), "second\n");
        file.rotate_by(Rotation { maxsize: 10, backup: Some("old".into()) });
        assert!(file.write(b"other\n", now).is_none());
        assert_eq!(fs::read_to_string(place.path().join("old")).unwrap(), "third\n");
        let missing = place.path().join("no/old");
        file.rotate_by(Rotation { maxsize: 10, backup: Some(missing) });
        assert!(file.write(b"fourth\n", now).is_some(), "the failure is told");
        assert!(file.write(b"fifth\n", now).is_none(), "once");
        assert_eq!(fs::read_to_string(&path).unwrap(), "other\nfourth\nfifth\n");
    }

    #[test]
    fn what_was_moved_away_is_left_alone_after_reopening() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("log");
        let mut file = Output::open(&path, Rotation::default()).unwrap();
        file.write(b"one\n", UNIX_EPOCH);
        fs::rename(&path, place.path().join("moved")).unwrap();
        file.write(b"two\n", UNIX_EPOCH);
        file.reopen().unwrap();
        file.write(b"three\n", UNIX_EPOCH);
        assert_eq!(fs::read_to_string(place.path().join("moved")).unwrap(), "one\ntwo\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
    }

    #[test]
    fn a_full_log_costs_no_time_and_the_loss_is_told() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("fifo");
        nix::unistd::mkfifo(&path, Mode::from_bits_truncate(0o600)).unwrap();
        // without a reader it cannot be opened, which is an error and no wait
        assert!(Output::open(&path, Rotation::default()).is_err());
        let reader = fs::File::options().read(true).write(true).open(&path).unwrap();
        let mut file = Output::open(&path, Rotation::default()).unwrap();
        let line = [b'x'; 1000];
        for _ in 0..200 {
            file.write(&line, UNIX_EPOCH);
        }
        let lost = file.dropped;
        assert!(lost > 0);
        let mut room = vec![0; 32 * 1024];
        nix::unistd::read(&reader, &mut room).unwrap();
        file.write(b"again\n", UNIX_EPOCH);
        assert_eq!(file.dropped, 0);
        let mut text = Vec::new();
        let told = format!("\n[{lost} bytes of output were dropped: the log was full]\nagain\n");
        while !String::from_utf8_lossy(&text).ends_with(&told) {
            let count = nix::unistd::read(&reader, &mut room).unwrap();
            text.extend_from_slice(&room[..count]);
        }
    }
}
