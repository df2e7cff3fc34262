//! A request as rules see it: variables by the names of CGI, whatever protocol brought them.

use shared::settings::Wire;

use super::connection::Peer;
use crate::request::{Request, Version};

/// A request as rules see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    /// The parsed head.
    pub(crate) request: &'a Request,
    /// The bytes that its spans point into.
    pub(crate) head: &'a [u8],
    /// What was spoken.
    pub(crate) wire: Wire,
    /// Whether it was spoken over TLS.
    pub(crate) secure: bool,
    /// Who sent it.
    pub(crate) peer: &'a Peer,
    /// `SERVER_PORT` of the listener.
    pub(crate) port: &'a str,
}

/// What surrounds a request while rules may still change it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// The bytes that the request's spans point into.
    pub(crate) head: &'a [u8],
    /// What was spoken.
    pub(crate) wire: Wire,
    /// Whether it was spoken over TLS.
    pub(crate) secure: bool,
    /// Who sent it.
    pub(crate) peer: &'a Peer,
    /// `SERVER_PORT` of the listener.
    pub(crate) port: &'a str,
}

impl<'a> Frame<'a> {
    /// The request as it is now.
    pub(crate) fn view<'r>(self, request: &'r Request) -> View<'r>
    where
        'a: 'r,
    {
        let Self { head, wire, secure, peer, port } = self;
        View { request, head, wire, secure, peer, port }
    }
}

impl<'a> View<'a> {
    /// The value of a variable; `None` where the request has none of that name.
    pub(crate) fn variable(&self, name: &[u8]) -> Option<&'a [u8]> {
        let (request, head) = (self.request, self.head);
        let set = request.variables.iter().rev();
        for field in set {
            if request.bytes(head, field.name) == name {
                return Some(request.bytes(head, field.value));
            }
        }
        match name {
            b"REQUEST_METHOD" => return Some(request.bytes(head, request.method)),
            b"REQUEST_URI" => return Some(request.bytes(head, request.target)),
            b"PATH_INFO" => return Some(request.bytes(head, request.path)),
            b"QUERY_STRING" => return Some(request.bytes(head, request.query)),
            _ => {}
        }
        if self.wire.has_variables() {
            let same = |span| request.bytes(head, span) == name;
            let field = request.fields.iter().rev().find(|field| same(field.name))?;
            return Some(request.bytes(head, field.value));
        }
        match name {
            b"SERVER_PROTOCOL" => Some(match request.version {
                Version::Http10 => b"HTTP/1.0",
                Version::Http11 => b"HTTP/1.1",
            }),
            b"SCRIPT_NAME" => Some(b""),
            b"HTTPS" => self.secure.then_some(b"on"),
            b"SERVER_PORT" => Some(self.port.as_bytes()),
            b"REMOTE_ADDR" => Some(self.peer.address.as_bytes()),
            b"REMOTE_PORT" => Some(self.peer.port.as_bytes()),
            b"HTTP_HOST" if request.authority.is_some() => {
                request.authority.map(|span| request.bytes(head, span))
            }
            b"CONTENT_TYPE" | b"CONTENT_LENGTH" => self.field(name),
            b"HTTP_CONTENT_TYPE" | b"HTTP_CONTENT_LENGTH" => None,
            _ => self.field(name.strip_prefix(b"HTTP_")?),
        }
    }

    /// The value of a header field, whose name is written as CGI does.
    fn field(&self, name: &[u8]) -> Option<&'a [u8]> {
        let same = |one: &[u8]| {
            one.len() == name.len()
                && one.iter().zip(name).all(|(byte, wanted)| match byte {
                    b'-' => *wanted == b'_',
                    b'_' => false,
                    byte => byte.to_ascii_uppercase() == *wanted,
                })
        };
        let fields = &self.request.fields;
        let found = fields.iter().find(|field| same(self.request.bytes(self.head, field.name)))?;
        Some(self.request.bytes(self.head, found.value))
    }

    /// Whether a file could be the answer: only GET and HEAD ask for one.
    pub(crate) fn reads(&self) -> bool {
        matches!(self.request.bytes(self.head, self.request.method), b"GET" | b"HEAD")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Parsed, http};

    #[test]
    fn header_fields_have_the_names_of_cgi() {
        let head =
            b"GET http://outer/a%20b?c=d HTTP/1.1\r\nHost: inner\r\nX-Forwarded-Proto: https\r\n\
            content-type: text/x\r\n\r\n";
        let mut request = Request::default();
        assert!(matches!(http::parse(head, &mut request), Parsed::Complete(_)));
        request.set(b"MINE", b"yes");
        request.set(b"MINE", b"no");
        let peer = Peer { address: "10.0.0.1".into(), port: "5".into() };
        let view = View {
            request: &request,
            head,
            wire: Wire::Http,
            secure: true,
            peer: &peer,
            port: "80",
        };
        for (name, expected) in [
            ("REQUEST_METHOD", Some("GET")),
            ("REQUEST_URI", Some("http://outer/a%20b?c=d")),
            ("PATH_INFO", Some("/a b")),
            ("QUERY_STRING", Some("c=d")),
            ("HTTP_HOST", Some("outer")),
            ("HTTP_X_FORWARDED_PROTO", Some("https")),
            ("HTTP_X-FORWARDED_PROTO", None),
            ("CONTENT_TYPE", Some("text/x")),
            ("HTTP_CONTENT_TYPE", None),
            ("REMOTE_ADDR", Some("10.0.0.1")),
            ("SERVER_PROTOCOL", Some("HTTP/1.1")),
            ("HTTPS", Some("on")),
            ("MINE", Some("no")),
            ("REMOTE_USER", None),
            ("HTTP_", None),
        ] {
            let found = view.variable(name.as_bytes()).map(|value| str::from_utf8(value).unwrap());
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(request.variables.len(), 1);
    }
}
