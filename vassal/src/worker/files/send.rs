//! Answering with a file: which variant, which head, which bytes.

use std::os::unix::fs::{FileExt, MetadataExt};

use shared::settings::content::Delivery;
use shared::sys::calendar;

use super::beneath::{Base, Found};
use super::condition::{Asked, Send, State, decide};
use super::{Files, Hit, Now};
use crate::worker::output::Piece;
use crate::worker::reply::Reply;
use crate::worker::view::View;

/// Pieces of files up to this size are sent with the head in one call, bytes.
const SMALL: u64 = 16 * 1024;

/// Sends what was found (or its compressed twin, or a part, or that the copy is good).
pub(super) fn send(
    files: &Files,
    base: &Base,
    hit: Hit,
    view: &View<'_>,
    now: Now,
    reply: &mut Reply<'_>,
) {
    let kind = files.kinds.of(&hit.path);
    let expires = files.fresh(&hit, kind, view, now);
    let varies = files.twins.concern(&hit.path);
    let (hit, coding) = if varies { twin(files, base, hit, view, now) } else { (hit, None) };
    let (changed, size) = (hit.facts.mtime(), hit.facts.len());
    let mark = coding.map_or("", |coding| coding.0);
    let tag = format!("\"{changed:x}.{:x}-{size:x}{mark}\"", hit.facts.mtime_nsec());
    let field = |name: &[u8]| view.variable(name);
    let asked = Asked {
        if_match: field(b"HTTP_IF_MATCH"),
        if_none_match: field(b"HTTP_IF_NONE_MATCH"),
        if_modified_since: field(b"HTTP_IF_MODIFIED_SINCE"),
        if_unmodified_since: field(b"HTTP_IF_UNMODIFIED_SINCE"),
        if_range: field(b"HTTP_IF_RANGE"),
        // ranges are defined for GET alone
        range: field(b"HTTP_RANGE")
            .filter(|_| view.request.bytes(view.head, view.request.method) == b"GET"),
    };
    let mut outcome = decide(&asked, State { tag: &tag, changed, size }, now.epoch);
    if files.delivery != Delivery::Body && matches!(outcome, Send::Part(..) | Send::Unsatisfiable) {
        outcome = Send::Whole; // parts are the web server's to cut
    }
    let (status, offset, left): (&[u8], u64, u64) = match outcome {
        Send::Whole => (b"200 OK", 0, size),
        Send::Part(offset, left) => (b"206 Partial Content", offset, left),
        Send::NotModified => (b"304 Not Modified", 0, 0),
        Send::Failed => (b"412 Precondition Failed", 0, 0),
        Send::Unsatisfiable => (b"416 Range Not Satisfiable", 0, 0),
    };
    // what is small is read first: an error can still be told
    let mut small = Vec::new();
    if files.delivery == Delivery::Body && left <= SMALL {
        small.resize(left as usize, 0);
        if let Err(error) = hit.file.read_exact_at(&mut small, offset) {
            let path = String::from_utf8_lossy(&hit.path).escape_debug().to_string();
            eprintln!("{path} cannot be read: {error}");
            reply.fail("Internal Server Error");
            return;
        }
    }
    let begun = reply.status(status);
    debug_assert!(begun.is_ok(), "our own statuses are well-formed");
    let date = |epoch| calendar::universal(epoch).http_date();
    if matches!(outcome, Send::Whole | Send::Part(..)) {
        if let Some((coding, _)) = coding {
            put(reply, b"Content-Encoding", coding);
        }
        if let Some(kind) = kind {
            put(reply, b"Content-Type", kind);
        }
        put(reply, b"Last-Modified", &date(changed));
        put(reply, b"Accept-Ranges", "bytes");
    }
    match outcome {
        Send::Part(offset, left) => {
            put(reply, b"Content-Range", &format!("bytes {offset}-{}/{size}", offset + left - 1));
        }
        Send::Unsatisfiable => put(reply, b"Content-Range", &format!("bytes */{size}")),
        Send::Whole | Send::NotModified | Send::Failed => {}
    }
    if matches!(outcome, Send::Whole | Send::Part(..) | Send::NotModified) {
        put(reply, b"ETag", &tag);
        if varies {
            put(reply, b"Vary", "Accept-Encoding");
        }
        if let Some(expires) = expires {
            put(reply, b"Expires", &date(expires));
        }
    }
    body(files.delivery, hit, outcome, (offset, left), &small, reply);
}

