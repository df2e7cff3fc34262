//! Starting a launcher: the one place where the daemon makes processes.
//!
//! Nothing of ours runs between fork and exec. The launcher gets its orders as data, over a
//! socket that is its standard input; its environment holds nothing of the Emperor's.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::Pid;
use shared::summons::{Errand, PACKET_MAX, Summons};
use shared::sys::{descriptor, memory, process};

/// A launcher that was started.
#[derive(Debug)]
pub struct Launcher {
    /// Its process (later the master's).
    pub pid: Pid,
    /// A stable handle of it.
    pub pidfd: OwnedFd,
    /// Our end of the summons channel, non-blocking.
    pub channel: OwnedFd,
    /// What it writes (standard output and error), non-blocking.
    pub output: OwnedFd,
}

/// Why a launcher could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The program itself.
    #[error("cannot start {}: {source}", program.display())]
    Program {
        /// Its path.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Pipes, sockets or handles.
    #[error("cannot prepare a launcher: {0}")]
    Descriptors(#[from] io::Error),
    /// The orders do not fit.
    #[error("the summons of {name} is larger than {PACKET_MAX} bytes")]
    TooLarge {
        /// The vassal.
        name: String,
    },
}

/// Starts a launcher and hands it the summons with its descriptors.
pub fn launch(
    program: &Path,
    directory: &Path,
    summons: &Summons,
    descriptors: &[BorrowedFd<'_>],
) -> Result<Launcher, SpawnError> {
    let packet = serde_json::to_vec(summons).map_err(io::Error::from)?;
    if packet.len() > PACKET_MAX {
        return Err(SpawnError::TooLarge { name: summons.name.clone() });
    }
    let (channel, theirs) = descriptor::packet_pair()?;
    let (output, writer) = io::pipe()?;
    let mut command = Command::new(program);
    command
        .arg("--summons")
        .arg(&summons.name)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_else(|| PATH.into()))
        .current_dir(directory)
        .stdin(Stdio::from(theirs))
        .stdout(writer.try_clone()?)
        .stderr(writer);
    for name in ["LANG", "TZ"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let failed = |source| SpawnError::Program { program: program.to_owned(), source };
    let child = command.spawn().map_err(failed)?;
    // closes our copies of the launcher's ends: else their closing could never be seen
    drop(command);
    let pid = Pid::from_raw(child.id() as i32);
    let pidfd = process::pidfd(pid)?;
    // a launcher that is gone already is told by its pidfd
    if let Err(error) = descriptor::send(&channel, &packet, descriptors)
        && error.kind() != io::ErrorKind::BrokenPipe
        && error.kind() != io::ErrorKind::ConnectionReset
    {
        let _ = process::signal(&pidfd, nix::sys::signal::Signal::SIGKILL);
        return Err(error.into());
    }
    let output = OwnedFd::from(output);
    descriptor::nonblocking(&channel, true)?;
    descriptor::nonblocking(&output, true)?;
    Ok(Launcher { pid, pidfd, channel, output })
}

/// Starts a process that carries out hooks of the Emperor's: our launcher again, with the Emperor's
/// own rights, environment and log. Gives its pid and a stable handle of it.
pub fn errand(
    program: &Path,
    directory: &Path,
    name: &str,
    variables: &[(&str, String)],
    errand: &Errand,
) -> Result<(Pid, OwnedFd), SpawnError> {
    let packet = serde_json::to_vec(errand).map_err(io::Error::from)?;
    if packet.len() > PACKET_MAX {
        return Err(SpawnError::TooLarge { name: name.to_owned() });
    }
    let orders = memory::seal("errand", &packet)?;
    let log = || io::stderr().as_fd().try_clone_to_owned();
    let child = Command::new(program)
        .arg("--errand")
        .arg(name)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .current_dir(directory)
        .stdin(Stdio::from(orders))
        .stdout(Stdio::from(log()?))
        .stderr(Stdio::from(log()?))
        .spawn()
        .map_err(|source| SpawnError::Program { program: program.to_owned(), source })?;
    let pid = Pid::from_raw(child.id() as i32);
    Ok((pid, process::pidfd(pid)?))
}

/// The search path of launchers where the Emperor has none.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
