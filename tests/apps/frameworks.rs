//! The same site, written for each framework, does the same through each protocol, at the root
//! and below a mount, and nothing on the way breaks a rule of `wsgiref.validate`.

use std::net::SocketAddr;

use tests::front::Behind;
use tests::http::{self, Place, Response};
use tests::server::SOON;
use tests::wire::Wire;
use tests::{Dir, Run, Server, Subject, eventually, free_address, python, subject};

/// The frameworks; `of_NAME.py` is the site of each.
pub(crate) const FRAMEWORKS: [&str; 5] = ["flask", "pyramid", "bottle", "falcon", "django"];

/// A server of sites, with a TCP socket for each protocol.
pub(crate) struct Sites {
    /// The process.
    pub(crate) server: Server,
    /// Its sockets.
    pub(crate) behind: Behind,
    /// Its directory, with `file.bin` in it.
    pub(crate) dir: Dir,
}

impl Sites {
    /// Starts it with the arguments that say what is served; `None` without the frameworks.
    pub(crate) fn start(words: &[&str]) -> Option<Self> {
        let venv = python::frameworks()?;
        let dir = Dir::new();
        for name in FRAMEWORKS {
            let text = std::fs::read(tests::apps().join(format!("frameworks/of_{name}.py")));
            dir.write(format!("of_{name}.py"), text.expect("it is in the repository"));
        }
        let text = std::fs::read(tests::apps().join("frameworks/chained.py"));
        dir.write("chained.py", text.expect("it is in the repository"));
        dir.write("file.bin", bytes());
        dir.write("assets/style.css", "body { color: black }\n");
        let [http, uwsgi, fastcgi, scgi] = std::array::from_fn(|_| free_address());
        let server = Run::uwsgi(&dir)
            .args(["--http-socket", &http.to_string(), "--socket", &uwsgi.to_string()])
            .args(["--fastcgi-socket", &fastcgi.to_string(), "--scgi-socket", &scgi.to_string()])
            .args(["--master", "--threads", "2", "--env", "PYTHONDONTWRITEBYTECODE=1", "--home"])
            .arg(venv)
            .args(words)
            .start();
        for address in [http, uwsgi, fastcgi, scgi] {
            server.await_tcp(address);
        }
        // five frameworks at a time are a long import on a busy machine
        eventually("the sites are imported", 4 * SOON, || {
            http::get(http, "/").map_err(|error| format!("{error}\n{}", server.tail()))
        });
        Some(Self { server, behind: Behind { http, uwsgi, fastcgi, scgi }, dir })
    }

    /// Every site below its own mount: `/flask`, `/pyramid` ...
    pub(crate) fn mounted() -> Option<Self> {
        let mounts = FRAMEWORKS.map(|name| format!("--mount=/{name}=of_{name}.py"));
        let mut words: Vec<&str> = mounts.iter().map(String::as_str).collect();
        words.push("--manage-script-name");
        Self::start(&words)
    }

    /// Where it speaks a protocol.
    pub(crate) fn address(&self, wire: Wire) -> SocketAddr {
        match wire {
            Wire::Http => self.behind.http,
            Wire::Uwsgi => self.behind.uwsgi,
            Wire::Fastcgi => self.behind.fastcgi,
            Wire::Scgi => self.behind.scgi,
        }
    }

    /// A visit through each protocol.
    pub(crate) fn visit(&self, name: &str, prefix: &str) {
        for wire in Wire::ALL {
            let place = Place::from(self.address(wire));
            visit(&format!("{name} over {wire:?}"), prefix, &|method, uri, fields, body| {
                wire.ask(&place, method, uri, fields, body)
                    .unwrap_or_else(|error| panic!("{name} over {wire:?}: {uri}: {error}"))
            });
        }
    }

    /// Stops it: no assertion of the validator may have failed.
    pub(crate) fn stop(self) {
        let log = self.server.log();
        assert!(!log.contains("in assert_"), "{log}");
        self.server.stop();
    }
}

/// What `file.bin` holds: more than sockets take at once.
fn bytes() -> Vec<u8> {
    (0..700_000_u32).map(|n| (n % 251) as u8).collect()
}

/// One request: method, path with query, fields, body.
pub(crate) type Ask<'a> = dyn Fn(&str, &str, &[(&str, &str)], &[u8]) -> Response + 'a;

