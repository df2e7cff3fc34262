//! Sockets and the limits of what arrives on them.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("abstract-socket", Kind::Flag)
        .short('a')
        .works("UNIX sockets are names in the abstract namespace."),
    row("listen", Kind::Integer).short('l').works(
        "Connections that may wait in the kernel; more than the kernel allows is cut to its limit.",
    ),
    row("socket-timeout", Kind::Integer)
        .short('z')
        .works("Seconds to wait for bytes inside a request."),
    row("buffer-size", Kind::Short)
        .short('b')
        .accepted("A request head may always take up to 65536 bytes."),
    row("limit-post", Kind::Long).works("The largest request body, in bytes."),
    row("post-buffering", Kind::Long)
        .works("Request bodies of at least this many bytes go to an unlinked file first."),
    row("protocol", Kind::Text)
        .aliases(&["socket-protocol"])
        .works("Protocol of the sockets given by `socket`: uwsgi or http."),
    row("chown-socket", Kind::Text).works("Owner of UNIX sockets, `user` or `user:group`."),
    row("socket", Kind::Special)
        .aliases(&["uwsgi-socket"])
        .short('s')
        .works("Address for the uwsgi protocol (or the one that `protocol` names)."),
    row("http-socket", Kind::Special).works("Address on which workers speak HTTP."),
    row("http11-socket", Kind::Special).works("Address on which workers speak HTTP."),
    row("chmod-socket", Kind::Mode)
        .aliases(&["chmod"])
        .short('C')
        .optional()
        .works("Mode of UNIX sockets, three octal digits; without a value 666."),
    row("tcp-nodelay", Kind::Flag).accepted("Small answers are always sent at once."),
    row("so-keepalive", Kind::Flag)
        .accepted("The server closes idle connections by its own clock."),
    row("skip-zero", Kind::Flag),
    row("freebind", Kind::Flag),
    row("no-fd-passing", Kind::Flag),
    row("no-defer-accept", Kind::Flag),
    row("shutdown-sockets", Kind::Flag),
    row("enable-proxy-protocol", Kind::Flag),
    row("reuse-port", Kind::Flag),
    row("tcp-fast-open-client", Kind::Flag).aliases(&["tcp-fastopen-client"]),
    row("so-send-timeout", Kind::Integer).aliases(&[
        "socket-send-timeout",
        "so-write-timeout",
        "socket-write-timeout",
    ]),
    row("tcp-fast-open", Kind::Integer).aliases(&["tcp-fastopen"]),
    row("http-socket-modifier1", Kind::Long),
    row("http-socket-modifier2", Kind::Long),
    row("https-socket-modifier1", Kind::Long),
    row("https-socket-modifier2", Kind::Long),
    row("fastcgi-modifier1", Kind::Long),
    row("fastcgi-modifier2", Kind::Long),
    row("scgi-modifier1", Kind::Long),
    row("scgi-modifier2", Kind::Long),
    row("raw-modifier1", Kind::Long),
    row("raw-modifier2", Kind::Long),
    row("socket-sndbuf", Kind::Long),
    row("socket-rcvbuf", Kind::Long),
    row("post-buffering-bufsize", Kind::Long),
    row("body-read-warning", Kind::Long),
    row("setns-socket", Kind::Text),
    row("allowed-modifiers", Kind::Text),
    row("remap-modifier", Kind::Text),
    row("map-socket", Kind::List),
    row("setns-socket-skip", Kind::List).aliases(&["setns-skip"]),
    row("suwsgi-socket", Kind::Special).aliases(&["ssl-socket"]),
    row("https-socket", Kind::Special),
    row("fastcgi-socket", Kind::Special),
    row("fastcgi-nph-socket", Kind::Special),
    row("scgi-socket", Kind::Special),
    row("scgi-nph-socket", Kind::Special),
    row("raw-socket", Kind::Special),
    row("puwsgi-socket", Kind::Special),
    row("shared-socket", Kind::Special),
    row("undeferred-shared-socket", Kind::Special),
    row("max-vars", Kind::Special).short('v'),
    row("safe-fd", Kind::Special).aliases(&["fd-safe"]),
];
