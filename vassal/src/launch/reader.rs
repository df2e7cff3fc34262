//! Reads a configuration in a process of its own that has become the file's owner.
//!
//! Text that a tenant wrote is never parsed by root: a forked child drops to the owner, reads,
//! and returns typed settings as JSON over a pipe. The parent believes nothing of it but its
//! shape: it is bounded in size and time, and a child that dies is a finding.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{geteuid, pipe2};
use serde::{Deserialize, Serialize};
use shared::config::show::{self, Form};
use shared::config::{self, Reading, Schemes, VassalSource, World};
use shared::finding::Finding;
use shared::owner;
use shared::plan::Identity;
use shared::settings::{Launch, Settings, Touched, Watch};
use shared::summons::{Template, Version};
use shared::sys::descriptor;
use shared::sys::process::{Fork, SingleThreaded, fork, leave, pidfd, reap, signal};

use super::access::is_roots_to_replace;
use super::plan::Origins;
use super::{certificates, cli, environment, identity};

/// The most that a reader may return, bytes.
const REPORT_MAX: u64 = 32 * 1024 * 1024;
/// How long a reader may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most memory that a reader may ask for, bytes.
const MEMORY_MAX: u64 = 1024 * 1024 * 1024;
/// The options whose origin the launcher wants to name in errors of its own.
const ROOTS_OPTIONS: [&str; 23] = [
    "add-gid",
    "cap",
    "flock",
    "flock-wait",
    "flock-wait2",
    "flock2",
    "unshare",
    "unshare2",
    "zerg",
    "chdir",
    "chmod-socket",
    "chown-socket",
    "chroot",
    "gid",
    "limit-as",
    "limit-nproc",
    "listen",
    "logto",
    "max-fd",
    "pidfile",
    "prio",
    "uid",
    "umask",
];

/// Where a configuration comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// An Emperor names a file.
    Vassal {
        /// The vassal's file.
        file: PathBuf,
        /// Its identity as the monitor saw it.
        version: Option<Version>,
        /// `vassal-set`.
        sets: Vec<String>,
        /// Files read before it.
        before: Vec<Template>,
        /// Files read after it.
        after: Vec<Template>,
        /// Options of the Emperor's environment.
        options: Vec<(String, String)>,
    },
    /// A command line, without the program's name.
    CommandLine(Vec<OsString>),
}

/// What a reader returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The settings; meaningful when no finding is an error.
    pub settings: Settings,
    /// Warnings and errors.
    pub findings: Vec<Finding>,
    /// Certificates that the reader was not allowed to read: errors, unless what was read before
    /// serves on.
    #[serde(default)]
    pub denied: Vec<Finding>,
    /// Where root's options were given.
    pub origins: Origins,
    /// Whether an Emperor is asked for.
    pub emperor: bool,
    /// What `show-config` asks for.
    pub shown: Option<Shown>,
    /// What `print` and `iprint` print.
    pub printed: Vec<String>,
    /// Somebody else than root had a hand in a text that was read as root.
    pub stranger: bool,
    /// The status that `exit` asks for.
    pub exit: Option<i32>,
    /// `fallback-config`: what a start that fails starts instead.
    pub fallback: Option<String>,
}

/// A configuration as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// The form that was asked for.
    pub form: Form,
    /// The configuration in this form.
    pub text: String,
}

/// Why nothing was returned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A system call of the parent's.
    #[error("the configuration reader cannot be started: {0}")]
    Start(#[source] io::Error),
    /// It took longer than [`PATIENCE`].
    #[error("reading the configuration took longer than {} s", PATIENCE.as_secs())]
    Hung,
    /// It died or returned what is not a report.
    #[error("the configuration reader ended without an answer ({0})")]
    Ended(String),
}

/// The user and group that a configuration belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The owner as plans and rules see it: root only when every file is root's.
    pub owner: (u32, u32),
    /// Whether root alone has a hand in all files: only then are their wishes root's.
    pub roots: bool,
}

/// The owners (user and group) of the files that can be looked at.
fn owners(files: &[PathBuf]) -> Vec<(&PathBuf, (u32, u32))> {
    files.iter().filter_map(|file| Some((file, owner::of(file).ok()?))).collect()
}

impl Source {
    /// Whose configuration this is. Files that cannot be looked at are left to the reader.
    pub fn ownership(&self) -> Ownership {
        let files = match self {
            Self::Vassal { version: Some(version), .. } => {
                return Ownership { owner: (version.uid, version.gid), roots: version.uid == 0 };
            }
            Self::Vassal { file, .. } => vec![file.clone()],
            Self::CommandLine(args) => cli::files(args),
        };
        let owners = owners(&files);
        let owners: Vec<(u32, u32)> = owners.iter().map(|(_, owner)| *owner).collect();
        let us = (geteuid().as_raw(), nix::unistd::getegid().as_raw());
        let stranger = owners.iter().find(|(uid, _)| *uid != 0);
        let owner = stranger.or(owners.first()).copied().unwrap_or(us);
        Ownership {
            owner,
            roots: owner.0 == 0 && files.iter().all(|file| is_roots_to_replace(file)),
        }
    }

