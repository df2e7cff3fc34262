//! `http-to-https`: sockets whose requests are sent to HTTPS.

use super::App;
use super::connection::{After, Connection};
use super::engine::{Core, Engine};
use super::serve::Step;
use crate::protocol::Refusal;
use crate::request::Request;

impl<A: App> Engine<A> {
    /// Answers a request with the same place by HTTPS (RFC 9110 section 15.4.2), on the usual
    /// port: what a client reaches there is known to the administrator alone.
    pub(super) fn redirect(
        &self,
        connection: &mut Connection,
        core: &mut Core<A::Core>,
        request: &Request,
        head: &[u8],
    ) -> Step {
        let target = request.bytes(head, request.target);
        let Some(host) = host(request, head).filter(|_| target.starts_with(b"/")) else {
            let nowhere = Refusal { status: 400, reason: "there is no host to redirect to" };
            return self.refuse(connection, core, nowhere);
        };
        let (epoch, date) = core.date();
        connection.output.hold(&[b"HTTP/1.1 301 Moved Permanently\r\nLocation: https://"]);
        connection.output.hold(&[host, target, b"\r\nContent-Length: 0\r\nDate: "]);
        connection.output.hold(&[date.as_bytes(), b"\r\nConnection: close\r\n\r\n"]);
        core.give_back(epoch, date);
        core.crowd = false;
        connection.input = Vec::new();
        connection.after = After::Linger;
        Step::Again
    }
}

/// The host that was asked, without its port.
fn host<'a>(request: &'a Request, head: &'a [u8]) -> Option<&'a [u8]> {
    let field = request.fields.iter().find(|field| {
        field.name.len() == 4 && request.bytes(head, field.name).eq_ignore_ascii_case(b"host")
    });
    let span = request.authority.or(field.map(|field| field.value))?;
    let host = request.bytes(head, span);
    let end = match host.first()? {
        b'[' => host.iter().position(|byte| *byte == b']')? + 1,
        _ => host.iter().position(|byte| *byte == b':').unwrap_or(host.len()),
    };
    Some(&host[..end]).filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Parsed, http};

    #[test]
    fn the_port_is_not_part_of_the_host() {
        for (field, wanted) in [
            ("a.example.org", Some("a.example.org")),
            ("a.example.org:8080", Some("a.example.org")),
            ("[::1]:80", Some("[::1]")),
        ] {
            let head = format!("GET / HTTP/1.1\r\nHost: {field}\r\n\r\n");
            let mut request = Request::default();
            assert!(matches!(http::parse(head.as_bytes(), &mut request), Parsed::Complete(_)));
            assert_eq!(host(&request, head.as_bytes()), wanted.map(str::as_bytes), "{field}");
        }
        let mut request = Request::default();
        let head = b"GET / HTTP/1.0\r\n\r\n";
        assert!(matches!(http::parse(head, &mut request), Parsed::Complete(_)));
        assert_eq!(host(&request, head), None);
    }
}
