//! A client of the uwsgi protocol: four bytes, variables, a raw body; the answer is HTTP text that
//! ends with the connection.

use std::io;

use crate::http::{Client, Place, Response};
use crate::programs::{Subject, subject};

/// A packet: modifiers, and the variables in order.
pub fn packet(modifiers: (u8, u8), vars: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (key, value) in vars {
        for text in [key, value] {
            block.extend_from_slice(
                &u16::try_from(text.len()).expect("16 bits of length").to_le_bytes(),
            );
            block.extend_from_slice(text.as_bytes());
        }
    }
    let [low, high] = u16::try_from(block.len()).expect("16 bits of length").to_le_bytes();
    let mut bytes = vec![modifiers.0, low, high, modifiers.1];
    bytes.extend(block);
    bytes
}

/// The variables that nginx's `uwsgi_params` sends for a request.
pub fn variables<'a>(method: &'a str, uri: &'a str, length: &'a str) -> Vec<(&'a str, &'a str)> {
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    vec![
        ("QUERY_STRING", query),
        ("REQUEST_METHOD", method),
        ("CONTENT_TYPE", ""),
        ("CONTENT_LENGTH", length),
        ("REQUEST_URI", uri),
        ("PATH_INFO", path),
        ("DOCUMENT_ROOT", "/usr/share/nginx/html"),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("REQUEST_SCHEME", "http"),
        ("REMOTE_ADDR", "127.0.0.1"),
        ("REMOTE_PORT", "40000"),
        ("SERVER_PORT", "80"),
        ("SERVER_NAME", "example.test"),
        ("HTTP_HOST", "example.test"),
    ]
}

/// One request as nginx would send it.
pub fn ask(place: impl Into<Place>, method: &str, uri: &str, body: &[u8]) -> io::Result<Response> {
    let length = if body.is_empty() { String::new() } else { body.len().to_string() };
    let mut vars = variables(method, uri, &length);
    if subject() == Subject::Uwsgi {
        // nginx does not send it; ours adds it, without which wsgiref.validate stumbles
        vars.push(("SCRIPT_NAME", ""));
    }
    let mut client = Client::connect(place)?;
    client.send(packet((0, 0), &vars))?;
    client.send(body)?;
    client.response(method != "HEAD")
}

/// Sends bytes as they are and returns all that comes back until the end.
pub fn raw(place: impl Into<Place>, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut client = Client::connect(place)?;
    client.send(bytes)?;
    Ok(client.rest())
}
