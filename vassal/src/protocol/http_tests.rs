//! Heads that have to be read, and heads that have to be refused.

use super::*;

fn read(text: &str) -> (Parsed, Request) {
    let mut request = Request::default();
    (parse(text.as_bytes(), &mut request), request)
}

fn status(text: &str) -> u16 {
    match read(text).0 {
        Parsed::Refused(refusal) => refusal.status,
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn a_request_is_read_and_every_prefix_of_it_is_incomplete() {
    let text = "POST /a%20b/%E2%82%AC?q=1&r=%20 HTTP/1.1\r\nHost: ex.test:80\r\n\
                Content-Length: 5\r\nX-Dup: one\r\nx-dup:two \t\r\nCookie: a=1\r\nCookie: b=2\r\n\r\nhello";
    let head = text.len() - 5;
    for cut in 0..head {
        assert_eq!(read(&text[..cut]).0, Parsed::Incomplete, "{cut}");
    }
    let (parsed, request) = read(text);
    assert_eq!(parsed, Parsed::Complete(head));
    let bytes = |span| String::from_utf8_lossy(request.bytes(text.as_bytes(), span)).into_owned();
    assert_eq!(bytes(request.method), "POST");
    assert_eq!(bytes(request.path), "/a b/€");
    assert_eq!(bytes(request.query), "q=1&r=%20");
    assert_eq!(bytes(request.target), "/a%20b/%E2%82%AC?q=1&r=%20");
    let fields: Vec<_> =
        request.fields.iter().map(|field| (bytes(field.name), bytes(field.value))).collect();
    let want = [
        ("Host", "ex.test:80"),
        ("Content-Length", "5"),
        ("X-Dup", "one, two"),
        ("Cookie", "a=1; b=2"),
    ];
    assert_eq!(fields, want.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(request.length, Length::Known(5));
    assert!(request.keep_alive);
}

#[test]
fn an_absolute_target_names_the_host_and_leaves_a_clean_path() {
    let text = "GET http://a.test:8/x?y HTTP/1.1\r\nHost: b.test\r\n\r\n";
    let (parsed, request) = read(text);
    assert!(matches!(parsed, Parsed::Complete(_)));
    assert_eq!(request.bytes(text.as_bytes(), request.path), b"/x");
    assert_eq!(request.bytes(text.as_bytes(), request.query), b"y");
    let authority = request.authority.expect("it was absolute");
    assert_eq!(request.bytes(text.as_bytes(), authority), b"a.test:8");
    let text = "GET http://a.test HTTP/1.1\r\nHost: b.test\r\n\r\n";
    let (_, request) = read(text);
    assert_eq!(request.bytes(text.as_bytes(), request.path), b"/");
}

#[test]
fn hosts_have_the_form_of_a_uri() {
    for host in ["", "a", "a.test:80", "a:", "127.0.0.1:1", "[::1]", "[::1]:80", "[v1.x]", "a_b%41"]
    {
        let text = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert!(matches!(read(&text).0, Parsed::Complete(_)), "{host}");
    }
    let (_, request) = read("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((request.target.len(), request.path.len()), (1, 0));
}

#[test]
fn keep_alive_follows_version_and_connection() {
    let keeps = |head: &str| read(&format!("GET / {head}\r\n\r\n")).1.keep_alive;
    assert!(keeps("HTTP/1.1\r\nHost: a"));
    assert!(!keeps("HTTP/1.1\r\nHost: a\r\nConnection: foo, Close"));
    assert!(!keeps("HTTP/1.0"));
    assert!(keeps("HTTP/1.0\r\nConnection: keep-alive"));
}

#[test]
fn names_with_underscores_never_meet_their_twins() {
    let (parsed, request) = read("GET / HTTP/1.1\r\nHost: a\r\nX_User: root\r\nX-User: me\r\n\r\n");
    assert!(matches!(parsed, Parsed::Complete(_)));
    assert_eq!(request.fields.len(), 2);
}

#[test]
fn bodies_have_one_length() {
    let head = |rest: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{rest}\r\n\r\n");
    assert_eq!(read(&head("Transfer-Encoding: chunked")).1.length, Length::Chunked);
    assert_eq!(read(&head("Content-Length: 0")).1.length, Length::None);
    for rest in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5, 5",
        "Content-Length: +5",
        "Content-Length: 0x5",
        "Content-Length: ",
        "Content-Length: 5 5",
        "Content-Length: 18446744073709551616",
    ] {
        assert_eq!(status(&head(rest)), 400, "{rest}");
    }
    for rest in ["xchunked", "", "chunked, gzip", "identity", "chunked;a=b", "chunked, chunked"] {
        assert_eq!(status(&head(&format!("Transfer-Encoding: {rest}"))), 400, "{rest}");
    }
    let twice = "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked";
    assert_eq!(status(&head(twice)), 400);
    assert_eq!(status(&head("Transfer-Encoding: gzip, chunked")), 501);
    assert_eq!(status("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

#[test]
fn what_two_readers_could_understand_differently_is_refused() {
    for text in [
        "GARBAGE\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET / FTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\rc\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\nX-B: c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: []\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: caf\u{e9}\r\n\r\n",
        "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://:80/x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://u@a/x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        "\0\0\0\0",
        "\x16\x03\x01",
    ] {
        assert_eq!(status(text), 400, "{text:?}");
    }
    assert_eq!(status("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
    assert_eq!(status("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"), 417);
}

#[test]
fn large_heads_get_their_own_status() {
    let long = "x".repeat(TARGET_MAX + 1);
    assert_eq!(status(&format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n")), 414);
    let big = "x".repeat(HEAD_MAX);
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {big}\r\n\r\n")), 431);
    let many = "X-A: 1\r\n".repeat(FIELDS_MAX);
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n")), 431);
}

#[test]
fn bytes_of_any_kind_never_panic() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let seedling = b"GET /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX: y\r\n\r\n";
    let mut request = Request::default();
    for _ in 0..20_000 {
        let mut bytes = seedling.to_vec();
        for _ in 0..3 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let at = (seed >> 8) as usize % bytes.len();
            bytes[at] = seed as u8;
        }
        if let Parsed::Complete(end) = parse(&bytes, &mut request) {
            assert!(end <= bytes.len());
            for field in &request.fields {
                request.bytes(&bytes, field.value);
            }
        }
    }
}
