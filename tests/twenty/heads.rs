//! Heads of requests.

use tests::http::Response;
use tests::{Subject, only};

use crate::{All, GATEWAYS, WIRES, Wire, status};

/// What bytes on a connection of their own are answered with.
#[track_caller]
fn answer(all: &All, bytes: impl AsRef<[u8]>) -> Response {
    let shown = String::from_utf8_lossy(bytes.as_ref()).into_owned();
    let mut client = all.connect(Wire::Http);
    client.send(bytes).expect("the server reads");
    let seen = client.response(true).unwrap_or_else(|error| panic!("{shown:?}: {error}"));
    if seen.status >= 400 {
        assert_eq!(seen.header("connection"), Some("close"), "{shown:?}");
        assert_eq!(client.rest(), b"", "{shown:?}: more than one answer");
    }
    seen
}

#[test]
fn behaviour_04_one_valid_host_and_absolute_targets() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&[]);
    for fields in [
        "",
        "Host: a\r\nHost: a\r\n",
        "Host: a\r\nHost: b\r\n",
        "Host: a, b\r\n",
        "Host: a b\r\n",
        "Host: a/b\r\n",
        "Host: u@a\r\n",
        "Host: a:b\r\n",
        "Host: [::1\r\n",
        "Host: a\"b\r\n",
        "Host: <a>\r\n",
    ] {
        let seen = answer(&all, format!("GET /environ HTTP/1.1\r\n{fields}\r\n"));
        assert_eq!(seen.status, 400, "{fields:?}");
    }
    for (host, target, told) in [
        ("a.test:81", "/environ/x?q", "a.test:81"),
        ("[::1]:8080", "/environ/x?q", "[::1]:8080"),
        ("inner.test", "http://outer.test:82/environ/x?q", "outer.test:82"),
        ("inner.test", "HTTP://outer.test/environ/x?q", "outer.test"),
    ] {
        let seen = answer(&all, format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")).json();
        let found = ["HTTP_HOST", "PATH_INFO", "QUERY_STRING"].map(|key| seen[key].clone());
        assert_eq!(found, [told, "/environ/x", "q"].map(serde_json::Value::from), "{target}");
    }
    let seen = answer(&all, "GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n").json();
    assert_eq!((&seen["PATH_INFO"], &seen["QUERY_STRING"]), (&"/".into(), &"q".into()));
    all.stop();
}

#[test]
fn behaviour_05_request_lines_are_checked_and_the_version_is_the_servers() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&[]);
    for line in [
        "GET /hello",
        "GET  /hello HTTP/1.1",
        "GET /hello  HTTP/1.1",
        "GET /hello HTTP/1.1 ",
        "GET /hel lo HTTP/1.1",
        "GET\t/hello HTTP/1.1",
        " GET /hello HTTP/1.1",
        "G\u{e9}T /hello HTTP/1.1",
        "GET hello HTTP/1.1",
        "GET /hello http/1.1",
        "GET /hello HTTP/1.1.1",
        "GET /hello HTTP/11",
        "GET /hello HTTQ/1.1",
        "GET /hello#part HTTP/1.1",
        "GET /%zz HTTP/1.1",
        "GET /a\u{1}b HTTP/1.1",
        "GET /a\0b HTTP/1.1",
    ] {
        let seen = answer(&all, format!("{line}\r\nHost: a\r\n\r\n"));
        assert_eq!((seen.status, seen.version.as_str()), (400, "HTTP/1.1"), "{line:?}");
    }
    for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/9.9"] {
        let seen = answer(&all, format!("GET /hello {version}\r\nHost: a\r\n\r\n"));
        assert_eq!((seen.status, seen.version.as_str()), (505, "HTTP/1.1"), "{version}");
    }
    for version in ["HTTP/1.0", "HTTP/1.1", "HTTP/1.9"] {
        let seen = answer(&all, format!("GET /hello {version}\r\nHost: a\r\n\r\n"));
        assert_eq!((seen.status, seen.version.as_str()), (200, "HTTP/1.1"), "{version}");
    }
    for version in ["HTTP/1.0", "HTTP/2.0", "HTTP/3.0", "nonsense", ""] {
        let vars =
            [("SERVER_PROTOCOL", version), ("PATH_INFO", "/hello"), ("REQUEST_METHOD", "GET")];
        let seen = all.raw(Wire::Uwsgi, &vars, b"");
        let start = String::from_utf8_lossy(&seen[..seen.len().min(15)]).into_owned();
        assert_eq!(start, "HTTP/1.1 200 OK", "{version:?}");
    }
    all.stop();
}

