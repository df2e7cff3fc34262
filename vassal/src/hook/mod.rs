//! Carries out hooks (`hook-*` and its relatives), wherever a phase comes: in the launcher, the
//! interpreter, a worker, the master at its end.
//!
//! Files are touched by the launcher's rule ([`Access`]): as root only where nobody but root can
//! have a hand in. Commands are bounded in time. A failure names the hook.

/// Commands.
mod command;
/// Files and directories.
mod file;
/// Mounts.
mod mount;
/// Waiting until something is there.
mod wait;

use std::ffi::OsString;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use shared::settings::{Deed, Hook, Phase};

use crate::launch::access::Access;

/// How long a command may take. Migrations of a database take minutes.
pub const PATIENCE: Duration = Duration::from_mins(10);
/// How long a command may take at the end, when somebody waits to be rid of the server.
pub const LAST_PATIENCE: Duration = Duration::from_secs(30);

/// Where hooks are carried out.
#[derive(Debug)]
pub struct Stage<'a> {
    /// With whose rights files are touched.
    pub access: Access<'a>,
    /// What commands get; `putenv` changes it.
    pub environment: &'a mut Vec<(OsString, OsString)>,
    /// Where commands write to; `None`: where this process does.
    pub output: Option<BorrowedFd<'a>>,
    /// How long a command may take.
    pub patience: Duration,
}

/// Why a phase was not gone through.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// A hook failed.
    #[error("{text:?} failed: {source}")]
    Failed {
        /// The option that asked for it.
        option: String,
        /// The hook as it was written.
        text: String,
        /// Why.
        source: io::Error,
    },
    /// `exit`.
    #[error("a hook asked to end with {0}")]
    Exit(i32),
}

/// Carries out the hooks of a phase, in their order, until one fails.
pub fn run(hooks: &[Hook], phase: Phase, stage: &mut Stage<'_>) -> Result<(), Stop> {
    for hook in hooks.iter().filter(|hook| hook.phase == phase) {
        if !matches!(hook.deed, Deed::Signal { .. } | Deed::Wait { .. }) {
            say(stage, &format!("running {:?} ({})...", hook.text, phase.name()));
        }
        match one(hook, stage) {
            Ok(None) => {}
            Ok(Some(code)) => return Err(Stop::Exit(code)),
            Err(source) => {
                let (option, text) = (hook.option.clone(), hook.text.clone());
                return Err(Stop::Failed { option, text, source });
            }
        }
    }
    Ok(())
}

/// Carries out one hook; the code of an `exit`.
fn one(hook: &Hook, stage: &mut Stage<'_>) -> io::Result<Option<i32>> {
    match &hook.deed {
        Deed::Run { command, must } => command::run(command, *must, &hook.text, stage)?,
        Deed::Chdir(path) => std::env::set_current_dir(path)?,
        Deed::Mkdir(path) => file::mkdir(path, None, &stage.access)?,
        Deed::Sticky(path) => file::mkdir(path, Some(0o1777), &stage.access)?,
        Deed::Chmod { path, mode } => file::chmod(path, *mode, &stage.access)?,
        Deed::Chown { path, user, group } => file::chown(path, user, group, &stage.access)?,
        Deed::Unlink(path) => file::unlink(path, &stage.access)?,
        Deed::Write { path, text, append } => file::write(path, text, *append, &stage.access)?,
        Deed::Fifo { path, text, patient } => {
            let limit = if *patient { stage.patience } else { Duration::ZERO };
            file::fifo(path, text, limit, &stage.access)?;
        }
        Deed::Mount { kind, source, target, flags } => {
            mount::mount_at(kind, source, target, *flags, &stage.access)?;
        }
        Deed::Umount { target, flags } => mount::unmount(target, *flags, &stage.access)?,
        Deed::Hostname(name) => nix::unistd::sethostname(name)?,
        Deed::Set { name, value } => {
            stage.environment.retain(|(known, _)| known.as_os_str() != name.as_str());
            stage.environment.push((name.into(), value.into()));
        }
        Deed::Say(text) => say(stage, text),
        Deed::Exit(code) => return Ok(Some(*code)),
        // the master has them from its settings
        Deed::Signal { .. } => {}
        Deed::Wait { what, limit } => wait::wait(what, *limit, stage)?,
    }
    Ok(None)
}

/// A line of the log.
fn say(stage: &Stage<'_>, text: &str) {
    let line = format!("{text}\n");
    // nobody who reads is no reason to fail
    let _ = match stage.output {
        Some(output) => nix::unistd::write(output, line.as_bytes()).map(drop),
        None => io::Write::write_all(&mut io::stderr(), line.as_bytes())
            .map_err(|_| nix::errno::Errno::EIO),
    };
}
