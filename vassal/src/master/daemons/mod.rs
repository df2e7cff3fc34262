//! Programs that run beside the workers (`attach-daemon` and its relatives), as the tenant.
//!
//! Each is its own process group, so that what it starts ends with it. Its end is told by the
//! kernel through a pidfd, also of one that detached itself: nothing is looked at by the clock.
//! A reload leaves smart daemons alone; all end with the process tree that has them.
//!
//! In a succession two trees of one vassal are there for a while. The predecessor's daemons are
//! its own until the successor serves; then it ends them, and the successor starts its own: each
//! second anew while the predecessor's may still hold the port or the pid file. Whoever never
//! served ends nothing that it did not start.

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

/// How much longer than its mercy a predecessor may need to be rid of its daemons.
const HANDOVER: Duration = Duration::from_secs(10);

/// All daemons of a vassal.
#[derive(Default)]
pub(super) struct Daemons {
    list: Vec<Attached>,
    mercy: Duration,
    last: Id,
    /// Whose daemons these are.
    generation: Option<Gen>,
    /// A predecessor has daemons until we serve.
    heir: bool,
    /// Since when this process tree serves.
    serves: Option<Instant>,
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
        if self.daemons.may_begin()
            && let Some(brood) = self.broods.get(&name)
        {
            self.daemons.adopt(name, &brood.serve, Instant::now());
        }
    }
}

impl Daemons {
    /// None yet; `heir`: another process tree of this vassal has some.
    pub(super) fn new(heir: bool) -> Self {
        Self { heir, ..Self::default() }
    }

    /// A generation serves: its daemons are wanted now.
    pub(super) fn serve(&mut self, name: Gen, serve: &Serve, now: Instant) {
        self.serves.get_or_insert(now);
        self.adopt(name, serve, now);
    }

    /// Whether a predecessor's daemons may still be in the way.
    fn contested(&self, now: Instant) -> bool {
        let until = self.serves.map(|since| since + self.mercy + HANDOVER);
        self.heir && until.is_none_or(|until| now < until)
    }

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

    /// Whether daemons may be started before anybody serves: where there are none yet, neither
    /// here nor of a predecessor.
    pub(super) fn may_begin(&self) -> bool {
        self.generation.is_none() && !self.heir
    }

    /// None is wanted any more.
    pub(super) fn dismiss(&mut self, now: Instant) {
        for one in &mut self.list {
            let action = one.life.dismiss(now, self.mercy);
            one.act(action);
        }
        self.list.retain(|one| !one.life.over());
    }

    /// When [`Daemons::time`] has something to do.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.list.iter().filter_map(|one| one.life.deadline()).min()
    }

    /// Starts and kills what is due.
    pub(super) fn time(&mut self, now: Instant, means: &mut Means<'_>) {
        let contested = self.contested(now);
        for one in &mut self.list {
            let action = one.life.time(now);
            let handle = match action {
                Some(Action::Start) => one.start(means).map(Some),
                Some(Action::Look) => one.found(),
                Some(Action::Ask | Action::Kill | Action::Miss) | None => {
                    one.act(action);
                    continue;
                }
            };
            match handle {
                Ok(None) => {}
                Ok(Some(handle)) => {
                    one.life.found(now);
                    tokio::spawn(watch(one.id, Arc::clone(&handle.pidfd), means.facts.clone()));
                    one.handle = Some(handle);
                }
                Err(error) => {
                    output::say(&format!(
                        "[uwsgi-daemons] {:?} cannot be started: {error}",
                        one.what.command
                    ));
                    one.life.ended(now, contested);
                }
            }
        }
        self.list.retain(|one| !one.life.over());
    }

    /// A daemon ended. Whether the vassal has to stop for that.
    pub(super) fn ended(&mut self, id: Id, how: Option<process::Ended>, now: Instant) -> bool {
        let contested = self.contested(now);
        let Some(one) = self.list.iter_mut().find(|one| one.id == id) else { return false };
        let handle = one.handle.take();
        let detached = matches!(one.what.kind, DaemonKind::Detaching(_))
            && handle.as_ref().is_some_and(|handle| handle.ours)
            && how == Some(process::Ended::Code(0));
        if detached && one.life.detached(now) {
            return false;
        }
        if let (DaemonKind::Smart(path), Some(handle)) = (&one.what.kind, handle) {
            pidfile::remove(path, handle.pid);
        }
        let command = &one.what.command;
        let unasked = one.life.ended(now, contested);
        if unasked {
            let how = how.map_or_else(|| "ended".to_owned(), |how| format!("ended: {how}"));
            let pause = one.life.pause().unwrap_or_default().as_secs();
            output::say(&format!(
                "[uwsgi-daemons] {command:?} {how}; it is started again in {pause} s"
            ));
        }
        let control = one.what.control && unasked && !contested;
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
        if self.serves.is_none() {
            // what was found running is somebody's who serves
            self.list.retain(|one| one.handle.as_ref().is_none_or(|handle| handle.ours));
        }
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
            if let (DaemonKind::Smart(path), Some(handle)) = (&one.what.kind, &one.handle) {
                pidfile::remove(path, handle.pid);
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
            Some(Action::Miss) => {
                let pause = self.life.pause().unwrap_or_default().as_secs();
                output::say(&format!(
                    "[uwsgi-daemons] {:?} detached itself, and its pid file names no process; it is \
                     started again in {pause} s",
                    self.what.command
                ));
            }
            Some(Action::Start | Action::Look) | None => {}
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

    /// Finds a smart daemon that runs already.
    fn found(&self) -> std::io::Result<Option<Handle>> {
        let Daemon { command, .. } = &self.what;
        let found = self.what.pidfile().and_then(|path| pidfile::running(path));
        let Some((pid, pidfd)) = found else { return Ok(None) };
        output::say(&format!("[uwsgi-daemons] {command:?} runs already (pid: {pid})"));
        Ok(Some(Handle { pid, pidfd: Arc::new(readiness::watch(pidfd)?), ours: false }))
    }

    /// Finds a smart daemon that runs already, or starts the command.
    fn start(&self, means: &mut Means<'_>) -> std::io::Result<Handle> {
        if let Some(handle) = self.found()? {
            return Ok(handle);
        }
        let Daemon { command, .. } = &self.what;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets daemons find the one of a pid file, and ends them; before that they may have served.
    async fn ended_after(path: &std::path::Path, serves: bool) {
        let (facts, _inbox) = tokio::sync::mpsc::channel(8);
        let mut copies = JoinSet::new();
        let mut serve = Serve::default();
        let kind = DaemonKind::Smart(path.to_owned());
        serve.surroundings.daemons = vec![Daemon::new("exit 1".into(), kind)];
        serve.surroundings.daemon_mercy = Duration::from_secs(10);
        let mut daemons = Daemons::new(false);
        let now = Instant::now();
        daemons.adopt(1, &serve, now);
        if serves {
            daemons.serve(1, &serve, now);
        }
        let mut means = Means { environment: &[], facts: &facts, copies: &mut copies };
        daemons.time(now, &mut means);
        daemons.end().await;
    }

    #[test]
    fn who_never_served_ends_nothing_that_it_did_not_start() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("pid");
        let mut other = Command::new("sleep").arg("60").spawn().unwrap();
        pidfile::write(&path, Pid::from_raw(other.id() as i32)).unwrap();
        runtime.block_on(ended_after(&path, false));
        assert!(path.exists() && other.try_wait().unwrap().is_none());
        runtime.block_on(ended_after(&path, true));
        assert!(!path.exists());
        assert!(other.try_wait().is_err(), "it was asked to end, and its end was taken note of");
    }
}
