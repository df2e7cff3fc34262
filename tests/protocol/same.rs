//! The same application sees the same request through every protocol.

use serde_json::Value;
use tests::http::{Place, Response};
use tests::nginx::Nginx;
use tests::{Subject, fastcgi, http, only, scgi, uwsgi};

use crate::Battery;

/// The request on each of the four wires.
fn all(battery: &Battery, method: &str, uri: &str, body: &[u8]) -> [Response; 4] {
    [
        http::ask(battery.http, method, uri, &[], body),
        uwsgi::ask(Place::from(battery.socket.as_path()), method, uri, body),
        fastcgi::ask(Place::from(battery.fastcgi.as_path()), method, uri, body),
        scgi::ask(Place::from(battery.scgi.as_path()), method, uri, body),
    ]
    .map(|answer| answer.expect("the server answers"))
}

/// What a request says about itself, whatever carries it.
const KEYS: [&str; 10] = [
    "REQUEST_METHOD",
    "REQUEST_URI",
    "PATH_INFO",
    "QUERY_STRING",
    "SCRIPT_NAME",
    "SERVER_PROTOCOL",
    "HTTP_HOST",
    "REMOTE_ADDR",
    "wsgi.url_scheme",
    "wsgi.input_terminated",
];

/// The variables that have to be equal, and the kinds of those of the server.
fn common(answer: &Response) -> Vec<Value> {
    let seen = answer.json();
    let server = ["wsgi.version", "wsgi.multithread", "wsgi.input", "wsgi.errors", "uwsgi.node"];
    KEYS.iter().chain(&server).map(|key| seen[*key].clone()).collect()
}

#[test]
fn the_environ_is_the_same_through_all_four() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&["--callable", "validated"]);
    for (method, uri, body) in [
        ("GET", "/environ/a?b=c&d=%20e", &b""[..]),
        ("GET", "/environ/", b""),
        ("POST", "/environ/a", b"body"),
    ] {
        let host = |answer: &Response| answer.json()["HTTP_HOST"].clone();
        let answers = all(&battery, method, uri, body);
        let [first, rest @ ..] = &answers;
        assert_eq!(host(first), "example.test");
        for other in rest {
            assert_eq!(common(first), common(other), "{method} {uri}");
            let length = other.json()["CONTENT_LENGTH"].as_str().unwrap_or("").to_owned();
            assert!(body.is_empty() && length.len() < 2 || length == "4", "{length:?}");
        }
    }
    let log = battery.server.log();
    assert!(!log.contains("wsgiref/validate.py"), "{log}");
    battery.stop();
}

#[test]
fn answers_are_the_same_through_all_four() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let body = vec![b'x'; 100_000];
    for (method, uri, body) in [
        ("GET", "/hello", &b""[..]),
        ("GET", "/nolength", b""),
        ("GET", "/generator", b""),
        ("GET", "/write", b""),
        ("GET", "/boom", b""),
        ("GET", "/exc-info", b""),
        ("GET", "/nobody", b""),
        ("GET", "/unchanged", b""),
        ("GET", "/latin", b""),
        ("GET", "/cookies", b""),
        ("GET", "/long", b""),
        ("POST", "/echo", b"hello"),
        ("POST", "/echo", &body),
        ("POST", "/lines", b"one\ntwo\nthree\nfour\n"),
    ] {
        let [first, rest @ ..] = all(&battery, method, uri, body);
        let own = |name: &str| {
            let connection = ["date", "connection", "transfer-encoding", "content-length"];
            !connection.iter().any(|one| name.eq_ignore_ascii_case(one))
        };
        let fields = |answer: &Response| {
            let mut list = answer.headers.clone();
            list.retain(|(name, _)| own(name));
            list
        };
        for other in rest {
            assert_eq!((first.status, &first.body), (other.status, &other.body), "{method} {uri}");
            assert_eq!(fields(&first), fields(&other), "{method} {uri}");
        }
    }
    battery.stop();
}

/// nginx in front, one location for each protocol, with the parameter files as they are packaged.
fn fronted(battery: &Battery, http: &str, more: &str) -> Option<Nginx> {
    let [socket, fcgi, scgi] = [&battery.socket, &battery.fastcgi, &battery.scgi]
        .map(|path| path.to_str().expect("the test's own paths are text"));
    let rewrite = "rewrite ^/(http|uwsgi|fastcgi|scgi)(/.*)$ $2 break;";
    let inside = format!(
        "{more}\n\
         location /http/ {{ {rewrite} proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
         proxy_set_header Host $http_host; proxy_pass http://{}; }}\n\
         location /uwsgi/ {{ {rewrite} include /etc/nginx/uwsgi_params; uwsgi_pass unix:{socket}; }}\n\
         location /fastcgi/ {{ {rewrite} include /etc/nginx/fastcgi_params;\n\
         fastcgi_keep_conn on; fastcgi_pass fcgi; }}\n\
         location /scgi/ {{ {rewrite} include /etc/nginx/scgi_params; scgi_pass unix:{scgi}; }}",
        battery.http
    );
    let http = format!("{http}\nupstream fcgi {{ server unix:{fcgi}; keepalive 2; }}");
    Nginx::start(&battery.dir, &http, &inside)
}

