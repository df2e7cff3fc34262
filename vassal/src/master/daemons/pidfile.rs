//! Pid files of smart daemons: who is in one, writing one, and removing one's own.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::unistd::Pid;
use shared::sys::process;

/// A pid file is a number.
const SIZE_MAX: u64 = 64;

/// The pid in a pid file. The file is the tenant's, and so are we: a FIFO in its place must not
/// hold us up, which is why it is opened without waiting.
fn named(path: &Path) -> Option<Pid> {
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_CLOEXEC)
        .open(path)
        .ok()
        .filter(|file| file.metadata().is_ok_and(|data| data.is_file()))?;
    let mut text = String::new();
    file.take(SIZE_MAX).read_to_string(&mut text).ok()?;
    Some(Pid::from_raw(text.trim().parse().ok().filter(|pid| *pid > 1)?))
}

/// The process that a pid file names, if it is alive.
pub(super) fn running(path: &Path) -> Option<(Pid, OwnedFd)> {
    let pid = named(path)?;
    // a zombie is as good as gone
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let zombie = state.rsplit(')').next()?.trim_start().starts_with(['Z', 'X']);
    if zombie || pid == Pid::this() {
        return None;
    }
    Some((pid, process::pidfd(pid).ok()?))
}

/// Writes a pid, in place of whatever is there.
pub(super) fn write(path: &Path, pid: Pid) -> io::Result<()> {
    let _ = std::fs::remove_file(path);
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    writeln!(file, "{pid}")
}

/// Removes a pid file that names this process: another one belongs to somebody else by now.
pub(super) fn remove(path: &Path, pid: Pid) {
    if named(path) == Some(pid) {
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_living_process_counts() {
        let directory = std::env::temp_dir().join(format!("pidfile-test-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("pid");
        assert!(running(&path).is_none(), "there is no file");
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::from_raw(child.id() as i32);
        write(&path, pid).unwrap();
        assert_eq!(running(&path).unwrap().0, pid);
        remove(&path, Pid::this());
        assert!(running(&path).is_some(), "it is somebody else's");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(running(&path).is_none(), "the process is gone");
        for text in ["", "abc", "-5", "0", "1", "99999999999999"] {
            std::fs::write(&path, text).unwrap();
            assert!(running(&path).is_none(), "{text:?}");
        }
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
