//! HTTP in front of the workers.

use crate::option::{Kind, Row, row};

/// Why options of the router process have no effect.
const NO_ROUTER: &str = "Workers answer HTTP themselves: there is no router process.";
/// Why modifiers have none.
const ONE_APPLICATION: &str = "HTTP requests are always for the application.";

/// Why nothing is proxied.
const NO_BACKENDS: &str = "requests are not passed to other servers: let a web server do that";

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("http", Kind::Special)
        .aliases(&["httprouter"])
        .works("Address on which HTTP is served. Workers answer it themselves."),
    row("http-keepalive", Kind::Integer)
        .optional()
        .default("60")
        .works("Seconds that an idle connection is kept; 1 means the default, 0 switches it off."),
    row("http-timeout", Kind::Integer)
        .works("Seconds to wait for an HTTP client inside a request; 60 where `http` is used, else as `socket-timeout`."),
    row("http-headers-timeout", Kind::Integer)
        .works("Seconds that the head of an HTTP request may take from its first byte to its last."),
    row("http-enable-proxy-protocol", Kind::Flag).optional().works(
        "Connections to `http` begin with a header of the PROXY protocol, version 1 or 2.",
    ),
    row("http-processes", Kind::Integer)
        .aliases(&["http-workers"])
        .accepted("Workers answer HTTP themselves."),
    row("http-auto-chunked", Kind::Flag)
        .accepted("Answers without a length are sent in chunks whenever the client can read them."),
    row("http-raw-body", Kind::Flag).accepted("Chunked request bodies are always decoded."),
    row("http-chunked-input", Kind::Flag).accepted("Chunked request bodies are always decoded."),
    row("http-connect-timeout", Kind::Integer).accepted(NO_ROUTER),
    row("http-modifier1", Kind::Integer).default("0").accepted(ONE_APPLICATION),
    row("http-modifier2", Kind::Integer).default("0").accepted(ONE_APPLICATION),
    row("http-events", Kind::Integer).accepted(NO_ROUTER),
    row("http-buffer-size", Kind::Long)
        .accepted("A request head may always take up to 65536 bytes, answers wait as they are."),
    row("http-quiet", Kind::Flag).argument().accepted(NO_ROUTER),
    row("http-cheap", Kind::Flag).accepted(NO_ROUTER),
    row("http-gracetime", Kind::Integer).accepted(NO_ROUTER),
    row("http-harakiri", Kind::Integer).accepted(NO_ROUTER),
    row("http-uid", Kind::Special).accepted(NO_ROUTER),
    row("http-gid", Kind::Special).accepted(NO_ROUTER),
    row("http-manage-expect", Kind::Long)
        .optional()
        .accepted("`Expect: 100-continue` is always answered; `limit-post` is the largest body."),
    row("http-server-name-as-http-host", Kind::Flag)
        .argument()
        .works("Let `SERVER_NAME` hold what the header Host says."),
    row("https", Kind::Special)
        .works("Address on which HTTPS is served, `address,certificate,key`."),
    row("https2", Kind::Special)
        .works("Address on which HTTPS is served, `addr=...,cert=...,key=...` and more."),
    row("https-export-cert", Kind::Flag).works("Give the client's certificate to the application."),
    row("https-session-context", Kind::Text)
        .accepted("Sessions are kept by the clients, sealed with a key of this server's own."),
    row("http-to-https", Kind::Special).works("Address whose requests are redirected to HTTPS."),
    row("http-var", Kind::List).works("Variable added to each HTTP request, `NAME=value`."),
    row("http-to", Kind::List).accepted(
        "Workers answer HTTP themselves; an address that is not this server's own is refused.",
    ),
    row("http-zerg", Kind::Special)
        .refused(NO_BACKENDS, "UNIX socket that hands out the listening sockets of the HTTP router."),
    row("http-fallback", Kind::List).refused(NO_BACKENDS, "Address used when no other can be reached."),
    row("http-use-cache", Kind::Text)
        .optional()
        .refused(NO_BACKENDS, "Cache in which the address for a host name is looked up."),
    row("http-use-pattern", Kind::Special)
        .refused(NO_BACKENDS, "Pattern that makes an address of a host name, with `%s` in it."),
    row("http-use-base", Kind::Special).refused(NO_BACKENDS, "Directory with one socket for each host name."),
    row("http-subscription-server", Kind::Special)
        .refused(NO_BACKENDS, "Address on which servers announce themselves to the HTTP router."),
    row("http-subscription-fallback-key", Kind::Special)
        .refused(NO_BACKENDS, "Name that is tried when nobody subscribed to the wanted one."),
    row("http-auto-gzip", Kind::Flag)
        .refused(
            "answers are sent as the application makes them: let a middleware or the web server compress",
            "Compress answers that ask for it with a header.",
        )
        .harmless(),
    row("http-websockets", Kind::Flag).accepted("Workers have the clients' connections: nothing stands in the way."),
    row("http-use-code-string", Kind::Special)
        .refused(NO_BACKENDS, "Function that chooses the address for a host name."),
    row("http-use-socket", Kind::Special)
        .optional()
        .accepted("Workers answer HTTP themselves."),
    row("http-stats", Kind::Text)
        .aliases(&["http-stats-server", "http-ss"])
        .refused(
            "there is no router process: `stats` has the numbers of the workers",
            "Address on which the statistics of the HTTP router are sent.",
        )
        .harmless(),
    row("http-stud-prefix", Kind::List).refused(
        "that proxy is no longer made: `https` speaks TLS itself",
        "Address of a TLS proxy that puts the client's address in front of each connection.",
    ),
    row("http-resubscribe", Kind::List).refused(NO_BACKENDS, "Address to which subscriptions are passed on."),
    row("http-manage-source", Kind::Flag)
        .refused("such streams are for Icecast itself", "Understand the method SOURCE of Icecast.")
        .harmless(),
    row("http-manage-rtsp", Kind::Flag)
        .refused("only HTTP is spoken", "Understand RTSP over HTTP.")
        .harmless(),
];
