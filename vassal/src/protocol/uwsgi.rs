//! The uwsgi protocol: a header of four bytes, a block of variables, the body (spec: the
//! protocol page of uWSGI's manual; nginx's `uwsgi_pass` is its usual speaker).

use super::{HEAD_MAX, Parsed, Refusal, cgi, foreign};
use crate::request::{Length, Request, Span};

/// `modifier1` of a WSGI request.
const WSGI: u8 = 0;
/// `modifier1` of a WSGI request whose `PATH_INFO` still holds `SCRIPT_NAME`.
const WSGI_STRIP: u8 = 30;
/// `modifier1` of a ping; the answer is the same header with `modifier2` 1.
pub const PING: u8 = 100;

/// What a request block turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet {
    /// A request (or not yet, or not at all).
    Request(Parsed),
    /// A ping, to be answered with [`PONG`]; that many bytes.
    Ping(usize),
}

/// The answer to a ping.
pub const PONG: [u8; 4] = [PING, 0, 0, 1];

/// Parses one packet at the start of `bytes`.
pub fn parse(bytes: &[u8], request: &mut Request) -> Packet {
    request.clear();
    let Some(&[modifier1, low, high, _modifier2]) = bytes.first_chunk::<4>() else {
        return Packet::Request(Parsed::Incomplete);
    };
    if cgi::is_http(bytes) {
        return Packet::Request(Parsed::Refused(Refusal::bad(
            "HTTP was spoken to a uwsgi socket: use \"http-socket\" for it, or \"uwsgi_pass\" in nginx",
        )));
    }
    let end = 4 + usize::from(u16::from_le_bytes([low, high]));
    match modifier1 {
        WSGI | WSGI_STRIP => {}
        PING => return Packet::Ping(end.min(bytes.len())),
        _ => {
            let reason = foreign::spoken(bytes).unwrap_or_else(|| unserved(modifier1));
            return Packet::Request(Parsed::Refused(Refusal { status: 501, reason }));
        }
    }
    debug_assert!(end <= HEAD_MAX + 4);
    if bytes.len() < end {
        return Packet::Request(Parsed::Incomplete);
    }
    Packet::Request(match variables(&bytes[..end], request) {
        Ok(()) => {
            if modifier1 == WSGI_STRIP {
                strip(bytes, request);
            }
            Parsed::Complete(end)
        }
        Err(refusal) => Parsed::Refused(refusal),
    })
}

/// What a packet with another `modifier1` asks for (the table of uWSGI's protocol page).
fn unserved(modifier1: u8) -> &'static str {
    match modifier1 {
        5 => "modifier1 5 asks for Perl, which is not served here",
        6 => "modifier1 6 asks for Lua, which is not served here",
        7 => "modifier1 7 asks for Ruby, which is not served here",
        8 => "modifier1 8 asks for the JVM, which is not served here",
        9 => "modifier1 9 asks for CGI, which is not served here",
        10 => "modifier1 10 asks for management, which has a socket of its own here",
        11 => "modifier1 11 asks for Go, which is not served here",
        14 => "modifier1 14 asks for PHP, which is not served here",
        15 => "modifier1 15 asks for Mono, which is not served here",
        17 => "modifier1 17 asks to spool a task, which no request may",
        18 | 26 => "modifier1 18 or 26 calls a function, which no request may",
        19 => "modifier1 19 asks for server side includes, which are not served here",
        22 => "modifier1 22 asks to run code, which no request may",
        23 => "modifier1 23 asks for XSLT, which is not served here",
        24 => "modifier1 24 asks for V8, which is not served here",
        25 | 27 | 28 => "modifier1 25, 27 and 28 ask for a file system, which is not served here",
        31..=33 => "modifier1 31 to 33 pass messages, which are not served here",
        35 => "modifier1 35 asks for WebDAV, which is not served here",
        48 => "modifier1 48 asks for SNMP, which is not served here",
        72 => "modifier1 72 is the start of an HTTP answer",
        73..=99 => "modifier1 73 to 99 are of a cluster, which is not served here",
        101 => "modifier1 101 asks for an echo, which is not served here",
        109 => "modifier1 109 is of a legion, which is not served here",
        110 => "modifier1 110 sends a signal, which no request may",
        111 => "modifier1 111 asks for the cache, which no request may",
        123 => "modifier1 123 is of a router, which is not served here",
        173 => "modifier1 173 calls a procedure, which no request may",
        200 => "modifier1 200 ends a connection that is kept, which is not served here",
        224 => "modifier1 224 subscribes, which is not served here",
        _ => "this modifier1 of the uwsgi protocol is not served here",
    }
}

/// Reads as much as there is of a packet that was cut, for showing it to people.
pub fn parse_cut(bytes: &[u8], request: &mut Request) -> Result<(), Refusal> {
    request.clear();
    variables(bytes, request)
}

/// Reads the block of variables: little endian u16 length and bytes, name and value in turn.
fn variables(block: &[u8], request: &mut Request) -> Result<(), Refusal> {
    const CUT: Refusal = Refusal::bad("a variable reaches over the end of the uwsgi packet");
    let mut at = 4;
    let item = |at: &mut usize| -> Result<Span, Refusal> {
        let size = block.get(*at..*at + 2).ok_or(CUT)?;
        let start = *at + 2;
        let end = start + usize::from(u16::from_le_bytes([size[0], size[1]]));
        if end > block.len() {
            return Err(CUT);
        }
        *at = end;
        Ok(Span::of(start, end))
    };
    let mut chunked = false;
    while at < block.len() {
        let name = item(&mut at)?;
        if name.is_empty() {
            return Err(Refusal::bad("a variable of the uwsgi packet has no name"));
        }
        let value = item(&mut at)?;
        chunked |= request.bytes(block, name) == b"HTTP_TRANSFER_ENCODING"
            && request.bytes(block, value) == b"chunked";
        cgi::add(block, request, name, value)?;
    }
    if chunked && is_raw(block, request) {
        request.length = Length::Chunked;
    }
    Ok(())
}

