//! Sockets and the limits of what arrives on them.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("abstract-socket", Kind::Flag)
        .short('a')
        .works("UNIX sockets are names in the abstract namespace."),
    row("listen", Kind::Integer).short('l').immediate().default("1024").works(
        "Connections that may wait in the kernel; more than the kernel allows is cut to its limit.",
    ),
    row("socket-timeout", Kind::Integer)
        .short('z')
        .default("4")
        .works("Seconds to wait for bytes inside a request."),
    row("limit-post", Kind::Long).default("0").works("The largest request body, in bytes."),
    row("post-buffering", Kind::Long)
        .default("0")
        .works("Request bodies of at least this many bytes go to an unlinked file first."),
    row("protocol", Kind::Text)
        .aliases(&["socket-protocol"])
        .default("uwsgi")
        .choices(&["uwsgi", "http", "http11"])
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
    row("buffer-size", Kind::Short)
        .short('b')
        .accepted("A request head may always take up to 65536 bytes."),
    row("tcp-nodelay", Kind::Flag).accepted("Small answers are always sent at once."),
    row("so-keepalive", Kind::Flag)
        .accepted("The server closes idle connections by its own clock."),
    row("skip-zero", Kind::Flag).planned("Ignore a socket that is standard input."),
    row("freebind", Kind::Flag).planned("Bind addresses that the host does not have yet."),
    row("no-fd-passing", Kind::Flag).planned("Refuse descriptors that come over UNIX sockets."),
    row("no-defer-accept", Kind::Flag).planned("Take connections before their first byte."),
    row("shutdown-sockets", Kind::Flag)
        .planned("Shut the listening sockets down when the server ends."),
    row("enable-proxy-protocol", Kind::Flag).planned("Expect the PROXY protocol on HTTP sockets."),
    row("reuse-port", Kind::Flag).planned("Let other programs listen on the same ports."),
    row("tcp-fast-open-client", Kind::Flag)
        .aliases(&["tcp-fastopen-client"])
        .planned("Send the first bytes with the connection request."),
    row("so-send-timeout", Kind::Integer)
        .aliases(&["socket-send-timeout", "so-write-timeout", "socket-write-timeout"])
        .bare()
        .planned("Seconds that the kernel may take to send."),
    row("tcp-fast-open", Kind::Integer)
        .aliases(&["tcp-fastopen"])
        .planned("Length of the queue for connections whose first bytes come at once."),
    row("http-socket-modifier1", Kind::Long)
        .default("0")
        .planned("Modifier of requests on HTTP sockets."),
    row("http-socket-modifier2", Kind::Long)
        .default("0")
        .planned("Second modifier of requests on HTTP sockets."),
    row("https-socket-modifier1", Kind::Long)
        .default("0")
        .planned("Modifier of requests on HTTPS sockets."),
    row("https-socket-modifier2", Kind::Long)
        .default("0")
        .planned("Second modifier of requests on HTTPS sockets."),
    row("fastcgi-modifier1", Kind::Long)
        .default("0")
        .planned("Modifier of requests on FastCGI sockets."),
    row("fastcgi-modifier2", Kind::Long)
        .default("0")
        .planned("Second modifier of requests on FastCGI sockets."),
    row("scgi-modifier1", Kind::Long).default("0").planned("Modifier of requests on SCGI sockets."),
    row("scgi-modifier2", Kind::Long)
        .default("0")
        .planned("Second modifier of requests on SCGI sockets."),
    row("raw-modifier1", Kind::Long)
        .default("0")
        .planned("Modifier of connections on raw sockets."),
    row("raw-modifier2", Kind::Long)
        .default("0")
        .planned("Second modifier of connections on raw sockets."),
    row("socket-sndbuf", Kind::Long).planned("Size of the kernel's send buffer, in bytes."),
    row("socket-rcvbuf", Kind::Long).planned("Size of the kernel's receive buffer, in bytes."),
    row("post-buffering-bufsize", Kind::Long)
        .default("8192")
        .planned("Size of the pieces in which `post-buffering` reads, in bytes."),
    row("body-read-warning", Kind::Long)
        .default("8")
        .planned("Warn when the application reads this much of a body at once, in MiB."),
    row("setns-socket", Kind::Text)
        .planned("UNIX socket that hands out the namespaces of the vassal."),
    row("allowed-modifiers", Kind::Text)
        .planned("Modifiers that requests may have, separated by commas."),
    row("remap-modifier", Kind::Text).planned("Treat one modifier as another, `from:to`."),
    row("map-socket", Kind::List)
        .planned("Socket that only some workers serve, `socket:worker,worker`."),
    row("setns-socket-skip", Kind::List)
        .aliases(&["setns-skip"])
        .planned("Namespace that `setns-socket` does not hand out."),
    row("suwsgi-socket", Kind::Special)
        .aliases(&["ssl-socket"])
        .planned("Address for the uwsgi protocol over TLS, `address,certificate,key`."),
    row("https-socket", Kind::Special)
        .planned("Address on which workers speak HTTPS, `address,certificate,key`."),
    row("fastcgi-socket", Kind::Special).planned("Address for FastCGI."),
    row("fastcgi-nph-socket", Kind::Special)
        .planned("Address for FastCGI whose answers start as HTTP does."),
    row("scgi-socket", Kind::Special).planned("Address for SCGI."),
    row("scgi-nph-socket", Kind::Special)
        .planned("Address for SCGI whose answers start as HTTP does."),
    row("raw-socket", Kind::Special)
        .planned("Address whose connections the application gets as they are."),
    row("puwsgi-socket", Kind::Special)
        .planned("Address for the uwsgi protocol with connections that stay."),
    row("shared-socket", Kind::Special)
        .planned("Address that is opened first; `=0` names it elsewhere."),
    row("undeferred-shared-socket", Kind::Special)
        .planned("As `shared-socket`; connections are taken before their first byte."),
    row("max-vars", Kind::Special).short('v').planned("How many variables a request may have."),
    row("safe-fd", Kind::Special)
        .aliases(&["fd-safe"])
        .planned("Descriptor that is not closed at a reload."),
];
