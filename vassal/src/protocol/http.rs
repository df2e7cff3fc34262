//! HTTP/1.x request heads, read strictly (RFC 9112).
//!
//! One pass over the bytes, positions only. Whatever two readers could understand differently is
//! refused: bare CR or LF, folded lines, white space before a colon, more than one Host or
//! Content-Length, a length together with a transfer coding, names with underscores (dropped:
//! `X_A` and `X-A` would be one variable).

use super::cgi::length;
use super::{HEAD_MAX, Parsed, Refusal, TOKEN, foreign, hex};
use crate::request::{Field, Length, Request, Span, Version};

/// The most header fields of a request.
const FIELDS_MAX: usize = 128;
/// The longest request target, bytes.
const TARGET_MAX: usize = 32 * 1024;

/// Characters of a field value: visible, space, tab and obs-text (RFC 9110 section 5.5).
const VALUE: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0x20;
    while at < 256 {
        table[at] = at != 0x7f;
        at += 1;
    }
    table[b'\t' as usize] = true;
    table
};

/// What the fields that steer the connection said.
#[derive(Default)]
struct Steering {
    /// Lines read: repeated fields count too, though they are joined.
    lines: usize,
    host: Option<Span>,
    length: Option<Length>,
    chunked: bool,
    close: bool,
    keep_alive: bool,
}

/// Parses the head at the start of `bytes` (all that was read so far).
pub fn parse(bytes: &[u8], request: &mut Request) -> Parsed {
    request.clear();
    match head(bytes, request) {
        Ok(Some(end)) if end <= HEAD_MAX => Parsed::Complete(end),
        Ok(None) if bytes.len() < HEAD_MAX => Parsed::Incomplete,
        Ok(_) => Parsed::Refused(Refusal { status: 431, reason: "the request head is too large" }),
        Err(refusal) => {
            let reason = foreign::spoken(bytes).unwrap_or(refusal.reason);
            Parsed::Refused(Refusal { reason, ..refusal })
        }
    }
}

/// Returns where the head ends, or `None` when its end has not come yet.
fn head(bytes: &[u8], request: &mut Request) -> Result<Option<usize>, Refusal> {
    // an empty line before the request is forgiven (RFC 9112 section 2.2)
    let start = match bytes {
        [b'\r'] => return Ok(None),
        [b'\r', b'\n', ..] => 2,
        _ => 0,
    };
    let Some(mut at) = request_line(bytes, start, request)? else { return Ok(None) };
    let mut steering = Steering::default();
    loop {
        match bytes.get(at) {
            None => return Ok(None),
            Some(b'\r') => match bytes.get(at + 1) {
                None => return Ok(None),
                Some(b'\n') => break,
                Some(_) => return Err(Refusal::bad("a line of the head ends in a bare CR")),
            },
            Some(_) => match field(bytes, at, request, &mut steering)? {
                Some(next) => at = next,
                None => return Ok(None),
            },
        }
    }
    conclude(bytes, request, &steering)?;
    Ok(Some(at + 2))
}

/// `GET /path?query HTTP/1.1`; returns where the next line starts.
fn request_line(
    bytes: &[u8],
    start: usize,
    request: &mut Request,
) -> Result<Option<usize>, Refusal> {
    const LINE: Refusal = Refusal::bad("the request line is malformed");
    let mut at = start;
    while bytes.get(at).is_some_and(|byte| TOKEN[*byte as usize]) {
        at += 1;
    }
    if at - start > 32 {
        return Err(Refusal { status: 501, reason: "the method is too long" });
    }
    match bytes.get(at) {
        None => return Ok(None),
        Some(b' ') if at > start => {}
        Some(_) => return Err(LINE),
    }
    request.method = Span::of(start, at);
    let target = at + 1;
    at = target;
    // a fragment is the client's own, and readers differ about what it hides (RFC 9112 section 3.2)
    while bytes.get(at).is_some_and(|byte| *byte > b' ' && *byte != 0x7f && *byte != b'#') {
        at += 1;
    }
    if at - target > TARGET_MAX {
        return Err(Refusal { status: 414, reason: "the request target is too long" });
    }
    match bytes.get(at) {
        None => return Ok(None),
        Some(b' ') if at > target => {}
        Some(_) => return Err(LINE),
    }
    request.target = Span::of(target, at);
    let rest = &bytes[at + 1..];
    request.version = match rest.first_chunk::<10>() {
        Some(b"HTTP/1.1\r\n") => Version::Http11,
        Some(b"HTTP/1.0\r\n") => Version::Http10,
        Some([b'H', b'T', b'T', b'P', b'/', major, b'.', minor, b'\r', b'\n'])
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            if *major != b'1' {
                return Err(Refusal { status: 505, reason: "this version of HTTP is not spoken" });
            }
            Version::Http11 // a later minor version is read as the highest we know
        }
        Some(_) => return Err(LINE),
        None if rest.contains(&b'\n') => return Err(LINE),
        None => return Ok(None),
    };
    Ok(Some(at + 11))
}