/// Whether a chunked body follows as the client sent it: uWSGI's own HTTP router takes no coding
/// off (its option `http-chunked-input`), while nginx decodes and says a length.
fn is_raw(block: &[u8], request: &Request) -> bool {
    request.length == Length::None
        && cgi::find(block, request, b"CONTENT_LENGTH").is_none()
        && cgi::find(block, request, b"UWSGI_ROUTER").is_some()
}

/// Takes `SCRIPT_NAME` off the start of `PATH_INFO`.
fn strip(block: &[u8], request: &mut Request) {
    let find = |name: &[u8]| cgi::find(block, request, name);
    let (Some(script), Some(path)) = (find(b"SCRIPT_NAME"), find(b"PATH_INFO")) else { return };
    let prefix = request.fields[script].value;
    let rest = request.fields[path].value.without(prefix.len());
    if request.bytes(block, request.path).starts_with(request.bytes(block, prefix)) {
        request.fields[path].value = rest;
        request.path = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(variables: &[(&str, &str)]) -> Vec<u8> {
        let mut block = Vec::new();
        for text in variables.iter().flat_map(|(name, value)| [name, value]) {
            block.extend((text.len() as u16).to_le_bytes());
            block.extend(text.as_bytes());
        }
        let mut bytes = vec![0];
        bytes.extend((block.len() as u16).to_le_bytes());
        bytes.push(0);
        bytes.extend(block);
        bytes
    }

    #[test]
    fn the_manuals_example_is_read() {
        let bytes = packet(&[("QUERY_STRING", "a=1"), ("PATH_INFO", "/hi")]);
        assert_eq!(bytes[1], 0x23);
        let mut request = Request::default();
        for cut in 0..bytes.len() {
            let parsed = parse(&bytes[..cut], &mut request);
            assert_eq!(parsed, Packet::Request(Parsed::Incomplete));
        }
        let whole = Packet::Request(Parsed::Complete(bytes.len()));
        assert_eq!(parse(&bytes, &mut request), whole);
        assert_eq!(request.bytes(&bytes, request.path), b"/hi");
        assert_eq!(request.bytes(&bytes, request.query), b"a=1");
    }

    #[test]
    fn modifier1_30_takes_the_script_name_off_the_path() {
        let mut request = Request::default();
        for (modifier1, script, path) in
            [(30, "/app", &b"/x"[..]), (30, "/other", b"/app/x"), (0, "/app", b"/app/x")]
        {
            let mut bytes = packet(&[("PATH_INFO", "/app/x"), ("SCRIPT_NAME", script)]);
            bytes[0] = modifier1;
            parse(&bytes, &mut request);
            assert_eq!(request.bytes(&bytes, request.path), path);
            assert_eq!(request.bytes(&bytes, request.fields[0].value), path);
        }
    }

    #[test]
    fn a_body_is_chunked_only_as_uwsgis_router_passes_it_on() {
        let mut request = Request::default();
        let coded = ("HTTP_TRANSFER_ENCODING", "chunked");
        let router = ("UWSGI_ROUTER", "http");
        for (variables, length) in [
            (&[coded, router][..], Length::Chunked),
            (&[coded], Length::None),
            (&[router], Length::None),
            (&[("HTTP_TRANSFER_ENCODING", "gzip"), router], Length::None),
            (&[coded, router, ("CONTENT_LENGTH", "5")], Length::Known(5)),
            (&[coded, router, ("CONTENT_LENGTH", "0")], Length::None),
        ] {
            let bytes = packet(variables);
            parse(&bytes, &mut request);
            assert_eq!(request.length, length, "{variables:?}");
        }
    }

    #[test]
    fn wrong_packets_are_refused() {
        let mut request = Request::default();
        for bytes in [
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            vec![0, 3, 0, 0, 9, 0, b'x'],
            vec![0, 4, 0, 0, 0, 0, 0, 0],
            vec![0, 1, 0, 0, 9],
            vec![22, 0, 0, 0],
            packet(&[("CONTENT_LENGTH", "+5")]),
            packet(&[("CONTENT_LENGTH", "5"), ("CONTENT_LENGTH", "6")]),
            packet(&[("CONTENT_LENGTH", "0"), ("CONTENT_LENGTH", "6")]),
            packet(&[("CONTENT_LENGTH", "9999999999999999999")]),
        ] {
            let parsed = parse(&bytes, &mut request);
            assert!(matches!(parsed, Packet::Request(Parsed::Refused(_))), "{bytes:?}: {parsed:?}");
        }
    }

    #[test]
    fn every_other_modifier_is_refused_by_its_name() {
        let mut request = Request::default();
        for modifier1 in (0..=255).filter(|one| ![0, 30, 71, PING].contains(one)) {
            match parse(&[modifier1, 0, 0, 0], &mut request) {
                Packet::Request(Parsed::Refused(Refusal { status: 501, reason })) => {
                    let named = reason.contains(&modifier1.to_string());
                    let range = matches!(modifier1, 32 | 74..=98);
                    let known = !reason.starts_with("this modifier1");
                    assert!(named || range || !known, "{modifier1}: {reason}");
                }
                other => panic!("{modifier1}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_ping_is_no_request() {
        assert_eq!(parse(&[PING, 0, 0, 0], &mut Request::default()), Packet::Ping(4));
    }
}
