//! Signals become notices of the court; nothing is done in a handler.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::court::Notice;

/// What a signal asks of the Emperor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// TERM, INT, QUIT: stop everything gracefully.
    End,
    /// HUP: reload every vassal.
    ReloadAll,
    /// USR1: one log line a vassal.
    Report,
    /// URG: forget all back-off.
    Forgive,
    /// WINCH: look at the sources now.
    Rescan,
}

/// The signals that are listened to.
#[derive(Debug)]
pub struct Signals {
    list: Vec<(Signal, Option<Order>)>,
    child: Signal,
}

impl Signals {
    /// Takes over the signals. From here on none of them ends the process.
    pub fn take() -> io::Result<Self> {
        let window = SignalKind::from_raw(nix::libc::SIGWINCH);
        let urgent = SignalKind::from_raw(nix::libc::SIGURG);
        let list = [
            (SignalKind::terminate(), Some(Order::End)),
            (SignalKind::interrupt(), Some(Order::End)),
            (SignalKind::quit(), Some(Order::End)),
            (SignalKind::hangup(), Some(Order::ReloadAll)),
            (SignalKind::user_defined1(), Some(Order::Report)),
            (urgent, Some(Order::Forgive)),
            (window, Some(Order::Rescan)),
            // uWSGI's Emperor dies of it; ours hears and does nothing
            (SignalKind::user_defined2(), None),
        ];
        let list = list
            .into_iter()
            .map(|(kind, order)| Ok((signal(kind)?, order)))
            .collect::<io::Result<_>>()?;
        Ok(Self { list, child: signal(SignalKind::child())? })
    }

    /// Passes signals on for ever, each from a task of its own. Deaths of children arrive on
    /// the channel that comes back, merged.
    pub fn pass_on(self, notices: &mpsc::Sender<Notice>) -> mpsc::Receiver<()> {
        for (mut signal, order) in self.list {
            let notices = notices.clone();
            tokio::spawn(async move {
                while signal.recv().await.is_some() {
                    if let Some(order) = order
                        && notices.send(Notice::Signal(order)).await.is_err()
                    {
                        return;
                    }
                }
            });
        }
        let (dead, deaths) = mpsc::channel(1);
        let mut child = self.child;
        tokio::spawn(async move {
            while child.recv().await.is_some() {
                // full: one is already waiting, which is enough
                let _ = dead.try_send(());
            }
        });
        deaths
    }
}
