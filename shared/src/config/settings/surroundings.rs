//! What runs beside the workers, or at their edges: daemons, limits of processes.

use std::path::PathBuf;
use std::time::Duration;

use crate::settings::{Daemon, DaemonKind, Hook, Limits, Surroundings};

use super::super::directive::truth;
use super::{Given, serve};

/// More processors than this no machine has.
const PROCESSORS_MAX: u64 = 4096;
/// The keys of `attach-daemon2`, for whoever misspells one.
const KEYS: [&str; 10] = [
    "cmd",
    "command",
    "pidfile",
    "control",
    "daemonize",
    "stopsignal",
    "reloadsignal",
    "chdir",
    "max_throttle",
    "freq",
];

/// Reads this part.
pub(super) fn read(given: &mut Given<'_>, hooks: Vec<Hook>) -> Surroundings {
    Surroundings {
        hooks,
        never_swap: given.flag("never-swap"),
        daemons: daemons(given),
        daemon_mercy: serve::seconds(given, "reload-mercy")
            .filter(|mercy| !mercy.is_zero())
            .unwrap_or(Daemon::MERCY),
        cpu_affinity: given
            .number("cpu-affinity", PROCESSORS_MAX, "a number of processors")
            .unwrap_or_default() as u32,
    }
}

/// `max-fd`, `limit-as`, `limit-nproc`, `prio`.
pub(super) fn limits(given: &mut Given<'_>) -> Limits {
    let mut some = |name, what| given.number(name, u64::MAX >> 21, what).filter(|n| *n > 0);
    let descriptors = some("max-fd", "a number of descriptors");
    let address_space = some("limit-as", "megabytes").map(|megabytes| megabytes << 20);
    let processes = some("limit-nproc", "a number of processes");
    let nice = given.parsed("prio", "reads what digits there are", |text| {
        let nice = text.trim().parse().ok().filter(|nice| (-20..=19).contains(nice));
        nice.ok_or_else(|| format!("expected a number from -20 to 19, found {text:?}"))
    });
    let lock_memory = given.flag("never-swap");
    Limits { descriptors, address_space, processes, nice, lock_memory }
}

/// `attach-daemon` and its relatives, in their order.
fn daemons(given: &mut Given<'_>) -> Vec<Daemon> {
    let mut list = Vec::new();
    for one in given.directives.iter() {
        let text = one.value.trim();
        let daemon = match one.key.as_str() {
            "attach-daemon" => plain(text),
            "attach-control-daemon" => plain(text).map(|daemon| Daemon { control: true, ..daemon }),
            "smart-attach-daemon" => smart(text, DaemonKind::Detaching),
            "smart-attach-daemon2" => smart(text, DaemonKind::Smart),
            "attach-daemon2" => keyed(text),
            _ => continue,
        };
        match daemon {
            Ok(daemon) => list.push(daemon),
            Err(message) => {
                given.error(one, message);
                given.uwsgi("exits with 1, or runs a command that fails");
            }
        }
    }
    list
}

fn plain(command: &str) -> Result<Daemon, String> {
    if command.is_empty() {
        return Err("expected a command".into());
    }
    Ok(Daemon::new(command.to_owned(), DaemonKind::Plain))
}

/// `PIDFILE[,SECONDS] COMMAND`: the time between two looks is not needed, the kernel tells.
fn smart(text: &str, kind: fn(PathBuf) -> DaemonKind) -> Result<Daemon, String> {
    let Some((pidfile, command)) = text.split_once([' ', '\t']) else {
        return Err(format!("expected PIDFILE COMMAND, found {text:?}"));
    };
    let pidfile = pidfile.split(',').next().unwrap_or(pidfile);
    if pidfile.is_empty() || command.trim().is_empty() {
        return Err(format!("expected PIDFILE COMMAND, found {text:?}"));
    }
    Ok(Daemon::new(command.trim().to_owned(), kind(pidfile.into())))
}

