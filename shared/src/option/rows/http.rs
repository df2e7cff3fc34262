//! HTTP in front of the workers.

use crate::option::{Kind, Row, row};

/// Why options of the router process have no effect.
const NO_ROUTER: &str = "Workers answer HTTP themselves: there is no router process.";
/// Why modifiers have none.
const ONE_APPLICATION: &str = "HTTP requests are always for the application.";

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
        .planned("Let `SERVER_NAME` hold what the header Host says."),
    row("https", Kind::Special)
        .works("Address on which HTTPS is served, `address,certificate,key`."),
    row("https2", Kind::Special)
        .works("Address on which HTTPS is served, `addr=...,cert=...,key=...` and more."),
    row("https-export-cert", Kind::Flag).works("Give the client's certificate to the application."),
    row("https-session-context", Kind::Text)
        .accepted("Sessions are kept by the clients, sealed with a key of this server's own."),
    row("http-to-https", Kind::Special).planned("Address whose requests are redirected to HTTPS."),
    row("http-var", Kind::List).planned("Variable added to each request, `NAME=value`."),
    row("http-to", Kind::List).accepted(
        "Workers answer HTTP themselves; an address that is not this server's own is refused.",
    ),
    row("http-zerg", Kind::Special)
        .planned("UNIX socket that hands out the listening sockets of the HTTP router."),
    row("http-fallback", Kind::List).planned("Address used when no other can be reached."),
    row("http-use-cache", Kind::Text)
        .optional()
        .planned("Cache in which the address for a host name is looked up."),
    row("http-use-pattern", Kind::Special)
        .planned("Pattern that makes an address of a host name, with `%s` in it."),
    row("http-use-base", Kind::Special).planned("Directory with one socket for each host name."),
    row("http-subscription-server", Kind::Special)
        .planned("Address on which servers announce themselves to the HTTP router."),
    row("http-subscription-fallback-key", Kind::Special)
        .planned("Name that is tried when nobody subscribed to the wanted one."),
    row("http-auto-gzip", Kind::Flag).planned("Compress answers that ask for it with a header."),
    row("http-websockets", Kind::Flag).planned("Let websockets through."),
    row("http-use-code-string", Kind::Special)
        .planned("Function that chooses the address for a host name."),
    row("http-use-socket", Kind::Special)
        .optional()
        .planned("Pass requests to this server's own sockets, by number."),
    row("http-stats", Kind::Text)
        .aliases(&["http-stats-server", "http-ss"])
        .planned("Address on which the statistics of the HTTP router are sent."),
    row("http-stud-prefix", Kind::List).planned(
        "Address of a TLS proxy that puts the client's address in front of each connection.",
    ),
    row("http-resubscribe", Kind::List).planned("Address to which subscriptions are passed on."),
    row("http-manage-source", Kind::Flag).planned("Understand the method SOURCE of Icecast."),
    row("http-manage-rtsp", Kind::Flag).planned("Understand RTSP over HTTP."),
];
