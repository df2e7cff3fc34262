//! The end of a master. `vacuum`: sockets and pid file are removed at the end, by whoever made them.
//!
//! The directory's descriptor was kept from then, and only the very same inode is removed: what
//! somebody else put there meanwhile stays.

use std::time::Duration;

use nix::fcntl::AtFlags;
use nix::sys::stat::fstatat;
use nix::unistd::{UnlinkatFlags, unlinkat};
use shared::exit::Exit;
use shared::sys::process;

use super::{Master, output};
use crate::handover::Vacuum;

/// How long the last output of the tenant's processes may take to reach the log.
const LAST_OUTPUT: Duration = Duration::from_millis(500);

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

impl Master {
    /// Removes what was made, ends what is left of the process tree.
    pub(super) async fn farewell(mut self) -> Exit {
        self.broods.clear();
        std::mem::take(&mut self.daemons).end().await;
        process::end_descendants(100);
        // nobody writes any more: what the pipes still hold is the end of the log
        let rest = async { while self.copies.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_OUTPUT, rest).await;
        self.last_hooks();
        clean(&self.vacuum);
        if self.vacuums {
            self.fifo.remove();
        }
        output::say("goodbye to uWSGI.");
        self.exit.unwrap_or(Exit::Success)
    }
}
