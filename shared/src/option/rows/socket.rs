//! Sockets and the limits of what arrives on them.

use crate::option::{Kind, Row, row};

/// Why options of raw sockets are refused.
const RAW: &str = "raw sockets are not served";

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
        .choices(&["uwsgi", "http", "http11", "fastcgi", "fastcgi-nph", "scgi", "scgi-nph"])
        .works("Protocol of the sockets given by `socket`."),
    row("chown-socket", Kind::Text).works("Owner of UNIX sockets, `user` or `user:group`."),
    row("socket", Kind::Special)
        .aliases(&["uwsgi-socket"])
        .short('s')
        .works("Address for the uwsgi protocol (or the one that `protocol` names)."),
    row("http-socket", Kind::Special).works("Address on which workers speak HTTP."),
    row("http11-socket", Kind::Special).works("Address on which workers speak HTTP."),
    row("fastcgi-socket", Kind::Special)
        .works("Address for FastCGI; answers begin with the field `Status`."),
    row("fastcgi-nph-socket", Kind::Special)
        .works("Address for FastCGI whose answers begin as those of HTTP do."),
    row("scgi-socket", Kind::Special)
        .works("Address for SCGI; answers begin with the field `Status`."),
    row("scgi-nph-socket", Kind::Special)
        .works("Address for SCGI whose answers begin as those of HTTP do."),
    row("enable-proxy-protocol", Kind::Flag).works(
        "Connections to HTTP sockets begin with a header of the PROXY protocol, version 1 or 2.",
    ),
    row("chmod-socket", Kind::Mode)
        .aliases(&["chmod"])
        .short('C')
        .optional()
        .works("Mode of UNIX sockets, three octal digits; without a value 666."),
    row("buffer-size", Kind::Short)
        .short('b')
        .accepted("A request head may always take up to 65536 bytes."),
    row("http-socket-modifier1", Kind::Long)
        .default("0")
        .accepted("Requests on HTTP sockets are always for the application."),
    row("http-socket-modifier2", Kind::Long)
        .default("0")
        .accepted("Requests on HTTP sockets are always for the application."),
    row("https-socket-modifier1", Kind::Long)
        .default("0")
        .accepted("Requests on HTTPS sockets are always for the application."),
    row("https-socket-modifier2", Kind::Long)
        .default("0")
        .accepted("Requests on HTTPS sockets are always for the application."),
    row("fastcgi-modifier1", Kind::Long)
        .default("0")
        .accepted("Requests on FastCGI sockets are always for the application."),
    row("fastcgi-modifier2", Kind::Long)
        .default("0")
        .accepted("Requests on FastCGI sockets are always for the application."),
    row("scgi-modifier1", Kind::Long)
        .default("0")
        .accepted("Requests on SCGI sockets are always for the application."),
    row("scgi-modifier2", Kind::Long)
        .default("0")
        .accepted("Requests on SCGI sockets are always for the application."),
    row("allowed-modifiers", Kind::Text)
        .accepted("Only requests for the application (0 and 30) and pings (100) are answered."),
    row("max-vars", Kind::Special)
        .short('v')
        .accepted("A request may have as many variables as its head has room for."),
    row("post-buffering-bufsize", Kind::Long)
        .default("8192")
        .accepted("Request bodies are stored in the pieces in which they come."),
    row("body-read-warning", Kind::Long)
        .default("8")
        .accepted("The whole body is there before the application reads it."),
    row("tcp-nodelay", Kind::Flag).accepted("Small answers are always sent at once."),
    row("so-keepalive", Kind::Flag)
        .works("The kernel asks silent clients whether they are still there."),
    row("skip-zero", Kind::Flag).works("Ignore a listening socket that is standard input."),
    row("freebind", Kind::Flag).works("Bind addresses that the host does not have yet."),
    row("no-fd-passing", Kind::Flag)
        .accepted("Descriptors that come over UNIX sockets are never taken."),
    row("no-defer-accept", Kind::Flag)
        .accepted("Connections are taken before their first byte; no worker waits for it."),
    row("shutdown-sockets", Kind::Flag).accepted(
        "The sockets close when the server ends; an Emperor keeps them open over a restart.",
    ),
    row("reuse-port", Kind::Flag).works("Let other programs listen on the same ports."),
    row("tcp-fast-open-client", Kind::Flag)
        .aliases(&["tcp-fastopen-client"])
        .accepted("This server opens no connections to clients."),
    row("so-send-timeout", Kind::Integer)
        .aliases(&["socket-send-timeout", "so-write-timeout", "socket-write-timeout"])
        .bare()
        .accepted("`socket-timeout` limits each wait for a client that does not read."),
    row("tcp-fast-open", Kind::Integer)
        .aliases(&["tcp-fastopen"])
        .works("Length of the queue for connections whose first bytes come at once."),
    row("socket-sndbuf", Kind::Long).works("Size of the kernel's send buffer, in bytes."),
    row("socket-rcvbuf", Kind::Long).works("Size of the kernel's receive buffer, in bytes."),
    row("setns-socket", Kind::Text)
        .planned("UNIX socket that hands out the namespaces of the vassal."),
    row("map-socket", Kind::List)
        .works("Socket that only some workers serve, `socket:worker,worker`."),
    row("setns-socket-skip", Kind::List)
        .aliases(&["setns-skip"])
        .planned("Namespace that `setns-socket` does not hand out."),
    row("suwsgi-socket", Kind::Special)
        .aliases(&["ssl-socket"])
        .works("Address for the uwsgi protocol over TLS, `address,certificate,key`."),
    row("https-socket", Kind::Special)
        .works("Address on which workers speak HTTPS, `address,certificate,key`."),
    row("shared-socket", Kind::Special)
        .works("Address that other options name by its number: `=0` is the first."),
    row("undeferred-shared-socket", Kind::Special)
        .works("As `shared-socket`: connections are always taken before their first byte."),
    row("safe-fd", Kind::Special)
        .aliases(&["fd-safe"])
        .planned("Descriptor that is not closed at a reload."),
    row("remap-modifier", Kind::Text).refused(
        "requests for other languages are not served: let the web server send modifier 0",
        "Treat one modifier as another, `from:to`.",
    ),
    row("raw-socket", Kind::Special).refused(
        "no application is called without a request: listen in a process of your own",
        "Address whose connections the application gets as they are.",
    ),
    row("raw-modifier1", Kind::Long).refused(RAW, "Modifier of connections on raw sockets."),
    row("raw-modifier2", Kind::Long).refused(RAW, "Second modifier of connections on raw sockets."),
    row("puwsgi-socket", Kind::Special).refused(
        "no web server speaks it: HTTP connections are kept, `http-socket` does what it was for",
        "Address for the uwsgi protocol with connections that stay.",
    ),
];
