//! Pid files that the master writes itself, as the tenant (`pidfile2`, `safe-pidfile`,
//! `safe-pidfile2`).
//!
//! The one that was written before the rights were dropped is the launcher's business.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;

use super::{Master, output};
use crate::handover::Vacuum;

impl Master {
    /// Writes the pid to a file, which is removed at the end where `vacuum` is on.
    pub(super) fn write_pidfile(&mut self, path: &Path) {
        match write(path) {
            Ok(file) if self.vacuums => {
                self.vacuum.retain(|known| known.identity != file.identity);
                self.vacuum.push(file);
            }
            Ok(_) => {}
            Err(error) => output::say(&format!("pid file {}: {error}", path.display())),
        }
    }

    /// Writes all pid files again; the launcher's only where the tenant may.
    pub(super) fn write_pidfiles(&mut self) {
        let settings = &self.serve.supervision;
        let early = [&self.pidfile, &settings.pidfile2].into_iter().flatten();
        for path in early.chain(&settings.safe_pidfiles).cloned().collect::<Vec<_>>() {
            output::say(&format!("writing pidfile to {}", path.display()));
            self.write_pidfile(&path);
        }
    }
}

/// Writes the pid of this process. A link in the place of the file is not followed, and a file
/// that has a second name somewhere is left as it is.
fn write(path: &Path) -> io::Result<Vacuum> {
    let mut file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .mode(0o644)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path)?;
    let found = file.metadata()?;
    if !found.is_file() || found.nlink() != 1 {
        return Err(io::Error::other("it is no plain file of one name"));
    }
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())?;
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    let directory: OwnedFd = File::open(above.unwrap_or(Path::new(".")))?.into();
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    Ok(Vacuum { directory, name, identity: (found.dev(), found.ino()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_is_a_line_and_a_link_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pid");
        for _ in 0..2 {
            let file = write(&path).unwrap();
            assert_eq!(file.name, "pid");
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(text, format!("{}\n", std::process::id()));
        }
        std::os::unix::fs::symlink(&path, dir.path().join("link")).unwrap();
        assert!(write(&dir.path().join("link")).is_err());
        std::fs::hard_link(&path, dir.path().join("second")).unwrap();
        assert!(write(&path).is_err());
    }
}
