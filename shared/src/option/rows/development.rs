//! Names that only the development line of uWSGI knows.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("cgi-dontresolve", Kind::Flag)
        .development()
        .planned("Do not resolve links in paths of CGI programs."),
    row("cheaper-idle", Kind::Integer)
        .development()
        .default("10")
        .works("Seconds that workers must be free before the algorithm `spare2` lets one go."),
    row("die-on-no-workers", Kind::Flag).development().planned("End when no worker is left."),
    row("disable-async-warn-on-queue-full", Kind::Flag)
        .development()
        .planned("Say nothing when every place of `async` is taken."),
    row("dynamic-apps", Kind::Flag).development().refused(
        "whoever reaches the socket would run code: name the application in the file",
        "Let requests name the application that is loaded.",
    ),
    row("early-perl", Kind::Flag)
        .development()
        .planned("Set Perl up before privileges are dropped."),
    row("early-perl-exec", Kind::List).development().planned("Perl code that runs early."),
    row("early-php", Kind::Flag).development().planned("Set PHP up before privileges are dropped."),
    row("early-php-sapi-name", Kind::Text)
        .development()
        .planned("What an early PHP is told its interface is."),
    row("early-psgi", Kind::Text)
        .development()
        .planned("File with a PSGI application that is loaded early."),
    row("early-pyimport", Kind::List)
        .aliases(&["early-python-import"])
        .development()
        .planned("Module that is imported early."),
    row("early-python", Kind::Flag)
        .development()
        .planned("Set Python up before privileges are dropped."),
    row("early-pythonpath", Kind::List)
        .aliases(&["early-python-path"])
        .development()
        .planned("Directory where an early Python looks for modules."),
    row("else", Kind::Special).development().planned(
        "The lines up to the end of a block that are read when its condition does not hold.",
    ),
    row("emperor-chdir-attr", Kind::Text)
        .development()
        .planned("Attribute of a vassal that holds its working directory."),
    row("emperor-collect-attribute", Kind::List)
        .aliases(&["emperor-collect-attr"])
        .development()
        .planned("Attribute of vassals that is kept."),
    row("emperor-command-socket", Kind::Text)
        .development()
        .planned("Address on which the Emperor takes commands."),
    row("emperor-fork-server-attr", Kind::Text)
        .development()
        .planned("Attribute of a vassal that holds the address of its fork server."),
    row("emperor-subreaper", Kind::Flag)
        .development()
        .planned("Let orphans of vassals become children of the Emperor."),
    row("emperor-trigger-socket", Kind::Text)
        .development()
        .planned("Address whose first connection wakes the Emperor."),
    row("emperor-tyrant-initgroups", Kind::Flag)
        .development()
        .planned("In tyrant mode take the further groups of the owner too."),
    row("emperor-use-fork-server", Kind::Text)
        .development()
        .planned("Address of the fork server that makes vassals."),
    row("emperor-wait-for-command", Kind::Flag)
        .development()
        .planned("Start vassals only on a command."),
    row("emperor-wait-for-command-ignore", Kind::List)
        .development()
        .planned("Vassal that starts without a command."),
    row("emperor-wrapper-attr", Kind::Text)
        .development()
        .planned("Attribute of a vassal that holds its program."),
    row("fastrouter-defer-connect-timeout", Kind::Flag)
        .development()
        .planned("Give a connection to a server the whole time."),
    row("fastrouter-emperor-socket", Kind::Text)
        .development()
        .planned("Address of the Emperor that the router wakes vassals by."),
    row("fastrouter-force-key", Kind::Text)
        .development()
        .planned("Name that the router looks up for every request."),
    row("fastrouter-max-retries", Kind::Integer)
        .development()
        .planned("How many other servers the router tries."),
    row("fork-server", Kind::Text)
        .aliases(&["fork-socket"])
        .development()
        .planned("Address on which a loaded vassal takes orders to fork."),
    row("hook-as-emperor-before-vassal", Kind::List)
        .development()
        .planned("Action of the Emperor before a vassal starts."),
    row("hook-as-emperor-setns", Kind::List)
        .development()
        .planned("Action of the Emperor inside the namespaces of a vassal."),
    row("hook-as-on-config-vassal", Kind::List)
        .development()
        .planned("Action when the file of a vassal that waits for its first client changes."),
    row("hook-as-on-demand-vassal", Kind::List)
        .development()
        .planned("Action when a vassal begins to wait for its first client."),
    row("hook-as-vassal-before-drop", Kind::List)
        .development()
        .planned("Action of a vassal before it drops privileges."),
    row("http-backend-http", Kind::Flag)
        .development()
        .planned("Speak HTTP with the servers behind the HTTP router."),
    row("http-path-info-no-decode-slashes", Kind::Flag)
        .development()
        .planned("Leave encoded slashes in paths encoded."),
    row("http-post-buffering", Kind::Long)
        .development()
        .planned("Request bodies of at least this many bytes are read whole by the HTTP router."),
    row("http-post-buffering-dir", Kind::Text)
        .development()
        .planned("Directory for bodies of `http-post-buffering`."),
    row("ienv", Kind::Special).development().planned("As `env`, while the configuration is read."),
    row("lua-gc-full", Kind::Flag).development().planned("Collect all of Lua's garbage each time."),
    row("lua-postfork-mule", Kind::List).development().planned("Lua file that runs in each mule."),
    row("lua-postfork-spooler", Kind::List)
        .development()
        .planned("Lua file that runs in each spooler."),
    row("lua-postfork-worker", Kind::List)
        .development()
        .planned("Lua file that runs in each worker."),
    row("lua-postload", Kind::List)
        .development()
        .planned("Lua file that is loaded after the application."),
    row("lua-shell-oneshot", Kind::Special)
        .aliases(&["luashell-oneshot"])
        .development()
        .planned("Open an interactive Lua once."),
    row("mule-msg-recv-size", Kind::Integer)
        .development()
        .planned("Size of the receive buffer for messages to mules, in bytes."),
    row("paste-name", Kind::Text)
        .development()
        .planned("Name of the application in the Paste configuration."),
    row("php-mount", Kind::List).development().planned("PHP below a path, `/path=directory`."),
    row("py-master-check-signals", Kind::Flag)
        .development()
        .planned("Let the master run Python's signal handlers."),
    row("reload-on-pss", Kind::Megabytes)
        .development()
        .works("Replace a worker after a request when its share of memory is this large."),
    row("reload-on-uss", Kind::Megabytes)
        .development()
        .works("Replace a worker after a request when its own memory is this large."),
    row("spooler-cheap", Kind::Flag)
        .development()
        .planned("Run spoolers only while there are tasks."),
    row("spooler-signal-as-task", Kind::Flag)
        .development()
        .planned("Treat signals for the spooler as tasks."),
    row("statsd-all-gauges", Kind::Flag)
        .development()
        .planned("Send all metrics to statsd as gauges."),
    row("statsd-no-workers", Kind::Flag)
        .development()
        .planned("Send no metrics of single workers to statsd."),
    row("subscription-clear-on-shutdown", Kind::Flag)
        .development()
        .planned("Leave the routers when the server ends."),
    row("subscription-mountpoint", Kind::Integer)
        .aliases(&["subscription-mountpoints"])
        .development()
        .planned("Subscribe for paths, this many parts deep."),
    row("subscription-tolerance-inactive", Kind::Integer)
        .development()
        .planned("Seconds after which a router forgets a subscriber that sleeps."),
    row("subscription-vassal-required", Kind::Flag)
        .development()
        .planned("Take only subscriptions that name their vassal."),
    row("thunder-lock-watchdog", Kind::Flag)
        .development()
        .planned("Look for workers that keep the lock of `thunder-lock`."),
    row("vassal-fork-base", Kind::List)
        .development()
        .planned("Vassal that other vassals are forked from."),
    row("worker-log-encoder", Kind::List)
        .development()
        .planned("As `log-encoder`, in each worker."),
    row("worker-log-req-encoder", Kind::List)
        .development()
        .planned("As `log-req-encoder`, in each worker."),
    row("worker-logger", Kind::Special).development().planned("As `logger`, in each worker."),
    row("worker-logger-req", Kind::Special)
        .development()
        .planned("As `req-logger`, in each worker."),
    row("wsgi-manage-chunked-input", Kind::Flag)
        .development()
        .accepted("`wsgi.input` always reads chunked bodies."),
    row("zeus", Kind::Text)
        .development()
        .refused("it was never finished", "Address for several Emperors that act as one."),
];