    /// Why root cannot read this: no user may be given all files of several.
    pub fn mixed(&self) -> Option<String> {
        let files = match self {
            Self::Vassal { .. } => return None,
            Self::CommandLine(args) => cli::files(args),
        };
        let owners = owners(&files);
        let ((one, (uid, _)), rest) = owners.split_first()?;
        let (other, (another, _)) = rest.iter().find(|(_, (other, _))| other != uid)?;
        let (one, other) = (one.display(), other.display());
        Some(format!(
            "{one} belongs to uid {uid}, {other} to uid {another}: root starts a server with \
             files of one owner only"
        ))
    }

    /// Whether nobody but root had a hand in any part of the configuration, the name of a vassal's
    /// file included: a file can ask for that (`%n`).
    pub fn is_trusted(&self, report: &Report) -> bool {
        let named = match self {
            Self::Vassal { file, .. } => is_roots_to_replace(file),
            // looked at for its ownership
            Self::CommandLine(_) => true,
        };
        self.ownership().roots && named && !report.stranger
    }

    /// The name shown in logs.
    pub fn name(&self) -> String {
        match self {
            Self::Vassal { file, .. } => {
                file.file_name().unwrap_or_default().to_string_lossy().into_owned()
            }
            Self::CommandLine(args) => cli::name(args),
        }
    }

    /// Reads in this process, the certificates that the settings name too.
    fn read(&self, schemes: Schemes) -> Report {
        let mut report = self.read_text(schemes);
        let ownership = self.ownership();
        let read = certificates::load(&mut report.settings, ownership, &report.origins);
        report.findings.extend(read.findings);
        report.findings.extend(read.missing);
        report.denied = read.denied;
        report
    }

    /// Reads the configuration. No name of a secret leaves: under an Emperor the environment that
    /// a file can ask for is what its interpreter would get.
    fn read_text(&self, schemes: Schemes) -> Report {
        let mut world = match World::of_this_process() {
            Ok(world) => world,
            Err(error) => return Report::refused(format!("cannot look around: {error}")),
        };
        world.schemes = schemes;
        let reading = match self {
            Self::Vassal { file, version, sets, before, after, options } => {
                world.environment = environment::passed(world.environment);
                let source = VassalSource { file, version: *version, sets, before, after, options };
                let mut reading = config::read_vassal(&source, &world);
                let settings = self.settings(&mut reading);
                match fallback(&reading).filter(|_| reading.refused()) {
                    Some(file) => {
                        let second = config::read_fallback(&source, &file, &reading, &world);
                        return self.report(second);
                    }
                    None => return Report::of(reading, settings),
                }
            }
            Self::CommandLine(args) => config::read_command_line(args, &world),
        };
        self.report(reading)
    }

    fn report(&self, mut reading: Reading) -> Report {
        let settings = self.settings(&mut reading);
        Report::of(reading, settings)
    }

    fn settings(&self, reading: &mut Reading) -> Settings {
        let mut settings = config::settings(reading, &self.name());
        if let Self::Vassal { file, .. } = self {
            // the Emperor watches this file itself: a second reload for the same change would
            // serve the settings of the start
            let own = |one: &Watch| one.then == Touched::Reload && one.path == *file;
            settings.serve.supervision.watches.retain(|one| !own(one));
        }
        settings
    }
}

fn fallback(reading: &Reading) -> Option<String> {
    let one = reading.directives.last("fallback-config")?;
    (!one.value.is_empty()).then(|| one.value.clone())
}

impl Report {
    fn of(reading: Reading, settings: Settings) -> Self {
        let shown = show::asked(&reading.directives)
            .map(|form| Shown { form, text: show::show(&reading, form) });
        Self {
            shown,
            origins: origins(&reading, &settings.launch),
            settings,
            emperor: reading.directives.last("emperor").is_some(),
            fallback: fallback(&reading),
            // notes are for a check
            findings: reading.findings.into_iter().filter(|one| !one.is_note()).collect(),
            denied: Vec::new(),
            printed: reading.printed,
            stranger: reading.stranger,
            exit: reading.exit,
        }
    }

    fn refused(text: impl Into<String>) -> Self {
        Self {
            settings: Settings::default(),
            findings: vec![Finding::error(None, None, text)],
            denied: Vec::new(),
            origins: Origins::default(),
            emperor: false,
            shown: None,
            printed: Vec::new(),
            stranger: false,
            exit: None,
            fallback: None,
        }
    }
}

/// Where root's options and the sockets were given.
pub(super) fn origins(reading: &Reading, launch: &Launch) -> Origins {
    let mut origins = Origins { sockets: launch.sources.clone(), ..Origins::default() };
    for directive in reading.directives.iter() {
        if directive.key == "daemonize" {
            origins.options.insert("logto".into(), directive.origin.clone());
        } else if ROOTS_OPTIONS.contains(&directive.key.as_str()) || is_hook(&directive.key) {
            origins.options.insert(directive.key.clone(), directive.origin.clone());
        }
    }
    origins
}