#[test]
fn behaviour_06_fields_have_their_syntax_and_latin_1_both_ways() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&[]);
    for field in [
        "X-A : b",
        "X-A\t: b",
        "X A: b",
        "X(A): b",
        "X\u{e9}: b",
        ": b",
        "no colon",
        " folded: b",
        "X-A: b\r\n folded",
        "X-A: b\0c",
        "X-A: b\rc",
        "X-A: b\nX-B: c",
        "X-A: b\u{1}c",
        "X-A: b\u{7f}c",
    ] {
        let seen = answer(&all, format!("GET /hello HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n"));
        assert_eq!(seen.status, 400, "{field:?}");
    }
    let head =
        b"GET /environ HTTP/1.1\r\nHost:a\r\nX-A:\t b \xe9\xff \t\r\nX-B:\r\nX-C: a\tb\r\n\r\n";
    let seen = answer(&all, head).json();
    assert_eq!(seen["HTTP_X_A"], "b \u{e9}\u{ff}");
    assert_eq!((&seen["HTTP_X_B"], &seen["HTTP_X_C"]), (&"".into(), &"a\tb".into()));
    for wire in WIRES {
        let seen = all.get(wire, "/latin/x");
        assert_eq!(seen.header("x-latin"), Some("caf\u{e9}"), "{wire:?}");
    }
    all.stop();
}

#[test]
fn behaviour_07_underscores_never_pose_as_hyphens() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&[]);
    for fields in [
        "X_Real_Ip: forged\r\nX-Real-Ip: honest",
        "X-Real-Ip: honest\r\nX_Real_Ip: forged",
        "X-Real-Ip: honest\r\nX-Real_Ip: forged\r\nX_Real-Ip: forged",
    ] {
        let text = format!("GET /environ HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
        assert_eq!(answer(&all, text).json()["HTTP_X_REAL_IP"], "honest", "{fields}");
    }
    let text = "GET /environ HTTP/1.1\r\nHost: a\r\nX_Real_Ip: forged\r\nContent_Length: 5\r\n\r\n";
    let seen = answer(&all, text).json();
    for key in ["HTTP_X_REAL_IP", "HTTP_CONTENT_LENGTH"] {
        assert!(seen.get(key).is_none(), "{key} in {seen}");
    }
    all.stop();
}

#[test]
fn behaviour_08_an_error_before_the_first_byte_is_a_500_everywhere() {
    if !only(Subject::Ours) {
        return;
    }
    let all = All::start(&[]);
    let broken =
        ["/boom", "/boom-after", "/none", "/nostart", "/empty-then-boom", "/nothing-there"];
    for wire in WIRES {
        for path in broken {
            let seen = all.get(wire, path);
            assert_eq!(seen.status, 500, "{wire:?} {path}");
            assert_eq!(seen.text(), "Internal Server Error", "{wire:?} {path}");
        }
    }
    assert!(all.server.log().contains("RuntimeError: raised before the head"));
    for wire in GATEWAYS {
        let vars = [("PATH_INFO", "/boom"), ("REQUEST_METHOD", "HEAD")];
        assert_eq!(status(&all.raw(wire, &vars, b"")), Some(500), "{wire:?}");
    }
    all.stop();
}
