//! Bodies in chunks.

use super::Want::{Refused, Served, Told, Unfinished};
use super::{Case, case};

/// A request with chunks.
macro_rules! chunked {
    ($body:literal) => {
        concat!("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", $body)
            .as_bytes()
    };
}

/// The cases of this file.
pub(super) const CASES: &[Case] = &[
    case("two chunks", "RFC 9112 7.1", chunked!("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), Served(&["hello world"])),
    case("no chunks", "RFC 9112 7.1", chunked!("0\r\n\r\n"), Served(&[""])),
    case("small and large digits", "RFC 9112 7.1", chunked!("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), Served(&["01234567890123456789"])),
    case("leading zeros", "RFC 9112 7.1", chunked!("0005\r\nhello\r\n000\r\n\r\n"), Served(&["hello"])),
    case("chunks in capitals", "RFC 9112 7", b"POST /echo HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Served(&["hello"])),
    case("an extension", "RFC 9112 7.1.1", chunked!("5;name=value\r\nhello\r\n0;x\r\n\r\n"), Served(&["hello"])),
    case("an extension in quotes", "RFC 9112 7.1.1", chunked!("5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n"), Served(&["hello"])),
    case("blanks before an extension", "RFC 9112 7.1.1", chunked!("5 \t;a\r\nhello\r\n0\r\n\r\n"), Served(&["hello"])),
    case("a trailer", "RFC 9112 7.1.2", chunked!("5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), Served(&["hello"])),
    case("a trailer that would be a length", "RFC 9110 6.5.1", b"POST /environ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nContent-Length: 99\r\nHost: b\r\nX-Admin: yes\r\n\r\n",
        Told(&[("CONTENT_LENGTH", "5"), ("HTTP_HOST", "a"), ("HTTP_X_ADMIN", "")])),
    case("a request inside a chunk", "RFC 9112 7.1", chunked!("1f\r\nGET /x HTTP/1.1\r\nHost: evil\r\n\r\n\r\n0\r\n\r\n"), Served(&["GET /x HTTP/1.1\r\nHost: evil\r\n\r\n"])),
    case("a size that is none", "RFC 9112 7.1", chunked!("zz\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("no size", "RFC 9112 7.1", chunked!("\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a size with a sign", "RFC 9112 7.1", chunked!("+5\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a negative size", "RFC 9112 7.1", chunked!("-5\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a size with 0x", "RFC 9112 7.1", chunked!("0x5\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a size with an underscore", "RFC 9112 7.1", chunked!("0_5\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a blank before the size", "RFC 9112 7.1", chunked!(" 5\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("two sizes", "RFC 9112 7.1", chunked!("5 6\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a size and a comma", "RFC 9112 7.1", chunked!("5,6\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a size above 64 bits", "RFC 9112 7.1", chunked!("10000000000000005\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a size of many zeros", "RFC 9112 7.1", chunked!("0000000000000000000000000005\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a bare LF behind the size", "RFC 9112 7.1", chunked!("5\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a bare CR behind the size", "RFC 9112 7.1", chunked!("5\rhello\r\n0\r\n\r\n"), Refused(400)),
    case("CR CR LF behind the size", "RFC 9112 7.1", chunked!("5\r\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a bare LF in an extension", "RFC 9112 7.1.1", chunked!("5;a\nb\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a bare CR in an extension", "RFC 9112 7.1.1", chunked!("5;a\rb\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a control character in an extension", "RFC 9112 7.1.1", chunked!("5;a\x01\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("more data than the size", "RFC 9112 7.1", chunked!("5\r\nhelloX\r\n0\r\n\r\n"), Refused(400)),
    case("less data than the size", "RFC 9112 7.1", chunked!("6\r\nhello\r\n0\r\n\r\n"), Refused(400)),
    case("a bare LF behind the data", "RFC 9112 7.1", chunked!("5\r\nhello\n0\r\n\r\n"), Refused(400)),
    case("no line end behind the data", "RFC 9112 7.1", chunked!("5\r\nhello0\r\n\r\n"), Refused(400)),
    case("a request for a trailer", "RFC 9112 7.1.2", chunked!("0\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n"), Refused(400)),
    case("a folded trailer", "RFC 9112 5.2", chunked!("0\r\nX: a\r\n b\r\n\r\n"), Refused(400)),
    case("a blank in a trailer's name", "RFC 9112 5.1", chunked!("0\r\nX : a\r\n\r\n"), Refused(400)),
    case("a trailer without a name", "RFC 9110 5.1", chunked!("0\r\n: a\r\n\r\n"), Refused(400)),
    case("a bare LF in a trailer", "RFC 9112 2.2", chunked!("0\r\nX: a\nY: b\r\n\r\n"), Refused(400)),
    case("NUL in a trailer", "RFC 9110 5.5", chunked!("0\r\nX: a\0b\r\n\r\n"), Refused(400)),
    case("the last chunk ends in a bare LF", "RFC 9112 7.1", chunked!("0\r\n\n"), Refused(400)),
    case("the body stops in a size", "RFC 9112 8", chunked!("5\r\nhello\r\nfffff"), Refused(400)),
    case("the body stops in a chunk", "RFC 9112 8", chunked!("fffff\r\nhello"), Unfinished),
];
