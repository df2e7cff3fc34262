//! A FastCGI client: records as they are asked for, and a strict reader of what comes back.

use std::io;

use crate::http::{Client, Place, Response, of_cgi};
use crate::uwsgi::variables;

/// Kinds of records.
pub const BEGIN: u8 = 1;
/// The client gives a request up.
pub const ABORT: u8 = 2;
/// The end of a request; the fifth byte says how.
pub const END: u8 = 3;
/// Variables.
pub const PARAMS: u8 = 4;
/// The body.
pub const STDIN: u8 = 5;
/// The answer.
pub const STDOUT: u8 = 6;
/// A question about the server.
pub const GET_VALUES: u8 = 9;
/// Its answer.
pub const GET_VALUES_RESULT: u8 = 10;

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: u8,
    /// The request's number.
    pub id: u16,
    /// What is in it.
    pub content: Vec<u8>,
}

/// A record to be sent.
pub fn record(kind: u8, id: u16, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("16 bits of length").to_be_bytes();
    let id = id.to_be_bytes();
    let mut bytes = vec![1, kind, id[0], id[1], length[0], length[1], 0, 0];
    bytes.extend_from_slice(content);
    bytes
}

/// The start of a request in a role (1: responder); `keep` leaves the connection open.
pub fn begin(id: u16, role: u8, keep: bool) -> Vec<u8> {
    record(BEGIN, id, &[0, role, keep.into(), 0, 0, 0, 0, 0])
}

/// Variables as they stand in PARAMS.
pub fn pairs(vars: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in vars {
        for text in [name, value] {
            match u8::try_from(text.len()) {
                Ok(short) if short < 0x80 => block.push(short),
                _ => {
                    let long = u32::try_from(text.len()).expect("32 bits of length") | 1 << 31;
                    block.extend_from_slice(&long.to_be_bytes());
                }
            }
        }
        block.extend_from_slice(name.as_bytes());
        block.extend_from_slice(value.as_bytes());
    }
    block
}

/// A whole request, its variables and its body in records of at most `step` bytes.
pub fn request(id: u16, keep: bool, vars: &[(&str, &str)], body: &[u8], step: usize) -> Vec<u8> {
    let mut bytes = begin(id, 1, keep);
    for (kind, content) in [(PARAMS, &pairs(vars)[..]), (STDIN, body)] {
        for piece in content.chunks(step) {
            bytes.extend(record(kind, id, piece));
        }
        bytes.extend(record(kind, id, b""));
    }
    bytes
}

/// What nginx sends with `PATH_INFO` set and an empty `SCRIPT_NAME`.
pub fn usual<'a>(method: &'a str, uri: &'a str, length: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut vars = variables(method, uri, length);
    vars.push(("SCRIPT_NAME", ""));
    vars
}

/// Reads the next record.
pub fn next(client: &mut Client) -> io::Result<Record> {
    let header = client.exactly(8)?;
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let content = client.exactly(length)?;
    client.exactly(header[6].into())?;
    if header[0] != 1 {
        return Err(io::Error::other(format!("no record of FastCGI: {header:?}")));
    }
    Ok(Record { kind: header[1], id: u16::from_be_bytes([header[2], header[3]]), content })
}

/// Reads the answer to a request up to its end: the answer's text.
pub fn text(client: &mut Client, id: u16) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    loop {
        let record = next(client)?;
        if record.id != id {
            return Err(io::Error::other(format!("a record of another request: {record:?}")));
        }
        match record.kind {
            STDOUT => text.extend(record.content),
            END if record.content == [0; 8] => return Ok(text),
            _ => return Err(io::Error::other(format!("no end of a request: {record:?}"))),
        }
    }
}

/// Reads the answer to a request.
pub fn response(client: &mut Client, id: u16) -> io::Result<Response> {
    of_cgi(&text(client, id)?)
}

/// One request as nginx would send it.
pub fn ask(place: impl Into<Place>, method: &str, uri: &str, body: &[u8]) -> io::Result<Response> {
    let length = if body.is_empty() { String::new() } else { body.len().to_string() };
    let mut client = Client::connect(place)?;
    client.send(request(1, false, &usual(method, uri, &length), body, 60_000))?;
    response(&mut client, 1)
}
