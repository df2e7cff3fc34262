//! `--stop`, `--reload`, `--pause`, `--resume` and `--connect-and-read`: orders to a server that
//! runs already. They act at once, and nothing else is done.
//!
//! A pid file is as trustworthy as whoever can write it. Root therefore becomes the owner of a
//! file that is not its own, for good, before it looks into it: the worst that a forged one can
//! do is what its owner could have done. Only a server of ours (or uWSGI's) is signalled.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::net::TcpStream;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, geteuid};
use shared::option;
use shared::sys::process;

use super::access::is_roots_to_replace;
use super::identity;

/// Bytes of a pid file that are read.
const PID_MAX: u64 = 32;
/// What is in the names of the programs that are signalled (and in the titles they show).
const PROGRAMS: [&str; 3] = ["vassal", "uwsgi", "emperor"];

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remote {
    /// Send a signal to the process whose pid is in a file.
    Signal(Signal, PathBuf),
    /// Print what a socket sends.
    Read(String),
}

/// Why an order cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// The pid file.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
    /// It holds no pid.
    #[error("{0}: there is no pid in it")]
    NoPid(PathBuf),
    /// Somebody else could have put it there.
    #[error("{0}: it belongs to root, but others can replace it: not obeyed")]
    Replaceable(PathBuf),
    /// The process is something else, or gone.
    #[error("{path}: process {pid} is not a server: {found}")]
    Stranger {
        /// The pid file.
        path: PathBuf,
        /// The pid in it.
        pid: i32,
        /// What was found instead.
        found: String,
    },
    /// The signal cannot be sent.
    #[error("process {pid}: {source}")]
    Send {
        /// The pid.
        pid: i32,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The socket cannot be read.
    #[error("{address}: {source}")]
    Socket {
        /// The address as given.
        address: String,
        /// The kernel's answer.
        source: io::Error,
    },
}

/// The order on a command line, if there is one.
pub fn order(args: &[OsString]) -> Option<Remote> {
    let texts: Vec<&str> = args.iter().map(|one| one.to_str().unwrap_or_default()).collect();
    texts.iter().enumerate().find_map(|(at, text)| {
        let text = text.strip_prefix("--")?;
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, texts.get(at + 1).copied()),
        };
        let value = value?.to_owned();
        Some(match option::find(name)?.name {
            "stop" => Remote::Signal(Signal::SIGINT, value.into()),
            "reload" => Remote::Signal(Signal::SIGHUP, value.into()),
            "pause" | "suspend" | "resume" => Remote::Signal(Signal::SIGTSTP, value.into()),
            "connect-and-read" => Remote::Read(value),
            _ => return None,
        })
    })
}

/// Gives the order.
pub fn give(order: &Remote) -> Result<(), Error> {
    match order {
        Remote::Signal(kind, path) => signal(path, *kind),
        Remote::Read(address) => {
            read(address).map_err(|source| Error::Socket { address: address.clone(), source })
        }
    }
}

/// Signals the server whose pid is in a file.
fn signal(path: &Path, kind: Signal) -> Result<(), Error> {
    let fault = |source| Error::File { path: path.to_owned(), source };
    let owner = fs::symlink_metadata(path).map_err(fault)?;
    if geteuid().is_root() {
        if owner.uid() != 0 {
            let who = identity::of_owner(owner.uid(), owner.gid());
            identity::become_for_good(&who).map_err(fault)?;
        } else if !is_roots_to_replace(path) {
            return Err(Error::Replaceable(path.to_owned()));
        }
    }
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path).map_err(fault)?;
    let mut text = String::new();
    file.take(PID_MAX).read_to_string(&mut text).map_err(fault)?;
    let pid = text.split_whitespace().next().and_then(|word| word.parse().ok());
    let pid: i32 = pid.filter(|pid| *pid > 1).ok_or_else(|| Error::NoPid(path.to_owned()))?;
    let stranger = |found| Error::Stranger { path: path.to_owned(), pid, found };
    // from here on it is this process, whatever becomes of the number
    let handle = process::pidfd(Pid::from_raw(pid)).map_err(|error| stranger(error.to_string()))?;
    let name = name_of(pid);
    if !PROGRAMS.iter().any(|known| name.to_lowercase().contains(known)) {
        return Err(stranger(format!("it is {name:?}")));
    }
    match process::signal(&handle, kind) {
        Ok(true) => Ok(()),
        Ok(false) => Err(stranger("it has ended".into())),
        Err(source) => Err(Error::Send { pid, source }),
    }
}

/// The program of a process; where that is not shown, its short name, which is a title's
/// beginning.
fn name_of(pid: i32) -> String {
    let program = fs::read_link(format!("/proc/{pid}/exe")).ok();
    let program = program.and_then(|path| path.file_name().map(ToOwned::to_owned));
    let short = || fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    match program {
        Some(name) => name.to_string_lossy().into_owned(),
        None => short().trim_end().to_owned(),
    }
}

/// Prints what a socket sends until it ends.
fn read(address: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if let Some(name) = address.strip_prefix('@') {
        let socket = SocketAddr::from_abstract_name(name)?;
        return io::copy(&mut UnixStream::connect_addr(&socket)?, &mut out).map(drop);
    }
    if address.contains('/') || !address.contains(':') {
        return io::copy(&mut UnixStream::connect(address)?, &mut out).map(drop);
    }
    let tcp = match address.strip_prefix(':') {
        Some(port) => TcpStream::connect(format!("127.0.0.1:{port}"))?,
        None => TcpStream::connect(address)?,
    };
    io::copy(&mut &tcp, &mut out).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Remote> {
        order(&text.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn orders_are_found_on_a_command_line() {
        assert_eq!(of("--stop a.pid"), Some(Remote::Signal(Signal::SIGINT, "a.pid".into())));
        assert_eq!(of("--reload=a"), Some(Remote::Signal(Signal::SIGHUP, "a".into())));
        for name in ["pause", "suspend", "resume"] {
            let expected = Some(Remote::Signal(Signal::SIGTSTP, "a".into()));
            assert_eq!(of(&format!("-M --{name} a")), expected);
        }
        assert_eq!(of("--connect-and-read :1"), Some(Remote::Read(":1".into())));
        assert_eq!(of("--stop"), None);
        assert_eq!(of("--http :80 stop"), None);
    }

    #[test]
    fn what_is_no_server_is_not_signalled() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pid");
        let told = |text: &str| {
            fs::write(&path, text).unwrap();
            signal(&path, Signal::SIGINT).unwrap_err().to_string()
        };
        for text in ["", "x\n", "-1\n", "0\n", "1\n"] {
            assert!(told(text).contains("no pid"), "{text:?}: {}", told(text));
        }
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        assert!(told(&child.id().to_string()).contains("it is \"sleep\""));
        assert_eq!(child.try_wait().unwrap(), None, "it was left alone");
        child.kill().unwrap();
        child.wait().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(signal(&link, Signal::SIGINT).is_err());
    }
}