#[test]
fn whoever_speaks_another_protocol_is_told_which_option_would_serve_it() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&[]);
    let http = Place::from(battery.http);
    let [socket, fcgi, scgi_socket] =
        [&battery.socket, &battery.fastcgi, &battery.scgi].map(|path| Place::from(path.as_path()));
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
    let uwsgi_packet = uwsgi::packet((0, 0), &uwsgi::variables("GET", "/hello", ""));
    let records = fastcgi::request(1, false, &fastcgi::usual("GET", "/hello", ""), b"", 60_000);
    let netstring = scgi::head(&scgi::usual("GET", "/hello", "0"));
    let proxied = b"PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\nGET / HTTP/1.1\r\n\r\n".to_vec();
    for (places, bytes, option) in [
        (vec![&http, &socket, &fcgi, &scgi_socket], tls, "https"),
        (vec![&http, &fcgi, &scgi_socket], uwsgi_packet, "proxy_pass"),
        (vec![&http, &socket, &scgi_socket], records, "fastcgi-socket"),
        (vec![&http, &socket, &fcgi], netstring, "scgi-socket"),
        (vec![&http, &socket, &fcgi, &scgi_socket], proxied, "enable-proxy-protocol"),
    ] {
        for place in places {
            battery.server.forget_log();
            let seen = uwsgi::raw(place.clone(), &bytes).unwrap();
            let text = String::from_utf8_lossy(&seen);
            assert!(!text.contains("Hello World"), "{place:?} {option}: {text}");
            battery.server.expect_log(option);
        }
    }
    battery.stop();
}

#[test]
fn nginx_brings_the_same_request_through_all_four() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&["--chmod-socket=666"]);
    let Some(nginx) = fronted(&battery, "", "") else {
        tests::not_run("nginx is not installed");
        return battery.stop();
    };
    let environ = |wire: &str| {
        let path = format!("/{wire}/environ/a%20b?q=1&r=%20z");
        let lines = ["Cookie: a=1; b=2", "X-Test: yes", "X-Empty:"];
        http::ask(nginx.address, "GET", &path, &lines, b"").unwrap().json()
    };
    let first = environ("uwsgi");
    assert_eq!(first["PATH_INFO"], "/environ/a b");
    for wire in ["http", "fastcgi", "scgi"] {
        let seen = environ(wire);
        for key in [
            "REQUEST_METHOD",
            "PATH_INFO",
            "QUERY_STRING",
            "SCRIPT_NAME",
            "HTTP_COOKIE",
            "HTTP_X_TEST",
            "HTTP_HOST",
            "wsgi.url_scheme",
        ] {
            assert_eq!(seen[key], first[key], "{key} over {wire}");
        }
        if wire != "http" {
            for key in ["SERVER_PROTOCOL", "REMOTE_ADDR", "REQUEST_SCHEME", "DOCUMENT_ROOT"] {
                assert_eq!(seen[key], first[key], "{key} over {wire}");
            }
        }
    }
    let body: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
    for wire in ["http", "uwsgi", "fastcgi", "scgi"] {
        for _ in 0..3 {
            let seen = http::ask(nginx.address, "POST", &format!("/{wire}/echo"), &[], &body);
            assert_eq!(seen.unwrap().body.len(), body.len(), "{wire}");
            let seen = http::ask(nginx.address, "GET", &format!("/{wire}/big"), &[], b"");
            assert_eq!(seen.unwrap().body.len(), 80 * 65_536, "{wire}");
            let seen = http::get(nginx.address, &format!("/{wire}/boom")).unwrap();
            assert_eq!(seen.status, 500, "{wire}");
        }
    }
    nginx.server.stop();
    battery.stop();
}

#[test]
fn a_body_of_unknown_length_passes_through_nginx_without_a_buffer() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start(&["--chmod-socket=666"]);
    let more = "fastcgi_request_buffering off; proxy_request_buffering off;\n\
                uwsgi_request_buffering off; scgi_request_buffering off;";
    let Some(nginx) = fronted(&battery, "", more) else {
        tests::not_run("nginx is not installed");
        return battery.stop();
    };
    for wire in ["http", "uwsgi", "fastcgi", "scgi"] {
        let mut client = http::Client::connect(nginx.address).unwrap();
        let head = format!(
            "POST /{wire}/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
        );
        client.send(head).unwrap();
        client.send("6\r\n world\r\n0\r\n\r\n").unwrap();
        let seen = client.response(true).unwrap();
        assert_eq!((seen.status, seen.text().as_str()), (200, "hello world"), "{wire}");
    }
    nginx.server.stop();
    battery.stop();
}
