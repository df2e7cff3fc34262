//! Who a vassal is, and what it may use.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("chroot", Kind::Text).works("New root directory of the vassal."),
    row("umask", Kind::Mode).works("File mode mask, octal."),
    row("uid", Kind::Special).works("User that the vassal becomes, by name or number."),
    row("gid", Kind::Special).works("Group that the vassal becomes, by name or number."),
    row("immediate-uid", Kind::Special).works("As `uid`."),
    row("immediate-gid", Kind::Special).works("As `gid`."),
    row("no-initgroups", Kind::Flag)
        .works("Become the user without the supplementary groups of that user."),
    row("setns-preopen", Kind::Flag),
    row("jailed", Kind::Flag),
    row("refork", Kind::Flag).aliases(&["re-fork"]),
    row("refork-as-root", Kind::Flag).aliases(&["re-fork-as-root"]),
    row("refork-post-jail", Kind::Flag).aliases(&["re-fork-post-jail"]),
    row("never-swap", Kind::Flag),
    row("master-as-root", Kind::Flag),
    row("drop-after-init", Kind::Flag),
    row("drop-after-apps", Kind::Flag),
    row("limit-nproc", Kind::Integer),
    row("ksm", Kind::Integer).optional(),
    row("prio", Kind::Integer),
    row("cpu-affinity", Kind::Integer),
    row("max-fd", Kind::Integer),
    row("limit-as", Kind::Megabytes),
    row("pivot-root", Kind::Text).aliases(&["pivot_root"]),
    row("setns", Kind::Text),
    row("jail", Kind::Text),
    row("jidfile", Kind::Text).aliases(&["jid-file"]),
    row("jail-attach", Kind::Text),
    row("cgroup-dir-mode", Kind::Text),
    row("namespace", Kind::Text).aliases(&["ns"]),
    row("namespace-net", Kind::Text).aliases(&["ns-net"]),
    row("add-gid", Kind::List),
    row("jail-ip4", Kind::List),
    row("jail-ip6", Kind::List),
    row("jail2", Kind::List),
    row("libjail", Kind::List),
    row("cgroup", Kind::List),
    row("cgroup-opt", Kind::List),
    row("namespace-keep-mount", Kind::List),
    row("cap", Kind::Special),
    row("unshare", Kind::Special),
    row("unshare2", Kind::Special),
    row("privileged-binary-patch", Kind::Text)
        .refused("use binary-path in the configuration of the Emperor"),
    row("unprivileged-binary-patch", Kind::Text)
        .refused("use binary-path in the configuration of the Emperor"),
    row("privileged-binary-patch-arg", Kind::Text)
        .refused("use binary-path in the configuration of the Emperor"),
    row("unprivileged-binary-patch-arg", Kind::Text)
        .refused("use binary-path in the configuration of the Emperor"),
];
