//! The reign: everything that the daemon is, from its settings to its orderly end.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, lchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use nix::unistd::{Gid, Uid};
use shared::exit::Exit;
use shared::sys::process;
use tokio::sync::{Notify, mpsc};

use crate::board::Board;
use crate::cgroup::Hierarchy;
use crate::court::{Court, Estate, Notice, SourceSeat, inbox};
use crate::lock::{DirectoryLock, LockError};
use crate::monitor::Monitor;
use crate::monitor::directory::Directory;
use crate::monitor::glob::Glob;
use crate::monitor::source::{self, Look, Report};
use crate::settings::{Settings, Source};
use crate::signals::Signals;
use crate::state::Memories;
use crate::systemd::Systemd;
use crate::{api, stats};

/// Why there is no reign.
#[derive(Debug, thiserror::Error)]
pub enum ReignError {
    /// Nothing to govern was named.
    #[error("no source of vassals: set emperor = /path/to/sites")]
    NoSource,
    /// Somebody else governs here.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file or socket cannot be opened.
    #[error("{option} {what}: {source}")]
    Open {
        /// The setting.
        option: &'static str,
        /// Its value.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// The user or group cannot be taken on.
    #[error("cannot become {who}: {source}")]
    Become {
        /// Whom.
        who: String,
        /// Why.
        source: nix::Error,
    },
    /// The system refuses something that is always needed.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

/// Governs until told to end.
pub fn reign(settings: Settings, terminal: bool) -> Result<Exit, ReignError> {
    if settings.sources.is_empty() {
        return Err(ReignError::NoSource);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(govern(Arc::new(settings), terminal))
}

/// A vassal takes five descriptors or so: the soft limit of a shell (1024) would end at two
/// hundred of them. What the hard limit allows is used.
fn raise_descriptor_limit() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
    {
        tracing::warn!("[emperor] the limit of descriptors stays at {soft}: {error}");
    }
}

/// The steps, in order: what needs root comes before root is given up.
async fn govern(settings: Arc<Settings>, terminal: bool) -> Result<Exit, ReignError> {
    let signals = Signals::take()?;
    process::become_subreaper()?;
    raise_descriptor_limit();
    let (seats, monitors) = sources(&settings)?;
    let api = api::open(&settings)?;
    let statistics = stats::open(&settings).map_err(|source| ReignError::Open {
        option: "emperor-stats",
        what: settings.stats.as_ref().map_or_else(String::new, ToString::to_string),
        source,
    })?;
    let memories = memories(&settings);
    write_pidfiles(&settings)?;
    hand_over(&settings, &memories, api.as_ref().map(api::Door::path));
    give_up_root(&settings)?;

    // with the rights that we have from here on: groups that only root can make are none
    let hierarchy = Hierarchy::find();
    let estate = Estate {
        program: launcher()?,
        hierarchy,
        memories,
        systemd: Systemd::from_environment(Instant::now()),
        terminal,
    };
    proclaim(&settings, &estate, api.is_some());
    let (sender, receiver) = inbox();
    let board = Board::default();
    for (number, (monitor, seat)) in monitors.into_iter().zip(&seats).enumerate() {
        let report = report(number, sender.clone());
        let rescan = Arc::clone(&seat.rescan);
        tokio::spawn(source::run(monitor, settings.pace, rescan, report));
    }
    if let Some(listener) = statistics {
        tokio::spawn(stats::serve(listener, board.clone(), Arc::clone(&settings)));
    }
    if let Some(door) = &api {
        tokio::spawn(api::serve(door.listener()?, board.clone(), sender.clone()));
    }
    let deaths = signals.pass_on(&sender);
    Court::new(Arc::clone(&settings), estate, seats, board, sender).sit(receiver, deaths).await;

    farewell(&settings, api);
    Ok(Exit::Success)
}

/// What looks at each source.
type Monitors = Vec<Box<dyn Monitor>>;

/// The sources with their locks. A directory that is missing is waited for; one that is
/// governed already is the end.
fn sources(settings: &Settings) -> Result<(Vec<SourceSeat>, Monitors), ReignError> {
    let mut seats = Vec::new();
    let mut monitors: Monitors = Vec::new();
    for source in &settings.sources {
        let rules = settings.rules.clone();
        let (monitor, directory): (Box<dyn Monitor>, _) = match source {
            Source::Directory(path) => {
                (Box::new(Directory::new(path.clone(), rules)), Some(path.clone()))
            }
            Source::Glob(pattern) => (Box::new(Glob::new(pattern.clone(), rules)), None),
        };
        let lock = match directory.as_deref().map(DirectoryLock::take) {
            Some(Ok(lock)) => Some(lock),
            Some(Err(taken @ LockError::Taken { .. })) => return Err(taken.into()),
            // the first look says what is wrong with it, and waits
            Some(Err(LockError::Open { .. })) | None => None,
        };
        let label = monitor.label().into();
        seats.push(SourceSeat { label, directory, rescan: Arc::new(Notify::new()), lock });
        monitors.push(monitor);
    }
    Ok((seats, monitors))
}

fn report(source: usize, notices: mpsc::Sender<Notice>) -> Report {
    Box::new(move |look: Look| {
        let notices = notices.clone();
        Box::pin(async move { notices.send(Notice::Looked { source, look }).await.is_ok() })
    })
}

/// The state of before. Without a place for it the daemon runs and says so.
fn memories(settings: &Settings) -> Memories {
    let Some(directory) = &settings.state_dir else {
        tracing::warn!(
            "[emperor] no state directory: what is stopped by hand starts again after a restart"
        );
        return Memories::none();
    };
    let sources = format!("{:?}", settings.sources);
    Memories::open(directory, &sources).unwrap_or_else(|error| {
        tracing::error!(
            "[emperor] state-dir {}: {error}: nothing is remembered",
            directory.display()
        );
        Memories::none()
    })
}

fn write_pidfiles(settings: &Settings) -> Result<(), ReignError> {
    for path in &settings.pidfiles {
        write_pidfile(path).map_err(|source| ReignError::Open {
            option: "pidfile",
            what: path.display().to_string(),
            source,
        })?;
    }
    Ok(())
}

/// A new file in the place of an old one: nothing that a link leads to is written into.
fn write_pidfile(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(old) if old.is_file() => fs::remove_file(path)?,
        Ok(_) => return Err(io::Error::other("it exists and is not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    writeln!(file, "{}", std::process::id())
}

/// What the user that the Emperor becomes has to write later is given to it: the directory of
/// the state, and the socket. Never what lies in a directory that may be that user's already:
/// its names could lead anywhere.
fn hand_over(settings: &Settings, memories: &Memories, socket: Option<&Path>) {
    let Some((uid, _)) = &settings.who.user else { return };
    let (uid, gid) = (uid.as_raw(), settings.who.group.map(Gid::as_raw));
    let state = memories.path().and_then(Path::parent);
    for path in state.into_iter().chain(socket) {
        if let Err(error) = lchown(path, Some(uid), gid) {
            tracing::warn!("[emperor] {}: {error}", path.display());
        }
    }
}

/// `uid` and `gid`: groups first, and then there is no way back.
fn give_up_root(settings: &Settings) -> Result<(), ReignError> {
    let become_error = |who: String| move |source| ReignError::Become { who, source };
    let (user, group) = (&settings.who.user, settings.who.group);
    if user.is_none() && group.is_none() {
        return Ok(());
    }
    if Uid::effective().is_root() {
        let gid = group.unwrap_or_else(Gid::effective);
        let groups = match user {
            Some((_, Some(name))) => std::ffi::CString::new(name.as_str())
                .ok()
                .and_then(|name| nix::unistd::getgrouplist(&name, gid).ok())
                .unwrap_or_else(|| vec![gid]),
            Some((_, None)) | None => vec![gid],
        };
        nix::unistd::setgroups(&groups).map_err(become_error("the groups".into()))?;
        nix::unistd::setresgid(gid, gid, gid).map_err(become_error(format!("group {gid}")))?;
    }
    if let Some((uid, _)) = user
        && *uid != Uid::effective()
    {
        nix::unistd::setresuid(*uid, *uid, *uid).map_err(become_error(format!("user {uid}")))?;
        if nix::unistd::setuid(Uid::from_raw(0)).is_ok() {
            let source = nix::Error::EPERM;
            return Err(ReignError::Become { who: "nobody but root".into(), source });
        }
    }
    Ok(())
}

/// The launcher lies beside our own program.
fn launcher() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.with_file_name("vassal"))
}

fn proclaim(settings: &Settings, estate: &Estate, api: bool) {
    tracing::info!("*** starting uWSGI-compatible Emperor {} ***", env!("CARGO_PKG_VERSION"));
    tracing::info!(
        "[emperor] pid {}, uid {}, starting at most {} vassals at once, control groups: {}",
        std::process::id(),
        Uid::effective(),
        settings.start_parallel,
        if estate.hierarchy.is_some() {
            "yes"
        } else {
            "no (descendants are found as a sub-reaper)"
        },
    );
    if let Some(path) = settings.api_socket.as_ref().filter(|_| api) {
        tracing::info!("[emperor] API on {}", path.display());
    } else {
        tracing::warn!("[emperor] no API: set api-socket = /path");
    }
    if !estate.program.exists() {
        tracing::error!("[emperor] there is no launcher at {}", estate.program.display());
    }
}

/// Leaves nothing behind but state and logs.
fn farewell(settings: &Settings, api: Option<api::Door>) {
    // strays of vassals that were killed, where there are no control groups
    process::end_descendants(16);
    if let Some(door) = api {
        door.close();
    }
    if let Some(crate::settings::StatsAddress::Unix(path)) = &settings.stats {
        let _ = fs::remove_file(path);
    }
    for path in &settings.pidfiles {
        let _ = fs::remove_file(path);
    }
    tracing::info!("[emperor] The Emperor is buried.");
}

/// Makes the directory of a socket of ours.
pub(crate) fn make_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.exists() => {
            fs::DirBuilder::new().recursive(true).mode(0o755).create(parent)
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_replaces_an_old_one_and_follows_no_link() {
        let place = tempfile::tempdir().unwrap();
        let (path, link) = (place.path().join("pid"), place.path().join("link"));
        write_pidfile(&path).unwrap();
        write_pidfile(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{}\n", std::process::id()));
        fs::write(&path, "precious").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(write_pidfile(&link).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
}
