//! Hooks of the Emperor's own (`hook-as-emperor` and its relatives): each start of a vassal has
//! them carried out by a process of their own, and the court waits for none of them.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use shared::settings::{Hook, Phase};
use shared::summons::Errand;
use shared::sys::process::{self, Ended};

use super::effects::directory;
use super::{Court, Notice};
use crate::link;
use crate::settings::Settings;
use crate::spawn;
use crate::vassal::name::VassalName;

/// A process that carries out hooks.
#[derive(Debug)]
pub(super) struct Running {
    name: VassalName,
    pub(super) pid: Pid,
    pidfd: Arc<OwnedFd>,
}

/// The hooks of one phase.
pub(super) fn hooks(settings: &Settings, phase: Phase) -> Vec<Hook> {
    settings.hooks.iter().filter(|hook| hook.phase == phase).cloned().collect()
}

impl Court {
    /// A launcher was started: has the hooks carried out. Those of an earlier start of the same
    /// vassal that still run are ended, so that there is never more than one set of each.
    pub(super) fn attend(&mut self, name: &VassalName, vassal: Pid) {
        let hooks = hooks(&self.settings, Phase::AsEmperor);
        let Some(record) = self.records.get(name).filter(|_| !hooks.is_empty()) else { return };
        for old in self.errands.iter().filter(|one| one.name == *name) {
            tracing::warn!("[emperor] hooks of {name} still ran (pid: {}): ended", old.pid);
            let _ = process::signal(&*old.pidfd, Signal::SIGKILL);
        }
        let version = record.sighting.version;
        let variables = [
            ("UWSGI_VASSAL_CONFIG", name.to_string()),
            ("UWSGI_VASSAL_PID", vassal.to_string()),
            ("UWSGI_VASSAL_UID", version.uid.to_string()),
            ("UWSGI_VASSAL_GID", version.gid.to_string()),
        ];
        let errand = Errand { hooks, owner: (version.uid, version.gid) };
        let place = directory(record, &self.settings);
        let program = &self.estate.program;
        let started = spawn::errand(program, &place, name.as_str(), &variables, &errand);
        let (pid, pidfd) = match started {
            Ok((pid, pidfd)) => (pid, Arc::new(pidfd)),
            Err(error) => {
                tracing::error!("[emperor] hooks of {name} cannot be carried out: {error}");
                return;
            }
        };
        self.errands.push(Running { name: name.clone(), pid, pidfd: Arc::clone(&pidfd) });
        let notices = self.notices.clone();
        tokio::spawn(async move {
            let how = link::end(pidfd).await;
            // the court may have ended: then nobody waits for it
            let _ = notices.send(Notice::Errand { pid, how }).await;
        });
    }

    /// Hooks have ended. What they left undone is told; the vassal lives on.
    pub(super) fn attended(&mut self, pid: Pid, how: Option<Ended>) {
        let Some(at) = self.errands.iter().position(|one| one.pid == pid) else { return };
        let name = self.errands.swap_remove(at).name;
        match how {
            Some(Ended::Code(0)) => {}
            Some(how) => tracing::error!("[emperor] hooks of {name} failed: {how}"),
            None => tracing::error!("[emperor] hooks of {name} are out of sight"),
        }
    }
}
