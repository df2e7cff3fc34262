//! FastCGI, version 1 (the specification of Open Market, 1996): the responder's side.
//!
//! A connection carries one request at a time; a client that starts a second one is told so
//! (`FCGI_CANT_MPX_CONN`) and the first goes on. The input always begins with what belongs to the
//! request that is awaited: whatever else comes between is an *aside*, which the caller takes out
//! and answers. So the parser keeps no state, and a connection that is idle has none.

use std::ops::Range;

use super::{HEAD_MAX, Parsed, Refusal, cgi, foreign};
use crate::request::{Length, Request, Span};

/// Bodies: the stream `STDIN`.
mod stdin;

pub use stdin::{Stdin, whole};

/// Bytes of a record's header.
pub const HEADER: usize = 8;
/// The most content that is put into one record, bytes: a multiple of 8, so nothing is padded.
pub const CONTENT_MAX: usize = 65_528;
/// The most records of one request's `PARAMS`.
const RECORDS_MAX: usize = 1024;
/// The most bytes that a head may take with the headers and padding of its records.
const WIRE_MAX: usize = 2 * HEAD_MAX;

const VERSION: u8 = 1;
const BEGIN_REQUEST: u8 = 1;
const ABORT_REQUEST: u8 = 2;
const END_REQUEST: u8 = 3;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;
const STDOUT: u8 = 6;
const GET_VALUES: u8 = 9;
const GET_VALUES_RESULT: u8 = 10;
const UNKNOWN_TYPE: u8 = 11;
/// The role that is played here.
const RESPONDER: u16 = 1;
/// The flag by which the client keeps the connection.
const KEEP_CONN: u8 = 1;

/// How a request ended, for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Protocol {
    RequestComplete = 0,
    CantMultiplex = 1,
    UnknownRole = 3,
}

/// What the start of the input turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// The head of a request (or not yet, or not at all).
    Request(Parsed),
    /// There is something that belongs to no request that is served.
    Aside(Asides),
}

/// Records to be taken out of the input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asides {
    /// Where they lie in the input, in their order.
    pub places: Vec<Range<usize>>,
    /// What is answered; may be empty.
    pub answer: Vec<u8>,
    /// Whether the connection ends with this answer.
    pub close: bool,
}

impl Asides {
    fn add(&mut self, place: Range<usize>, answer: &[u8]) {
        self.answer.extend_from_slice(answer);
        match self.places.last_mut() {
            Some(last) if last.end == place.start => last.end = place.end,
            _ => self.places.push(place),
        }
    }

    /// The input without them.
    pub fn cut(&self, bytes: &[u8]) -> Vec<u8> {
        let mut rest = Vec::with_capacity(bytes.len());
        let mut at = 0;
        for place in &self.places {
            rest.extend_from_slice(&bytes[at..place.start]);
            at = place.end;
        }
        rest.extend_from_slice(&bytes[at..]);
        rest
    }
}

/// A record's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    version: u8,
    kind: u8,
    id: u16,
    length: usize,
    padding: usize,
}

impl Header {
    fn of(bytes: &[u8]) -> Option<Self> {
        let [version, kind, high, low, long, short, padding, _reserved] = *bytes.first_chunk()?;
        Some(Self {
            version,
            kind,
            id: u16::from_be_bytes([high, low]),
            length: usize::from(u16::from_be_bytes([long, short])),
            padding: usize::from(padding),
        })
    }
}

/// Parses what stands at the start of `bytes` (all that was read so far). `capacity` is how many
/// requests the server runs at a time, for clients that ask.
pub fn parse(bytes: &[u8], request: &mut Request, capacity: u32) -> Packet {
    request.clear();
    let mut asides = Asides::default();
    let seen = head(bytes, request, capacity, &mut asides);
    if !asides.places.is_empty() {
        return Packet::Aside(asides);
    }
    match seen {
        Ok(parsed) => Packet::Request(parsed),
        Err(refusal) => {
            let reason = foreign::spoken(bytes).filter(|_| request.stream == 0);
            let reason = reason.unwrap_or(refusal.reason);
            Packet::Request(Parsed::Refused(Refusal { reason, ..refusal }))
        }
    }
}

/// Reads as much as there is of a head that was cut, for showing it to people.
pub fn parse_cut(bytes: &[u8], request: &mut Request) {
    request.clear();
    let (mut at, mut block) = (0, None);
    while let Some(header) = Header::of(&bytes[at.min(bytes.len())..]) {
        let start = at + HEADER;
        let end = (start + header.length).min(bytes.len());
        if header.kind == PARAMS {
            block = Some(join(bytes, request, block, Span::of(start, end)));
        }
        at = start + header.length + header.padding;
    }
    if let Some(block) = block {
        // what is cut off is no error here
        let _ = variables(bytes, request, block);
    }
}