/// `cmd=COMMAND,pidfile=FILE,...`.
fn keyed(text: &str) -> Result<Daemon, String> {
    let mut daemon = Daemon::new(String::new(), DaemonKind::Plain);
    let (mut pidfile, mut detaches) = (None, false);
    for pair in text.split(',') {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(format!("expected KEY=VALUE between commas, found {pair:?}"));
        };
        match key.trim() {
            "cmd" | "command" | "exec" => value.clone_into(&mut daemon.command),
            "pidfile" => pidfile = Some(PathBuf::from(value)),
            "control" => daemon.control = truth(value),
            "daemonize" | "daemon" => detaches = truth(value),
            "stopsignal" | "stop_signal" => daemon.stop_signal = signal(value)?,
            "reloadsignal" | "reload_signal" => daemon.reload_signal = Some(signal(value)?),
            "chdir" => daemon.chdir = Some(value.into()),
            "max_throttle" => {
                daemon.max_throttle = Duration::from_secs(number(value)?.clamp(1, 86_400));
            }
            // the kernel tells at once when a process ends
            "freq" => drop(number(value)?),
            "uid" | "gid" => return Err(format!("{key}: daemons run as the vassal's user")),
            other @ ("touch" | "stdin" | "ns_pid" | "notifypid" | "legion") => {
                return Err(format!("{other}: not provided by this server"));
            }
            other => {
                return Err(format!("expected one of {}, found {other:?}", KEYS.join(", ")));
            }
        }
    }
    if daemon.command.trim().is_empty() {
        return Err("expected cmd=COMMAND".into());
    }
    daemon.kind = match (pidfile, detaches) {
        (Some(path), true) => DaemonKind::Detaching(path),
        (Some(path), false) => DaemonKind::Smart(path),
        (None, true) => return Err("daemonize: expected a pidfile as well".into()),
        (None, false) => DaemonKind::Plain,
    };
    Ok(daemon)
}

fn number(value: &str) -> Result<u64, String> {
    value.trim().parse().map_err(|_| format!("expected a number, found {value:?}"))
}

/// A signal's number.
fn signal(value: &str) -> Result<i32, String> {
    let found = value.trim().parse().ok().filter(|number| (1..=31).contains(number));
    found.ok_or_else(|| format!("expected the number of a signal, 1 to 31, found {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_is_read_in_each_form() {
        let daemon = smart("/run/c.pid,30 celery -A x worker", DaemonKind::Detaching).unwrap();
        assert_eq!(daemon.kind, DaemonKind::Detaching("/run/c.pid".into()));
        assert_eq!(daemon.command, "celery -A x worker");
        let daemon = keyed("cmd=sleep 1,stopsignal=2,reloadsignal=1,control=1").unwrap();
        assert_eq!((daemon.stop_signal, daemon.reload_signal), (2, Some(1)));
        assert!(daemon.control && daemon.kind == DaemonKind::Plain);
        let daemon = keyed("cmd=x,pidfile=/a").unwrap();
        assert_eq!(daemon.pidfile(), Some(&"/a".into()));
    }

    #[test]
    fn what_is_no_daemon_is_refused_with_what_was_expected() {
        for (text, want) in [
            ("cmd=x,uid=0", "vassal's user"),
            ("pidfile=/a", "cmd=COMMAND"),
            ("cmd=x,stopsignal=TERM", "number of a signal"),
            ("cmd=x,y", "KEY=VALUE"),
            ("cmd=x,pidfil=/a", "found \"pidfil\""),
            ("cmd=x,daemonize=1", "a pidfile as well"),
        ] {
            let message = keyed(text).unwrap_err();
            assert!(message.contains(want), "{text}: {message}");
        }
        assert!(smart("/run/c.pid", DaemonKind::Smart).unwrap_err().contains("PIDFILE COMMAND"));
        assert!(plain("").is_err());
    }
}
