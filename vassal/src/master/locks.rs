//! Files that are locked as long as the master runs (`flock` and its relatives).

use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::launch::lock::later;

/// How often it is tried while a predecessor has them.
const AGAIN: Duration = Duration::from_secs(1);

/// Keeps the files; those that a predecessor still holds are ours when it has gone.
pub(super) fn hold(files: Vec<OwnedFd>) -> JoinSet<()> {
    let mut task = JoinSet::new();
    if !files.is_empty() {
        task.spawn(async move {
            while !later(&files) {
                tokio::time::sleep(AGAIN).await;
            }
            std::future::pending::<()>().await;
            drop(files);
        });
    }
    task
}
