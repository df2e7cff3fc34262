//! What the application answers, and what reaches the client of it.

use tests::http::{self, Client, Ended};
use tests::{Subject, only, subject};

use crate::Battery;

#[test]
fn a_list_a_generator_and_write_reach_the_client_whole() {
    let battery = Battery::start("validated");
    for (path, body) in [
        ("/hello", "Hello World"),
        ("/nolength", "Hello World"),
        ("/generator", "one two three"),
        ("/write", "written returned"),
    ] {
        for answer in battery.both("GET", path, b"") {
            assert_eq!((answer.status, answer.text().as_str()), (200, body), "{path}");
        }
    }
    battery.stop();
}

#[test]
fn kept_connections_serve_one_request_after_the_other() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("validated");
    let mut client = Client::connect(battery.http).unwrap();
    for (path, body, ended) in [
        ("/hello", "Hello World", Ended::Length),
        ("/nolength", "Hello World", Ended::Length),
        ("/generator", "one two three", Ended::Chunked),
        ("/hello", "Hello World", Ended::Length),
        ("/write", "written returned", Ended::Chunked),
        ("/nobody", "", Ended::None),
        ("/unchanged", "", Ended::None),
        ("/hello", "Hello World", Ended::Length),
    ] {
        let answer = client.get(path).unwrap();
        assert_eq!(answer.text(), body, "{path}");
        // a list of one part may be sent with its length or in chunks; a generator has no length
        assert!(answer.ended == ended || answer.ended == Ended::Chunked, "{path}: {answer:?}");
        assert_eq!(answer.version, "HTTP/1.1");
    }
    battery.stop();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    let mut client = Client::connect(battery.http).unwrap();
    let mut bytes = Vec::new();
    for path in ["/hello", "/generator", "/nolength", "/hello"] {
        bytes.extend(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes());
    }
    client.send(bytes).unwrap();
    for body in ["Hello World", "one two three", "Hello World", "Hello World"] {
        assert_eq!(client.response(true).unwrap().text(), body);
    }
    battery.stop();
}

#[test]
fn head_has_the_head_and_no_body() {
    let battery = Battery::start("validated");
    let mut client = Client::connect(battery.http).unwrap();
    client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let answer = client.response(false).unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-length"), Some("11"));
    if subject() == Subject::Ours {
        assert_eq!(client.rest(), b"", "a body after HEAD");
    }
    battery.stop();
}

#[test]
fn no_content_and_not_modified_have_no_body_and_no_length() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("validated");
    for (path, status) in [("/nobody", 204), ("/unchanged", 304)] {
        for answer in battery.both("GET", path, b"") {
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("transfer-encoding"), None, "{path}");
        }
    }
    battery.stop();
}

#[test]
fn old_clients_get_an_end_instead_of_chunks() {
    let battery = Battery::start("validated");
    let mut client = Client::connect(battery.http).unwrap();
    client.send("GET /generator HTTP/1.0\r\n\r\n").unwrap();
    let answer = client.response(true).unwrap();
    assert_eq!((answer.text().as_str(), answer.ended), ("one two three", Ended::Close));
    battery.stop();
}

#[test]
fn the_answer_to_http_1_1_names_its_end_and_its_date() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("validated");
    let answer = http::ask(battery.http, "GET", "/hello", &[], b"").unwrap();
    assert!(answer.header("date").is_some(), "{answer:?}");
    assert_eq!(answer.header("connection"), Some("close"));
    battery.stop();
}

#[test]
fn a_file_is_sent_from_its_offset_to_its_end() {
    let battery = Battery::start("application");
    let text: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let path = battery.dir.write("big.bin", &text);
    for answer in battery.both("GET", &format!("/file?{}", path.display()), b"") {
        assert!(answer.body == text, "{} of {} bytes", answer.body.len(), text.len());
    }
    for answer in battery.both("GET", &format!("/file-from?{}", path.display()), b"") {
        // deliberate: the original sends a file from its start wherever it stands
        let from = if subject() == Subject::Ours { 10 } else { 0 };
        assert!(answer.body == text[from..], "{} bytes", answer.body.len());
    }
    for answer in battery.both("GET", "/file-like", b"") {
        assert_eq!(answer.body.len(), 100_000);
    }
    battery.stop();
}

#[test]
fn a_file_behind_write_is_part_of_the_same_body() {
    let battery = Battery::start("application");
    let text: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let path = battery.dir.write("big.bin", &text);
    let place = format!("/written-file?{}", path.display());
    let whole = [b"written ".as_slice(), &text].concat();
    for answer in battery.both("GET", &place, b"") {
        assert!(answer.body == whole, "{} of {} bytes", answer.body.len(), whole.len());
    }
    if only(Subject::Ours) {
        let mut client = Client::connect(battery.http).unwrap();
        let answer = client.get(&place).unwrap();
        assert!(answer.body == whole, "{} of {} bytes", answer.body.len(), whole.len());
        assert_eq!(answer.ended, Ended::Chunked);
        assert_eq!(client.get("/hello").unwrap().text(), "Hello World", "it is kept");
    }
    battery.stop();
}

