//! A Django site behind three middlewares, through each protocol: sessions, forms, uploads,
//! streams and errors are the same whatever carries them.

use std::net::SocketAddr;

use tests::http::{Place, Response};
use tests::wire::Wire;
use tests::{Dir, Run, Server, Subject, free_address, only, python};

/// The site, with a socket for each protocol.
struct Site {
    server: Server,
    http: SocketAddr,
    dir: Dir,
}

impl Site {
    fn start() -> Option<Self> {
        let venv = python::prepared()?;
        let dir = Dir::new();
        dir.app("wires.py");
        let http = free_address();
        let server = Run::uwsgi(&dir)
            .args(["--http-socket", &http.to_string(), "--socket", "a.uwsgi"])
            .args(["--fastcgi-socket", "a.fcgi", "--scgi-socket", "a.scgi", "--master"])
            .args(["--wsgi-file", "wires.py", "--threads", "2", "--home"])
            .arg(venv)
            .start();
        server.await_tcp(http);
        Some(Self { server, http, dir })
    }

    /// One request.
    fn ask(
        &self,
        wire: Wire,
        method: &str,
        uri: &str,
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let place = match wire {
            Wire::Http => Place::from(self.http),
            Wire::Uwsgi => Place::Unix(self.dir.join("a.uwsgi")),
            Wire::Fastcgi => Place::Unix(self.dir.join("a.fcgi")),
            Wire::Scgi => Place::Unix(self.dir.join("a.scgi")),
        };
        let seen = wire.ask(&place, method, uri, fields, body);
        seen.unwrap_or_else(|error| panic!("{wire:?} {method} {uri}: {error}"))
    }

    /// What a browser does on the site.
    fn visit(&self, wire: Wire) {
        let page = self.ask(wire, "GET", "/form/", &[], b"");
        assert_eq!(page.status, 200, "{wire:?}: {}", page.text());
        let stamps: Vec<&str> = page
            .headers
            .iter()
            .filter(|(name, _)| name == "X-Stamp")
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(stamps, ["inner", "outer"], "{wire:?}");
        let token = page.text();
        let cookie = format!("csrftoken={}", set(&page, "csrftoken"));
        let referer = "http://example.test/form/";
        let plain = "application/x-www-form-urlencoded";
        let form = format!("csrfmiddlewaretoken={token}&name=J%C3%BCrgen");
        let fields = [("Content-Type", plain), ("Cookie", &cookie), ("Referer", referer)];
        let refused = self.ask(wire, "POST", "/form/", &fields[..1], form.as_bytes());
        assert_eq!(refused.status, 403, "{wire:?}: without the cookie");
        let entered = self.ask(wire, "POST", "/form/", &fields, form.as_bytes());
        assert_eq!(entered.status, 302, "{wire:?}: {}", entered.text());
        let place = entered.header("location").unwrap_or_default().to_owned();
        assert_eq!(place, "/who/?from=J%C3%BCrgen", "{wire:?}");
        let session = format!("{cookie}; sessionid={}", set(&entered, "sessionid"));
        let who = self.ask(wire, "GET", &place, &[("Cookie", &session)], b"").json();
        assert_eq!((&who["name"], &who["from"]), (&"J\u{fc}rgen".into(), &"J\u{fc}rgen".into()));
        let url = "http://example.test/who/?from=J%C3%BCrgen";
        assert_eq!((&who["path"], &who["url"]), (&"/who/".into(), &url.into()), "{wire:?}");

        let data: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let part =
            b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
        let body = [&part[..], &data, b"\r\n--edge--\r\n"].concat();
        let kind = "multipart/form-data; boundary=edge";
        let fields = [
            ("Content-Type", kind),
            ("Cookie", cookie.as_str()),
            ("Referer", referer),
            ("X-CSRFToken", token.as_str()),
        ];
        let seen = self.ask(wire, "POST", "/upload/", &fields, &body);
        assert!(seen.text().starts_with("3000000 "), "{wire:?}: {}", seen.text());
        let seen = self.ask(wire, "GET", "/stream/", &[], b"").text();
        assert_eq!((seen.lines().count(), seen.lines().last()), (2000, Some("line 1999")));
        assert_eq!(self.ask(wire, "GET", "/who", &[], b"").status, 301, "{wire:?}");
        assert_eq!(self.ask(wire, "GET", "/nowhere/", &[], b"").status, 404, "{wire:?}");
        assert_eq!(self.ask(wire, "GET", "/boom/", &[], b"").status, 500, "{wire:?}");
    }
}

/// A cookie that an answer sets.
fn set(answer: &Response, name: &str) -> String {
    let mut values =
        answer.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case("set-cookie")).filter_map(
            |(_, value)| value.strip_prefix(name)?.strip_prefix('=')?.split(';').next(),
        );
    values.next().unwrap_or_else(|| panic!("no cookie {name} in {answer:?}")).to_owned()
}

#[test]
fn a_django_site_is_the_same_through_every_protocol() {
    if !only(Subject::Ours) {
        return;
    }
    let Some(site) = Site::start() else { return };
    for wire in Wire::ALL {
        site.visit(wire);
    }
    site.server.stop();
}
