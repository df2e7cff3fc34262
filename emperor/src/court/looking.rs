//! What the court makes of a monitor's look.

use std::collections::BTreeMap;

use super::record::{Record, modified};
use super::{Court, Look};
use crate::lock::DirectoryLock;
use crate::monitor::directory::glance;
use crate::monitor::reconcile::{Change, Known, reconcile};
use crate::monitor::{Scan, Seen, Sighting};
use crate::state::Memory;
use crate::vassal::lifecycle::{Event, Verb};
use crate::vassal::name::VassalName;

impl Court {
    pub(super) fn looked(&mut self, source: usize, look: Look) {
        if self.closing {
            return;
        }
        match look.scan {
            Scan::Gone { reason } => self.hold(source, reason),
            Scan::Seen(seen) => {
                if self.lock(source) {
                    self.seen(source, seen, &look.held);
                }
            }
        }
        self.seats[source].looked = true;
        if !self.ready && self.seats.iter().all(|seat| seat.looked) {
            self.ready = true;
            self.estate.systemd.ready();
        }
    }

    /// A source that cannot be looked at says nothing about its vassals: they are held.
    fn hold(&mut self, source: usize, reason: String) {
        let held = self.records.values().filter(|record| record.source == source).count();
        let seat = &mut self.seats[source];
        if seat.gone.as_ref() != Some(&reason) {
            tracing::error!(
                "[emperor] cannot look at {}: {reason}; its {held} vassals are left as they are",
                seat.source.label
            );
            seat.gone = Some(reason);
        }
    }

    /// The directory has to be ours: a new one at the same path is locked anew.
    fn lock(&mut self, source: usize) -> bool {
        let seat = &mut self.seats[source];
        let Some(directory) = &seat.source.directory else { return true };
        if seat.source.lock.as_ref().is_some_and(|lock| lock.covers(directory)) {
            if seat.gone.take().is_some() {
                tracing::info!("[emperor] {} is back", seat.source.label);
            }
            return true;
        }
        match DirectoryLock::take(directory) {
            Ok(lock) => {
                seat.source.lock = Some(lock);
                if seat.gone.take().is_some() {
                    tracing::info!("[emperor] {} is there now", seat.source.label);
                }
                true
            }
            Err(error) => {
                self.hold(source, error.to_string());
                false
            }
        }
    }

    fn seen(&mut self, source: usize, seen: Seen, held: &std::collections::HashSet<VassalName>) {
        for (name, why) in seen.unfit {
            if self.seats[source].unfit.insert(name.clone()) {
                let shown = crate::journal::escaped(&name).replace('\n', "\\n");
                tracing::error!("[emperor] {shown}: {why}");
            }
        }
        let known: BTreeMap<VassalName, Known> = self
            .records
            .iter()
            .filter(|(_, record)| record.source == source && !record.gone)
            .map(|(name, record)| {
                let Sighting { mark, barred, .. } = &record.sighting;
                (name.clone(), Known { mark: *mark, barred: barred.clone() })
            })
            .collect();
        for change in reconcile(&known, seen.sightings, held) {
            match change {
                Change::Appeared(one) => self.appeared(source, one),
                Change::Changed(one) => self.changed(&one.name.clone(), one),
                Change::Vanished(name) => self.vanished(&name),
            }
        }
        self.grant();
        self.save();
    }

    fn appeared(&mut self, source: usize, one: Sighting) {
        let name = one.name.clone();
        if let Some(record) = self.records.get_mut(&name) {
            if record.source != source && !record.gone {
                if self.seats[source].unfit.insert(name.to_string()) {
                    tracing::error!(
                        "[emperor] {}: there is a vassal of this name already ({}): ignored",
                        one.path.display(),
                        record.sighting.path.display()
                    );
                }
                return;
            }
            // it comes back while it is still on its way out
            record.gone = false;
            record.source = source;
            return self.changed(&name, one);
        }
        let memory = self.estate.memories.of(&one.path);
        let barred = one.barred.clone();
        let record = Record::new(one, source, memory.generation, self.settings.log_keep);
        self.records.insert(name.clone(), record);
        if memory.stopped {
            tracing::info!("[emperor] vassal {name} was stopped by hand: it stays stopped");
            self.publish(&name);
        } else if let Some(reason) = barred {
            // cannot be denied: nothing but a barred or leaving vassal is
            let _ = self.petition_quietly(&name);
            self.step(&name, Event::Barred { reason });
        } else {
            let _ = self.petition_quietly(&name);
        }
    }

    /// A start that nobody asked for by hand.
    fn petition_quietly(&mut self, name: &VassalName) -> bool {
        let now = std::time::Instant::now();
        let Some(record) = self.records.get_mut(name) else { return false };
        match record.life.petition(Verb::Start, now, &self.settings.law) {
            Ok((_, acts)) => {
                self.carry_out(name, acts);
                true
            }
            Err(_) => false,
        }
    }

    fn changed(&mut self, name: &VassalName, mut one: Sighting) {
        let Some(record) = self.records.get_mut(name) else { return };
        // a reload by hand may have used a newer version than this look has seen
        if let Some(newest) = glance(&one.path, name, &self.settings.rules) {
            one = newest;
        }
        let returned = record.sighting == one
            && !matches!(record.life.state(), crate::vassal::lifecycle::State::Cursed { .. });
        if returned {
            return;
        }
        record.moments.last_mod = modified(&one);
        let event = match &one.barred {
            Some(reason) => Event::Barred { reason: reason.clone() },
            None => Event::Seen,
        };
        record.sighting = one;
        self.step(name, event);
    }

    fn vanished(&mut self, name: &VassalName) {
        let Some(record) = self.records.get_mut(name) else { return };
        if glance(&record.sighting.path, name, &self.settings.rules).is_some() {
            // it came back after the look; the event of that is on its way
            return self.seats[record.source].source.rescan.notify_one();
        }
        record.gone = true;
        tracing::info!("[emperor] {name} is gone");
        self.step(name, Event::Vanished);
    }

    /// Looks at the file once more, so that what is started is what is there now. False: the
    /// file is missing or breaks the rules.
    pub(super) fn refresh(&mut self, name: &VassalName) -> bool {
        let Some(record) = self.records.get_mut(name) else { return false };
        let Some(newest) = glance(&record.sighting.path, name, &self.settings.rules) else {
            return false;
        };
        record.moments.last_mod = modified(&newest);
        let fit = newest.barred.is_none();
        if fit {
            record.sighting = newest;
        }
        fit
    }

    /// Writes down what has to outlive us about one vassal.
    pub(super) fn remember(&mut self, name: &VassalName) {
        let Some(record) = self.records.get(name) else { return };
        let memory =
            Memory { stopped: record.life.stopped_by_hand(), generation: record.life.generation() };
        self.estate.memories.put(&record.sighting.path, memory);
    }
}