#[test]
fn a_file_under_the_validator_is_sent_too() {
    let battery = Battery::start("validated");
    let path = battery.dir.write("small.txt", "the text of a small file");
    for answer in battery.both("GET", &format!("/file?{}", path.display()), b"") {
        assert_eq!(answer.text(), "the text of a small file");
    }
    battery.stop();
}

#[test]
fn five_megabytes_reach_a_slow_reader() {
    let battery = Battery::start("application");
    for answer in battery.both("GET", "/big", b"") {
        assert_eq!(answer.body.len(), 65536 * 80);
        assert!(answer.body.iter().all(|byte| *byte == b'x'));
    }
    battery.stop();
}

#[test]
fn close_is_called_once_for_each_result() {
    let battery = Battery::start("application");
    assert_eq!(http::get(battery.http, "/closing").unwrap().text(), "ab");
    http::get(battery.http, "/boom-iterating").ok();
    assert_eq!(http::get(battery.http, "/closes").unwrap().text(), "2");
    let mut client = Client::connect(battery.http).unwrap();
    client.send("HEAD /closing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    client.response(false).unwrap();
    client.rest();
    assert_eq!(http::get(battery.http, "/closes").unwrap().text(), "3");
    battery.stop();
}

#[test]
fn start_response_with_exc_info_replaces_the_head() {
    let battery = Battery::start("validated");
    for answer in battery.both("GET", "/exc-info", b"") {
        assert_eq!(answer.status, 503);
        if subject() == Subject::Ours {
            // the original loses this body on current Pythons
            assert_eq!(answer.text(), "handled");
        }
        assert_eq!(answer.header("x-handled"), Some("yes"));
        assert_eq!(answer.reason, "Handled");
    }
    battery.stop();
}

#[test]
fn repeated_fields_are_kept_apart_and_latin_1_survives() {
    let battery = Battery::start("validated");
    let answer = http::get(battery.http, "/cookies").unwrap();
    let cookies: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "Set-Cookie").collect();
    assert_eq!(cookies.len(), 2, "{answer:?}");
    let answer = http::get(battery.http, "/latin/caf%C3%A9").unwrap();
    assert_eq!(answer.header("x-latin"), Some("caf\u{e9}"));
    assert_eq!(answer.text(), "/latin/caf\u{e9}", "the path's bytes come back");
    battery.stop();
}

#[test]
fn bytes_in_place_of_a_list_of_bytes_are_sent() {
    let battery = Battery::start("application");
    for answer in battery.both("GET", "/bare", b"") {
        assert_eq!((answer.status, answer.text().as_str()), (200, "bare bytes"));
    }
    battery.stop();
}

#[test]
fn a_file_is_as_long_as_the_head_says_or_cut() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    let path = battery.dir.write("text", "0123456789").display().to_string();
    let mut client = Client::connect(battery.http).unwrap();
    let answer = client.get(&format!("/file-sized?{path},4")).unwrap();
    assert_eq!((answer.text().as_str(), answer.ended), ("0123", Ended::Length));
    // nothing of the rest is taken for the next answer
    assert_eq!(client.get("/hello").unwrap().text(), "Hello World");
    let answer = client.get(&format!("/file-sized?{path},40")).unwrap();
    assert_eq!((answer.text().as_str(), answer.ended), ("0123456789", Ended::Cut));
    battery.stop();
}

#[test]
fn head_and_not_modified_have_no_body_also_of_a_file() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    let path = battery.dir.write("text", "0123456789").display().to_string();
    let mut client = Client::connect(battery.http).unwrap();
    client.send(format!("HEAD /file?{path} HTTP/1.1\r\nHost: a\r\n\r\n")).unwrap();
    let answer = client.response(false).unwrap();
    assert_eq!((answer.status, answer.header("content-length")), (200, Some("10")));
    let answer = client.get(&format!("/file-unchanged?{path}")).unwrap();
    assert_eq!((answer.status, answer.ended), (304, Ended::None));
    client.send("HEAD /generator HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(client.response(false).unwrap().status, 200);
    assert_eq!(client.get("/hello").unwrap().text(), "Hello World");
    battery.stop();
}

#[test]
fn what_only_reads_like_a_file_is_read_to_its_end_and_closed() {
    let battery = Battery::start("application");
    for answer in battery.both("GET", "/file-odd", b"") {
        assert_eq!(answer.text(), "part part part ");
    }
    if subject() == Subject::Ours {
        assert_eq!(http::get(battery.http, "/closes").unwrap().text(), "2");
    }
    battery.stop();
}

#[test]
fn parts_may_be_anything_with_a_buffer() {
    if !only(Subject::Ours) {
        return;
    }
    let battery = Battery::start("application");
    for answer in battery.both("GET", "/buffers", b"") {
        assert_eq!(answer.text(), "written, an array, a view.");
    }
    assert_eq!(http::get(battery.http, "/one-buffer").unwrap().text(), "a view");
    let answer = Client::connect(battery.http).unwrap().get("/no-buffer").unwrap();
    assert_eq!((answer.status, answer.ended), (200, Ended::Cut), "{answer:?}");
    battery.stop();
}
