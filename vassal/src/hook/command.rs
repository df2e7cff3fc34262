//! Commands of hooks: a shell's, waited for, bounded in time. Root runs none in a jail of a
//! tenant's: every program there, the shell first of all, may be the tenant's.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use shared::sys::{descriptor, process};

use super::{Stage, say};

/// After this long it is said that a command still runs.
const LONG: Duration = Duration::from_secs(10);

/// Runs a command, which is told as `text`, to its end. With `must`, another exit code than 0 is a
/// failure.
pub(super) fn run(command: &str, must: bool, text: &str, stage: &Stage<'_>) -> io::Result<()> {
    if stage.access.is_risky() && !stage.access.roots {
        // the shell itself may be the tenant's
        return Err(io::Error::other(
            "root runs no command inside a directory that somebody else can change",
        ));
    }
    let mut shell = Command::new("/bin/sh");
    shell
        .arg("-c")
        .arg(command)
        .env_clear()
        .envs(stage.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::from(nothing()?))
        .process_group(0);
    if let Some(output) = stage.output {
        shell.stdout(output.try_clone_to_owned()?).stderr(output.try_clone_to_owned()?);
    }
    process::dying_with_us(&mut shell);
    let mut child = shell.spawn()?;
    let pid = Pid::from_raw(child.id() as i32);
    let handle = process::pidfd(pid)?;
    let start = Instant::now();
    for limit in [LONG.min(stage.patience), stage.patience] {
        if ends_until(&handle, start + limit)? {
            let how = match child.wait() {
                Ok(status) => status,
                // the application has its dead children thrown away
                Err(error) if error.raw_os_error() == Some(nix::libc::ECHILD) => return Ok(()),
                Err(error) => return Err(error),
            };
            return match (how.success(), must) {
                (true, _) => Ok(()),
                (false, true) => Err(io::Error::other(how.to_string())),
                (false, false) => {
                    say(stage, &format!("{text:?} failed: {how}"));
                    Ok(())
                }
            };
        }
        if limit < stage.patience {
            let (passed, limit) = (limit.as_secs(), stage.patience.as_secs());
            say(stage, &format!("{text:?} still runs after {passed} s (at most {limit} s)"));
        }
    }
    let _ = killpg(pid, Signal::SIGKILL);
    let _ = child.wait();
    let killed = format!("killed after {} s", stage.patience.as_secs());
    if must {
        return Err(io::Error::new(io::ErrorKind::TimedOut, killed));
    }
    say(stage, &format!("{text:?} was {killed}"));
    Ok(())
}

/// Whether a process ends before `deadline`.
fn ends_until(handle: &OwnedFd, deadline: Instant) -> io::Result<bool> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(handle.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(0) if left.is_zero() => return Ok(false),
            Ok(0) | Err(nix::Error::EINTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}

/// A standard input that is at its end: what ours is, is not a command's business.
fn nothing() -> io::Result<OwnedFd> {
    // a chroot may have no /dev/null: one end of a pair does as well
    match std::fs::File::open("/dev/null") {
        Ok(file) => Ok(file.into()),
        Err(_) => Ok(descriptor::stream_pair()?.0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Hook, Phase, Stop};
    use super::*;
    use crate::launch::access::Access;
    use shared::settings::Deed;

    fn attempt(command: &str, must: bool, patience: Duration) -> Result<(), Stop> {
        let deed = Deed::Run { command: command.into(), must };
        let (option, text) = ("hook-pre-app".to_owned(), format!("exec:{command}"));
        let hook = Hook { phase: Phase::PreApp, option, text, deed };
        let access = Access { tenant: None, roots: true };
        let mut environment = vec![("A".into(), "1".into())];
        let mut stage = Stage { access, environment: &mut environment, output: None, patience };
        super::super::run(&[hook], Phase::PreApp, &mut stage)
    }

    #[test]
    fn root_runs_nothing_where_a_tenant_has_a_hand_in() {
        if !nix::unistd::geteuid().is_root() {
            eprintln!("not run: needs root");
            return;
        }
        let who = shared::plan::Identity { uid: 54321, gid: 54321, groups: Vec::new() };
        let deed = Deed::Run { command: "true".into(), must: false };
        let (option, text) = ("hook-as-root".to_owned(), "safeexec:true".to_owned());
        let hook = Hook { phase: Phase::AsRoot, option, text, deed };
        let run = |roots| {
            let stage = &mut Stage {
                access: Access { tenant: Some(&who), roots },
                environment: &mut Vec::new(),
                output: None,
                patience: Duration::from_mins(1),
            };
            super::super::run(std::slice::from_ref(&hook), Phase::AsRoot, stage)
        };
        run(true).unwrap();
        let said = run(false).unwrap_err().to_string();
        assert!(said.contains("root runs no command"), "{said}");
    }

    #[test]
    fn a_command_that_fails_is_a_failure_unless_it_may() {
        let minute = Duration::from_mins(1);
        attempt("test $A = 1 -a -z \"$HOME\"", true, minute).unwrap();
        let said = attempt("exit 3", true, minute).unwrap_err().to_string();
        assert!(said.contains("\"exec:exit 3\" failed: exit status: 3"), "{said}");
        attempt("exit 3", false, minute).unwrap();
    }

    #[test]
    fn a_command_that_hangs_is_killed_with_what_it_started() {
        let said = attempt("sleep 86395 & wait", true, Duration::from_millis(50)).unwrap_err();
        assert!(said.to_string().contains("killed after 0 s"), "{said}");
    }
}
