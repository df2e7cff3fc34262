//! The service manager's notification protocol. Without a service manager nothing happens.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use crate::board::Word;

/// What the service manager was told.
#[derive(Debug, Default)]
pub struct Systemd {
    /// Whether there is one.
    present: bool,
    /// How often it wants a sign of life, and when the next is due.
    watchdog: Option<(Duration, Instant)>,
    status: String,
    reloading: bool,
}

impl Systemd {
    /// Reads `NOTIFY_SOCKET` and the watchdog's wish from the environment (vassals never get
    /// them: their environment is made anew).
    pub fn from_environment(now: Instant) -> Self {
        let watchdog = sd_notify::watchdog_enabled().map(|limit| {
            // half of it, as systemd advises
            let pace = limit / 2;
            (pace, now + pace)
        });
        let present = std::env::var_os("NOTIFY_SOCKET").is_some();
        Self { present, watchdog, ..Self::default() }
    }

    fn tell(&self, states: &[NotifyState<'_>]) {
        if self.present
            && let Err(error) = sd_notify::notify(states)
        {
            tracing::warn!("[emperor] cannot tell the service manager: {error}");
        }
    }

    /// The first look at every source was taken.
    pub fn ready(&self) {
        self.tell(&[NotifyState::Ready]);
    }

    /// A reload of all vassals began.
    pub fn reloading(&mut self) {
        self.reloading = true;
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now]),
            Err(_) => self.tell(&[NotifyState::Reloading]),
        }
    }

    /// It is over; says so once.
    pub fn reloaded(&mut self) {
        if std::mem::take(&mut self.reloading) {
            self.tell(&[NotifyState::Ready]);
        }
    }

    /// The end began.
    pub fn stopping(&self) {
        self.tell(&[NotifyState::Stopping]);
    }

    /// The counts, when they changed.
    pub fn status(&mut self, counts: &BTreeMap<Word, usize>, closing: bool) {
        if !self.present {
            return;
        }
        let text = describe(counts, closing);
        if text != self.status {
            self.tell(&[NotifyState::Status(&text)]);
            self.status = text;
        }
    }

    /// When the next sign of life is due.
    pub fn watchdog_due(&self) -> Option<Instant> {
        self.watchdog.map(|(_, due)| due)
    }

    /// Gives a sign of life if it is due.
    pub fn watchdog(&mut self, now: Instant) {
        if let Some((pace, due)) = &mut self.watchdog
            && *due <= now
        {
            *due = now + *pace;
            self.tell(&[NotifyState::Watchdog]);
        }
    }
}

/// `governing 3 vassals: 2 running, 1 degraded`
fn describe(counts: &BTreeMap<Word, usize>, closing: bool) -> String {
    let total: usize = counts.values().sum();
    let verb = if closing { "stopping" } else { "governing" };
    let parts: Vec<String> =
        counts.iter().map(|(word, count)| format!("{count} {}", word.as_str())).collect();
    let noun = if total == 1 { "vassal" } else { "vassals" };
    if parts.is_empty() {
        return format!("{verb} no vassals");
    }
    format!("{verb} {total} {noun}: {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_line_counts() {
        let counts = BTreeMap::from([(Word::Running, 2), (Word::Degraded, 1)]);
        assert_eq!(describe(&counts, false), "governing 3 vassals: 2 running, 1 degraded");
        assert_eq!(describe(&BTreeMap::new(), true), "stopping no vassals");
    }
}
