//! Hooks of the interpreter's phases: before and after the application, in each worker.

use std::io;

use shared::settings::{Deed, Hook, Phase};
use shared::sys::process::leave;
use vassal::hook::{self, Stage, Stop};
use vassal::launch::access::Access;

use crate::nursery::without_lock;
use crate::object::utf8;
use crate::support::Support;

/// Carries out the hooks of some phases; one that asks to end ends this process. The lock is held,
/// and given back meanwhile.
pub(crate) fn run(hooks: &[Hook], phases: &[Phase], support: &Support) -> io::Result<()> {
    if hooks.is_empty() {
        return Ok(());
    }
    let mut environment: Vec<_> = std::env::vars_os().collect();
    for phase in phases {
        let mut stage = Stage {
            access: Access { tenant: None, roots: true },
            environment: &mut environment,
            output: None,
            patience: hook::PATIENCE,
        };
        match without_lock(|| hook::run(hooks, *phase, &mut stage)) {
            Ok(()) => {}
            Err(Stop::Exit(code)) => leave(code),
            Err(stop) => return Err(io::Error::other(format!("hook-{}: {stop}", phase.name()))),
        }
        for hook in hooks.iter().filter(|hook| hook.phase == *phase) {
            if let Deed::Set { name, value } = &hook.deed
                && let (Some(name), Some(value)) = (utf8(name), utf8(value))
            {
                support.run(c"set_variable", &[&name, &value]);
            }
        }
    }
    Ok(())
}

/// The phases before a worker's first request; `first`: it replaces nobody.
pub(crate) fn accepting(id: u32, first: bool) -> impl Iterator<Item = Phase> {
    [
        (Phase::Accepting, true),
        (Phase::AcceptingOnce, first),
        (Phase::Accepting1, id == 1),
        (Phase::Accepting1Once, id == 1 && first),
    ]
    .into_iter()
    .filter_map(|(phase, due)| due.then_some(phase))
}
