//! All sites in one application, behind a chain of middlewares of PyPI and one of our own, with the
//! validator of the standard library between any two of them, or without it.

use std::io::Write;
use std::process::{Command, Stdio};

use tests::http::Place;
use tests::wire::Wire;

use crate::frameworks::{Ask, FRAMEWORKS, Sites};

/// What the middlewares themselves have to do, asked with fields that a proxy would set.
fn examine(who: &str, ask: &Ask<'_>) {
    let get = |uri: &str, fields: &[(&str, &str)]| ask("GET", uri, fields, b"");
    // the name, the scheme and the client that the proxy tells
    let told = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "shop.test")];
    let seen = get("/flask/h%C3%A4llo/a?q=1", &told).json();
    let url = seen["url"].as_str().unwrap_or_default();
    assert!(url.starts_with("https://shop.test/flask/h"), "{who}: {url}");

    // a file that a middleware serves: whole, unchanged, a part of it
    let style = get("/assets/style.css", &[]);
    assert_eq!(style.text(), "body { color: black }\n", "{who}");
    let date = style.header("last-modified").unwrap_or_else(|| panic!("{who}: {style:?}"));
    let again = get("/assets/style.css", &[("If-Modified-Since", date)]);
    assert_eq!((again.status, again.body.len()), (304, 0), "{who}");
    let part = get("/assets/style.css", &[("Range", "bytes=7-11")]);
    assert_eq!((part.status, part.text().as_str()), (206, "color"), "{who}");

    // an answer made smaller
    let small = get("/falcon/stream", &[("Accept-Encoding", "gzip")]);
    assert_eq!(small.header("content-encoding"), Some("gzip"), "{who}");
    let whole = unzipped(&small.body);
    assert!(small.body.len() < whole.len() / 2, "{who}");
    assert_eq!(whole, get("/falcon/stream", &[]).body, "{who}");
}

/// What a body was before it was compressed.
fn unzipped(body: &[u8]) -> Vec<u8> {
    let mut child = Command::new("gzip")
        .arg("-dc")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip is there");
    let mut input = child.stdin.take().expect("it has an input");
    input.write_all(body).expect("gzip reads; a pipe takes a small body");
    drop(input);
    child.wait_with_output().expect("gzip ends").stdout
}

#[test]
fn a_chain_of_middlewares_serves_every_site_through_every_protocol() {
    for callable in ["application", "validated"] {
        let words = ["--wsgi-file", "chained.py", "--callable", callable];
        let Some(sites) = Sites::start(&words) else { return };
        // Flask and werkzeug read without a size, which the validator forbids
        for name in FRAMEWORKS.iter().filter(|name| callable != "validated" || **name != "flask") {
            sites.visit(name, &format!("/{name}"));
        }
        for wire in Wire::ALL {
            let place = Place::from(sites.address(wire));
            examine(&format!("{callable} over {wire:?}"), &|method, uri, fields, body| {
                wire.ask(&place, method, uri, fields, body).expect("the server answers")
            });
        }
        sites.stop();
    }
}
