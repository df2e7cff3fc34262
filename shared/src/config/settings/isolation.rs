//! What a vassal keeps of root, what it does not share with the machine, and what it locks.

use crate::settings::{Isolation, Lock, Namespace};

use super::super::directive::Directive;
use super::Given;

/// The capabilities of Linux, without `CAP_` (capabilities(7)).
const CAPABILITIES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// Reads this part.
pub(super) fn read(given: &mut Given<'_>) -> Isolation {
    let mut capabilities: Vec<String> = Vec::new();
    for one in given.directives.all("cap") {
        for name in words(one) {
            let name = name.to_ascii_lowercase();
            let name = name.strip_prefix("cap_").unwrap_or(&name);
            if CAPABILITIES.contains(&name) {
                capabilities.push(format!("CAP_{}", name.to_ascii_uppercase()));
            } else {
                given.error(
                    one,
                    format!(
                        "expected capabilities such as \"net_bind_service,kill\", found {name:?}"
                    ),
                );
                given.uwsgi("logs that it does not know it and exits with 1");
            }
        }
    }
    capabilities.sort_unstable();
    capabilities.dedup();
    Isolation {
        capabilities,
        unshare: namespaces(given, "unshare"),
        unshare2: namespaces(given, "unshare2"),
    }
}

fn words(one: &Directive) -> impl Iterator<Item = &str> {
    one.value.split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn namespaces(given: &mut Given<'_>, option: &str) -> Vec<Namespace> {
    let mut list = Vec::new();
    for one in given.directives.all(option) {
        for name in words(one) {
            let kind = match name {
                "ipc" => Namespace::Ipc,
                "uts" => Namespace::Uts,
                "net" => Namespace::Net,
                "ns" | "fs" | "mount" => Namespace::Mount,
                "pid" | "user" => {
                    let message = format!(
                        "{name}: the vassal cannot leave this one: its processes \
                                           are known to the Emperor by their numbers and users"
                    );
                    given.error(one, message);
                    continue;
                }
                other => {
                    given.error(one, format!("expected ipc, uts, net or mount, found {other:?}"));
                    continue;
                }
            };
            if !list.contains(&kind) {
                list.push(kind);
            }
        }
    }
    list
}

/// `flock`, `flock-wait`, `flock2`, `flock-wait2`. The paths count from the directory of the
/// start.
pub(super) fn locks(given: &Given<'_>) -> Vec<Lock> {
    let all = given.directives.iter().filter(|one| !one.value.is_empty());
    let lock = |one: &Directive| {
        let (waits, late) = match one.key.as_str() {
            "flock" => (false, false),
            "flock-wait" => (true, false),
            "flock2" => (false, true),
            "flock-wait2" => (true, true),
            _ => return None,
        };
        let path = given.directory.join(&one.value);
        Some(Lock { option: one.given.clone(), path, waits, late })
    };
    all.filter_map(lock).collect()
}

#[cfg(test)]
mod tests {
    use crate::config::tests::settled;
    use crate::settings::Namespace;

    #[test]
    fn capabilities_and_namespaces_by_their_names() {
        let (settings, reading) = settled(
            "cap = net_bind_service, CAP_KILL,kill\nunshare = ipc,uts,ns\nunshare2 = net,net\n",
        );
        assert_eq!(reading.findings, []);
        let isolation = settings.launch.isolation;
        assert_eq!(isolation.capabilities, ["CAP_KILL", "CAP_NET_BIND_SERVICE"]);
        assert_eq!(isolation.unshare, [Namespace::Ipc, Namespace::Uts, Namespace::Mount]);
        assert_eq!(isolation.unshare2, [Namespace::Net]);
        for text in ["cap = net_bind\n", "unshare = pid\n", "unshare2 = all\n"] {
            assert!(settled(text).1.refused(), "{text}");
        }
    }

    #[test]
    fn locks_in_the_order_of_the_file() {
        let (settings, _) = settled("flock2 = /run/b\nflock = a\nflock-wait = c\n");
        let locks: Vec<_> =
            settings.launch.locks.iter().map(|one| (&*one.option, one.waits, one.late)).collect();
        let wanted =
            [("flock2", false, true), ("flock", false, false), ("flock-wait", true, false)];
        assert_eq!(locks, wanted);
        assert!(settings.launch.locks.iter().all(|one| one.path.is_absolute()));
    }
}
