//! Statistics and metrics.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("stats-http", Kind::Flag).works("Statistics with an HTTP head."),
    row("stats-minified", Kind::Flag)
        .aliases(&["stats-min"])
        .works("Statistics without white space."),
    row("stats", Kind::Text)
        .aliases(&["stats-server"])
        .works("Address on which statistics are sent as JSON."),
    row("enable-metrics", Kind::Flag),
    row("metrics-dir-restore", Kind::Flag).aliases(&["metric-dir-restore"]),
    row("metrics-no-cores", Kind::Flag),
    row("stats-no-cores", Kind::Flag),
    row("stats-no-metrics", Kind::Flag),
    row("stats-pusher-default-freq", Kind::Integer).aliases(&["stats-pushers-default-freq"]),
    row("multicast-ttl", Kind::Integer),
    row("multicast-loop", Kind::Integer),
    row("metrics-dir", Kind::Text).aliases(&["metric-dir"]),
    row("udp", Kind::Text),
    row("multicast", Kind::Text),
    row("metric", Kind::List),
    row("metric-threshold", Kind::List),
    row("metric-alarm", Kind::List).aliases(&["alarm-metric"]),
    row("stats-push", Kind::List),
    row("snmp", Kind::Special).optional(),
    row("snmp-community", Kind::Special),
    row("carbon", Kind::List),
    row("carbon-timeout", Kind::Integer),
    row("carbon-freq", Kind::Integer),
    row("carbon-id", Kind::Text),
    row("carbon-no-workers", Kind::Flag),
    row("carbon-max-retry", Kind::Integer),
    row("carbon-retry-delay", Kind::Integer),
    row("carbon-root", Kind::Text),
    row("carbon-hostname-dots", Kind::Text),
    row("carbon-name-resolve", Kind::Flag).aliases(&["carbon-resolve-names"]),
    row("carbon-idle-avg", Kind::Text),
    row("carbon-use-metrics", Kind::Flag),
    row("log-zeromq", Kind::Special),
    row("nagios", Kind::Flag),
    row("notfound-log", Kind::Flag),
    row("ping", Kind::Text),
    row("ping-timeout", Kind::Integer),
    row("rrdtool", Kind::List),
    row("rrdtool-freq", Kind::Integer),
    row("rrdtool-lib", Kind::Text),
    row("rsyslog-packet-size", Kind::Integer),
    row("rsyslog-split-messages", Kind::Flag),
    row("zabbix-template", Kind::Special).optional(),
];
