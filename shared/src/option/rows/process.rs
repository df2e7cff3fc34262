//! Processes, threads, deadlines and recycling.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("auto-procname", Kind::Flag).works("Show in process titles what each process is."),
    row("need-app", Kind::Flag)
        .works("End when no application can be loaded. On unless switched off."),
    row("master", Kind::Flag)
        .short('M')
        .accepted("A process that supervises the workers is always there."),
    row("die-on-term", Kind::Flag)
        .works("TERM stops the server, which it does anyway; `false` makes TERM reload it."),
    row("catch-exceptions", Kind::Flag)
        .works("Answer an exception of the application with its traceback (development only)."),
    row("lazy-apps", Kind::Flag).works("Load the application in each worker, after the fork."),
    row("vacuum", Kind::Flag).works("Remove sockets and the pid file when the server ends."),
    row("processes", Kind::Integer)
        .aliases(&["workers"])
        .short('p')
        .works("Number of worker processes."),
    row("harakiri", Kind::Integer)
        .short('t')
        .works("The longest that a request may take, in seconds."),
    row("reload-mercy", Kind::Integer)
        .works("Seconds that vassals may use to finish when the Emperor ends."),
    row("worker-reload-mercy", Kind::Integer).works(
        "Seconds that a worker may use to finish its requests when it is replaced or stopped.",
    ),
    row("threads", Kind::Integer).works("Number of threads that serve requests in each worker."),
    row("max-requests", Kind::Long).short('R').works("Replace a worker after this many requests."),
    row("max-requests-delta", Kind::Long)
        .works("Added to `max-requests` once more for each further worker."),
    row("min-worker-lifetime", Kind::Long)
        .works("A worker is not replaced before it is this old, in seconds."),
    row("procname-prefix", Kind::Text).works("Text in front of process titles."),
    row("procname-prefix-spaced", Kind::Text)
        .works("Text in front of process titles, followed by a space."),
    row("procname-append", Kind::Text).works("Text behind process titles."),
    row("procname", Kind::Text).works("Process title of every process."),
    row("procname-master", Kind::Text).works("Process title of the master."),
    row("pidfile", Kind::Text)
        .works("File that takes the pid of the master, relative to the directory of the start."),
    row("safe-pidfile", Kind::Text).works("As `pidfile`."),
    row("chdir", Kind::Text).works("Working directory of the application."),
    row("need-plugins", Kind::Special)
        .aliases(&["need-plugin"])
        .works("End when one of these plugins is not built in."),
    row("thunder-lock", Kind::Flag).accepted("Workers share a socket without a lock here."),
    row("ignore-sigpipe", Kind::Flag).accepted("A client that went away is never an error."),
    row("ignore-write-errors", Kind::Flag).accepted("A client that went away is never an error."),
    row("disable-write-exception", Kind::Flag)
        .accepted("A client that went away raises nothing in the application."),
    row("enable-threads", Kind::Flag)
        .short('T')
        .accepted("Python threads always run between requests."),
    row("single-interpreter", Kind::Flag)
        .short('i')
        .accepted("There is one application and one interpreter in a worker."),
    row("no-orphans", Kind::Flag).accepted("Workers never outlive their master."),
    row("close-on-exec", Kind::Flag)
        .accepted("Descriptors never leak into programs that are started."),
    row("plugins-dir", Kind::List)
        .aliases(&["plugin-dir"])
        .accepted("Everything that is provided is built in."),
    row("plugins", Kind::Special)
        .aliases(&["plugin"])
        .accepted("Everything that is provided is built in."),
    row("harakiri-verbose", Kind::Flag),
    row("harakiri-no-arh", Kind::Flag).aliases(&["no-harakiri-arh", "no-harakiri-after-req-hook"]),
    row("skip-atexit", Kind::Flag),
    row("skip-atexit-teardown", Kind::Flag),
    row("write-errors-exception-only", Kind::Flag),
    row("cgi-mode", Kind::Flag).short('c'),
    row("no-threads-wait", Kind::Flag),
    row("honour-stdin", Kind::Flag),
    row("exit-on-reload", Kind::Flag),
    row("force-gateway", Kind::Flag),
    row("reaper", Kind::Flag).short('r'),
    row("no-server", Kind::Flag),
    row("propagate-touch", Kind::Flag),
    row("no-default-app", Kind::Flag),
    row("manage-script-name", Kind::Flag),
    row("ignore-script-name", Kind::Flag),
    row("reload-on-exception", Kind::Flag),
    row("use-abort", Kind::Flag),
    row("lazy", Kind::Flag),
    row("cheap", Kind::Flag),
    row("cheaper-algo-list", Kind::Flag).aliases(&["cheaper-algos-list", "cheaper-list"]),
    row("die-on-idle", Kind::Flag),
    row("vhost", Kind::Flag),
    row("vhost-host", Kind::Flag),
    row("close-on-exec2", Kind::Flag),
    row("loop-list", Kind::Flag).aliases(&["loops-list"]),
    row("plugins-list", Kind::Flag).aliases(&["plugin-list"]),
    row("dump-options", Kind::Flag),
    row("harakiri-graceful-timeout", Kind::Integer),
    row("harakiri-graceful-signal", Kind::Integer),
    row("harakiri-queue-threshold", Kind::Integer),
    row("backtrace-depth", Kind::Integer),
    row("max-apps", Kind::Integer),
    row("max-worker-lifetime-delta", Kind::Integer),
    row("mem-collector-freq", Kind::Integer),
    row("check-interval", Kind::Integer),
    row("forkbomb-delay", Kind::Integer),
    row("async", Kind::Integer),
    row("cheaper", Kind::Integer),
    row("cheaper-initial", Kind::Integer),
    row("cheaper-step", Kind::Integer),
    row("idle", Kind::Integer),
    row("thread-stacksize", Kind::Integer).aliases(&[
        "threads-stacksize",
        "thread-stack-size",
        "threads-stack-size",
    ]),
    row("offload-threads", Kind::Integer).aliases(&["offload-thread"]),
    row("write-errors-tolerance", Kind::Long),
    row("max-worker-lifetime", Kind::Long),
    row("cheaper-overload", Kind::Long),
    row("cheaper-rss-limit-soft", Kind::Long),
    row("cheaper-rss-limit-hard", Kind::Long),
    row("reload-on-as", Kind::Megabytes),
    row("reload-on-rss", Kind::Megabytes),
    row("evil-reload-on-as", Kind::Megabytes),
    row("evil-reload-on-rss", Kind::Megabytes),
    row("fallback-config", Kind::Text),
    row("profiler", Kind::Text),
    row("pidfile2", Kind::Text),
    row("safe-pidfile2", Kind::Text),
    row("upload-progress", Kind::Text),
    row("force-cwd", Kind::Text),
    row("chdir2", Kind::Text),
    row("cheaper-algo", Kind::Text),
    row("loop", Kind::Text),
    row("worker-exec", Kind::Text),
    row("worker-exec2", Kind::Text),
    row("inject-before", Kind::List),
    row("inject-after", Kind::List),
    row("reload-on-exception-type", Kind::List),
    row("reload-on-exception-value", Kind::List),
    row("reload-on-exception-repr", Kind::List),
    row("exception-handler", Kind::List),
    row("master-fifo", Kind::List),
    row("binsh", Kind::List),
    row("mount", Kind::List),
    row("worker-mount", Kind::List),
    row("declare-option", Kind::Special),
    row("declare-option2", Kind::Special),
    row("connect-and-read", Kind::Special),
    row("cheaper-busyness-max", Kind::Long),
    row("cheaper-busyness-min", Kind::Long),
    row("cheaper-busyness-multiplier", Kind::Long),
    row("cheaper-busyness-penalty", Kind::Long),
    row("cheaper-busyness-verbose", Kind::Flag),
    row("cheaper-busyness-backlog-alert", Kind::Long),
    row("cheaper-busyness-backlog-multiplier", Kind::Long),
    row("cheaper-busyness-backlog-step", Kind::Long),
    row("cheaper-busyness-backlog-nonzero", Kind::Long),
];
