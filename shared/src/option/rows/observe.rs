//! Statistics and metrics.

use crate::option::{Kind, Row, row};

const METRICS: &str = "scrape `/metrics` of the Emperor's API";

const OWN: &str = "only the server's own metrics are shown: let the application export its own";
const THRESHOLD: &str =
    "scrape `/metrics` of the Emperor's API, and let the monitoring raise alarms";

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("stats-http", Kind::Flag).works("Statistics with an HTTP head."),
    row("stats-minified", Kind::Flag)
        .aliases(&["stats-min"])
        .works("Statistics without white space."),
    row("stats", Kind::Text)
        .aliases(&["stats-server"])
        .works("Address on which statistics are sent as JSON."),
    row("enable-metrics", Kind::Flag).works("Show a table of metrics in the statistics."),
    row("metrics-dir-restore", Kind::Flag)
        .aliases(&["metric-dir-restore"])
        .refused(METRICS, "Read the metrics back from `metrics-dir` at the start.")
        .harmless(),
    row("metrics-no-cores", Kind::Flag).works("Keep no metrics of single cores."),
    row("stats-no-cores", Kind::Flag).works("Leave the cores of workers out of the statistics."),
    row("stats-no-metrics", Kind::Flag).works("Leave the metrics out of the statistics."),
    row("stats-pusher-default-freq", Kind::Integer)
        .aliases(&["stats-pushers-default-freq"])
        .default("3")
        .refused(METRICS, "Seconds between sends of `stats-push`.")
        .harmless(),
    row("multicast-ttl", Kind::Integer).planned("How far multicast packets go."),
    row("multicast-loop", Kind::Integer)
        .default("1")
        .planned("Whether multicast packets come back to the host."),
    row("metrics-dir", Kind::Text)
        .aliases(&["metric-dir"])
        .refused(METRICS, "Directory with a file for each metric.")
        .harmless(),
    row("udp", Kind::Text).planned("Address on which uwsgi packets are received by UDP."),
    row("multicast", Kind::Text).planned("Multicast group that is joined."),
    row("metric", Kind::List)
        .refused(OWN, "Define a metric, `name=...,type=...` and more.")
        .harmless(),
    row("metric-threshold", Kind::List)
        .refused(
            THRESHOLD,
            "Raise an alarm when a metric reaches a value, `key=...,value=...,alarm=...`.",
        )
        .harmless(),
    row("metric-alarm", Kind::List)
        .aliases(&["alarm-metric"])
        .refused(THRESHOLD, "As `metric-threshold`.")
        .harmless(),
    row("stats-push", Kind::List)
        .refused(METRICS, "Send the metrics somewhere, `kind:address`.")
        .harmless(),
    row("notfound-log", Kind::Flag).planned("Log requests that no plugin answers."),
    row("ping", Kind::Text).planned("Ask whether a server answers, and end."),
    row("ping-timeout", Kind::Integer).planned("Seconds that an answer to `ping` may take."),
    row("rsyslog-packet-size", Kind::Integer)
        .default("1024")
        .works("The longest packet to an rsyslog server, in bytes."),
    row("rsyslog-split-messages", Kind::Flag)
        .works("Send long lines to an rsyslog server in pieces."),
    row("snmp", Kind::Special)
        .optional()
        .refused(
            "SNMP is not served: read `stats`, or `/metrics` of the Emperor's API",
            "Answer SNMP.",
        )
        .harmless(),
    row("snmp-community", Kind::Special)
        .refused(
            "SNMP is not served: read `stats`, or `/metrics` of the Emperor's API",
            "The community that SNMP requests must name.",
        )
        .harmless(),
    row("carbon", Kind::List).refused(METRICS, "Send statistics to a Carbon server.").harmless(),
    row("carbon-timeout", Kind::Integer)
        .refused(METRICS, "Seconds that a Carbon server may take.")
        .harmless(),
    row("carbon-freq", Kind::Integer)
        .default("60")
        .refused(METRICS, "Seconds between sends to Carbon.")
        .harmless(),
    row("carbon-id", Kind::Text)
        .refused(METRICS, "Name of this server in Carbon's names.")
        .harmless(),
    row("carbon-no-workers", Kind::Flag)
        .refused(METRICS, "Send no statistics of single workers to Carbon.")
        .harmless(),
    row("carbon-max-retry", Kind::Integer)
        .refused(METRICS, "How often a send to Carbon is tried again.")
        .harmless(),
    row("carbon-retry-delay", Kind::Integer)
        .refused(METRICS, "Seconds before a send to Carbon is tried again.")
        .harmless(),
    row("carbon-root", Kind::Text).refused(METRICS, "First part of Carbon's names.").harmless(),
    row("carbon-hostname-dots", Kind::Text)
        .refused(METRICS, "What replaces dots of the host name in Carbon's names.")
        .harmless(),
    row("carbon-name-resolve", Kind::Flag)
        .aliases(&["carbon-resolve-names"])
        .refused(METRICS, "Look the host name of the Carbon server up.")
        .harmless(),
    row("carbon-idle-avg", Kind::Text)
        .refused(METRICS, "The average that is sent to Carbon when there were no requests.")
        .harmless(),
    row("carbon-use-metrics", Kind::Flag)
        .refused(METRICS, "Send all metrics to Carbon.")
        .harmless(),
    row("log-zeromq", Kind::Special).refused("log to a file or to syslog", "Log to ZeroMQ."),
    row("nagios", Kind::Flag).refused(
        "ask the Emperor's API or read `stats`",
        "Print the state of a server for Nagios and end.",
    ),
    row("rrdtool", Kind::List)
        .refused(METRICS, "Write metrics to RRD files in a directory.")
        .harmless(),
    row("rrdtool-freq", Kind::Integer)
        .refused(METRICS, "Seconds between writes to RRD files.")
        .harmless(),
    row("rrdtool-lib", Kind::Text).refused(METRICS, "Library that writes RRD files.").harmless(),
    row("zabbix-template", Kind::Special)
        .optional()
        .refused(METRICS, "Print a Zabbix template of all metrics.")
        .harmless(),
];
