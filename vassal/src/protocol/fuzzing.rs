//! What fuzz targets and seeded mutation tests do with their input: one body for both, so that a
//! crash found by one is a test of the other.
//!
//! Each body reads as a worker would and then holds what came of it against the promises of the
//! parsers: they do not panic, what is complete is complete with its last byte and not before,
//! how the bytes are cut into reads changes nothing, and what was refused stays refused. Not part
//! of the product.

use std::ops::Range;

use super::fastcgi::{self, Packet, Stdin};
use super::{HEAD_MAX, Parsed, Refusal, chunked, http, proxy, scgi, uwsgi};
use crate::request::{Length, Request, Span};

/// A parser of heads.
type Parser = fn(&[u8], &mut Request) -> Parsed;

/// An HTTP head, and the body behind it where it is chunked.
pub fn http(bytes: &[u8]) {
    let mut request = Request::default();
    let Some(end) = head(bytes, &mut request, http::parse) else { return };
    let (text, rest) = bytes.split_at(end);
    assert!(text.ends_with(b"\r\n\r\n") && end <= HEAD_MAX);
    assert!(!text.windows(2).any(|two| two[0] == b'\r' && two[1] != b'\n'), "a bare CR");
    assert!(!text.windows(2).any(|two| two[0] != b'\r' && two[1] == b'\n'), "a bare LF");
    let lines = String::from_utf8_lossy(text).to_ascii_lowercase();
    let count = |name: &str| lines.matches(&format!("\n{name}:")).count();
    assert!(count("host") <= 1 && count("content-length") <= 1);
    assert!(count("content-length") + count("transfer-encoding") <= 1);
    assert_eq!(count("transfer-encoding") == 1, request.length == Length::Chunked);
    for field in &request.fields {
        let name = request.bytes(text, field.name);
        assert!(!name.is_empty() && name.iter().all(u8::is_ascii_graphic));
        assert!(!name.contains(&b'_') && !name.contains(&b':'));
        let value = request.bytes(text, field.value);
        assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
        // one of several that were joined may be empty
        assert!(field.value.is_kept() || value.trim_ascii() == value);
    }
    let path = request.bytes(text, request.path);
    let server = request.bytes(text, request.target) == b"*";
    assert!(path.is_empty() == server && !path.contains(&0));
    assert!(!request.bytes(text, request.method).is_empty());
    if request.length == Length::Chunked {
        chunked(rest);
    }
}

/// A chunked body.
pub fn chunked(bytes: &[u8]) {
    let decode = |step: usize| {
        let mut decoder = chunked::Decoder::default();
        let seen = pieces(bytes, step, |piece, data| {
            decoder.decode(piece, |part| {
                data.extend_from_slice(part);
                Ok(())
            })
        });
        (seen, decoder.done())
    };
    let whole = decode(bytes.len().max(1));
    for step in [1, 2, 3, 7] {
        assert_eq!(decode(step), whole, "in pieces of {step}");
    }
    if let ((data, Ok(used)), done) = whole {
        assert!(data.len() <= used && used <= bytes.len());
        assert!(done || used == bytes.len());
        assert!(!done || bytes[..used].ends_with(b"\r\n"));
    }
}

/// A packet of the uwsgi protocol.
pub fn uwsgi(bytes: &[u8]) {
    let parse: Parser = |bytes, request| match uwsgi::parse(bytes, request) {
        uwsgi::Packet::Request(parsed) => parsed,
        uwsgi::Packet::Ping(size) => {
            assert!(size <= bytes.len());
            Parsed::Incomplete
        }
    };
    head(bytes, &mut Request::default(), parse);
    // what is shown of a cut packet
    let mut request = Request::default();
    let _ = uwsgi::parse_cut(bytes, &mut request);
    spans(bytes, &request);
}

/// Records of FastCGI: what comes between is taken out as a worker does, then the body is read.
pub fn fastcgi(bytes: &[u8]) {
    let mut input = bytes.to_vec();
    let mut request = Request::default();
    let end = loop {
        match fastcgi::parse(&input, &mut request, 4) {
            Packet::Request(Parsed::Complete(end)) => break end,
            Packet::Request(Parsed::Incomplete | Parsed::Refused(_)) => return,
            Packet::Aside(asides) => {
                let mut at = 0;
                for place in &asides.places {
                    assert!(place.len() >= fastcgi::HEADER && place.start >= at);
                    at = place.end;
                }
                // what is answered is at most four times what was sent
                let taken: usize = asides.places.iter().map(Range::len).sum();
                assert!(at <= input.len() && asides.answer.len() <= 4 * taken + 128);
                let rest = asides.cut(&input);
                assert_eq!(rest.len() + taken, input.len());
                if asides.close {
                    return;
                }
                input = rest;
            }
        }
    };
    let parse: Parser = |bytes, request| match fastcgi::parse(bytes, request, 4) {
        Packet::Request(parsed) => parsed,
        Packet::Aside(_) => Parsed::Incomplete,
    };
    assert_eq!(head(&input, &mut request, parse), Some(end));
    assert_ne!(request.stream, 0);
    let (text, rest) = input.split_at(end);
    let mut shown = Request::default();
    fastcgi::parse_cut(text, &mut shown);
    spans(text, &shown);
    stdin(rest, request.stream, request.length);
}