/// Walks over the records of a head, once: a client can put thousands of asides into one read.
fn head(
    bytes: &[u8],
    request: &mut Request,
    capacity: u32,
    asides: &mut Asides,
) -> Result<Parsed, Refusal> {
    const FOREIGN: Refusal = Refusal { status: 0, reason: "this is no record of FastCGI" };
    const LARGE: Refusal = Refusal { status: 431, reason: "the request head is too large" };
    if cgi::is_http(bytes) {
        return Err(Refusal::bad(
            "HTTP was spoken to a FastCGI socket: use \"http-socket\" for it, or \"fastcgi_pass\" in nginx",
        ));
    }
    let (mut at, mut records, mut skipped) = (0, 0, 0);
    let mut block: Option<Span> = None;
    loop {
        if at - skipped > WIRE_MAX {
            return Err(LARGE);
        }
        if bytes.get(at).is_some_and(|version| *version != VERSION) {
            return Err(FOREIGN);
        }
        let Some(header) = Header::of(&bytes[at..]) else {
            return Ok(Parsed::Incomplete);
        };
        let (start, end) = (at + HEADER, at + HEADER + header.length + header.padding);
        let Some(content) = bytes.get(start..end).map(|all| &all[..header.length]) else {
            return Ok(Parsed::Incomplete);
        };
        let mut aside = |answer: &[u8]| {
            skipped += end - at;
            asides.add(at..end, answer);
        };
        match (header.kind, header.id, request.stream) {
            (BEGIN_REQUEST, 0, _) => return Err(FOREIGN),
            (kind, 0, _) => aside(&management(kind, content, capacity)),
            (BEGIN_REQUEST, id, 0) => {
                let [high, low, flags, ..] = *content else { return Err(FOREIGN) };
                let keep = flags & KEEP_CONN != 0;
                if u16::from_be_bytes([high, low]) == RESPONDER {
                    (request.stream, request.keep_alive) = (id, keep);
                } else {
                    aside(&end_request(id, Protocol::UnknownRole));
                    if !keep {
                        asides.close = true;
                        return Ok(Parsed::Incomplete);
                    }
                }
            }
            (BEGIN_REQUEST, id, stream) if id != stream => {
                aside(&end_request(id, Protocol::CantMultiplex));
            }
            (BEGIN_REQUEST, _, _) => {
                return Err(Refusal::bad("a request of this number is there already"));
            }
            (ABORT_REQUEST, id, stream) if id == stream => {
                let keep = request.keep_alive;
                // with all that there is of the request
                request.clear();
                (block, records, skipped) = (None, 0, end);
                asides.places.clear();
                asides.add(0..end, &end_request(id, Protocol::RequestComplete));
                if !keep {
                    asides.close = true;
                    return Ok(Parsed::Incomplete);
                }
            }
            (PARAMS, id, stream) if id == stream && header.length > 0 => {
                records += 1;
                let size = block.map_or(0, Span::len) + header.length;
                if records > RECORDS_MAX || size > HEAD_MAX {
                    return Err(LARGE);
                }
                let piece = Span::of(start, start + header.length);
                block = Some(join(bytes, request, block, piece));
            }
            (PARAMS, id, stream) if id == stream => {
                return conclude(bytes, request, block, end);
            }
            (STDIN, id, stream) if id == stream => {
                return Err(Refusal::bad("the body comes before the end of the variables"));
            }
            // requests that were refused or are over, and kinds that only others use
            _ => aside(&[]),
        }
        at = end;
    }
}

/// The variables are whole.
fn conclude(
    bytes: &[u8],
    request: &mut Request,
    block: Option<Span>,
    end: usize,
) -> Result<Parsed, Refusal> {
    variables(bytes, request, block.unwrap_or_default())?;
    let announced = cgi::find(bytes, request, b"CONTENT_LENGTH")
        .is_some_and(|at| !request.fields[at].value.is_empty());
    if !announced && request.length == Length::None {
        request.length = Length::Stream;
    }
    cgi::settle(bytes, request)?;
    Ok(Parsed::Complete(end))
}

/// Puts a further piece of `PARAMS` behind those before it. One record, which is the rule, stays
/// where it is; several are copied together.
fn join(bytes: &[u8], request: &mut Request, before: Option<Span>, piece: Span) -> Span {
    let Some(before) = before else { return piece };
    let copy = |request: &mut Request, span: Span| {
        let bytes = request.bytes(bytes, span).to_vec();
        request.keep(bytes)
    };
    let before = if before.is_kept() { before } else { copy(request, before) };
    let piece = copy(request, piece);
    before.through(piece)
}

