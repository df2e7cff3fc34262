//! What the application is told of a request: the variables of CGI and PEP 3333.

use super::Want::Told;
use super::{Case, both, case};

/// The cases of this file.
pub(super) const CASES: &[Case] = &[
    both("the whole target", "RFC 3875 4.1.5", b"GET /environ/a%20b?q=1&r=%20z HTTP/1.1\r\nHost: a\r\n\r\n",
        Told(&[("PATH_INFO", "/environ/a b"), ("QUERY_STRING", "q=1&r=%20z"), ("REQUEST_URI", "/environ/a%20b?q=1&r=%20z"), ("SCRIPT_NAME", "")])),
    both("an escaped slash", "RFC 3875 4.1.5", b"GET /environ/a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n",
        Told(&[("PATH_INFO", "/environ/a/b"), ("REQUEST_URI", "/environ/a%2Fb")])),
    both("escaped UTF-8", "PEP 3333 Unicode Issues", b"GET /environ/%E2%82%AC HTTP/1.1\r\nHost: a\r\n\r\n", Told(&[("PATH_INFO", "/environ/\u{e2}\u{82}\u{ac}")])),
    case("plain UTF-8", "PEP 3333 Unicode Issues", b"GET /environ/\xe2\x82\xac HTTP/1.1\r\nHost: a\r\n\r\n", Told(&[("PATH_INFO", "/environ/\u{e2}\u{82}\u{ac}")])),
    both("a path is not split at a semicolon", "RFC 3875 4.1.5", b"GET /environ/a;p=1/b HTTP/1.1\r\nHost: a\r\n\r\n", Told(&[("PATH_INFO", "/environ/a;p=1/b")])),
    case("escaped dots stay where they are", "RFC 3875 4.1.5", b"GET /environ/%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n", Told(&[("PATH_INFO", "/environ/../x")])),
    both("a plus is no blank in a path", "RFC 3986 3.3", b"GET /environ/a+b HTTP/1.1\r\nHost: a\r\n\r\n", Told(&[("PATH_INFO", "/environ/a+b")])),
    case("an escaped question mark", "RFC 3986 2.2", b"GET /environ/a%3Fb?c?d HTTP/1.1\r\nHost: a\r\n\r\n",
        Told(&[("PATH_INFO", "/environ/a?b"), ("QUERY_STRING", "c?d")])),
    both("an empty query", "RFC 3875 4.1.7", b"GET /environ? HTTP/1.1\r\nHost: a\r\n\r\n", Told(&[("QUERY_STRING", ""), ("REQUEST_URI", "/environ?")])),
    both("types and lengths have no prefix", "RFC 3875 4.1.3", b"POST /environ HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
        Told(&[("CONTENT_TYPE", "text/plain"), ("CONTENT_LENGTH", "2"), ("HTTP_CONTENT_TYPE", ""), ("HTTP_CONTENT_LENGTH", "")])),
    case("the coding is taken off", "RFC 3875 4.1.2", b"POST /environ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        Told(&[("CONTENT_LENGTH", "2"), ("HTTP_TRANSFER_ENCODING", "")])),
    both("the protocol is the client's", "RFC 3875 4.1.16", b"GET /environ HTTP/1.1\r\nHost: a\r\nX-Protocol: 1\r\n\r\n", Told(&[("SERVER_PROTOCOL", "HTTP/1.1"), ("REQUEST_METHOD", "GET")])),
    case("nobody says who the client is but its address", "RFC 3875 4.1.8", b"GET /environ HTTP/1.1\r\nHost: a\r\nRemote-Addr: 9.9.9.9\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n",
        Told(&[("REMOTE_ADDR", "127.0.0.1"), ("HTTP_X_FORWARDED_FOR", "9.9.9.9"), ("HTTP_REMOTE_ADDR", "9.9.9.9")])),
    case("no variable of the server is a field", "RFC 3875 4.1.18", b"GET /environ HTTP/1.1\r\nHost: a\r\nRequest_Method: PUT\r\nScript_Name: /x\r\nWsgi.Url_Scheme: https\r\n\r\n",
        Told(&[("REQUEST_METHOD", "GET"), ("SCRIPT_NAME", ""), ("wsgi.url_scheme", "http")])),
    case("every method has its body", "RFC 9110 9.1", b"DELETE /environ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", Told(&[("REQUEST_METHOD", "DELETE"), ("CONTENT_LENGTH", "2")])),
    case("a path of two slashes", "RFC 3986 3.3", b"GET /environ//a HTTP/1.1\r\nHost: a\r\n\r\n", Told(&[("PATH_INFO", "/environ//a")])),
];
