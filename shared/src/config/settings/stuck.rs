//! What happens to a worker whose request takes longer than `harakiri`.

use crate::settings::{Graceful, Stuck};

use super::Given;
use super::serve::seconds;

/// The last signal that has a name.
const SIGNAL_MAX: u64 = 31;
/// TERM.
const SIGNAL: u64 = 15;

/// Reads this part.
pub(super) fn read(given: &mut Given<'_>) -> Stuck {
    let timeout = seconds(given, "harakiri-graceful-timeout").filter(|time| !time.is_zero());
    let signal = given.number("harakiri-graceful-signal", SIGNAL_MAX, "the number of a signal");
    let signal = signal.filter(|number| *number > 0).unwrap_or(SIGNAL) as i32;
    Stuck {
        verbose: given.flag("harakiri-verbose"),
        threshold: given
            .number("harakiri-queue-threshold", u64::from(u32::MAX), "a number of connections")
            .unwrap_or(0) as u32,
        spares_hooks: given.flag("harakiri-no-arh"),
        graceful: timeout.map(|timeout| Graceful { signal, timeout }),
    }
}
