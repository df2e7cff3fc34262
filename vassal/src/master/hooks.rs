//! Hooks of the master's own: meanings of signals, and what is done at the end.

use std::collections::BTreeSet;

use nix::sys::signal::Signal;
use shared::settings::{Deed, Order, Phase, Serve};
use shared::sys::process;

use super::roster::Event;
use super::{Facts, Master, output, signals};
use crate::hook::{self, Stage};
use crate::launch::access::Access;

/// Watches the signals to which hooks give a meaning (`unix_signal`). One that was watched stays
/// so: what it means is looked up when it comes.
pub(super) fn watch(serve: &Serve, known: &mut BTreeSet<i32>, facts: &Facts) {
    for (number, _) in orders(serve) {
        let Ok(kind) = Signal::try_from(number) else { continue };
        if !signals::ALWAYS.contains(&kind)
            && known.insert(number)
            && let Err(error) = signals::watch_one(kind, facts)
        {
            output::say(&format!("unix_signal: {kind}: {error}"));
        }
    }
}

/// What a signal means by a hook; the last one counts.
pub(super) fn order(serve: &Serve, signal: Signal) -> Option<Order> {
    orders(serve).filter(|(number, _)| *number == signal as i32).last().map(|(_, order)| order)
}

fn orders(serve: &Serve) -> impl Iterator<Item = (i32, Order)> {
    serve.surroundings.hooks.iter().filter_map(|hook| match hook.deed {
        Deed::Signal { number, order } => Some((number, order)),
        _ => None,
    })
}

impl Master {
    /// Does what a hook makes of a signal.
    pub(super) fn obey_hook(&mut self, order: Order) {
        match order {
            Order::Stop => self.decide(Event::StopNow),
            Order::StopGracefully => self.decide(Event::Stop),
            Order::Reload => self.read_anew(),
            Order::Statistics => self.say_statistics(),
        }
    }

    /// `hook-as-user-atexit`: nothing of the server runs any more.
    pub(super) fn last_hooks(&mut self) {
        let mut stage = Stage {
            access: Access { tenant: None, roots: true },
            environment: &mut self.environment,
            output: None,
            patience: hook::LAST_PATIENCE,
        };
        let hooks = &self.serve.surroundings.hooks;
        match hook::run(hooks, Phase::AsUserAtexit, &mut stage) {
            Ok(()) | Err(hook::Stop::Exit(_)) => {}
            Err(stop) => output::say(&format!("hook-as-user-atexit: {stop}")),
        }
        process::end_descendants(100);
    }
}