/// One `name: value` line at `start`; returns where the next line starts.
fn field(
    bytes: &[u8],
    start: usize,
    request: &mut Request,
    steering: &mut Steering,
) -> Result<Option<usize>, Refusal> {
    let mut at = start;
    let mut underscore = false;
    while let Some(byte) = bytes.get(at) {
        if !TOKEN[*byte as usize] {
            break;
        }
        underscore |= *byte == b'_';
        at += 1;
    }
    match bytes.get(at) {
        None => return Ok(None),
        Some(b':') if at > start => {}
        Some(b' ' | b'\t') if at == start => {
            return Err(Refusal::bad("folded header lines are not accepted"));
        }
        Some(_) => return Err(Refusal::bad("a header field's name is malformed")),
    }
    let name = Span::of(start, at);
    at += 1;
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    let from = at;
    while bytes.get(at).is_some_and(|byte| VALUE[*byte as usize]) {
        at += 1;
    }
    match (bytes.get(at), bytes.get(at + 1)) {
        (None, _) | (Some(b'\r'), None) => return Ok(None),
        (Some(b'\r'), Some(b'\n')) => {}
        _ => return Err(Refusal::bad("a header field's value holds a forbidden character")),
    }
    let mut to = at;
    while to > from && matches!(bytes[to - 1], b' ' | b'\t') {
        to -= 1;
    }
    let value = Span::of(from, to);
    steering.lines += 1;
    if steering.lines > FIELDS_MAX {
        return Err(Refusal { status: 431, reason: "there are too many header fields" });
    }
    steer(bytes, request, name, value, steering)?;
    if !underscore {
        add(bytes, request, name, value);
    }
    Ok(Some(at + 2))
}

/// Adds a field, or joins it to an earlier one of its name: lists with `, `, cookies with `; `
/// (RFC 9110 section 5.3, RFC 9113 section 8.2.3).
fn add(bytes: &[u8], request: &mut Request, name: Span, value: Span) {
    let text = request.bytes(bytes, name);
    let twin = request.fields.iter().position(|field| {
        field.name.len() == name.len()
            && request.bytes(bytes, field.name).eq_ignore_ascii_case(text)
    });
    let Some(twin) = twin else {
        request.fields.push(Field { name, value });
        return;
    };
    let glue: &[u8] = if text.eq_ignore_ascii_case(b"cookie") { b"; " } else { b", " };
    let first = request.fields[twin].value;
    request.fields[twin].value = request.join(bytes, first, glue, value);
}

