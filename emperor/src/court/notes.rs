//! The log lines of a vassal's life. Where uWSGI has a text that operators grep for, it is used.

use super::Court;
use crate::vassal::lifecycle::{Cause, Fate, Note};
use crate::vassal::name::VassalName;

impl Court {
    pub(super) fn note(&mut self, name: &VassalName, note: Note) {
        let Some(record) = self.records.get_mut(name) else { return };
        let pid = record.grove().map_or(0, |grove| grove.pid.as_raw());
        match note {
            Note::Ready => {
                record.blacklisted = None;
                record.loyal = false;
                tracing::info!("[emperor] vassal {name} is ready to accept requests");
            }
            Note::Reloading => {
                tracing::info!("[emperor] reload the uwsgi instance {name}");
            }
            Note::Succeeding { because } => {
                let parts = because.join(", ");
                tracing::info!("[emperor] {name}: a new process tree takes over ({parts} changed)");
            }
            Note::Renewed { generation } => {
                tracing::info!("[emperor] vassal {name} serves generation {generation}");
            }
            Note::Rejected { reason } => {
                chronicle(&record.journal, "reload rejected", &reason);
                tracing::error!(
                    "[emperor] the reload of {name} is rejected, the old generation serves on: {}",
                    shown(&reason, self.estate.terminal)
                );
            }
            Note::Cursed { fate } => {
                let why = match fate {
                    Fate::Bury if self.closing => "the emperor ends",
                    Fate::Bury => "its file is gone",
                    Fate::Stop => "stopped by hand",
                    Fate::Bar => "the rules forbid it",
                    Fate::Restart => "it is started anew",
                    Fate::Crash(_) => "it asked to go, or its link is closed",
                };
                tracing::info!("[emperor] stop the uwsgi instance {name} (pid: {pid}): {why}");
            }
            Note::Killed => {
                tracing::warn!("[emperor] {name} (pid: {pid}) did not stop in time: killed");
            }
            Note::Died { how, cause, reason, retry } => {
                chronicle(&record.journal, "died", &reason);
                let next = match retry {
                    None => "it is tried again when its file changes".to_owned(),
                    Some(delay) if delay.is_zero() => "it is started again".to_owned(),
                    Some(delay) => format!("it is tried again in {} ms", delay.as_millis()),
                };
                let what = match cause {
                    Cause::Refused => "cannot be started".to_owned(),
                    Cause::Crashed => format!("died ({how})"),
                };
                tracing::error!(
                    "[emperor] vassal {name} {what}, {next}: {}",
                    shown(&reason, self.estate.terminal)
                );
            }
            Note::Barred { reason } => tracing::error!("[emperor] vassal {name}: {reason}"),
            Note::Silent => tracing::error!("[emperor] vassal {name} sends no heartbeat"),
        }
    }

    /// One line a vassal (SIGUSR1).
    pub(super) fn report(&self) {
        for (name, record) in &self.records {
            let pid = record.grove().map_or(-1, |grove| grove.pid.as_raw());
            tracing::info!(
                "[emperor] vassal instance {name} (pid: {pid}, state: {}, generation: {}, loyal: {})",
                record.word.as_str(),
                record.life.generation(),
                u8::from(record.loyal)
            );
        }
    }
}

/// What went wrong belongs into the vassal's own journal, too.
fn chronicle(journal: &crate::journal::Journal, what: &str, reason: &str) {
    for line in reason.lines() {
        journal.push(format!("[emperor] {what}: {line}"));
    }
}

/// A tenant's text for the log.
fn shown(text: &str, terminal: bool) -> String {
    if terminal { crate::journal::escaped(text) } else { text.to_owned() }
}
