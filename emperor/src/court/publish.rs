//! What the court puts on the board.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::Court;
use super::record::Record;
use crate::board::{App, Blacklisted, Published, Word};
use crate::time::rfc3339;
use crate::vassal::lifecycle::{Cause, Fate, Rest, Standing, State};
use crate::vassal::name::VassalName;

impl Court {
    /// Publishes what is known of a vassal now.
    pub(super) fn publish(&mut self, name: &VassalName) {
        let Some(record) = self.records.get_mut(name) else { return };
        let word = word(record);
        if word != record.word {
            record.word = word;
            record.since = SystemTime::now();
        }
        retry(record);
        let published = Published {
            app: Arc::new(app(name, record)),
            journal: record.journal.clone(),
            moments: record.moments,
            blacklisted: record.blacklisted,
            ready: record.ready,
            accepting: record.accepting,
            owner: (record.sighting.version.uid, record.sighting.version.gid),
            monitor: Arc::clone(&self.seats[record.source].source.label),
        };
        self.board.put(name, published);
    }
}

/// A state in one word.
fn word(record: &Record) -> Word {
    let troubled = record.life.trouble().is_some();
    match record.life.state() {
        State::Dormant(Rest::Queued)
        | State::Alive { standing: Standing::Starting { .. }, .. }
        | State::Cursed { fate: Fate::Restart, .. } => Word::Starting,
        State::Dormant(Rest::Throttled { cause: Cause::Crashed, .. }) => Word::Throttled,
        State::Dormant(Rest::Throttled { cause: Cause::Refused, .. } | Rest::Barred) => {
            Word::Invalid
        }
        State::Dormant(Rest::Stopped) => Word::Stopped,
        State::Dormant(Rest::Exiled) => Word::Failed,
        State::Alive { standing: Standing::Serving { .. }, .. } | State::Succeeding { .. } => {
            if troubled {
                Word::Degraded
            } else {
                Word::Running
            }
        }
        State::Cursed { fate: Fate::Bury | Fate::Stop | Fate::Bar | Fate::Crash(_), .. }
        | State::Buried => Word::Stopping,
    }
}

/// When a throttled vassal is tried again, by the clock on the wall.
fn retry(record: &mut Record) {
    let State::Dormant(Rest::Throttled { until, .. }) = record.life.state() else {
        record.retry_at = None;
        return;
    };
    let (now, wait) = (SystemTime::now(), until.saturating_duration_since(Instant::now()));
    if record.retry_at.is_none() {
        record.retry_at = Some(now + wait);
        let first = record.blacklisted.map_or(now, |earlier| earlier.first);
        record.blacklisted = Some(Blacklisted {
            level: wait.as_millis() as u64,
            attempt: record.life.failures(),
            first,
            last: now,
        });
    }
}

fn app(name: &VassalName, record: &Record) -> App {
    let grove = record.grove();
    let status = grove.map(|grove| grove.status.clone()).unwrap_or_default();
    let plan = grove.and_then(|grove| grove.plan.as_ref());
    let identity = plan.and_then(|plan| plan.identity.as_ref());
    let listeners = grove.map_or(&record.listeners, |grove| &grove.listeners);
    App {
        id: name.to_string(),
        file: record.sighting.path.clone(),
        state: record.word,
        reason: record.life.trouble().map(str::to_owned),
        since: rfc3339(record.since),
        generation: record.life.generation(),
        pid: grove.map(|grove| grove.pid.as_raw()),
        workers: status.workers,
        nursery: (status.nursery != 0).then_some(status.nursery),
        draining: status.draining,
        interpreter: (!status.interpreter.is_empty()).then_some(status.interpreter),
        uid: identity.map(|who| who.uid),
        gid: identity.map(|who| who.gid),
        findings: record.findings.clone(),
        restarts: record.life.restarts(),
        reloads: record.life.reloads().into(),
        last_exit: record.life.last_exit().map(|how| how.to_string()),
        listeners: listeners
            .iter()
            .map(|one| format!("{}={}", one.listen.wire, one.listen.address))
            .collect(),
        requests: status.requests,
        respawns: status.respawns,
        loyal: record.loyal,
        retry_at: record.retry_at.map(rfc3339),
    }
}
