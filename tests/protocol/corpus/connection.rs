//! Keep-alive, pipelining, interim answers.

use super::Want::{Last, Served};
use super::{Case, both, case};

/// The cases of this file.
pub(super) const CASES: &[Case] = &[
    both("version 1.0", "RFC 9112 9.3", b"GET /nolength HTTP/1.0\r\n\r\n", Last("Hello World")),
    case("version 1.0 that stays", "RFC 9112 9.3", b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", Served(&["Hello World"])),
    case("version 1.0 that cannot stay", "RFC 9112 6.3", b"GET /generator HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", Last("one two three")),
    case("the client closes", "RFC 9112 9.6", b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", Last("Hello World")),
    case("the client closes in capitals", "RFC 9110 7.6.1", b"GET /hello HTTP/1.1\r\nHost: a\r\nCONNECTION: CLOSE\r\n\r\n", Last("Hello World")),
    case("the client closes in a list", "RFC 9110 7.6.1", b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: x, close ,y\r\n\r\n", Last("Hello World")),
    case("the client closes in the second field", "RFC 9110 7.6.1", b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n", Last("Hello World")),
    case("close is stronger than keep-alive", "RFC 9112 9.3", b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", Last("Hello World")),
    case("a word that holds close", "RFC 9110 7.6.1", b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: closed, en-close\r\n\r\n", Served(&["Hello World"])),
    case("an upgrade that is not known", "RFC 9110 7.8", b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", Served(&["Hello World"])),
    case("codings of the answer", "RFC 9110 10.1.4", b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: trailers, gzip\r\n\r\n", Served(&["Hello World"])),
    case("two requests at once", "RFC 9112 9.3.2", b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /nolength HTTP/1.1\r\nHost: a\r\n\r\n", Served(&["Hello World", "Hello World"])),
    case("answers keep their order", "RFC 9112 9.3.2", b"GET /slow?0.2 HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n", Served(&["slow", "Hello World"])),
    case("bodies at once", "RFC 9112 9.3.2", b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nonePOST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n", Served(&["one", "two"])),
    case("an empty line between two", "RFC 9112 2.2", b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n", Served(&["one", "Hello World"])),
    case("nothing behind the one that closes", "RFC 9112 9.6", b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /nolength HTTP/1.1\r\nHost: a\r\n\r\n", Last("Hello World")),
    case("an answer in chunks", "RFC 9112 7.1", b"GET /generator HTTP/1.1\r\nHost: a\r\n\r\n", Served(&["one two three"])),
    case("HEAD has no body", "RFC 9110 9.3.2", b"HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n", Served(&[""])),
    case("HEAD of an answer without a length", "RFC 9110 9.3.2", b"HEAD /generator HTTP/1.1\r\nHost: a\r\n\r\n", Served(&[""])),
    case("an expectation when the body is there", "RFC 9110 10.1.1", b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", Served(&["hello"])),
    case("an expectation in version 1.0", "RFC 9110 10.1.1", b"POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", Served(&["hello"])),
    case("an expectation without a body", "RFC 9110 10.1.1", b"GET /hello HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n", Served(&["Hello World"])),
];
