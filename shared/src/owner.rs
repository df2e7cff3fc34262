//! Whose a file is, for root: whoever can choose what stands behind its name.
//!
//! Root reads a tenant's file as the tenant. A link of the tenant's to a file of root's must not
//! change that: its text, or a line of it in an error, would reach the tenant's log.

use std::io;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};

/// How many links one path may lead over.
const LINKS_MAX: usize = 40;

/// User and group of a file, or of the first link on the way to it that is not root's.
pub fn of(path: &Path) -> io::Result<(u32, u32)> {
    let data = std::fs::metadata(path)?;
    // a name that leads nowhere in the file system (an open pipe) has no link to look at
    let link = match strangers_link(path) {
        Err(error) if error.raw_os_error() == Some(Errno::ELOOP as i32) => return Err(error),
        walked => walked.ok().flatten(),
    };
    Ok(link.map_or((data.uid(), data.gid()), |link| (link.st_uid, link.st_gid)))
}

/// The first link on a path that belongs to somebody else than root.
fn strangers_link(path: &Path) -> io::Result<Option<FileStat>> {
    let walked = walk(path, |stat| {
        if is_link(stat) && stat.st_uid != 0 {
            ControlFlow::Break(*stat)
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(walked.break_value())
}

/// Whether it is a symbolic link.
pub fn is_link(stat: &FileStat) -> bool {
    SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) == SFlag::S_IFLNK
}

/// Walks a path a step at a time, over links too; `look` sees all on the way before anything
/// behind it is touched: the root directory, each directory, each link, the end. Gives the end,
/// opened by O_PATH, or what `look` stopped with. `ELOOP` after too many links.
pub fn walk<T>(
    path: &Path,
    mut look: impl FnMut(&FileStat) -> ControlFlow<T>,
) -> io::Result<ControlFlow<T, OwnedFd>> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let top = || open("/", flags | OFlag::O_DIRECTORY, Mode::empty());
    let mut todo = steps(&std::path::absolute(path)?);
    let mut here = top()?;
    let mut links = 0;
    if let ControlFlow::Break(why) = look(&fstat(&here)?) {
        return Ok(ControlFlow::Break(why));
    }
    while let Some(step) = todo.pop() {
        let next = openat(&here, &step, flags, Mode::empty())?;
        let stat = fstat(&next)?;
        if let ControlFlow::Break(why) = look(&stat) {
            return Ok(ControlFlow::Break(why));
        }
        if !is_link(&stat) {
            here = next;
            continue;
        }
        links += 1;
        if links > LINKS_MAX {
            return Err(Errno::ELOOP.into());
        }
        let target = PathBuf::from(readlinkat(&here, &step)?);
        if target.is_absolute() {
            here = top()?;
        }
        todo.extend(steps(&target));
    }
    Ok(ControlFlow::Continue(here))
}

/// The steps of a path, the first one last.
fn steps(path: &Path) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| PathBuf::from(part.as_os_str()))
        .collect();
    list.reverse();
    list
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{chown, lchown, symlink};

    use super::*;

    #[test]
    fn a_link_of_a_strangers_makes_the_file_the_strangers() {
        let place = tempfile::tempdir().unwrap();
        let here = place.path();
        let us = (here.metadata().unwrap().uid(), here.metadata().unwrap().gid());
        fs::create_dir_all(here.join("real/deep")).unwrap();
        let file = here.join("real/deep/a.ini");
        fs::write(&file, "").unwrap();
        symlink("real/deep", here.join("way")).unwrap();
        symlink(here.join("way/../deep/a.ini"), here.join("b.ini")).unwrap();
        let names = [file, here.join("way/a.ini"), here.join("b.ini")];
        for name in &names {
            assert_eq!(of(name).unwrap(), us, "{}", name.display());
        }
        assert!(of(&here.join("none")).is_err());
        if us.0 != 0 {
            return;
        }
        lchown(here.join("way"), Some(4301), Some(4302)).unwrap();
        assert_eq!(of(&names[0]).unwrap(), (0, us.1));
        assert_eq!(of(&names[1]).unwrap(), (4301, 4302));
        // a link of root's leads over it
        assert_eq!(of(&names[2]).unwrap(), (4301, 4302));
        chown(&names[0], Some(4303), Some(4304)).unwrap();
        assert_eq!(of(&names[0]).unwrap(), (4303, 4304));
        assert_eq!(of(&names[1]).unwrap(), (4301, 4302));
    }
}
