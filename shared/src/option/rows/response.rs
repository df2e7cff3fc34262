//! Files, headers and bodies that the server sends by itself.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("chunked-input-timeout", Kind::Integer)
        .accepted("Chunked bodies are waited for as others are: `socket-timeout`, `http-timeout`."),
    row("chunked-input-limit", Kind::Long)
        .default("1048576")
        .accepted("Chunks may have any size: `limit-post` is the largest body."),
    row("check-static-docroot", Kind::Flag)
        .works("Look for files below the `DOCUMENT_ROOT` that the web server sends."),
    row("static-gzip-all", Kind::Flag)
        .works("Send the compressed twin of a file when there is one."),
    row("honour-range", Kind::Flag)
        .accepted("Parts of files are sent whenever a request asks for them."),
    row("disable-sendfile", Kind::Flag).works("Send files by reading and writing them."),
    row("websockets-ping-freq", Kind::Integer)
        .aliases(&["websocket-ping-freq"])
        .default("30")
        .planned("Seconds between pings on websockets."),
    row("websockets-pong-tolerance", Kind::Integer)
        .aliases(&["websocket-pong-tolerance"])
        .default("3")
        .planned("Seconds that the answer to a ping may take."),
    row("static-cache-paths", Kind::Integer)
        .accepted("Paths are looked up for each request; the kernel remembers them."),
    row("response-headers-limit", Kind::Integer)
        .default("65536")
        .works("The longest head of an answer, in bytes."),
    row("websockets-max-size", Kind::Long)
        .aliases(&["websocket-max-size"])
        .default("1024")
        .planned("The longest message of a websocket, in KiB."),
    row("static-cache-paths-name", Kind::Text)
        .accepted("There is no such cache: see `static-cache-paths`."),
    row("error-page-403", Kind::List).works("File that is sent with the status 403."),
    row("error-page-404", Kind::List).works("File that is sent with the status 404."),
    row("error-page-500", Kind::List).works("File that is sent with the status 500."),
    row("add-header", Kind::List)
        .works("Header field that is added to each answer, `Name: value`."),
    row("rem-header", Kind::List)
        .aliases(&["del-header"])
        .works("Header field that is taken out of answers."),
    row("collect-header", Kind::List)
        .aliases(&["response-header-collect"])
        .works("Keep a header field of the answer in a variable, `Name VARIABLE`."),
    row("pull-header", Kind::List).works("As `collect-header`; the field is not sent."),
    row("static-skip-ext", Kind::List).works("Ending of files that are not sent."),
    row("static-index", Kind::List).works("File that is sent for a directory."),
    row("static-safe", Kind::List).works("Directory that links in the others may lead into."),
    row("mime-file", Kind::List)
        .aliases(&["mimefile"])
        .works("List of types by ending; it stands above the built-in one."),
    row("static-expires-type", Kind::List)
        .works("How long files of a type stay fresh, `type=seconds`."),
    row("static-expires-type-mtime", Kind::List)
        .works("As `static-expires-type`, from the time of the file on."),
    row("static-expires", Kind::List)
        .works("How long files stay fresh whose path matches, `pattern seconds`."),
    row("static-expires-mtime", Kind::List)
        .works("As `static-expires`, from the time of the file on."),
    row("static-expires-uri", Kind::List).works("As `static-expires`, by the URI of the request."),
    row("static-expires-uri-mtime", Kind::List)
        .works("As `static-expires-uri`, from the time of the file on."),
    row("static-expires-path-info", Kind::List)
        .works("As `static-expires`, by the path of the request."),
    row("static-expires-path-info-mtime", Kind::List)
        .works("As `static-expires-path-info`, from the time of the file on."),
    row("static-gzip", Kind::List).works("Send the compressed twin of files whose path matches."),
    row("static-gzip-dir", Kind::List)
        .works("Send the compressed twin of files in this directory."),
    row("static-gzip-prefix", Kind::List).works("As `static-gzip-dir`."),
    row("static-gzip-ext", Kind::List).works("Send the compressed twin of files with this ending."),
    row("static-gzip-suffix", Kind::List).works("As `static-gzip-ext`."),
    row("check-static", Kind::Special)
        .aliases(&["static-check"])
        .works("Look for each path below this directory before the application is asked."),
    row("static-map", Kind::Special)
        .works("Send files of a directory below a path, `/path=directory`."),
    row("static-map2", Kind::Special)
        .works("As `static-map`; the path is part of the file's path."),
    row("file-serve-mode", Kind::Special)
        .aliases(&["fileserve-mode"])
        .choices(&["x-accel-redirect", "nginx", "x-sendfile"])
        .works("Let the web server send files: `x-accel-redirect` or `x-sendfile`."),
];
