//! Mounts of hooks: root's own work, on directories that are root's alone.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, openat};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;

use crate::launch::access::{Access, roots_directory};

/// Mounts.
pub(super) fn mount_at(
    kind: &str,
    source: &str,
    target: &Path,
    flags: u64,
    access: &Access<'_>,
) -> io::Result<()> {
    let flags = MsFlags::from_bits_truncate(flags as _);
    let mounted = |target: &Path| {
        mount(Some(source), target, Some(kind), flags, None::<&str>).map_err(io::Error::from)
    };
    at(target, access, mounted)
}

/// Undoes a mount.
pub(super) fn unmount(target: &Path, flags: i32, access: &Access<'_>) -> io::Result<()> {
    let mut flags = MntFlags::from_bits_truncate(flags);
    if access.is_risky() {
        // what is mounted may be anybody's: what matters is who can put something in its place
        roots_directory(target.parent().unwrap_or(target))?.ok_or_else(strangers)?;
        flags |= MntFlags::UMOUNT_NOFOLLOW;
    }
    // an open directory would keep it busy
    Ok(umount2(target, flags)?)
}

/// Does something to a directory; where a tenant could lead the path elsewhere, not at all.
fn at<T>(
    target: &Path,
    access: &Access<'_>,
    work: impl FnOnce(&Path) -> io::Result<T>,
) -> io::Result<T> {
    if !access.is_risky() {
        return work(target);
    }
    let directory = match roots_directory(target)? {
        Some(directory) => directory,
        // something that was mounted there before, say: still nobody else can replace it
        None => in_roots_directory(target)?,
    };
    work(&PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())))
}

/// A directory, whosever it is, whose name stands in a directory of root's alone.
fn in_roots_directory(target: &Path) -> io::Result<OwnedFd> {
    let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
        return Err(strangers());
    };
    let parent = roots_directory(parent)?.ok_or_else(strangers)?;
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(openat(parent, name, flags, Mode::empty())?)
}

fn strangers() -> io::Error {
    io::Error::other("root mounts only on directories that nobody else can replace")
}

#[cfg(test)]
mod tests {
    use nix::unistd::geteuid;
    use shared::plan::Identity;

    use super::*;

    #[test]
    fn nothing_is_mounted_where_a_tenant_has_a_hand_in() {
        if !geteuid().is_root() {
            eprintln!("not run: needs root");
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let who = Identity { uid: 54321, gid: 54321, groups: Vec::new() };
        let access = Access { tenant: Some(&who), roots: true };
        let refused = mount_at("tmpfs", "none", place.path(), 0, &access).unwrap_err();
        assert!(refused.to_string().contains("nobody else can replace"), "{refused}");
        assert!(unmount(place.path(), 0, &access).is_err());
    }
}
