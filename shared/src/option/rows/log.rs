//! Logs and alarms.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("memory-report", Kind::Flag).short('m').works("Memory of each worker in the statistics."),
    row("disable-logging", Kind::Flag).short('L').works("Write no line for each request."),
    row("daemonize", Kind::Text)
        .short('d')
        .works("Detach from the terminal and log to this file. Under an Emperor it only logs."),
    row("daemonize2", Kind::Text).works("As `daemonize`."),
    row("logto", Kind::Text)
        .works("File that takes the output, relative to the directory of the start."),
    row("logto2", Kind::Text).works("File that takes the output, when `logto` is not given."),
    row("log-master", Kind::Flag).accepted("The output of workers always goes through the master."),
    row("logformat-strftime", Kind::Flag)
        .aliases(&["log-format-strftime"])
        .works("Give `%(ftime)` in `log-format` the form of `log-date`."),
    row("logfile-chown", Kind::Flag).works("Give the log to the user of the vassal."),
    row("logger-list", Kind::Flag).aliases(&["loggers-list"]).works("Print the kinds of loggers."),
    row("threaded-logger", Kind::Flag).accepted("The master writes the log, and waits for nobody."),
    row("alarm-cheap", Kind::Flag).argument().planned("Send all alarms from one thread."),
    row("alarm-list", Kind::Flag).aliases(&["alarms-list"]).planned("Print the alarms."),
    row("log-master-stream", Kind::Flag)
        .accepted("The output of workers always reaches the master as a stream."),
    row("log-master-req-stream", Kind::Flag)
        .accepted("Request lines always reach the master as a stream."),
    row("log-reopen", Kind::Flag).works("Open the log again at each reload."),
    row("log-truncate", Kind::Flag).works("Empty the log at the start."),
    row("log-zero", Kind::Flag)
        .works("Log requests whose answer is empty though `disable-logging` is set."),
    row("log-4xx", Kind::Flag).works(
        "Log requests that end with a status from 400 to 499 though `disable-logging` is set.",
    ),
    row("log-5xx", Kind::Flag)
        .works("Log requests that end with a status from 500 on though `disable-logging` is set."),
    row("log-sendfile", Kind::Flag)
        .argument()
        .works("Log requests that were answered by sendfile though `disable-logging` is set."),
    row("log-ioerror", Kind::Flag)
        .argument()
        .works("Log requests with a read or write error though `disable-logging` is set."),
    row("log-micros", Kind::Flag).works("Microseconds instead of milliseconds in request lines."),
    row("log-x-forwarded-for", Kind::Flag)
        .works("Use the address in `X-Forwarded-For` in request lines."),
    row("clock-list", Kind::Flag).aliases(&["clocks-list"]).planned("Print the kinds of clocks."),
    row("alarm-freq", Kind::Integer)
        .default("3")
        .planned("Seconds in which the same alarm is not raised again."),
    row("log-slow", Kind::Integer).works(
        "Log requests that take at least this many milliseconds though `disable-logging` is set.",
    ),
    row("alarm-msg-size", Kind::Long)
        .default("8192")
        .planned("The longest text of an alarm, in bytes."),
    row("log-master-bufsize", Kind::Long)
        .default("8192")
        .works("The longest line that goes through the master, in bytes."),
    row("log-maxsize", Kind::Long).works("Rotate the log when it is larger than this, in bytes."),
    row("log-big", Kind::Long).works(
        "Log requests whose answer has at least this many bytes though `disable-logging` is set.",
    ),
    row("log-format", Kind::Text)
        .aliases(&["logformat"])
        .works("Form of request lines, with variables such as `%(uri)`."),
    row("log-backupname", Kind::Text)
        .works("Name of the rotated log; its name and the time unless given."),
    row("clock", Kind::Text).planned("The clock that is used."),
    row("log-encoder", Kind::List)
        .works("Change each line of the log, `prefix`, `format`, `json` and others."),
    row("log-req-encoder", Kind::List)
        .works("Change each request line, `prefix`, `format`, `json` and others."),
    row("log-drain", Kind::List).works("Drop lines of the log that match a pattern."),
    row("log-filter", Kind::List).works("Keep only lines of the log that match a pattern."),
    row("alarm", Kind::List).planned("Define an alarm, `name kind:arguments`."),
    row("alarm-fd", Kind::List)
        .planned("Raise an alarm when a descriptor has something to read, `alarm descriptor`."),
    row("alarm-segfault", Kind::List)
        .aliases(&["segfault-alarm"])
        .planned("Raise an alarm when a worker crashes."),
    row("alarm-backlog", Kind::List)
        .aliases(&[
            "backlog-alarm",
            "lq-alarm",
            "alarm-lq",
            "alarm-listen-queue",
            "listen-queue-alarm",
        ])
        .planned("Raise an alarm when the queue of connections is full."),
    row("log-alarm", Kind::List)
        .aliases(&["alarm-log"])
        .planned("Raise an alarm on lines of the log that match, `alarm pattern`."),
    row("not-log-alarm", Kind::List)
        .aliases(&["not-alarm-log"])
        .planned("Raise no alarm on lines of the log that match, `alarm pattern`."),
    row("logfile-chmod", Kind::Mode).works("Mode of the log, three octal digits."),
    row("log-syslog", Kind::Special).optional().works("Log to syslog, under this name."),
    row("log-socket", Kind::Special).works("Log to a socket."),
    row("req-logger", Kind::Special)
        .aliases(&["logger-req"])
        .works("Where request lines go, `file:path`, `syslog:name` and others."),
    row("logger", Kind::Special)
        .works("Where the log goes, `file:path`, `syslog:name` and others."),
    row("log-date", Kind::Special)
        .aliases(&["logdate"])
        .optional()
        .works("Time in front of each line of the log, in the form of strftime."),
    row("log-prefix", Kind::Special).optional().works("Text in front of each line of the log."),
];
