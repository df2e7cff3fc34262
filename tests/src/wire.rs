//! One request, whatever carries it: the same method, path, fields and body over each protocol.

use std::io;

use crate::http::{self, Client, Place, Response};
use crate::programs::{Subject, subject};
use crate::{fastcgi, scgi, uwsgi};

/// A protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// HTTP/1.1.
    Http,
    /// The uwsgi protocol.
    Uwsgi,
    /// FastCGI.
    Fastcgi,
    /// SCGI.
    Scgi,
}

impl Wire {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Http, Self::Uwsgi, Self::Fastcgi, Self::Scgi];

    /// One request with fields, which are variables everywhere but in HTTP; the path is decoded
    /// there as web servers do it. The Host is `example.test`.
    ///
    /// # Errors
    /// Whatever keeps an answer from being read.
    pub fn ask(
        self,
        place: &Place,
        method: &str,
        uri: &str,
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Response> {
        if self == Self::Http {
            let lines: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            return http::ask(place.clone(), method, uri, &lines, body);
        }
        let length = if body.is_empty() { String::new() } else { body.len().to_string() };
        let path = decoded(uri.split('?').next().unwrap_or(uri));
        let named: Vec<(String, &str)> =
            fields.iter().map(|(name, value)| (variable(name), *value)).collect();
        let mut vars = match self {
            Self::Http | Self::Uwsgi => uwsgi::variables(method, uri, &length),
            Self::Fastcgi => fastcgi::usual(method, uri, &length),
            Self::Scgi if body.is_empty() => scgi::usual(method, uri, "0"),
            Self::Scgi => scgi::usual(method, uri, &length),
        };
        if self == Self::Uwsgi && subject() == Subject::Uwsgi {
            // the original has no SCRIPT_NAME where the web server sends none
            vars.push(("SCRIPT_NAME", ""));
        }
        vars.retain(|(name, _)| {
            *name != "PATH_INFO" && named.iter().all(|(given, _)| given != name)
        });
        vars.push(("PATH_INFO", &path));
        vars.extend(named.iter().map(|(name, value)| (name.as_str(), *value)));
        let mut client = Client::connect(place.clone())?;
        match self {
            Self::Http | Self::Uwsgi => {
                client.send([&uwsgi::packet((0, 0), &vars)[..], body].concat())?;
                client.response(method != "HEAD")
            }
            Self::Fastcgi => {
                client.send(fastcgi::request(1, false, &vars, body, 60_000))?;
                fastcgi::response(&mut client, 1)
            }
            Self::Scgi => {
                client.send([&scgi::head(&vars)[..], body].concat())?;
                http::of_cgi(&client.rest())
            }
        }
    }
}

/// The variable of a field, as CGI has it (RFC 3875, section 4.1.18).
fn variable(field: &str) -> String {
    let upper = field.to_uppercase().replace('-', "_");
    if upper == "CONTENT_TYPE" { upper } else { format!("HTTP_{upper}") }
}

/// A path without its percent signs; they have to be right, and text of UTF-8.
fn decoded(path: &str) -> String {
    let mut parts = path.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).expect("the test's own paths are right"));
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).expect("the test's own paths are text")
}
