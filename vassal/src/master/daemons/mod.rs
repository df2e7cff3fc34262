//! Programs that run beside the workers (`attach-daemon` and its relatives), as the tenant.
//!
//! Each is its own process group, so that what it starts ends with it. Its end is told by the
//! kernel through a pidfd, also of one that detached itself: nothing is looked at by the clock.
//! A reload leaves smart daemons alone; all end with the vassal.

/// When a daemon is started, asked to end, killed.
mod life;
/// Pid files of smart daemons.
mod pidfile;

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use shared::settings::{Daemon, DaemonKind, Serve};
use shared::sys::{process, readiness};
use tokio::io::unix::AsyncFd;
use tokio::task::JoinSet;

use super::generation::ended;
use super::roster::Gen;
use super::{Fact, Facts, Master, output};
use life::{Action, Life};

/// Names one daemon among all that this master ever had.
pub(crate) type Id = u64;

/// A daemon's process.
struct Handle {
    pid: Pid,
    pidfd: Arc<AsyncFd<OwnedFd>>,
    /// It is our child and leads its group; otherwise it detached itself.
    ours: bool,
}

/// One daemon.
struct Attached {
    id: Id,
    what: Daemon,
    life: Life,
    handle: Option<Handle>,
}

/// All daemons of a vassal.
#[derive(Default)]
pub(super) struct Daemons {
    list: Vec<Attached>,
    mercy: Duration,
    last: Id,
    /// Whose daemons these are.
    generation: Option<Gen>,
}

/// What starting a process needs.
pub(super) struct Means<'a> {
    /// The environment of the interpreter.
    pub(super) environment: &'a [(OsString, OsString)],
    /// Where ends are told.
    pub(super) facts: &'a Facts,
    /// The tasks that copy output.
    pub(super) copies: &'a mut JoinSet<()>,
}

impl Master {
    /// Starts and kills daemons whose time has come.
    pub(super) fn mind_daemons(&mut self) {
        let (environment, facts) = (&self.environment, &self.facts);
        let mut means = Means { environment, facts, copies: &mut self.copies };
        self.daemons.time(Instant::now(), &mut means);
    }

    /// The first daemons start when the application was loaded, before anybody is served.
    pub(super) fn first_daemons(&mut self, name: Gen) {
        if self.daemons.none()
            && let Some(brood) = self.broods.get(&name)
        {
            self.daemons.adopt(name, &brood.serve, Instant::now());
        }
    }
}

impl Daemons {
    /// The daemons of a generation that takes over: new ones start, those that are gone end, of
    /// those that stay the plain ones start anew.
    pub(super) fn adopt(&mut self, name: Gen, serve: &Serve, now: Instant) {
        if self.generation.replace(name) == Some(name) {
            return;
        }
        let wanted = &serve.surroundings.daemons;
        self.mercy = serve.surroundings.daemon_mercy;
        let mercy = self.mercy;
        let mut left: Vec<&Daemon> = wanted.iter().collect();
        for one in &mut self.list {
            let stays = left.iter().position(|daemon| **daemon == one.what);
            let action = match stays.map(|at| left.remove(at)) {
                None => one.life.dismiss(now, mercy),
                Some(daemon) => match (&daemon.kind, daemon.reload_signal) {
                    (_, Some(signal)) => {
                        one.signal(signal);
                        None
                    }
                    (DaemonKind::Plain, None) => one.life.renew(now, mercy),
                    (DaemonKind::Detaching(_) | DaemonKind::Smart(_), None) => None,
                },
            };
            one.act(action);
        }
        for daemon in left {
            self.last += 1;
            let life = Life::new(now, daemon.max_throttle);
            self.list.push(Attached { id: self.last, what: daemon.clone(), life, handle: None });
        }
        self.list.retain(|one| !one.life.over());
    }

    /// Whether any generation brought daemons yet.
    pub(super) fn none(&self) -> bool {
        self.generation.is_none()
    }

