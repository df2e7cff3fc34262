//! `fallback-config`: the same program takes over with another file where a start fails.
//!
//! Only as long as the new program would be what this one was: outside of any jail, with the
//! rights of the start, in the directory of the start. Program and directory are therefore taken
//! before anything is changed, and the launcher drops the [`Fallback`] as soon as there is no way
//! back. What is found inside of a tenant's jail must never be executed by root.

use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::fchdir;
use shared::exit::Exit;
use shared::finding::Finding;

use super::say::{complain, say};

/// Another file to start with, and what it takes to start anew.
#[derive(Debug)]
pub(super) struct Fallback {
    file: String,
    program: PathBuf,
    directory: OwnedFd,
}

impl Fallback {
    /// Remembers this program and this directory; `None` where the kernel does not tell them.
    pub(super) fn new(file: String) -> Option<Self> {
        let program = std::env::current_exe().ok()?;
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = open(".", flags, Mode::empty()).ok()?;
        Some(Self { file, program, directory })
    }

    /// Starts with the other file; what is returned is the failure of that.
    pub(super) fn start(self) -> Exit {
        let Self { file, program, directory } = self;
        if file.contains("://") || file == "-" {
            return complain(format!("fallback-config: expected a file, found {file:?}"));
        }
        let text = format!("fallback-config: {file} is used");
        say(&[Finding::warning(None, None, text)], Exit::Failure);
        // a hook may have gone elsewhere
        if let Err(error) = fchdir(&directory) {
            return complain(format!("fallback-config: the directory of the start: {error}"));
        }
        let error = Command::new(&program).arg("--config").arg(file).exec();
        complain(format!("{}: cannot be executed: {error}", program.display()))
    }
}
