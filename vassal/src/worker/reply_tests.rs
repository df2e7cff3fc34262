//! Answers as they go over the wire.

use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use super::*;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn facts() -> Facts {
    Facts {
        wire: Wire::Http,
        stream: 0,
        patience: Duration::ZERO,
        copies: false,
        version: Version::Http11,
        head_only: false,
        keep: true,
        crowd: false,
        began: Instant::now(),
    }
}

/// What a client sees of an answer, and what the connection learns.
fn answer(facts: Facts, give: impl FnOnce(&mut Reply<'_>)) -> (String, Conclusion) {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let (mut output, mut head) = (Output::default(), Vec::new());
    let mut reply = Reply::new(ours.as_fd(), &mut output, &mut head, DATE, facts);
    give(&mut reply);
    let conclusion = reply.conclude();
    output.flush(ours.as_fd()).unwrap();
    drop(ours);
    let mut text = String::new();
    theirs.read_to_string(&mut text).unwrap();
    (text, conclusion)
}

fn ok(reply: &mut Reply<'_>) {
    reply.status(b"200 OK").unwrap();
}

#[test]
fn a_whole_body_gets_its_length() {
    let (text, end) = answer(facts(), |reply| {
        ok(reply);
        reply.field(b"X-A", b"b").unwrap();
        reply.whole(b"hello");
    });
    let want =
        format!("HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\nDate: {DATE}\r\n\r\nhello");
    assert_eq!(text, want);
    assert!(end.keep);
    assert_eq!((end.status, end.body, end.fields), (200, 5, 2));
}

#[test]
fn blocks_are_chunked_for_http11_and_end_the_connection_elsewhere() {
    let give = |reply: &mut Reply<'_>| {
        ok(reply);
        for block in [&b""[..], b"hello ", b"", b"world, 16 bytes."] {
            reply.block(block);
        }
        reply.end();
    };
    let (text, end) = answer(facts(), give);
    assert!(text.ends_with("\r\n\r\n6\r\nhello \r\n10\r\nworld, 16 bytes.\r\n0\r\n\r\n"), "{text}");
    assert!(end.keep);
    for other in [
        Facts { version: Version::Http10, ..facts() },
        Facts { wire: Wire::Uwsgi, keep: false, ..facts() },
    ] {
        let (text, end) = answer(other, give);
        assert!(text.ends_with("\r\n\r\nhello world, 16 bytes."), "{text}");
        assert!(!end.keep && !end.aborted);
    }
}

#[test]
fn never_more_than_announced_and_less_ends_the_connection() {
    let (text, end) = answer(facts(), |reply| {
        ok(reply);
        reply.field(b"Content-Length", b"5").unwrap();
        reply.block(b"hell");
        reply.block(b"o and more");
        reply.end();
    });
    assert!(text.ends_with("\r\n\r\nhello"), "{text}");
    assert!(end.keep);
    let (_, end) = answer(facts(), |reply| {
        ok(reply);
        reply.field(b"Content-Length", b"5").unwrap();
        reply.whole(b"hell");
    });
    assert!(!end.keep && end.aborted);
}

#[test]
fn head_and_bodiless_answers_have_no_body() {
    let (text, end) = answer(Facts { head_only: true, ..facts() }, |reply| {
        ok(reply);
        reply.field(b"Content-Length", b"12").unwrap();
        reply.whole(b"hello world!");
    });
    assert!(text.contains("Content-Length: 12\r\n") && text.ends_with("\r\n\r\n"), "{text}");
    assert!(end.keep && end.body == 0);
    for status in [&b"204 No Content"[..], b"304 Not Modified"] {
        let (text, end) = answer(facts(), |reply| {
            reply.status(status).unwrap();
            reply.block(b"not to be seen");
            reply.end();
        });
        assert!(text.ends_with("\r\n\r\n") && !text.contains("chunked"), "{text}");
        assert!(end.keep, "{end:?}");
    }
}

