//! Credentials of this process that have no wrapper elsewhere: securebits.

use std::io;

/// Bit 0 of the securebits: a program run by uid 0 gains no capabilities.
const NOROOT: libc::c_ulong = 1 << 0;
/// Bit 1: the one above cannot be taken back.
const NOROOT_LOCKED: libc::c_ulong = 1 << 1;

/// From now on, and for all children, executing a program as uid 0 (a setuid-root one, say)
/// grants no capability. Needs CAP_SETPCAP.
pub fn no_root_capabilities() -> io::Result<()> {
    // SAFETY: this prctl takes one integer and changes nothing but this thread's securebits.
    let answer = unsafe { libc::prctl(libc::PR_SET_SECUREBITS, NOROOT | NOROOT_LOCKED, 0, 0, 0) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
