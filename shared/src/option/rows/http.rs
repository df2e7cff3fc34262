//! HTTP in front of the workers.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("http", Kind::Special)
        .aliases(&["httprouter"])
        .works("Address on which HTTP is served. Workers answer it themselves."),
    row("http-keepalive", Kind::Integer)
        .optional()
        .works("Seconds that an idle connection is kept; 1 means the default, 0 switches it off."),
    row("http-processes", Kind::Integer)
        .aliases(&["http-workers"])
        .accepted("Workers answer HTTP themselves."),
    row("http-timeout", Kind::Integer)
        .accepted("Deadlines inside requests are set by `socket-timeout`."),
    row("http-auto-chunked", Kind::Flag)
        .accepted("Answers without a length are sent in chunks whenever the client can read them."),
    row("http-raw-body", Kind::Flag).accepted("Chunked request bodies are always decoded."),
    row("http-chunked-input", Kind::Flag).accepted("Chunked request bodies are always decoded."),
    row("http-server-name-as-http-host", Kind::Flag),
    row("https", Kind::Special),
    row("https2", Kind::Special),
    row("https-export-cert", Kind::Flag),
    row("https-session-context", Kind::Text),
    row("http-to-https", Kind::Special),
    row("http-var", Kind::List),
    row("http-to", Kind::List),
    row("http-zerg", Kind::Special),
    row("http-fallback", Kind::List),
    row("http-modifier1", Kind::Integer),
    row("http-modifier2", Kind::Integer),
    row("http-use-cache", Kind::Text).optional(),
    row("http-use-pattern", Kind::Special),
    row("http-use-base", Kind::Special),
    row("http-events", Kind::Integer),
    row("http-subscription-server", Kind::Special),
    row("http-subscription-fallback-key", Kind::Special),
    row("http-manage-expect", Kind::Long).optional(),
    row("http-auto-gzip", Kind::Flag),
    row("http-websockets", Kind::Flag),
    row("http-use-code-string", Kind::Special),
    row("http-use-socket", Kind::Special).optional(),
    row("http-gracetime", Kind::Integer),
    row("http-quiet", Kind::Flag),
    row("http-cheap", Kind::Flag),
    row("http-stats", Kind::Text).aliases(&["http-stats-server", "http-ss"]),
    row("http-harakiri", Kind::Integer),
    row("http-stud-prefix", Kind::List),
    row("http-uid", Kind::Special),
    row("http-gid", Kind::Special),
    row("http-resubscribe", Kind::List),
    row("http-buffer-size", Kind::Long),
    row("http-headers-timeout", Kind::Integer),
    row("http-connect-timeout", Kind::Integer),
    row("http-manage-source", Kind::Flag),
    row("http-manage-rtsp", Kind::Flag),
    row("http-enable-proxy-protocol", Kind::Flag),
];