/// Looks at the fields that decide about the connection and the body.
fn steer(
    bytes: &[u8],
    request: &mut Request,
    name: Span,
    value: Span,
    steering: &mut Steering,
) -> Result<(), Refusal> {
    let text = request.bytes(bytes, value);
    let name = request.bytes(bytes, name);
    match name.len() {
        4 if name.eq_ignore_ascii_case(b"host") => {
            if steering.host.replace(value).is_some() {
                return Err(Refusal::bad("there is more than one Host field"));
            }
            if !authority(text) {
                return Err(Refusal::bad("the Host field is malformed"));
            }
        }
        6 if name.eq_ignore_ascii_case(b"expect") => {
            if !text.eq_ignore_ascii_case(b"100-continue") {
                return Err(Refusal { status: 417, reason: "only 100-continue can be expected" });
            }
            request.expects_continue = true;
        }
        10 if name.eq_ignore_ascii_case(b"connection") => {
            for option in text.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                steering.close |= option.eq_ignore_ascii_case(b"close");
                steering.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            }
        }
        14 if name.eq_ignore_ascii_case(b"content-length") => {
            let length = length(text)?;
            if steering.length.replace(length).is_some() {
                return Err(Refusal::bad("there is more than one Content-Length field"));
            }
        }
        17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
            coding(text)?;
            if std::mem::replace(&mut steering.chunked, true) {
                return Err(Refusal::bad("there is more than one Transfer-Encoding field"));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether a list of transfer codings is `chunked` alone. Without chunked at its end nobody knows
/// where the body ends (RFC 9112 section 6.3, item 4), and others are not understood (6.1).
fn coding(text: &[u8]) -> Result<(), Refusal> {
    if text.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let mut codings = text.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let last = codings.next_back().unwrap_or_default();
    if !last.eq_ignore_ascii_case(b"chunked") {
        return Err(Refusal::bad("the last transfer coding is not chunked"));
    }
    if codings.any(|coding| coding.eq_ignore_ascii_case(b"chunked")) {
        return Err(Refusal::bad("chunked is applied more than once"));
    }
    Err(Refusal { status: 501, reason: "only chunked is a transfer coding here" })
}

/// Whether `text` is a host and perhaps a port (RFC 3986 section 3.2.2; no user, RFC 9110 4.2.4).
fn authority(text: &[u8]) -> bool {
    let literal = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(byte);
    let (host, rest) = if let [b'[', inside @ ..] = text {
        let Some(end) = inside.iter().position(|byte| *byte == b']') else { return false };
        if end == 0 || !inside[..end].iter().all(literal) {
            return false;
        }
        (&b""[..], &inside[end + 1..])
    } else {
        let end = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
        text.split_at(end)
    };
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(byte);
    let port = rest.strip_prefix(b":");
    host.iter().all(name)
        && (rest.is_empty() || port.is_some_and(|port| port.iter().all(u8::is_ascii_digit)))
}

/// What needs the whole head: the target's form, the body's length, keep-alive.
fn conclude(bytes: &[u8], request: &mut Request, steering: &Steering) -> Result<(), Refusal> {
    if steering.host.is_none() && request.version == Version::Http11 {
        return Err(Refusal::bad("an HTTP/1.1 request needs a Host field"));
    }
    request.length = match (steering.length, steering.chunked) {
        (Some(_), true) => {
            return Err(Refusal::bad("Content-Length and Transfer-Encoding exclude each other"));
        }
        (None, true) if request.version == Version::Http10 => {
            return Err(Refusal::bad("HTTP/1.0 has no Transfer-Encoding"));
        }
        (None, true) => Length::Chunked,
        (length, false) => length.unwrap_or_default(),
    };
    request.keep_alive = match request.version {
        Version::Http11 => !steering.close,
        Version::Http10 => steering.keep_alive && !steering.close,
    };
    request.expects_continue &= request.version == Version::Http11;
    target(bytes, request)
}

/// Splits the target into path and query; an absolute form also names the host.
fn target(bytes: &[u8], request: &mut Request) -> Result<(), Refusal> {
    let whole = request.target;
    let text = request.bytes(bytes, whole);
    let base = text.as_ptr() as usize - bytes.as_ptr() as usize;
    let (mut from, end) = (base, base + text.len());
    match text {
        [b'/', ..] => {}
        // about the server as a whole: there is no path (RFC 9112 section 3.2.4)
        b"*" if request.bytes(bytes, request.method) == b"OPTIONS" => return Ok(()),
        _ => {
            let scheme = [&b"http://"[..], b"https://"].into_iter().find(|scheme| {
                text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            });
            let Some(scheme) = scheme else {
                return Err(Refusal::bad("the request target is neither a path nor an http URI"));
            };
            let host = base + scheme.len();
            from = bytes[host..end]
                .iter()
                .position(|byte| matches!(byte, b'/' | b'?'))
                .map_or(end, |length| host + length);
            if matches!(bytes[host..from], [] | [b':', ..]) || !authority(&bytes[host..from]) {
                return Err(Refusal::bad("the request target's host is malformed"));
            }
            request.authority = Some(Span::of(host, from));
        }
    }
    let mark = bytes[from..end].iter().position(|byte| *byte == b'?').map(|at| from + at);
    let path = &bytes[from..mark.unwrap_or(end)];
    request.query = mark.map_or(Span::default(), |at| Span::of(at + 1, end));
    request.path = if path.is_empty() {
        request.keep(*b"/")
    } else if path.contains(&b'%') {
        decode(path, request)?
    } else {
        Span::of(from, mark.unwrap_or(end))
    };
    Ok(())
}

/// Percent-decoding of a path. A NUL is refused: no file or route has one.
fn decode(path: &[u8], request: &mut Request) -> Result<Span, Refusal> {
    const BAD: Refusal = Refusal::bad("the path's percent-encoding is malformed");
    let mut plain = Vec::with_capacity(path.len());
    let mut rest = path.iter();
    while let Some(byte) = rest.next() {
        if *byte != b'%' {
            plain.push(*byte);
            continue;
        }
        let high = rest.next().copied().and_then(hex).ok_or(BAD)?;
        let low = rest.next().copied().and_then(hex).ok_or(BAD)?;
        match high << 4 | low {
            0 => return Err(BAD),
            byte => plain.push(byte),
        }
    }
    Ok(request.keep(plain))
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