/// Whether an option asks for something at a phase of the launch.
fn is_hook(key: &str) -> bool {
    const STARTS: [&str; 6] = ["hook-", "exec-", "mount-", "umount-", "wait-for-", "file-write"];
    STARTS.iter().any(|start| key.starts_with(start))
}

/// Reads `source` in a child that is `owner` (`None`: who we are).
pub fn read(source: &Source, owner: Option<&Identity>) -> Result<Report, Error> {
    let start = |error: nix::Error| Error::Start(error.into());
    let (from, to) = pipe2(nix::fcntl::OFlag::O_CLOEXEC).map_err(start)?;
    let proof = SingleThreaded::prove().map_err(Error::Start)?;
    match fork(&proof).map_err(Error::Start)? {
        Fork::Child => {
            // a panic must not unwind into the parent's code, which goes on as root
            let done = catch_unwind(AssertUnwindSafe(|| child(source, owner, &to)));
            leave(i32::from(!matches!(done, Ok(Ok(())))))
        }
        Fork::Parent(pid) => {
            drop(to);
            let handle = pidfd(pid).map_err(Error::Start)?;
            let bytes = collect(from, Instant::now() + PATIENCE).inspect_err(|_| {
                // not waited for: one that hangs in the kernel would take us with it, and the
                // master reaps whatever dies later
                let _ = signal(&handle, Signal::SIGKILL);
            })?;
            let _ = waitid(Id::PIDFd(handle.as_fd()), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
            let ended = reap(&handle).ok().flatten();
            serde_json::from_slice(&bytes).map_err(|error| {
                Error::Ended(match ended {
                    Some(ended) if bytes.is_empty() => ended.to_string(),
                    _ => error.to_string(),
                })
            })
        }
    }
}

/// The child: no right but the owner's. What it was started with stays open only where the
/// one who started us reads an own command line, which may name descriptors.
fn child(source: &Source, owner: Option<&Identity>, pipe: &OwnedFd) -> io::Result<()> {
    let (out, schemes) = if owner.is_none() && matches!(source, Source::CommandLine(_)) {
        (Some(descriptor::duplicate(pipe)?), Schemes::CommandLine)
    } else {
        descriptor::become_standard(pipe.as_fd(), 0)?;
        descriptor::close_from(3)?;
        (descriptor::inherited(0), Schemes::Vassal)
    };
    if let Some(owner) = owner {
        identity::become_for_good(owner)?;
    }
    setrlimit(Resource::RLIMIT_AS, MEMORY_MAX, MEMORY_MAX)?;
    let json = serde_json::to_vec(&source.read(schemes))?;
    let Some(out) = out else { return Ok(()) };
    File::from(out).write_all(&json)
}

/// Everything that comes out of the pipe, within the limits.
fn collect(from: OwnedFd, deadline: Instant) -> Result<Vec<u8>, Error> {
    let mut file = File::from(from);
    let mut bytes = Vec::new();
    let mut part = vec![0; 64 * 1024];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let ready = poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLIN)], timeout);
        match ready {
            Ok(0) => return Err(Error::Hung),
            Ok(_) => {}
            Err(nix::Error::EINTR) => continue,
            Err(error) => return Err(Error::Start(error.into())),
        }
        let size = file.read(&mut part).map_err(Error::Start)?;
        if size == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&part[..size]);
        if bytes.len() as u64 > REPORT_MAX {
            return Err(Error::Ended(format!("more than {REPORT_MAX} bytes")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_comes_in_pieces_and_a_silent_reader_is_given_up() {
        let soon = || Instant::now() + Duration::from_secs(5);
        let (from, to) = pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
        let writer = std::thread::spawn(move || File::from(to).write_all(&vec![7; 200_000]));
        assert_eq!(collect(from, soon()).unwrap(), vec![7; 200_000]);
        writer.join().unwrap().unwrap();
        let (from, _to) = pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
        assert!(matches!(collect(from, Instant::now()), Err(Error::Hung)));
        let (from, to) = pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
        let writer = std::thread::spawn(move || {
            let _ = File::from(to).write_all(&vec![0; REPORT_MAX as usize + 1]);
        });
        assert!(matches!(collect(from, soon()), Err(Error::Ended(_))));
        writer.join().unwrap();
    }

    #[test]
    fn the_summons_says_whose_file_it_is() {
        let version = Version { dev: 1, ino: 1, mtime_ns: 0, size: 0, uid: 7, gid: 8 };
        let source = Source::Vassal {
            file: "/srv/a.ini".into(),
            version: Some(version),
            sets: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            options: Vec::new(),
        };
        assert_eq!(source.ownership(), Ownership { owner: (7, 8), roots: false });
        assert_eq!(source.name(), "a.ini");
    }
}
