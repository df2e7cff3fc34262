//! What the court makes of what it hears from launchers and masters.

use std::time::{Instant, SystemTime};

use shared::finding::Finding;
use shared::link::{
    Decoded, REPORT_ACCEPTING, REPORT_HEARTBEAT, REPORT_LEAVE, REPORT_LOYAL, REPORT_SPAWNED,
    Report, Status,
};
use shared::summons::Answer;

use super::effects::reasons;
use super::record::Listener;
use super::{Court, Read};
use crate::link::Heard;
use crate::vassal::lifecycle::{Cause, Event, Tree};
use crate::vassal::name::VassalName;
use crate::vassal::succession::{Path, choose};

/// A text of a tenant is kept up to this length.
const REASON_MAX: usize = 16 * 1024;
/// Warnings that are remembered as said.
const SAID_MAX: usize = 200;
/// More processes than any vassal has.
const PIDS_MAX: usize = 4096;

impl Court {
    pub(super) fn heard(&mut self, name: &VassalName, tree: Tree, heard: Heard) {
        match heard {
            Heard::Answer(answer, attached) => self.answered(name, tree, answer, attached),
            Heard::Reports(reports) => {
                for report in reports {
                    match report {
                        Decoded::Byte(byte) => self.byte(name, tree, byte),
                        Decoded::Frame(report) => self.frame(name, tree, report),
                        Decoded::Broken => {
                            tracing::debug!("[emperor] {name} sent a broken frame");
                        }
                    }
                }
                self.publish(name);
            }
            Heard::LinkLost => self.step(name, Event::LinkLost { tree }),
            Heard::Ended(how) => self.step(name, Event::Ended { tree, how }),
        }
    }

    /// The launcher of a tree that starts.
    fn answered(
        &mut self,
        name: &VassalName,
        tree: Tree,
        answer: Answer,
        attached: Vec<std::os::fd::OwnedFd>,
    ) {
        match answer {
            Answer::Prepared { plan, findings } => {
                self.found(name, findings);
                if let Some(grove) = self.grove(name, tree) {
                    grove.plan = Some(*plan);
                }
            }
            Answer::Bound { listeners } => {
                let sockets = listeners.into_iter().zip(attached);
                if let Some(grove) = self.grove(name, tree) {
                    grove.listeners =
                        sockets.map(|(listen, socket)| Listener { listen, socket }).collect();
                }
                // sockets of before that nobody asked for any more
                if let Some(record) = self.records.get_mut(name) {
                    record.listeners.clear();
                }
            }
            Answer::Refused { findings, .. } => {
                let reason = cut(&reasons(&findings));
                self.found(name, findings);
                self.step(name, Event::Confessed { tree, cause: Cause::Refused, reason });
            }
            Answer::Foreign => self.step(name, Event::Foreign { tree }),
        }
        self.publish(name);
    }

    fn grove(&mut self, name: &VassalName, tree: Tree) -> Option<&mut super::record::Grove> {
        self.records.get_mut(name)?.trees.get_mut(&tree)
    }

    /// Keeps findings, and says new warnings in the log (errors are the reason of a refusal).
    fn found(&mut self, name: &VassalName, findings: Vec<Finding>) {
        let Some(record) = self.records.get_mut(name) else { return };
        for finding in findings.iter().filter(|one| !one.is_error()) {
            if !record.said.contains(finding) {
                tracing::warn!("[emperor] {name}: {finding}");
                record.said.push(finding.clone());
            }
        }
        record.said.truncate(SAID_MAX);
        record.findings = findings;
    }

    /// A byte of the public protocol.
    fn byte(&mut self, name: &VassalName, tree: Tree, byte: u8) {
        let Some(record) = self.records.get_mut(name) else { return };
        let current = record.life.living().contains(&tree);
        let serves = record.life.tree() == Some(tree);
        let now = Some(SystemTime::now());
        match byte {
            REPORT_SPAWNED if current => {
                record.ready = true;
                record.moments.last_ready = now;
                if let Some(grove) = record.trees.get_mut(&tree).filter(|grove| !grove.spawned) {
                    grove.spawned = true;
                    tracing::info!("[emperor] vassal {name} has been spawned");
                }
            }
            REPORT_ACCEPTING if current => {
                record.accepting = true;
                // uWSGI's flag stays down after a reload; ours says what is true
                record.ready = true;
                record.moments.last_accepting = now;
                self.step(name, Event::Accepting { tree });
            }
            REPORT_LOYAL if serves => {
                record.moments.last_loyal = now;
                if !record.loyal {
                    record.loyal = true;
                    tracing::info!("[emperor] vassal {name} is now loyal");
                }
            }
            REPORT_LEAVE => self.step(name, Event::Leave { tree }),
            REPORT_HEARTBEAT if serves => {
                record.heartbeat = Some(Instant::now());
                record.moments.last_heartbeat = now;
                self.step(name, Event::Heartbeat);
            }
            // zergs are not asked for here, and other bytes have no meaning
            _ => {}
        }
    }

    fn frame(&mut self, name: &VassalName, tree: Tree, report: Report) {
        match report {
            Report::Status(status) => {
                if let Some(grove) = self.grove(name, tree) {
                    grove.status = bounded(status);
                }
                self.counted(name, tree);
            }
            Report::Served { generation } => {
                if let Some(record) = self.records.get_mut(name) {
                    record.accepting = true;
                    record.moments.last_accepting = Some(SystemTime::now());
                }
                self.step(name, Event::Served { tree, generation });
            }
            Report::Rejected { generation, reason } => {
                self.step(name, Event::Rejected { tree, generation, reason: cut(&reason) });
            }
            Report::Failed { reason } => {
                let (cause, reason) = (Cause::Crashed, cut(&reason));
                self.step(name, Event::Confessed { tree, cause, reason });
            }
        }
    }

    /// A launcher has read a changed file.
    pub(super) fn read(&mut self, read: Read) {
        let Read { name, serial, outcome } = read;
        let Some(record) = self.records.get_mut(&name) else { return };
        if record.preparation.as_ref().is_none_or(|one| one.serial != serial) {
            return;
        }
        record.preparation = None;
        let event = match outcome {
            Err((findings, reason)) => {
                record.findings = findings;
                Event::Unprepared { reason: cut(&reason) }
            }
            Ok(prepared) => {
                let running = record.grove().and_then(|grove| grove.plan.as_ref());
                let succession = match running.map(|plan| choose(plan, &prepared.plan)) {
                    Some(Path::Generation) => None,
                    Some(Path::Succession(parts)) => Some(parts),
                    None => Some(vec!["its plan was never told"]),
                };
                record.prepared = Some(prepared);
                Event::Planned { succession }
            }
        };
        self.step(&name, event);
    }
}

/// A tenant's text, no longer than it may be.
fn cut(text: &str) -> String {
    let mut text = text.trim_end().to_owned();
    if text.len() > REASON_MAX {
        let end = (0..=REASON_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

/// A tenant's status, no larger than it may be.
fn bounded(mut status: Status) -> Status {
    status.workers.truncate(PIDS_MAX);
    status.draining.truncate(PIDS_MAX);
    status.interpreter.truncate(
        (0..=512.min(status.interpreter.len()))
            .rev()
            .find(|at| status.interpreter.is_char_boundary(*at))
            .unwrap_or(0),
    );
    status
}
