//! Hooks of the Emperor's own configuration: `as-vassal` in the launcher, `as-emperor` in a process
//! beside the Emperor, which waits for nobody.
//!
//! Their words are root's; what stands on their paths may be a tenant's. So files are touched as
//! root only where root alone has a hand in, and otherwise with the rights of the owner of the
//! vassal's file, or of nobody. Root's commands start in a directory of root's.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use nix::sys::signal::Signal;
use nix::unistd::geteuid;
use shared::exit::Exit;
use shared::finding::Finding;
use shared::plan::Identity;
use shared::settings::{Deed, Hook, Phase};
use shared::summons::{Errand, PACKET_MAX, Summons};
use shared::sys::{descriptor, memory, process};

use super::access::{Access, roots_directory};
use super::say::{complain, plain};
use super::{environment, identity};
use crate::hook::{self, Stage, Stop};

/// Whose rights count where root is not alone and the vassal's file is root's: nobody's.
const NOBODY: u32 = 65534;

/// `hook-as-vassal` and its relatives where no tyrant rules: as the Emperor's user, before anything
/// of the vassal is read.
pub(super) fn as_vassal(summons: &Summons) -> Result<(), Finding> {
    if summons.hooks.is_empty() {
        return Ok(());
    }
    let owner = (summons.version.uid, summons.version.gid);
    let mut environment = environment::of_root(env::vars_os(), true);
    carry_out(&summons.hooks, Phase::AsVassal, owner, &mut environment)
        .map_err(|stop| plain(refused(&stop)))
}

/// The same where a tyrant rules: as the tenant, with nobody else's rights at hand.
pub(super) fn as_tenant(
    hooks: &[Hook],
    environment: &mut Vec<(OsString, OsString)>,
) -> Result<(), String> {
    let access = Access { tenant: None, roots: true };
    let stage = &mut Stage { access, environment, output: None, patience: hook::PATIENCE };
    leave(hook::run(hooks, Phase::AsVassal, stage)).map_err(|stop| refused(&stop))
}

/// `--errand`: the hooks `as-emperor` for one vassal that was started.
pub fn run() -> Exit {
    let taken = process::die_with_parent(Signal::SIGKILL).and_then(|()| {
        descriptor::close_on_exec_from(3)?;
        let orders = descriptor::duplicate(io::stdin())?;
        let bytes = memory::unseal(orders, PACKET_MAX as u64)?;
        Ok(serde_json::from_slice::<Errand>(&bytes)?)
    });
    let errand = match taken {
        Ok(errand) => errand,
        Err(error) => {
            return complain(format!("--errand is for the emperor: standard input: {error}"));
        }
    };
    let mut environment = environment::of_root(env::vars_os(), false);
    let mut exit = Exit::Success;
    // one that fails does not hold up the others, as in uWSGI: the vassal runs already
    for hook in errand.hooks.chunks(1) {
        if let Err(stop) = carry_out(hook, Phase::AsEmperor, errand.owner, &mut environment) {
            exit = complain(refused(&stop));
        }
    }
    exit
}

/// What the Emperor's hooks set holds for the vassal, unless its own file says otherwise.
pub(super) fn set(
    environment: &mut Vec<(OsString, OsString)>,
    hooks: &[Hook],
    own: impl Fn(&str) -> bool,
) {
    for hook in hooks {
        if let Deed::Set { name, value } = &hook.deed
            && !own(name)
        {
            environment::set(environment, name, Some(value.as_ref()));
        }
    }
}

/// Carries out hooks with the rights of this process where those can harm nobody.
fn carry_out(
    hooks: &[Hook],
    phase: Phase,
    owner: (u32, u32),
    environment: &mut Vec<(OsString, OsString)>,
) -> Result<(), Stop> {
    let guard = guard(owner);
    let access = Access { tenant: Some(&guard), roots: true };
    if access.is_risky() && !here_is_roots() {
        // what root's commands find in their directory must not be a tenant's
        let text = "/".to_owned();
        let failed = |source| Stop::Failed { option: "chdir".into(), text, source };
        env::set_current_dir("/").map_err(failed)?;
    }
    let stage = &mut Stage { access, environment, output: None, patience: hook::PATIENCE };
    leave(hook::run(hooks, phase, stage))
}

/// Who acts where somebody besides root has a hand in.
fn guard((uid, gid): (u32, u32)) -> Identity {
    match (uid, geteuid().is_root()) {
        (0, true) => Identity { uid: NOBODY, gid: NOBODY, groups: Vec::new() },
        _ => identity::of_owner(uid, gid),
    }
}

fn here_is_roots() -> bool {
    let here = env::current_dir().and_then(|here| roots_directory(Path::new(&here)));
    here.is_ok_and(|directory| directory.is_some())
}

/// A hook that asks to end ends this process.
fn leave(done: Result<(), Stop>) -> Result<(), Stop> {
    match done {
        #[expect(clippy::exit, reason = "a hook asked for it, and nothing is to be undone")]
        Err(Stop::Exit(code)) => std::process::exit(code),
        other => other,
    }
}

fn refused(stop: &Stop) -> String {
    match stop {
        Stop::Failed { option, .. } => format!("the emperor's {option}: {stop}"),
        Stop::Exit(_) => stop.to_string(),
    }
}
