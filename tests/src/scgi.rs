//! A client of SCGI: a netstring of variables, the body; the answer ends with the connection.

use std::io;

use crate::http::{Client, Place, Response, of_cgi};
use crate::uwsgi::variables;

/// The head of a request.
pub fn head(vars: &[(&str, &str)]) -> Vec<u8> {
    let mut block = String::new();
    for text in vars.iter().flat_map(|(name, value)| [name, value]) {
        block += text;
        block.push('\0');
    }
    format!("{}:{block},", block.len()).into_bytes()
}

/// What nginx sends with `PATH_INFO` set and an empty `SCRIPT_NAME`.
pub fn usual<'a>(method: &'a str, uri: &'a str, length: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut vars = vec![("CONTENT_LENGTH", length), ("SCGI", "1"), ("SCRIPT_NAME", "")];
    let rest = variables(method, uri, length).into_iter();
    vars.extend(rest.filter(|(name, _)| *name != "CONTENT_LENGTH"));
    vars
}

/// One request as nginx would send it.
pub fn ask(place: impl Into<Place>, method: &str, uri: &str, body: &[u8]) -> io::Result<Response> {
    let mut client = Client::connect(place)?;
    client.send(head(&usual(method, uri, &body.len().to_string())))?;
    client.send(body)?;
    of_cgi(&client.rest())
}
