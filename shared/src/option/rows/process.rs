//! Processes, threads, deadlines and recycling.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("auto-procname", Kind::Flag).works("Show in process titles what each process is."),
    row("need-app", Kind::Flag)
        .optional()
        .default("true")
        .works("End when no application can be loaded."),
    row("die-on-term", Kind::Flag)
        .default("true")
        .works("TERM stops the server, which it does anyway; `false` makes TERM reload it."),
    row("catch-exceptions", Kind::Flag)
        .works("Answer an exception of the application with its traceback (development only)."),
    row("lazy-apps", Kind::Flag).works("Load the application in each worker, after the fork."),
    row("vacuum", Kind::Flag).works("Remove sockets and the pid file when the server ends."),
    row("processes", Kind::Integer)
        .aliases(&["workers"])
        .short('p')
        .default("1")
        .works("Number of worker processes."),
    row("harakiri", Kind::Integer)
        .short('t')
        .works("The longest that a request may take, in seconds."),
    row("reload-mercy", Kind::Integer).default("30").works(
        "Seconds that vassals may use to finish when the Emperor ends, and that attached \
             daemons may in a vassal; 0 is the default.",
    ),
    row("worker-reload-mercy", Kind::Integer).default("60").works(
        "Seconds that a worker may use to finish its requests when it is replaced or stopped.",
    ),
    row("threads", Kind::Integer)
        .default("1")
        .works("Number of threads that serve requests in each worker."),
    row("max-requests", Kind::Long)
        .short('R')
        .default("0")
        .works("Replace a worker after this many requests."),
    row("max-requests-delta", Kind::Long)
        .since("2.0.29")
        .default("0")
        .works("Added to `max-requests` once more for each further worker."),
    row("min-worker-lifetime", Kind::Long)
        .default("10")
        .works("A worker is not replaced before it is this old, in seconds."),
    row("procname-prefix", Kind::Text).works("Text in front of process titles."),
    row("procname-prefix-spaced", Kind::Text)
        .works("Text in front of process titles, followed by a space."),
    row("procname-append", Kind::Text).works("Text behind process titles."),
    row("procname", Kind::Text).works("Process title of every process."),
    row("procname-master", Kind::Text).works("Process title of the master."),
    row("pidfile", Kind::Text)
        .works("File that takes the pid of the master, relative to the directory of the start."),
    row("safe-pidfile", Kind::Text).works("As `pidfile2`, written once the start went well."),
    row("chdir", Kind::Text).works("Working directory of the application."),
    row("need-plugins", Kind::Special)
        .aliases(&["need-plugin"])
        .immediate()
        .works("End when one of these plugins is not built in."),
    row("master", Kind::Flag)
        .short('M')
        .accepted("A process that supervises the workers is always there."),
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
        .accepted("All applications of a worker share one interpreter."),
    row("no-orphans", Kind::Flag).accepted("Workers never outlive their master."),
    row("close-on-exec", Kind::Flag)
        .accepted("Descriptors never leak into programs that are started."),
    row("plugins-dir", Kind::List)
        .aliases(&["plugin-dir"])
        .immediate()
        .accepted("Everything that is provided is built in."),
    row("plugins", Kind::Special)
        .aliases(&["plugin"])
        .immediate()
        .accepted("Everything that is provided is built in."),
    row("harakiri-verbose", Kind::Flag)
        .works("Log where in the kernel a worker is whose request takes too long."),
    row("harakiri-no-arh", Kind::Flag)
        .aliases(&["no-harakiri-arh", "no-harakiri-after-req-hook"])
        .works("Do not count what the application does after an answer as part of the request."),
    row("skip-atexit", Kind::Flag)
        .works("Let a worker end without what was registered for its end."),
    row("skip-atexit-teardown", Kind::Flag)
        .accepted("An interpreter that ends is never taken apart."),
    row("write-errors-exception-only", Kind::Flag)
        .accepted("A client that went away raises nothing in the application."),
    row("cgi-mode", Kind::Flag).short('c').planned("Let languages behave as under CGI."),
    row("no-threads-wait", Kind::Flag)
        .works("Let a worker end without waiting for threads that the application started."),
    row("honour-stdin", Kind::Flag).planned("Leave standard input as it is."),
    row("exit-on-reload", Kind::Flag)
        .works("End in place of a reload, for a supervisor that starts the server again."),
    row("force-gateway", Kind::Flag).planned("Run routers without a master."),
    row("reaper", Kind::Flag).short('r').planned("Collect ended children after each request."),
    row("no-server", Kind::Flag).planned("Do everything of a start and end before serving."),
    row("propagate-touch", Kind::Flag)
        .planned("Pass the reload by `touch-reload` on to workers as a signal."),
    row("no-default-app", Kind::Flag).works("Answer 500 where no mounted application matches."),
    row("manage-script-name", Kind::Flag)
        .works("Find the application by the start of the path and split `SCRIPT_NAME` off."),
    row("ignore-script-name", Kind::Flag)
        .works("Let `SCRIPT_NAME` of the web server choose no application."),
    row("reload-on-exception", Kind::Flag)
        .works("Replace a worker after an exception of the application."),
    row("use-abort", Kind::Flag).planned("Dump core when a worker crashes."),
    row("lazy", Kind::Flag).works("As `lazy-apps`."),
    row("cheap", Kind::Flag).works("Start workers when the first connection comes."),
    row("cheaper-algo-list", Kind::Flag)
        .aliases(&["cheaper-algos-list", "cheaper-list"])
        .planned("Print the ways in which the number of workers is adapted."),
    row("die-on-idle", Kind::Flag).works("End after `idle` seconds without a request."),
    row("vhost", Kind::Flag).works("Choose the application by the host name too."),
    row("vhost-host", Kind::Flag).works("As `vhost`, by the header Host."),
    row("close-on-exec2", Kind::Flag)
        .planned("Close the listening sockets in programs that are started."),
    row("loop-list", Kind::Flag).aliases(&["loops-list"]).planned("Print the event loops."),
    row("plugins-list", Kind::Flag).aliases(&["plugin-list"]).planned("Print the plugins."),
    row("dump-options", Kind::Flag).planned("Print all options and end."),
    row("harakiri-graceful-timeout", Kind::Integer)
        .since("2.0.22")
        .works("Seconds between the signal and the kill of a worker whose request takes too long."),
    row("harakiri-graceful-signal", Kind::Integer)
        .since("2.0.22")
        .default("15")
        .works("Signal that a worker gets first when its request takes too long."),
    row("harakiri-queue-threshold", Kind::Integer)
        .since("2.0.22")
        .works("Kill a worker whose request takes too long only while this many connections wait."),
    row("backtrace-depth", Kind::Integer)
        .default("64")
        .planned("How many frames of a crash are logged."),
    row("max-apps", Kind::Integer).planned("How many applications may be loaded."),
    row("max-worker-lifetime-delta", Kind::Integer)
        .works("Added to `max-worker-lifetime` once more for each further worker, in seconds."),
    row("mem-collector-freq", Kind::Integer)
        .default("3")
        .works("Seconds between looks for `evil-reload-on-rss` and the like."),
    row("check-interval", Kind::Integer)
        .default("1")
        .accepted("The master waits for events; what it looks at itself is looked at each second."),
    row("forkbomb-delay", Kind::Integer)
        .default("2")
        .works("Seconds to pause when workers end too fast."),
    row("async", Kind::Integer)
        .planned("Number of requests that each worker serves at a time by switching between them."),
    row("cheaper", Kind::Integer)
        .works("The least number of workers; more are started as they are needed."),
    row("cheaper-initial", Kind::Integer)
        .works("Number of workers at the start; as `cheaper` unless given."),
    row("cheaper-step", Kind::Integer).default("1").works("How many workers are added at a time."),
    row("idle", Kind::Integer)
        .works("Seconds without a request after which the workers are stopped."),
    row("thread-stacksize", Kind::Integer)
        .aliases(&["threads-stacksize", "thread-stack-size", "threads-stack-size"])
        .works("Stack of each thread that serves requests but the first, in KiB; else 8192."),
    row("offload-threads", Kind::Integer)
        .aliases(&["offload-thread"])
        .accepted("Files are sent by the loop: no thread waits for a slow client."),
    row("write-errors-tolerance", Kind::Long)
        .accepted("A client that went away is never an error."),
    row("max-worker-lifetime", Kind::Long)
        .works("Replace a worker when it is this old, in seconds."),
    row("cheaper-overload", Kind::Long)
        .default("3")
        .works("Seconds, or connections that wait, after which workers are added."),
    row("cheaper-rss-limit-soft", Kind::Long)
        .works("Add no worker when all use this much memory together, in bytes."),
    row("cheaper-rss-limit-hard", Kind::Long)
        .works("Stop workers when all use this much memory together, in bytes."),
    row("reload-on-as", Kind::Megabytes)
        .works("Replace a worker after a request when its address space is this large."),
    row("reload-on-rss", Kind::Megabytes)
        .works("Replace a worker after a request when it uses this much memory."),
    row("evil-reload-on-as", Kind::Megabytes)
        .works("Kill a worker when its address space is this large."),
    row("evil-reload-on-rss", Kind::Megabytes)
        .works("Kill a worker when it uses this much memory."),
    row("fallback-config", Kind::Text)
        .immediate()
        .works("Configuration that is used when this one fails."),
    row("profiler", Kind::Text).planned("Profile the application."),
    row("pidfile2", Kind::Text)
        .works("File that takes the pid of the master, written as the user."),
    row("safe-pidfile2", Kind::Text).works("As `safe-pidfile`."),
    row("upload-progress", Kind::Text).planned("Directory with a file for each running upload."),
    row("force-cwd", Kind::Text).planned("Directory that counts as the one of the start."),
    row("chdir2", Kind::Text).works("Working directory after the application was loaded."),
    row("cheaper-algo", Kind::Text)
        .default("spare")
        .choices(&["spare", "spare2", "backlog", "busyness", "backlog2", "manual"])
        .works("How the number of workers is adapted: spare, spare2, backlog, busyness or manual."),
    row("loop", Kind::Text).planned("Event loop that serves the requests."),
    row("worker-exec", Kind::Text).planned("Program that each worker becomes."),
    row("worker-exec2", Kind::Text).planned("As `worker-exec`, after the hooks of a fork."),
    row("inject-before", Kind::List)
        .immediate()
        .works("File whose text is put in front of each file that is read later."),
    row("inject-after", Kind::List)
        .immediate()
        .works("File whose text is put behind each file that is read later."),
    row("reload-on-exception-type", Kind::List)
        .works("Replace a worker after exceptions of this type, `Name` or `module.Name`."),
    row("reload-on-exception-value", Kind::List)
        .works("Replace a worker after exceptions with this text."),
    row("reload-on-exception-repr", Kind::List)
        .works("Replace a worker after exceptions of this type and text, `type:text`."),
    row("exception-handler", Kind::List)
        .planned("What is told about exceptions, `kind:arguments`."),
    row("master-fifo", Kind::List)
        .works("Named pipe that takes commands for the master, a letter each."),
    row("binsh", Kind::List).planned("Shell that runs commands; the first that exists is used."),
    row("mount", Kind::List).works("Application below a path, `/path=module:callable` or a file."),
    row("worker-mount", Kind::List).works("Application below a path, loaded in each worker."),
    row("declare-option", Kind::Special)
        .immediate()
        .works("Define an option that stands for others, `name=option=$1;option=$2`."),
    row("declare-option2", Kind::Special)
        .works("As `declare-option`, defined after everything was read."),
    row("connect-and-read", Kind::Special).immediate().works("Print what a socket sends and end."),
    row("cheaper-busyness-max", Kind::Long)
        .default("50")
        .works("Add a worker above this share of busy time, in percent."),
    row("cheaper-busyness-min", Kind::Long)
        .default("25")
        .works("Stop a worker below this share of busy time, in percent."),
    row("cheaper-busyness-multiplier", Kind::Long)
        .default("10")
        .works("How many spans of little work stop a worker."),
    row("cheaper-busyness-penalty", Kind::Long)
        .default("2")
        .works("Added to the multiplier when a worker was stopped too early."),
    row("cheaper-busyness-verbose", Kind::Flag)
        .works("Log what is decided about the number of workers."),
    row("cheaper-busyness-backlog-alert", Kind::Long)
        .default("33")
        .works("Add workers at once when more connections than this wait."),
    row("cheaper-busyness-backlog-multiplier", Kind::Long)
        .default("3")
        .works("How many spans of little work stop a worker that was added at once."),
    row("cheaper-busyness-backlog-step", Kind::Long)
        .default("1")
        .works("How many workers are added at once."),
    row("cheaper-busyness-backlog-nonzero", Kind::Long)
        .default("60")
        .works("Add workers when connections wait for this many seconds."),
];
