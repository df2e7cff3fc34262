//! Environment, hooks, waiting and watching.

use super::FOREIGN;
use crate::option::{Kind, Row, row};

/// Why options that raise uWSGI's own signals are refused.
const SIGNALS: &str = "uWSGI's signals are not provided; touch-exec runs a command";

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("env", Kind::Special)
        .works("Variable for the application, `NAME=value`; a name alone removes it."),
    row("unenv", Kind::Special).works("Remove a variable from the environment of the application."),
    row("wait-for-interface-timeout", Kind::Integer)
        .aliases(&["wait-interface-timeout", "wait-for-iface-timeout", "wait-iface-timeout"])
        .default("60")
        .works("Seconds to wait for a network interface."),
    row("wait-for-fs-timeout", Kind::Integer)
        .default("60")
        .works("Seconds to wait for files, directories and mounts."),
    row("wait-for-socket-timeout", Kind::Integer)
        .default("60")
        .works("Seconds to wait for a socket."),
    row("flock2", Kind::Text).immediate().works("Lock this file once the log is open, or end."),
    row("flock-wait2", Kind::Text)
        .immediate()
        .works("Lock this file once the log is open, and wait for it."),
    row("hook-asap", Kind::List).works("Action once the configuration was read."),
    row("hook-pre-jail", Kind::List).works("Action before the jail is entered."),
    row("hook-post-jail", Kind::List).works("Action after the jail was entered."),
    row("hook-in-jail", Kind::List).works("Action inside the jail."),
    row("hook-as-root", Kind::List).works("Action as root, just before privileges are dropped."),
    row("hook-as-user", Kind::List).works("Action as the user, once privileges were dropped."),
    row("hook-as-user-atexit", Kind::List).works("Action as the user, when the server ends."),
    row("hook-pre-app", Kind::List).works("Action before the application is loaded."),
    row("hook-post-app", Kind::List).works("Action after the application was loaded."),
    row("hook-post-fork", Kind::List).works("Action in each process after its fork."),
    row("hook-accepting", Kind::List)
        .works("Action in each worker when it begins to take requests."),
    row("hook-accepting1", Kind::List)
        .works("Action in the first worker when it begins to take requests."),
    row("hook-accepting-once", Kind::List)
        .works("Action in each worker when it first takes requests."),
    row("hook-accepting1-once", Kind::List)
        .works("Action in the first worker when it first takes requests."),
    row("hook-master-start", Kind::List).works("Action when the master starts."),
    row("hook-touch", Kind::List)
        .planned("Action when a file is touched, `file action:arguments`."),
    row("hook-emperor-start", Kind::List).planned("Action when the Emperor starts."),
    row("hook-emperor-stop", Kind::List).planned("Action of the vassal when the Emperor stops it."),
    row("hook-emperor-reload", Kind::List)
        .planned("Action of the vassal when the Emperor reloads it."),
    row("hook-emperor-lost", Kind::List).planned("Action of the vassal when the Emperor is gone."),
    row("hook-as-vassal", Kind::List)
        .works("The Emperor's action in each vassal before it is read."),
    row("hook-as-emperor", Kind::List).works("The Emperor's action after a vassal was started."),
    row("hook-as-mule", Kind::List).planned("Action in each mule."),
    row("hook-as-gateway", Kind::List).planned("Action in each router process."),
    row("after-request-hook", Kind::List).planned("Action after each request."),
    row("exec-asap", Kind::List).works("Command that runs once the configuration was read."),
    row("exec-pre-jail", Kind::List).works("Command that runs before the jail is entered."),
    row("exec-post-jail", Kind::List).works("Command that runs after the jail was entered."),
    row("exec-in-jail", Kind::List).works("Command that runs inside the jail."),
    row("exec-as-root", Kind::List)
        .works("Command that runs as root, just before privileges are dropped."),
    row("exec-as-user", Kind::List)
        .works("Command that runs as the user, once privileges were dropped."),
    row("exec-as-user-atexit", Kind::List)
        .works("Command that runs as the user, when the server ends."),
    row("exec-pre-app", Kind::List).works("Command that runs before the application is loaded."),
    row("exec-post-app", Kind::List).works("Command that runs after the application was loaded."),
    row("exec-as-vassal", Kind::List)
        .works("The Emperor's command in each vassal before it is read."),
    row("exec-as-emperor", Kind::List).works("The Emperor's command after a vassal was started."),
    row("mount-asap", Kind::List)
        .works("Mount once the configuration was read, `type source target flags`."),
    row("mount-pre-jail", Kind::List)
        .works("Mount before the jail is entered, `type source target flags`."),
    row("mount-post-jail", Kind::List)
        .works("Mount after the jail was entered, `type source target flags`."),
    row("mount-in-jail", Kind::List).works("Mount inside the jail, `type source target flags`."),
    row("mount-as-root", Kind::List)
        .works("Mount as root before privileges are dropped, `type source target flags`."),
    row("mount-as-vassal", Kind::List)
        .works("The Emperor's mount in each vassal before it is read, `type source target flags`."),
    row("mount-as-emperor", Kind::List)
        .works("The Emperor's mount after a vassal was started, `type source target flags`."),
    row("umount-asap", Kind::List).works("Mount that is undone once the configuration was read."),
    row("umount-pre-jail", Kind::List).works("Mount that is undone before the jail is entered."),
    row("umount-post-jail", Kind::List).works("Mount that is undone after the jail was entered."),
    row("umount-in-jail", Kind::List).works("Mount that is undone inside the jail."),
    row("umount-as-root", Kind::List)
        .works("Mount that is undone as root, just before privileges are dropped."),
    row("umount-as-vassal", Kind::List)
        .works("Mount that the Emperor undoes in each vassal before it is read."),
    row("umount-as-emperor", Kind::List)
        .works("Mount that the Emperor undoes after a vassal was started."),
    row("wait-for-interface", Kind::List)
        .aliases(&["wait-interface", "wait-for-iface", "wait-iface"])
        .works("Wait at the start for a network interface."),
    row("wait-for-fs", Kind::List).works("Wait at the start for a file or directory."),
    row("wait-for-file", Kind::List).works("Wait at the start for a regular file."),
    row("wait-for-dir", Kind::List).works("Wait at the start for a directory."),
    row("wait-for-mountpoint", Kind::List).works("Wait at the start for a mounted file system."),
    row("wait-for-socket", Kind::List).works("Wait at the start for a socket that accepts."),
    row("reload-on-fd", Kind::List).planned("Reload when a descriptor has something to read."),
    row("brutal-reload-on-fd", Kind::List)
        .planned("Reload at once when a descriptor has something to read."),
    row("touch-reload", Kind::List).works("Reload when this file changes, appears or disappears."),
    row("touch-workers-reload", Kind::List).works("Replace the workers when this file changes."),
    row("touch-mules-reload", Kind::List).planned("Replace the mules when this file changes."),
    row("touch-spoolers-reload", Kind::List)
        .planned("Replace the spoolers when this file changes."),
    row("touch-chain-reload", Kind::List)
        .works("Replace one worker after the other when this file changes."),
    row("touch-logrotate", Kind::List).works("Rotate the log when this file changes."),
    row("touch-logreopen", Kind::List).works("Open the log again when this file changes."),
    row("touch-exec", Kind::List).works("Run a command when a file changes, `file command`."),
    row("touch-signal", Kind::List)
        .refused(SIGNALS, "Raise a signal when a file changes, `file signal`.")
        .harmless(),
    row("fs-reload", Kind::List)
        .works("Reload when this file changes, or something directly in this directory."),
    row("fs-brutal-reload", Kind::List)
        .works("As `fs-reload`; the old workers are ended at once when the new ones accept."),
    row("fs-signal", Kind::List)
        .refused(SIGNALS, "Raise a signal when something below a path changes, `path signal`.")
        .harmless(),
    row("check-mountpoint", Kind::List)
        .aliases(&["mountpoint-check", "check-mount", "mount-check"])
        .planned("End when this file system cannot be reached any more."),
    row("envdir", Kind::List)
        .works("Directory whose files are variables for the application: name and content."),
    row("file-write", Kind::List).works("Write a file at the start, `file=content`."),
    row("flock", Kind::Special).immediate().works("Lock this file at the start, or end."),
    row("flock-wait", Kind::Special)
        .immediate()
        .works("Lock this file at the start, and wait for it."),
    row("early-envdir", Kind::Special)
        .immediate()
        .works("As `envdir`, while the configuration is read."),
    row("after-request-call", Kind::List)
        .refused(FOREIGN, "Function in C that runs after each request."),
    row("call-asap", Kind::List)
        .refused(FOREIGN, "C function, called once the configuration was read."),
    row("call-pre-jail", Kind::List)
        .refused(FOREIGN, "C function, called before the jail is entered."),
    row("call-post-jail", Kind::List)
        .refused(FOREIGN, "C function, called after the jail was entered."),
    row("call-in-jail", Kind::List).refused(FOREIGN, "C function, called inside the jail."),
    row("call-as-root", Kind::List)
        .refused(FOREIGN, "C function, called as root, just before privileges are dropped."),
    row("call-as-user", Kind::List)
        .refused(FOREIGN, "C function, called as the user, once privileges were dropped."),
    row("call-as-user-atexit", Kind::List)
        .refused(FOREIGN, "C function, called as the user, when the server ends."),
    row("call-pre-app", Kind::List)
        .refused(FOREIGN, "C function, called before the application is loaded."),
    row("call-post-app", Kind::List)
        .refused(FOREIGN, "C function, called after the application was loaded."),
    row("call-as-vassal", Kind::List)
        .refused(FOREIGN, "C function, called in a vassal before its server is run."),
    row("call-as-vassal1", Kind::List).refused(
        FOREIGN,
        "C function, called in a vassal before its server is run, with its name.",
    ),
    row("call-as-vassal3", Kind::List).refused(
        FOREIGN,
        "C function, called in a vassal before its server is run, with name, user, group.",
    ),
    row("call-as-emperor", Kind::List)
        .refused(FOREIGN, "C function, called in the Emperor after a vassal was started."),
    row("call-as-emperor1", Kind::List).refused(
        FOREIGN,
        "C function, called in the Emperor after a vassal was started, with its name.",
    ),
    row("call-as-emperor2", Kind::List).refused(
        FOREIGN,
        "C function, called in the Emperor after a vassal was started, with name and pid.",
    ),
    row("call-as-emperor4", Kind::List).refused(
        FOREIGN,
        "C function, called in the Emperor after a vassal was started, with name, pid, owner.",
    ),
];
