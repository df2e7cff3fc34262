//! Where the daemon's log lines go: standard error, which `logto` may have made a file.
//!
//! A log that cannot be written is no reason to stop: errors are swallowed here and nowhere else.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use shared::sys::descriptor;

/// Standard error, without errors.
struct Patient;

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes standard output and error a file (`logto`): everything, a panic's words included,
/// lands there.
pub fn redirect(path: &Path) -> io::Result<()> {
    let file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NOCTTY)
        .open(path)?;
    descriptor::become_standard(file.as_fd(), 1)?;
    descriptor::become_standard(file.as_fd(), 2)
}

/// Starts logging. True when a person reads it directly.
pub fn start() -> bool {
    let terminal = io::stderr().is_terminal();
    let debug = std::env::var_os("EMPEROR_DEBUG").is_some();
    let most = if debug { tracing::Level::DEBUG } else { tracing::Level::INFO };
    // a second start (tests) changes nothing
    let _ = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_target(false)
        .with_max_level(most)
        .with_writer(|| Patient)
        .try_init();
    terminal
}