fn body(
    delivery: Delivery,
    hit: Hit,
    outcome: Send,
    (offset, left): (u64, u64),
    small: &[u8],
    reply: &mut Reply<'_>,
) {
    let elsewhere: &[u8] = match delivery {
        _ if outcome != Send::Whole => b"",
        Delivery::Body => b"",
        Delivery::Accel => b"X-Accel-Redirect",
        Delivery::Sendfile => b"X-Sendfile",
    };
    if !elsewhere.is_empty() {
        if reply.field(elsewhere, &hit.path).is_err() {
            return reply.fail("Internal Server Error"); // a name that no head can hold
        }
        return reply.whole(b"");
    }
    if outcome != Send::NotModified {
        put(reply, b"Content-Length", &left.to_string());
    }
    if left > 0 && small.is_empty() {
        reply.piece(Piece { file: hit.file, offset: offset as i64, left });
    } else {
        // read or sent by the kernel, it is a file for the log
        reply.file = left > 0;
        reply.whole(small);
    }
}

/// A field of ours. Only a very low `response-headers-limit` can be against it.
fn put(reply: &mut Reply<'_>, name: &[u8], value: &str) {
    let _ = reply.field(name, value.as_bytes());
}

/// The compressed twin that the client takes, with its coding; else the file itself.
fn twin(
    files: &Files,
    base: &Base,
    hit: Hit,
    view: &View<'_>,
    now: Now,
) -> (Hit, Option<(&'static str, &'static [u8])>) {
    const CODINGS: [(&str, &[u8]); 2] = [("br", b".br"), ("gzip", b".gz")];
    let Some(accepted) = view.variable(b"HTTP_ACCEPT_ENCODING") else { return (hit, None) };
    let root = base.path().as_os_str().len();
    for coding in CODINGS {
        if !accepts(accepted, coding.0.as_bytes()) {
            continue;
        }
        let path = [&hit.path[..], coding.1].concat();
        let inner = path[root..].strip_prefix(b"/").unwrap_or(&path[root..]);
        let found = if hit.path.len() == root {
            // a single file, named by the configuration: its twin lies beside it
            use std::os::unix::ffi::OsStrExt;
            Base::new(std::ffi::OsStr::from_bytes(&path).into()).open(b"", &[], now.monotonic)
        } else {
            base.open(inner, &files.safe, now.monotonic)
        };
        if let Ok(Found::File(file, facts)) = found {
            return (Hit { file, facts, path }, Some(coding));
        }
    }
    (hit, None)
}

/// Whether a content coding is acceptable (RFC 9110 section 12.5.3). What is only implied by
/// `*` is not sent.
fn accepts(list: &[u8], coding: &[u8]) -> bool {
    list.split(|byte| *byte == b',').any(|one| {
        let mut parts = one.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let refused = parts.any(|weight| {
            let value = weight.strip_prefix(b"q=").or(weight.strip_prefix(b"Q="));
            value.is_some_and(|value| {
                value.starts_with(b"0") && value[1..].iter().all(|byte| matches!(byte, b'.' | b'0'))
            })
        });
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_asked_for_by_name() {
        for (list, expected) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("br", false),
            ("*", false),
            ("xgzip", false),
            ("", false),
        ] {
            assert_eq!(accepts(list.as_bytes(), b"gzip"), expected, "{list}");
        }
    }
}