#[test]
fn an_error_before_the_body_is_a_500_and_after_it_is_visible() {
    let (text, end) = answer(facts(), |reply| {
        ok(reply);
        reply.field(b"X-Gone", b"yes").unwrap();
        reply.fail("Internal Server Error");
    });
    assert!(text.starts_with("HTTP/1.1 500 ") && !text.contains("X-Gone"), "{text}");
    assert!(end.keep && !end.aborted);
    let (text, end) = answer(facts(), |reply| {
        ok(reply);
        reply.block(b"some");
        reply.fail("too late");
    });
    assert!(text.ends_with("4\r\nsome\r\n"), "{text}");
    assert!(!end.keep && end.aborted);
}

#[test]
fn malformed_heads_are_refused() {
    answer(facts(), |reply| {
        for status in [&b"OK"[..], b"20 OK", b"2000 OK", b"200 OK\r\nX: y", b"100 Continue", b""] {
            assert_eq!(reply.status(status), Err(HeadError::Status), "{status:?}");
        }
        ok(reply);
        assert_eq!(reply.field(b"X A", b"b"), Err(HeadError::Name));
        assert_eq!(reply.field(b"", b"b"), Err(HeadError::Name));
        assert_eq!(reply.field(b"X-A", b"b\r\nX-B: c"), Err(HeadError::Value));
        assert_eq!(reply.field(b"Content-Length", b"ten"), Err(HeadError::Length));
        assert_eq!(reply.field(b"Transfer-Encoding", b"chunked"), Err(HeadError::HopByHop));
        reply.field(b"Content-Length", b"0").unwrap();
        assert_eq!(reply.field(b"content-length", b"0"), Err(HeadError::Length));
        reply.field(b"Connection", b"close").unwrap();
        reply.whole(b"");
    });
}

#[test]
fn a_head_that_was_not_completed_is_never_sent() {
    let (text, _) = answer(facts(), |reply| {
        ok(reply);
        reply.field(b"X-A", b"b").unwrap();
        reply.status(b"20x").unwrap_err();
        assert!(!reply.begun(), "there is no head any more");
        reply.status(b"204 No Content").unwrap();
        reply.end();
    });
    assert!(text.starts_with("HTTP/1.1 204 No Content\r\n") && !text.contains("X-A"), "{text}");
}

#[test]
fn an_application_may_date_its_answer_itself() {
    let (text, _) = answer(facts(), |reply| {
        ok(reply);
        reply.field(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT").unwrap();
        reply.whole(b"");
    });
    assert_eq!(text.to_ascii_lowercase().matches("\r\ndate:").count(), 1, "{text}");
}

#[test]
fn a_reset_has_no_content_and_says_so_whatever_the_application_gives() {
    let gives: [fn(&mut Reply<'_>); 3] = [
        |reply| reply.whole(b"hello"),
        |reply| {
            reply.field(b"Content-Length", b"5").unwrap();
            reply.block(b"hel");
            reply.block(b"lo");
            reply.end();
        },
        |reply| reply.end(),
    ];
    for give in gives {
        for version in [Version::Http11, Version::Http10] {
            let (text, end) = answer(Facts { version, ..facts() }, |reply| {
                reply.status(b"205 Reset Content").unwrap();
                give(reply);
            });
            let start = "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n";
            assert!(text.starts_with(start) && text.ends_with("\r\n\r\n"), "{text}");
            assert_eq!(text.matches("Content-Length").count(), 1, "{text}");
            assert!(end.keep && !end.aborted && end.body == 0, "{end:?}");
        }
    }
}

#[test]
fn a_missing_reason_is_filled_in_as_uwsgi_does() {
    for (given, sent) in [
        ("200", "200 OK"),
        ("404 ", "404 Not Found"),
        ("418", "418 I'm a teapot"),
        ("599", "599 Unknown"),
        ("200 x", "200 x"),
    ] {
        let (text, _) = answer(facts(), |reply| {
            reply.status(given.as_bytes()).unwrap();
            reply.end();
        });
        assert_eq!(text.lines().next(), Some(format!("HTTP/1.1 {sent}").as_str()), "{given:?}");
    }
}
