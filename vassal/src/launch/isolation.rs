//! `unshare`: namespaces of the vassal's own. The kernel gives them to this process and to those
//! that it starts; sockets that are bound already stay in the machine's network.

use std::io;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use shared::settings::Namespace;

/// Leaves these namespaces. What is mounted in a jail (`jailed`) stays there already, and its root
/// need not be a mount point.
pub(super) fn leave(list: &[Namespace], jailed: bool) -> io::Result<()> {
    if list.is_empty() {
        return Ok(());
    }
    let flag = |one: &Namespace| match one {
        Namespace::Ipc => CloneFlags::CLONE_NEWIPC,
        Namespace::Uts => CloneFlags::CLONE_NEWUTS,
        Namespace::Net => CloneFlags::CLONE_NEWNET,
        Namespace::Mount => CloneFlags::CLONE_NEWNS,
    };
    unshare(list.iter().map(flag).collect())?;
    if list.contains(&Namespace::Mount) && !jailed {
        // what is mounted here from now on does not reach the machine
        let flags = MsFlags::MS_REC | MsFlags::MS_SLAVE;
        mount(None::<&str>, "/", None::<&str>, flags, None::<&str>)?;
    }
    Ok(())
}