/// What a browser does on a site below a prefix. All expectations, for each framework the same.
pub(crate) fn visit(who: &str, prefix: &str, ask: &Ask<'_>) {
    let get = |path: &str| ask("GET", &format!("{prefix}{path}"), &[], b"");
    let page = get("/");
    assert_eq!((page.status, page.text().as_str()), (200, "<h1>start</h1>\n"), "{who}");
    let kind = page.header("content-type").unwrap_or_default().to_lowercase();
    assert!(kind.starts_with("text/html"), "{who}: {kind}");
    let head = ask("HEAD", &format!("{prefix}/"), &[], b"");
    assert_eq!(head.status, 200, "{who}: HEAD");
    // the original leaves it to the web server to drop the body, where it does not speak HTTP
    assert!(head.body.is_empty() || subject() == Subject::Uwsgi, "{who}: HEAD");
    let length = head.header("content-length");
    // Apache now and then drops it, when what it got by SCGI ends a moment after its head
    let dropped = length.is_none() && who.ends_with("Apache over scgi");
    assert!(dropped || length == page.header("content-length"), "{who}: HEAD: {length:?}");

    let moved = get("/go");
    let place = moved.header("location").unwrap_or_default();
    let place = place.strip_prefix("http://example.test").unwrap_or(place);
    assert_eq!((moved.status, place), (302, &*format!("{prefix}/landed")), "{who}");
    assert_eq!(ask("GET", place, &[], b"").text(), "landed", "{who}");

    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let entered = ask("POST", &format!("{prefix}/form"), &form, b"name=J%C3%BCrgen&more=1");
    assert_eq!(entered.json()["name"], "J\u{fc}rgen", "{who}: form");
    assert_eq!(get("/session").json()["name"], serde_json::Value::Null, "{who}: no session");
    let cookie = set(&entered, "session").join("; ");
    let fields = [("Cookie", cookie.as_str())];
    let seen = ask("GET", &format!("{prefix}/session"), &fields, b"");
    assert_eq!(seen.json()["name"], "J\u{fc}rgen", "{who}: session {cookie}");
    assert_eq!(set(&get("/cookies"), ""), ["a=1", "b=2"], "{who}: two cookies");

    let json = [("Content-Type", "application/json")];
    let total = ask("POST", &format!("{prefix}/json"), &json, b"{\"numbers\": [1, 2, 3]}");
    assert_eq!(total.json()["sum"], 6, "{who}: JSON");
    upload(who, prefix, ask);

    let stream = get("/stream").text();
    assert_eq!((stream.lines().count(), stream.lines().last()), (2000, Some("line 1999")), "{who}");
    let file = get("/file");
    assert_eq!((file.status, file.body == bytes()), (200, true), "{who}: a file");
    assert_eq!(get("/missing").status, 404, "{who}: missing");
    if subject() == Subject::Ours {
        // the original ends the connection without a word when an application raises
        assert_eq!(get("/boom").status, 500, "{who}: boom");
    }
    assert_eq!(ask("DELETE", &format!("{prefix}/go"), &[], b"").status, 405, "{who}: DELETE");

    let seen = get("/h%C3%A4llo/w%C3%B6rld%20x?q=%C3%BC%26+z").json();
    let url = format!("http://example.test{prefix}/h%C3%A4llo/w%C3%B6rld%20x");
    for (key, value) in [
        ("name", "w\u{f6}rld x"),
        ("q", "\u{fc}& z"),
        ("path", "/h\u{e4}llo/w\u{f6}rld x"),
        ("script", prefix),
    ] {
        assert_eq!(seen[key], value, "{who}: {key}");
    }
    // frameworks write a path's letters plainly or encoded
    let written = seen["url"].as_str().unwrap_or_default();
    let written = written.replace('\u{e4}', "%C3%A4").replace('\u{f6}', "%C3%B6");
    assert_eq!(written.replace(' ', "%20"), url, "{who}: url");
}

/// A file and a field of a form, several times what stays in memory.
fn upload(who: &str, prefix: &str, ask: &Ask<'_>) {
    let data = bytes();
    let part = "--edge\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\ngr\u{fc}n\r\n\
                --edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\
                Content-Type: application/octet-stream\r\n\r\n";
    let body = [part.as_bytes(), &data, b"\r\n--edge--\r\n"].concat();
    let fields = [("Content-Type", "multipart/form-data; boundary=edge")];
    let seen = ask("POST", &format!("{prefix}/upload"), &fields, &body).json();
    assert_eq!((&seen["name"], &seen["note"]), (&"a.bin".into(), &"gr\u{fc}n".into()), "{who}");
    assert_eq!((&seen["size"], &seen["sum"]), (&data.len().into(), &SUM.into()), "{who}: upload");
}

/// SHA-256 of `file.bin`.
const SUM: &str = "f101963580e7deb59f09073f328223c0f1311e93fddc2b4b1c6b6037590dd5a1";

/// The cookies that an answer sets, those whose names begin so, as a browser sends them back.
fn set(answer: &Response, start: &str) -> Vec<String> {
    let fields = answer.headers.iter();
    let values = fields.filter(|(key, _)| key.eq_ignore_ascii_case("set-cookie"));
    let pairs = values.filter_map(|(_, value)| value.split(';').next());
    pairs.filter(|pair| pair.starts_with(start)).map(str::to_owned).collect()
}

#[test]
fn each_framework_is_the_same_through_every_protocol_and_valid() {
    for name in FRAMEWORKS {
        let file = format!("of_{name}.py");
        let Some(sites) = Sites::start(&["--wsgi-file", &file, "--callable", "validated"]) else {
            return;
        };
        sites.visit(name, "");
        sites.stop();
    }
}

#[test]
fn each_framework_is_the_same_below_a_mount() {
    let Some(sites) = Sites::mounted() else { return };
    for name in FRAMEWORKS {
        sites.visit(name, &format!("/{name}"));
    }
    sites.stop();
}