/// The body of a FastCGI request.
fn stdin(rest: &[u8], id: u16, length: Length) {
    let decode = |step: usize| {
        let mut decoder = Stdin::new(id, length, 4);
        let seen = pieces(rest, step, |piece, data| {
            decoder.decode(piece, |part| {
                data.extend_from_slice(part);
                Ok(())
            })
        });
        (seen, decoder.answers(), decoder.done(), decoder.aborted())
    };
    let whole = decode(rest.len().max(1));
    for step in [1, 2, 3, 7] {
        assert_eq!(decode(step), whole, "in pieces of {step}");
    }
    let ((data, used), answers, done, aborted) = whole;
    if let Some((place, taken)) = fastcgi::whole(rest, id, length) {
        // the short way sees what the long one sees
        assert_eq!((&rest[place], Ok(taken)), (&data[..], used));
        assert!(done && answers.is_empty() && !aborted);
    }
    if let (true, false, Length::Known(size)) = (done, aborted, length) {
        assert_eq!(data.len() as u64, size);
    }
}

/// A head of SCGI.
pub fn scgi(bytes: &[u8]) {
    let mut request = Request::default();
    if let Some(end) = head(bytes, &mut request, scgi::parse) {
        assert!(bytes[..end].ends_with(b"\0,"));
        assert_ne!(request.length, Length::Chunked);
    }
    scgi::parse_cut(bytes, &mut request);
    spans(bytes, &request);
}

/// A header of the PROXY protocol.
pub fn proxy(bytes: &[u8]) {
    let seen = proxy::parse(bytes);
    for cut in cuts(bytes.len()) {
        match (proxy::parse(&bytes[..cut]), seen) {
            (proxy::Header::Incomplete, proxy::Header::Complete(size, _)) => assert!(cut < size),
            (proxy::Header::Complete(..), proxy::Header::Complete(size, _)) => assert!(cut >= size),
            (proxy::Header::Wrong(_), proxy::Header::Incomplete | proxy::Header::Complete(..)) => {
                panic!("wrong became right")
            }
            (proxy::Header::Complete(..), _) => panic!("complete became another"),
            (proxy::Header::Incomplete | proxy::Header::Wrong(_), _) => {}
        }
    }
    if let proxy::Header::Complete(size, _) = seen {
        assert!(size <= bytes.len() && size <= proxy::HEADER_MAX);
        assert_eq!(proxy::parse(&bytes[..size]), seen);
    }
}

/// Parses a head: where it ends. Cut anywhere before that it is incomplete, and never wrong.
fn head(bytes: &[u8], request: &mut Request, parse: Parser) -> Option<usize> {
    let parsed = parse(bytes, request);
    let mut other = Request::default();
    match parsed {
        Parsed::Complete(end) => {
            assert!(end <= bytes.len());
            spans(bytes, request);
            for cut in cuts(end) {
                assert_eq!(parse(&bytes[..cut], &mut other), Parsed::Incomplete, "cut at {cut}");
            }
            // what follows a head is not looked at
            assert_eq!(parse(&bytes[..end], &mut other), parsed);
            assert_eq!(format!("{request:?}"), format!("{other:?}"));
            Some(end)
        }
        Parsed::Incomplete => {
            for cut in cuts(bytes.len()) {
                assert_eq!(parse(&bytes[..cut], &mut other), Parsed::Incomplete, "cut at {cut}");
            }
            None
        }
        Parsed::Refused(_) => {
            // what was wrong does not become right by what follows
            let more = [bytes, b"\r\n\r\n0\0,\r\n\r\n"].concat();
            assert!(matches!(parse(&more, &mut other), Parsed::Refused(_)));
            None
        }
    }
}

/// Where a text is cut: everywhere, or where it is long in some places.
fn cuts(length: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by((length / 256).max(1))
}

/// Every span can be read.
fn spans(bytes: &[u8], request: &Request) {
    let all = [request.method, request.target, request.path, request.query];
    let fields = request.fields.iter().flat_map(|field| [field.name, field.value]);
    let read = |span: Span| assert_eq!(request.bytes(bytes, span).len(), span.len());
    all.into_iter().chain(request.authority).chain(fields).for_each(read);
}

/// Gives a decoder its input in pieces: the data, and how much was used or why not.
fn pieces(
    bytes: &[u8],
    step: usize,
    mut decode: impl FnMut(&[u8], &mut Vec<u8>) -> Result<usize, Refusal>,
) -> (Vec<u8>, Result<usize, Refusal>) {
    let (mut data, mut used) = (Vec::new(), 0);
    while used < bytes.len() {
        let end = (used + step).min(bytes.len());
        match decode(&bytes[used..end], &mut data) {
            Ok(0) => break,
            Ok(count) => used += count,
            Err(refusal) => return (Vec::new(), Err(refusal)),
        }
    }
    (data, Ok(used))
}
