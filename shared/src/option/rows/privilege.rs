//! Who a vassal is, and what it may use.

use crate::option::{Kind, Row, row};

const JAILS: &str = "only FreeBSD has jails: use `chroot`";
const BINARY: &str = "use `binary-path` in the configuration of the Emperor";

const ROOTS_CODE: &str = "the application is never root here: do what needs root in `hook-as-root`";
const ROOTS_MASTER: &str = "the master is the user here, and needs no root for a reload: do what \
     needs root in `hook-as-root`";

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("chroot", Kind::Text).works("New root directory of the vassal."),
    row("umask", Kind::Mode).immediate().works("File mode mask, octal."),
    row("uid", Kind::Special).works("User that the vassal becomes, by name or number."),
    row("gid", Kind::Special).works("Group that the vassal becomes, by name or number."),
    row("immediate-uid", Kind::Special).immediate().works("As `uid`."),
    row("immediate-gid", Kind::Special).immediate().works("As `gid`."),
    row("no-initgroups", Kind::Flag)
        .works("Become the user without the supplementary groups of that user."),
    row("setns-preopen", Kind::Flag)
        .planned("Open all namespace files before the first is entered."),
    row("jailed", Kind::Flag).planned("Take it that the server is inside a jail already."),
    row("refork", Kind::Flag)
        .aliases(&["re-fork"])
        .planned("Fork once more after the privileges were dropped."),
    row("refork-as-root", Kind::Flag)
        .aliases(&["re-fork-as-root"])
        .planned("Fork once more before the privileges are dropped."),
    row("refork-post-jail", Kind::Flag)
        .aliases(&["re-fork-post-jail"])
        .planned("Fork once more inside the jail."),
    row("never-swap", Kind::Flag).works("Keep the application's memory out of swap."),
    row("limit-nproc", Kind::Integer).works("How many processes the user may have."),
    row("prio", Kind::Integer).works("Nice value of the processes."),
    row("cpu-affinity", Kind::Integer).works("How many processors each worker is bound to."),
    row("max-fd", Kind::Integer).works("How many descriptors a process may have."),
    row("limit-as", Kind::Megabytes).works("Address space that a process may use, in megabytes."),
    row("pivot-root", Kind::Text)
        .aliases(&["pivot_root"])
        .planned("New root, and where the old one goes, `new old`."),
    row("setns", Kind::Text)
        .planned("Enter the namespaces behind a `setns-socket` or in a directory."),
    row("cgroup-dir-mode", Kind::Text).planned("Mode of directories made by `cgroup`."),
    row("namespace", Kind::Text)
        .aliases(&["ns"])
        .planned("Run in a new root with namespaces of its own."),
    row("namespace-net", Kind::Text)
        .aliases(&["ns-net"])
        .planned("Device of the network namespace made by `namespace`."),
    row("add-gid", Kind::List).works("A further group of the vassal."),
    row("cgroup", Kind::List).planned("Directory of a control group that is entered."),
    row("cgroup-opt", Kind::List)
        .planned("Value that is written into the control group, `file=value`."),
    row("namespace-keep-mount", Kind::List)
        .planned("Mount that stays in the new root, `path` or `path:place`."),
    row("cap", Kind::Special)
        .works("Capabilities that are kept when privileges are dropped, separated by commas."),
    row("unshare", Kind::Special)
        .works("Namespaces of the machine that the vassal leaves: ipc, uts, net, mount."),
    row("unshare2", Kind::Special).works("As `unshare`, after `chroot`."),
    row("ksm", Kind::Integer)
        .optional()
        .accepted("Workers share the pages of the application since their fork; none are merged."),
    row("drop-after-init", Kind::Flag)
        .accepted("The interpreter is never root: it starts as the user."),
    row("drop-after-apps", Kind::Flag)
        .refused(ROOTS_CODE, "Drop privileges after the application was loaded."),
    row("master-as-root", Kind::Flag)
        .refused(ROOTS_MASTER, "Leave the master root and let only workers become the user."),
    row("apparmor-profile", Kind::Text).planned("AppArmor profile that the server takes on."),
    row("jail", Kind::Text).refused(JAILS, "Enter a FreeBSD jail."),
    row("jidfile", Kind::Text)
        .aliases(&["jid-file"])
        .refused(JAILS, "File that takes the number of the jail."),
    row("jail-attach", Kind::Text).refused(JAILS, "Enter an existing FreeBSD jail."),
    row("jail-ip4", Kind::List).refused(JAILS, "Address of the jail."),
    row("jail-ip6", Kind::List).refused(JAILS, "IPv6 address of the jail."),
    row("jail2", Kind::List).refused(JAILS, "Parameter of the jail."),
    row("libjail", Kind::List).refused(JAILS, "Parameter of the jail, by its library."),
    row("privileged-binary-patch", Kind::Text)
        .refused(BINARY, "Program that replaces the server before privileges are dropped."),
    row("unprivileged-binary-patch", Kind::Text)
        .refused(BINARY, "Program that replaces the server after privileges were dropped."),
    row("privileged-binary-patch-arg", Kind::Text)
        .refused(BINARY, "As `privileged-binary-patch`, with arguments."),
    row("unprivileged-binary-patch-arg", Kind::Text)
        .refused(BINARY, "As `unprivileged-binary-patch`, with arguments."),
];
