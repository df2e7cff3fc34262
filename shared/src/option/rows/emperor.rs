//! Options of the Emperor, and of a vassal towards it.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("emperor-nofollow", Kind::Flag).works("A link counts by itself, not by what it points to."),
    row("emperor-tyrant", Kind::Flag).works("Each vassal runs as the owner of its file."),
    row("emperor-no-blacklist", Kind::Flag).works("Restart a vassal that fails without a pause."),
    row("emperor-graceful-shutdown", Kind::Flag)
        .default("true")
        .works("Let vassals finish their requests when they are stopped."),
    row("emperor-freq", Kind::Integer)
        .default("3")
        .works("Seconds between scans where changes cannot be watched."),
    row("emperor-required-heartbeat", Kind::Integer).default("30").works(
        "Seconds without a heartbeat after which a vassal is reloaded; silent as long again, \
             it is killed.",
    ),
    row("emperor-curse-tolerance", Kind::Integer)
        .default("30")
        .works("Seconds that a vassal may take to stop."),
    row("emperor-throttle", Kind::Integer)
        .default("500")
        .works("The first pause between restarts of a vassal that fails, in milliseconds."),
    row("emperor-max-throttle", Kind::Integer)
        .default("60000")
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
    row("vassals-inherit-before", Kind::List)
        .works("As `vassals-inherit`: what is inherited is read last, wherever it is named."),
    row("vassals-include-before", Kind::List).works("File that each vassal reads before its own."),
    row("vassal-set", Kind::List).aliases(&["vassals-set"]).works(
        "Set an option or variable in each vassal, `name=value`; the vassal may override it.",
    ),
    row("refuse-root", Kind::Flag).own().works("Refuse a vassal that would run as root."),
    row("api-socket", Kind::Text)
        .own()
        .default("/run/emperor/api.sock")
        .works("Path of the socket of the management API."),
    row("start-parallel", Kind::Integer)
        .own()
        .works("How many vassals may be starting at a time; twice the processors unless given."),
    row("state-dir", Kind::Text)
        .own()
        .default("/var/lib/emperor")
        .works("Directory for what has to survive a restart of the Emperor."),
    row("log-keep", Kind::Integer)
        .own()
        .default("1000")
        .works("How many lines of the output of each vassal are kept."),
    row("early-emperor", Kind::Flag).accepted("The Emperor is a program of its own."),
    row("emperor-tyrant-nofollow", Kind::Flag)
        .planned("In tyrant mode take the owner of a link instead of the owner of its target."),
    row("emperor-magic-exec", Kind::Flag).planned(
        "Run a vassal file that is executable and read the configuration from its output.",
    ),
    row("imperial-monitor-list", Kind::Flag)
        .aliases(&["imperial-monitors-list"])
        .planned("Print the kinds of sources of vassals."),
    row("emperor-broodlord", Kind::Integer)
        .planned("How many vassals may be started to help one that asks for reinforcement."),
    row("vassal-sos", Kind::Integer)
        .planned("Seconds between calls for reinforcement while every worker is busy."),
    row("vassal-sos-backlog", Kind::Integer)
        .planned("Call for reinforcement when this many connections wait."),
    row("heartbeat", Kind::Integer)
        .planned("Seconds between signs of life that workers send to the Emperor."),
    row("emperor-proxy-socket", Kind::Text)
        .planned("Address on which the vassal hands its connection to the Emperor to others."),
    row("emperor-wrapper", Kind::Text)
        .planned("Program that is run in place of the server for each vassal."),
    row("emperor-procname", Kind::Text)
        .default("uWSGI Emperor")
        .planned("Process title of the Emperor."),
    row("emperor-on-demand-extension", Kind::Text).aliases(&["emperor-on-demand-ext"]).planned(
        "File beside the vassal's, with this ending: where it waits for its first client.",
    ),
    row("emperor-on-demand-directory", Kind::Text)
        .aliases(&["emperor-on-demand-dir"])
        .planned("Directory with a socket for each vassal, which is started by its first client."),
    row("emperor-on-demand-exec", Kind::Text)
        .planned("Command that prints the address on which a vassal waits for its first client."),
    row("vassals-start-hook", Kind::Text)
        .planned("Program that runs before each start of a vassal, with its name as argument."),
    row("vassals-stop-hook", Kind::Text)
        .planned("Program that runs after each end of a vassal, with its name as argument."),
    row("emperor-wrapper-override", Kind::List)
        .planned("Program tried first in place of the server for each vassal."),
    row("emperor-wrapper-fallback", Kind::List)
        .planned("Program tried when no other could be run for a vassal."),
    row("emperor-use-clone", Kind::Special)
        .planned("Namespaces of its own for each vassal, a list such as `pid,net,ipc`."),
    row("emperor-cap", Kind::Special)
        .aliases(&["vassals-cap", "vassal-cap"])
        .planned("Capabilities that vassals may have at most, separated by commas."),
    row("emperor-apparmor", Kind::Text).planned("AppArmor profile that each vassal takes on."),
];
