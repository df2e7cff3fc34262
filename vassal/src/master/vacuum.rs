//! `vacuum`: sockets and pid file are removed at the end, by whoever made them.
//!
//! The directory's descriptor was kept from then, and only the very same inode is removed: what
//! somebody else put there meanwhile stays.

use nix::fcntl::AtFlags;
use nix::sys::stat::fstatat;
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::output;
use crate::handover::Vacuum;

/// Removes what is still ours.
pub(super) fn clean(files: &[Vacuum]) {
    for file in files {
        let name = file.name.as_os_str();
        let same = fstatat(&file.directory, name, AtFlags::AT_SYMLINK_NOFOLLOW)
            .is_ok_and(|found| (found.st_dev, found.st_ino) == file.identity);
        if same && unlinkat(&file.directory, name, UnlinkatFlags::NoRemoveDir).is_ok() {
            output::say(&format!("VACUUM: {} removed", file.name.display()));
        }
    }
}
