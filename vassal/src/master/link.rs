//! The master's end of the link. Workers never see it: what the Emperor hears, the master said.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use shared::link::{REPORT_ACCEPTING, REPORT_LOYAL, REPORT_SPAWNED, Report, Status, encode};
use shared::summons::Sealed;
use shared::sys::{descriptor, memory, readiness};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::{Fact, Facts};
use crate::handover::Link;

/// The largest sealed settings, bytes.
const SETTINGS_MAX: u64 = 4 << 20;
/// The largest reason that is reported, bytes.
const REASON_MAX: usize = 16 * 1024;

/// The Emperor, as a master knows it.
pub(super) struct Emperor {
    socket: Arc<AsyncFd<OwnedFd>>,
    frames: bool,
    loyal: bool,
    told: Status,
}

impl Emperor {
    /// Listens to the link.
    pub(super) fn new(link: Link, facts: &Facts) -> io::Result<Self> {
        descriptor::nonblocking(&link.socket, true)?;
        let socket = Arc::new(readiness::watch(link.socket)?);
        tokio::spawn(listen(Arc::clone(&socket), facts.clone()));
        Ok(Self { socket, frames: link.frames, loyal: false, told: Status::default() })
    }

    /// Sends bytes. A link that is full or gone is noticed by its reader.
    fn send(&self, bytes: &[u8]) {
        let _ = descriptor::send(self.socket.get_ref(), bytes, &[]);
    }

    fn frame(&self, report: &Report) {
        if self.frames
            && let Some(bytes) = encode(report)
        {
            self.send(&bytes);
        }
    }

    /// Everything is bound, the master runs.
    pub(super) fn spawned(&self) {
        self.send(&[REPORT_SPAWNED]);
    }

    /// A generation accepts.
    pub(super) fn accepting(&self) {
        self.send(&[REPORT_ACCEPTING]);
    }

    /// The first request was served.
    pub(super) fn loyal(&mut self) {
        if !std::mem::replace(&mut self.loyal, true) {
            self.send(&[REPORT_LOYAL]);
        }
    }

    /// This generation serves.
    pub(super) fn served(&self, generation: u64) {
        self.frame(&Report::Served { generation });
    }

    /// That generation did not come to be.
    pub(super) fn rejected(&self, generation: u64, reason: &str) {
        self.frame(&Report::Rejected { generation, reason: cut(reason) });
    }

    /// Nothing serves.
    pub(super) fn failed(&self, reason: &str) {
        self.frame(&Report::Failed { reason: cut(reason) });
    }

    /// Forgets what was told: the next status is news.
    pub(super) fn asked(&mut self) {
        self.told = Status::default();
    }

    /// Who works, if that is news.
    pub(super) fn status(&mut self, status: Status) {
        let seen = Status { requests: self.told.requests, ..status.clone() };
        if self.frames && seen != self.told {
            self.frame(&Report::Status(status.clone()));
            self.told = status;
        }
    }
}

/// The end of a long text: tracebacks say there what is wrong.
fn cut(text: &str) -> String {
    let from = text.len().saturating_sub(REASON_MAX);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    text[from..].to_owned()
}

/// Turns the Emperor's bytes into facts.
async fn listen(socket: Arc<AsyncFd<OwnedFd>>, facts: Facts) {
    let mut buffer = [0; 256];
    loop {
        let read = socket
            .async_io(Interest::READABLE, |fd| descriptor::receive(fd.as_fd(), &mut buffer))
            .await;
        let Ok((count @ 1.., descriptors)) = read else { break };
        let mut descriptors = descriptors.into_iter();
        for byte in &buffer[..count] {
            let with =
                if *byte == shared::link::ORDER_GENERATION { descriptors.next() } else { None };
            if facts.send(Fact::Order(*byte, with)).await.is_err() {
                return;
            }
        }
    }
    let _ = facts.send(Fact::LinkLost).await;
}

/// Settings from a sealed memory.
pub(super) fn settings(memory: OwnedFd) -> io::Result<Sealed> {
    Ok(serde_json::from_slice(&memory::unseal(memory, SETTINGS_MAX)?)?)
}
