//! Spoolers, mules, timers, daemons, subscriptions, legions and TLS.

use super::LEGION;
use crate::option::{Kind, Row, row};

/// What is spoken whatever lists and numbers say.
const CIPHERS: &str =
    "TLS 1.2 and 1.3 with forward secrecy and authenticated encryption are spoken, nothing else.";

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("spooler-ordered", Kind::Flag).planned("Take tasks in the order of their names."),
    row("spooler-quiet", Kind::Flag).planned("Log nothing for each task."),
    row("auto-weight", Kind::Flag)
        .argument()
        .planned("Announce the number of workers as weight to the router."),
    row("subscriptions-use-credentials", Kind::Flag)
        .planned("Check who sent a subscription by the credentials of its socket."),
    row("subscription-dotsplit", Kind::Flag)
        .planned("Try a host name's parent domains when nobody subscribed to it."),
    row("unsubscribe-on-graceful-reload", Kind::Flag)
        .planned("Leave the routers while a graceful reload runs."),
    row("start-unsubscribed", Kind::Flag).planned("Announce nothing to routers until told to."),
    row("ssl-verbose", Kind::Flag).works("Log TLS handshakes that fail."),
    row("zerg-fallback", Kind::Flag)
        .works("Start without the sockets of a zerg server that is not there."),
    row("daemons-honour-stdin", Kind::Flag)
        .planned("Leave standard input open for attached programs."),
    row("mule-harakiri", Kind::Integer)
        .planned("The longest that a mule may work on one message, in seconds."),
    row("mule-reload-mercy", Kind::Integer)
        .default("60")
        .planned("Seconds that a mule may use to finish."),
    row("spooler-processes", Kind::Integer)
        .immediate()
        .default("1")
        .planned("Processes for each spooler directory."),
    row("spooler-max-tasks", Kind::Integer)
        .planned("Replace a spooler process after this many tasks."),
    row("spooler-harakiri", Kind::Integer).planned("The longest that a task may take, in seconds."),
    row("spooler-frequency", Kind::Integer)
        .aliases(&["spooler-freq"])
        .default("30")
        .planned("Seconds between looks into the spooler directory."),
    row("mule-msg-size", Kind::Integer)
        .optional()
        .planned("Size of the buffer for messages to mules, in bytes."),
    row("signal-bufsize", Kind::Integer)
        .aliases(&["signals-bufsize"])
        .planned("Size of the buffer for uWSGI's signals, in bytes."),
    row("subscriptions-sign-check-tolerance", Kind::Integer)
        .default("86400")
        .planned("Seconds that the clock of a signed subscription may be wrong."),
    row("subscribe-freq", Kind::Integer)
        .default("10")
        .planned("Seconds between announcements to routers."),
    row("subscription-tolerance", Kind::Integer)
        .default("17")
        .planned("Seconds after which a router forgets a silent subscriber."),
    row("ssl-verify-depth", Kind::Integer)
        .optional()
        .accepted("A chain of client certificates may have six links."),
    row("ssl-sessions-timeout", Kind::Integer)
        .aliases(&["ssl-session-timeout"])
        .default("300")
        .accepted("Clients keep their sessions, sealed with a key that changes every six hours."),
    row("cron-harakiri", Kind::Integer)
        .planned("The longest that a command of `cron` may take, in seconds."),
    row("weight", Kind::Long).planned("Weight that is announced to routers."),
    row("spooler-chdir", Kind::Text).planned("Working directory of the spooler."),
    row("notify-socket", Kind::Text).planned("Address for notifications to the server."),
    row("subscription-notify-socket", Kind::Text)
        .planned("Address to which routers send their notifications."),
    row("subscribe-with-modifier1", Kind::Text).planned("Modifier that is announced to routers."),
    row("ssl-sessions-use-cache", Kind::Text)
        .aliases(&["ssl-session-use-cache"])
        .optional()
        .accepted("Clients keep their sessions, which all workers can open."),
    row("sni-dir", Kind::Text)
        .works("Directory of certificates, one `name.crt` and `name.key` for each host name."),
    row("sni-dir-ciphers", Kind::Text).accepted(CIPHERS),
    row("ssl-tmp-dir", Kind::Text)
        .planned("Directory for certificates that arrive by subscription."),
    row("zerg-server", Kind::Text)
        .works("UNIX socket on which other servers of this user get the listening sockets."),
    row("signal-timer", Kind::List)
        .aliases(&["timer"])
        .planned("Raise a signal each so many seconds, `signal seconds`."),
    row("signal-rbtimer", Kind::List)
        .aliases(&["rbtimer"])
        .planned("As `timer`, kept in the master."),
    row("subscriptions-sign-skip-uid", Kind::List)
        .planned("User whose subscriptions need no signature."),
    row("subscriptions-credentials-check", Kind::List)
        .planned("Directory of files that say who may subscribe to which name."),
    row("subscribe-to", Kind::List)
        .aliases(&["st", "subscribe"])
        .planned("Announce this server to a router, `router:name`."),
    row("subscribe2", Kind::List)
        .planned("Announce this server to a router, `server=...,key=...` and more."),
    row("ssl-option", Kind::List).bare().accepted(CIPHERS),
    row("zerg", Kind::List)
        .works("Serve the listening sockets that the server behind this UNIX socket gives."),
    row("spooler", Kind::Special)
        .short('Q')
        .planned("Directory of tasks that a process of its own works off."),
    row("spooler-external", Kind::Special)
        .planned("Directory of tasks that another instance works off."),
    row("mule", Kind::Special)
        .optional()
        .planned("A process beside the workers that runs this file or waits for messages."),
    row("mules", Kind::Special).planned("Number of mules that wait for messages."),
    row("farm", Kind::Special).planned("A named group of mules, `name:1,2`."),
    row("signal", Kind::Special)
        .immediate()
        .planned("Send a signal to a running server, `address signal`."),
    row("subscriptions-sign-check", Kind::Special)
        .planned("Demand signed subscriptions, `algorithm:directory of keys`."),
    row("subscription-algo", Kind::Special)
        .choices(&["wrr", "lrc", "wlrc", "iphash"])
        .default("wrr")
        .planned("How a router chooses between subscribers."),
    row("sni", Kind::Special).works("Certificate for a host name, `name certificate,key`."),
    row("sni-regexp", Kind::Special)
        .works("Certificate for host names that match a pattern, `pattern certificate,key`."),
    row("cron", Kind::Special)
        .planned("Run a command by the clock, `minute hour day month weekday command`; -1 is any."),
    row("cron2", Kind::Special)
        .planned("Run a command by the clock, `minute=...,hour=...,unique=1 command`."),
    row("unique-cron", Kind::Special)
        .planned("As `cron`, but never while the one before still runs."),
    row("attach-daemon", Kind::Special).works(
        "Run this command beside the server; it is started again when it ends and at a reload.",
    ),
    row("attach-control-daemon", Kind::Special)
        .works("As `attach-daemon`; the server stops when the command ends."),
    row("smart-attach-daemon", Kind::Special)
        .works("`PIDFILE COMMAND`: a command that detaches itself. It survives reloads."),
    row("smart-attach-daemon2", Kind::Special)
        .works("`PIDFILE COMMAND`: a command that stays in the foreground. It survives reloads."),
    row("attach-daemon2", Kind::Special)
        .works("`cmd=...,pidfile=...,stopsignal=...`: as `attach-daemon`, by keys."),
    row("ssl-enable-sslv3", Kind::Flag)
        .aliases(&["ssl-enable3"])
        .refused("SSL 3 is broken", "Allow SSL 3."),
    row("ssl-enable-tlsv1", Kind::Flag)
        .refused("TLS 1.0 is obsolete and not offered", "Allow TLS 1.0."),
    row("legion-freq", Kind::Integer)
        .default("3")
        .refused(LEGION, "Seconds between the messages of a legion."),
    row("legion-tolerance", Kind::Integer)
        .default("15")
        .refused(LEGION, "Seconds after which a silent member of a legion counts as dead."),
    row("legion-death-on-lord-error", Kind::Integer)
        .refused(LEGION, "Seconds to count as dead when a hook of the lord failed."),
    row("legion-skew-tolerance", Kind::Integer)
        .refused(LEGION, "Seconds that the clocks of a legion may differ."),
    row("legion-scroll-max-size", Kind::Long)
        .refused(LEGION, "The longest text that a member of a legion shares."),
    row("legion-scroll-list-max-size", Kind::Long)
        .refused(LEGION, "The longest text that a legion shares."),
    row("legion", Kind::Special).refused(
        LEGION,
        "Take part in the election of a lord, `name address valor algorithm:secret`.",
    ),
    row("legion-mcast", Kind::Special).refused(LEGION, "As `legion`, by multicast."),
    row("legion-node", Kind::Special)
        .refused(LEGION, "Address of another member of a legion, `name address`."),
    row("legion-lord", Kind::Special)
        .refused(LEGION, "What to run on becoming the lord of a legion."),
    row("legion-unlord", Kind::Special)
        .refused(LEGION, "What to run on ceasing to be the lord of a legion."),
    row("legion-setup", Kind::Special).refused(LEGION, "What to run when a legion is set up."),
    row("legion-death", Kind::Special).refused(LEGION, "What to run when a legion ends."),
    row("legion-join", Kind::Special).refused(LEGION, "What to run once a legion was joined."),
    row("legion-node-joined", Kind::Special)
        .refused(LEGION, "What to run when another member joins a legion."),
    row("legion-node-left", Kind::Special)
        .refused(LEGION, "What to run when another member leaves a legion."),
    row("legion-quorum", Kind::Special).refused(LEGION, "How many votes a lord needs."),
    row("legion-scroll", Kind::Special).refused(LEGION, "A text that is shared with a legion."),
    row("legion-cron", Kind::Special)
        .aliases(&["cron-legion"])
        .refused(LEGION, "As `cron`, on the lord of a legion only."),
    row("unique-legion-cron", Kind::Special)
        .aliases(&["unique-cron-legion"])
        .refused(LEGION, "As `unique-cron`, on the lord of a legion only."),
    row("legion-attach-daemon", Kind::Special)
        .refused(LEGION, "As `attach-daemon`, on the lord of a legion only."),
    row("legion-smart-attach-daemon", Kind::Special)
        .refused(LEGION, "As `smart-attach-daemon`, on the lord of a legion only."),
    row("legion-smart-attach-daemon2", Kind::Special)
        .refused(LEGION, "As `smart-attach-daemon2`, on the lord of a legion only."),
];