/// Reads name-value pairs: both lengths (one byte, or four with the highest bit set), then both.
fn variables(bytes: &[u8], request: &mut Request, block: Span) -> Result<(), Refusal> {
    const CUT: Refusal = Refusal::bad("a variable reaches over the end of PARAMS");
    let mut at = 0;
    while at < block.len() {
        let text = request.bytes(bytes, block);
        let name = size(text, &mut at).ok_or(CUT)?;
        let value = size(text, &mut at).ok_or(CUT)?;
        if name == 0 {
            return Err(Refusal::bad("a variable of PARAMS has no name"));
        }
        let middle = at + name;
        if middle + value > block.len() {
            return Err(CUT);
        }
        let (name, value) = (block.within(at, middle), block.within(middle, middle + value));
        cgi::add(bytes, request, name, value)?;
        at = middle + value.len();
    }
    Ok(())
}

/// One length.
fn size(text: &[u8], at: &mut usize) -> Option<usize> {
    let first = *text.get(*at)?;
    if first & 0x80 == 0 {
        *at += 1;
        return Some(usize::from(first));
    }
    let [a, b, c, d] = *text.get(*at..)?.first_chunk()?;
    *at += 4;
    Some(u32::from_be_bytes([a & 0x7f, b, c, d]) as usize)
}

/// The answer to a record that is about the server and no request.
fn management(kind: u8, content: &[u8], capacity: u32) -> Vec<u8> {
    if kind != GET_VALUES {
        let mut answer = record(UNKNOWN_TYPE, 0, 8).to_vec();
        answer.extend([kind, 0, 0, 0, 0, 0, 0, 0]);
        return answer;
    }
    let capacity = capacity.to_string();
    let known = [
        ("FCGI_MAX_CONNS", capacity.as_str()),
        ("FCGI_MAX_REQS", &capacity),
        ("FCGI_MPXS_CONNS", "0"),
    ];
    let mut asked = Request::default();
    let all = Span::of(0, content.len());
    // what cannot be read asks for nothing
    let _ = variables(content, &mut asked, all);
    let mut result = Vec::new();
    for (name, value) in known {
        if cgi::find(content, &asked, name.as_bytes()).is_some() {
            result.extend([name.len() as u8, value.len() as u8]);
            result.extend(name.as_bytes());
            result.extend(value.as_bytes());
        }
    }
    let mut answer = record(GET_VALUES_RESULT, 0, result.len()).to_vec();
    answer.extend(result);
    answer
}

fn record(kind: u8, id: u16, length: usize) -> [u8; HEADER] {
    let [high, low] = id.to_be_bytes();
    let [long, short] = (length as u16).to_be_bytes();
    [VERSION, kind, high, low, long, short, 0, 0]
}

fn end_request(id: u16, status: Protocol) -> [u8; 2 * HEADER] {
    let mut bytes = [0; 2 * HEADER];
    bytes[..HEADER].copy_from_slice(&record(END_REQUEST, id, HEADER));
    bytes[HEADER + 4] = status as u8;
    bytes
}

/// The header of a record of an answer with that much content, at most [`CONTENT_MAX`].
pub fn stdout(id: u16, length: usize) -> [u8; HEADER] {
    debug_assert!(length <= CONTENT_MAX);
    record(STDOUT, id, length)
}

/// What ends an answer: the end of its stream, and of the request.
pub fn end(id: u16) -> [u8; 3 * HEADER] {
    let mut bytes = [0; 3 * HEADER];
    bytes[..HEADER].copy_from_slice(&record(STDOUT, id, 0));
    bytes[HEADER..].copy_from_slice(&end_request(id, Protocol::RequestComplete));
    bytes
}

/// A whole answer that is at hand.
pub fn answer(id: u16, text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 4 * HEADER);
    for piece in text.chunks(CONTENT_MAX) {
        bytes.extend(stdout(id, piece.len()));
        bytes.extend(piece);
    }
    bytes.extend(end(id));
    bytes
}

/// The records of a request without a body, for the server's own questions to itself.
pub fn question(variables: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in variables {
        for text in [name, value] {
            block.extend((text.len() as u32 | 1 << 31).to_be_bytes());
        }
        block.extend(name.as_bytes());
        block.extend(value.as_bytes());
    }
    let mut bytes = record(BEGIN_REQUEST, 1, HEADER).to_vec();
    bytes.extend([0, RESPONDER as u8, 0, 0, 0, 0, 0, 0]);
    for piece in block.chunks(CONTENT_MAX) {
        bytes.extend(record(PARAMS, 1, piece.len()));
        bytes.extend(piece);
    }
    bytes.extend(record(PARAMS, 1, 0));
    bytes.extend(record(STDIN, 1, 0));
    bytes
}

#[cfg(test)]
mod tests;
