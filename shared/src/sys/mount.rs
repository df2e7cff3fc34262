//! Mounts by descriptor (`open_tree`, `mount_setattr`, `move_mount`): no path is looked up
//! twice, so nobody can put another thing in its place between the look and the mount.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// A detached read-only copy of the mount at a file or directory.
pub fn detached_read_only(source: impl AsFd) -> io::Result<OwnedFd> {
    let flags =
        libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | libc::AT_EMPTY_PATH as libc::c_uint;
    // SAFETY: the empty path is a valid C string and the descriptor is borrowed for the call.
    let raw = unsafe {
        libc::syscall(libc::SYS_open_tree, source.as_fd().as_raw_fd(), c"".as_ptr(), flags)
    };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this number; nobody else owns it.
    let tree = unsafe { OwnedFd::from_raw_fd(raw as RawFd) };
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: the kernel reads `size_of(mount_attr)` bytes of a value that lives through the call.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(tree) }
}

/// Attaches a detached tree to `name` in `directory`. A link of that name is not followed.
pub fn attach(tree: impl AsFd, directory: impl AsFd, name: &CStr) -> io::Result<()> {
    // SAFETY: both strings are valid C strings, both descriptors are borrowed for the call.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            tree.as_fd().as_raw_fd(),
            c"".as_ptr(),
            directory.as_fd().as_raw_fd(),
            name.as_ptr(),
            libc::MOVE_MOUNT_F_EMPTY_PATH,
        )
    };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