    /// When [`Daemons::time`] has something to do.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.list.iter().filter_map(|one| one.life.deadline()).min()
    }

    /// Starts and kills what is due.
    pub(super) fn time(&mut self, now: Instant, means: &mut Means<'_>) {
        for one in &mut self.list {
            let action = one.life.time(now);
            if action != Some(Action::Start) {
                one.act(action);
                continue;
            }
            match one.start(means) {
                Ok(handle) => {
                    tokio::spawn(watch(one.id, Arc::clone(&handle.pidfd), means.facts.clone()));
                    one.handle = Some(handle);
                }
                Err(error) => {
                    output::say(&format!(
                        "[uwsgi-daemons] {:?} cannot be started: {error}",
                        one.what.command
                    ));
                    one.life.ended(now);
                }
            }
        }
        self.list.retain(|one| !one.life.over());
    }

    /// A daemon ended. Whether the vassal has to stop for that.
    pub(super) fn ended(&mut self, id: Id, how: Option<process::Ended>, now: Instant) -> bool {
        let Some(one) = self.list.iter_mut().find(|one| one.id == id) else { return false };
        let command = &one.what.command;
        let detached = matches!(one.what.kind, DaemonKind::Detaching(_))
            && one.handle.as_ref().is_some_and(|handle| handle.ours)
            && how == Some(process::Ended::Code(0));
        one.handle = None;
        let unasked = one.life.ended(now);
        if unasked && !detached {
            let how = how.map_or_else(|| "ended".to_owned(), |how| format!("ended: {how}"));
            let pause = one.life.pause().unwrap_or_default().as_secs();
            output::say(&format!(
                "[uwsgi-daemons] {command:?} {how}; it is started again in {pause} s"
            ));
        }
        let control = one.what.control && unasked;
        if control {
            output::say(&format!("[uwsgi-daemons] {command:?} is in control: stopping"));
        }
        self.list.retain(|one| !one.life.over());
        control
    }

    /// The pids that are reaped here and nowhere else.
    pub(super) fn pids(&self) -> impl Iterator<Item = Pid> {
        let handles = self.list.iter().filter_map(|one| one.handle.as_ref());
        handles.filter(|handle| handle.ours).map(|handle| handle.pid)
    }

    /// Asks all to end and waits for that as long as mercy has it. Whoever is left is the
    /// caller's to kill.
    pub(super) async fn end(mut self) {
        let now = Instant::now();
        let mercy = self.mercy;
        for one in &mut self.list {
            let action = one.life.dismiss(now, mercy);
            one.act(action);
        }
        let all = async {
            for handle in self.list.iter().filter_map(|one| one.handle.as_ref()) {
                ended(&handle.pidfd).await;
            }
        };
        let _ = tokio::time::timeout(mercy, all).await;
        for one in &self.list {
            if let DaemonKind::Smart(path) = &one.what.kind {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

impl Attached {
    fn act(&self, action: Option<Action>) {
        match action {
            Some(Action::Ask) => {
                output::say(&format!("[uwsgi-daemons] stopping {:?}", self.what.command));
                self.signal(self.what.stop_signal);
            }
            Some(Action::Kill) => self.signal(Signal::SIGKILL as i32),
            Some(Action::Start) | None => {}
        }
    }

    fn signal(&self, number: i32) {
        let (Some(handle), Ok(signal)) = (&self.handle, Signal::try_from(number)) else { return };
        // a group that leads nobody any more, or a process that is gone, has nothing to hear
        if handle.ours {
            let _ = killpg(handle.pid, signal);
        } else {
            let _ = process::signal(handle.pidfd.get_ref().as_fd(), signal);
        }
    }

    /// Finds a smart daemon that runs already, or starts the command.
    fn start(&self, means: &mut Means<'_>) -> std::io::Result<Handle> {
        let Daemon { command, .. } = &self.what;
        if let Some((pid, pidfd)) = self.what.pidfile().and_then(|path| pidfile::running(path)) {
            output::say(&format!("[uwsgi-daemons] {command:?} runs already (pid: {pid})"));
            return Ok(Handle { pid, pidfd: Arc::new(readiness::watch(pidfd)?), ours: false });
        }
        let (reader, writer) = std::io::pipe()?;
        let mut child = Command::new("/bin/sh");
        child
            .arg("-c")
            .arg(command)
            .env_clear()
            .envs(means.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::from(writer.try_clone()?))
            .stderr(Stdio::from(writer))
            .process_group(0);
        if let Some(directory) = &self.what.chdir {
            child.current_dir(directory);
        }
        let started = child.spawn()?;
        let pid = Pid::from_raw(started.id() as i32);
        output::say(&format!("[uwsgi-daemons] {command:?} started (pid: {pid})"));
        let pidfd = Arc::new(readiness::watch(process::pidfd(pid)?)?);
        output::copy(reader, means.copies)?;
        if let DaemonKind::Smart(path) = &self.what.kind
            && let Err(error) = pidfile::write(path, pid)
        {
            output::say(&format!("[uwsgi-daemons] {}: {error}", path.display()));
        }
        Ok(Handle { pid, pidfd, ours: true })
    }
}

/// Tells when a daemon ended.
async fn watch(id: Id, pidfd: Arc<AsyncFd<OwnedFd>>, facts: Facts) {
    let how = ended(&pidfd).await;
    let _ = facts.send(Fact::Daemon(id, how)).await;
}
