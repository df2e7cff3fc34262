//! Options of the Emperor, and of a vassal towards it.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("emperor-nofollow", Kind::Flag).works("A link counts by itself, not by what it points to."),
    row("emperor-tyrant", Kind::Flag).works("Each vassal runs as the owner of its file."),
    row("emperor-no-blacklist", Kind::Flag).works("Restart a vassal that fails without a pause."),
    row("emperor-graceful-shutdown", Kind::Flag)
        .works("Let vassals finish their requests when they are stopped. On unless switched off."),
    row("emperor-freq", Kind::Integer)
        .works("Seconds between scans where changes cannot be watched."),
    row("emperor-required-heartbeat", Kind::Integer)
        .works("Seconds without a heartbeat after which a vassal is killed."),
    row("emperor-curse-tolerance", Kind::Integer).works("Seconds that a vassal may take to stop."),
    row("emperor-throttle", Kind::Integer)
        .works("The first pause between restarts of a vassal that fails, in milliseconds."),
    row("emperor-max-throttle", Kind::Integer)
        .works("The longest pause between restarts of a vassal that fails, in milliseconds."),
    row("emperor-pidfile", Kind::Text).works("File that takes the pid of the Emperor."),
    row("emperor-stats", Kind::Text)
        .aliases(&["emperor-stats-server"])
        .works("Address on which the statistics of the Emperor are sent as JSON."),
    row("binary-path", Kind::Text)
        .works("Server program that vassals run instead of the one that belongs to this Emperor."),
    row("emperor", Kind::List)
        .works("Govern the vassals of a directory or pattern; may be repeated."),
    row("emperor-extra-extension", Kind::List)
        .aliases(&["emperor-extra-ext"])
        .works("A further ending of file names that count as vassals."),
    row("vassals-inherit", Kind::List).works("File that each vassal reads after its own."),
    row("vassals-include", Kind::List).works("File that each vassal reads after its own."),
    row("vassals-inherit-before", Kind::List).works("File that each vassal reads before its own."),
    row("vassals-include-before", Kind::List).works("File that each vassal reads before its own."),
    row("vassal-set", Kind::List).aliases(&["vassals-set"]).works(
        "Set an option or variable in each vassal, `name=value`; the vassal may override it.",
    ),
    row("refuse-root", Kind::Flag).works("Refuse a vassal that would run as root."),
    row("api-socket", Kind::Text).works("Path of the socket of the management API."),
    row("start-parallel", Kind::Integer)
        .works("How many vassals may be starting at a time; twice the processors unless given."),
    row("state-dir", Kind::Text)
        .works("Directory for what has to survive a restart of the Emperor."),
    row("log-keep", Kind::Integer).works("How many lines of the output of each vassal are kept."),
    row("early-emperor", Kind::Flag).accepted("The Emperor is a program of its own."),
    row("emperor-tyrant-nofollow", Kind::Flag),
    row("emperor-magic-exec", Kind::Flag),
    row("imperial-monitor-list", Kind::Flag).aliases(&["imperial-monitors-list"]),
    row("emperor-broodlord", Kind::Integer),
    row("vassal-sos", Kind::Integer),
    row("vassal-sos-backlog", Kind::Integer),
    row("heartbeat", Kind::Integer),
    row("emperor-proxy-socket", Kind::Text),
    row("emperor-wrapper", Kind::Text),
    row("emperor-procname", Kind::Text),
    row("emperor-on-demand-extension", Kind::Text).aliases(&["emperor-on-demand-ext"]),
    row("emperor-on-demand-directory", Kind::Text).aliases(&["emperor-on-demand-dir"]),
    row("emperor-on-demand-exec", Kind::Text),
    row("vassals-start-hook", Kind::Text),
    row("vassals-stop-hook", Kind::Text),
    row("emperor-wrapper-override", Kind::List),
    row("emperor-wrapper-fallback", Kind::List),
    row("emperor-use-clone", Kind::Special),
    row("emperor-cap", Kind::Special).aliases(&["vassals-cap", "vassal-cap"]),
];
