//! Wire formats, without I/O: bytes in, a [`crate::request::Request`] or a refusal out.

/// What protocols that carry CGI variables have in common.
mod cgi;
/// The chunked transfer coding (RFC 9112 section 7.1).
pub mod chunked;
/// FastCGI, which nginx speaks with `fastcgi_pass`.
pub mod fastcgi;
/// Protocols that are spoken to the wrong socket.
mod foreign;
/// The bodies of the fuzz targets.
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
/// HTTP/1.0 and HTTP/1.1 request heads (RFC 9112).
pub mod http;
/// What a proxy says about a client.
pub mod proxy;
/// SCGI, which nginx speaks with `scgi_pass`.
pub mod scgi;
/// The uwsgi protocol, which nginx speaks with `uwsgi_pass`.
pub mod uwsgi;

/// The largest head that is ever read, bytes.
pub const HEAD_MAX: usize = 64 * 1024;

/// What a parser makes of the bytes so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// More bytes are needed.
    Incomplete,
    /// The head ends here: that many bytes.
    Complete(usize),
    /// The request is refused.
    Refused(Refusal),
}

/// Why a request is refused before the application sees it: the client's fault, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer; 0 closes without one.
    pub status: u16,
    /// What is wrong, for the log and the answer's body.
    pub reason: &'static str,
}

impl Refusal {
    /// A `400 Bad Request`.
    pub const fn bad(reason: &'static str) -> Self {
        Self { status: 400, reason }
    }

    /// The status line's words.
    pub fn phrase(self) -> &'static str {
        match self.status {
            400 => "Bad Request",
            408 => "Request Timeout",
            413 => "Content Too Large",
            414 => "URI Too Long",
            417 => "Expectation Failed",
            431 => "Request Header Fields Too Large",
            501 => "Not Implemented",
            503 => "Service Unavailable",
            505 => "HTTP Version Not Supported",
            _ => "Error",
        }
    }
}

/// Characters of a token (RFC 9110 section 5.6.2).
pub(crate) const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    let extra = b"!#$%&'*+-.^_`|~";
    while at < 256 {
        table[at] = (at as u8).is_ascii_alphanumeric();
        at += 1;
    }
    at = 0;
    while at < extra.len() {
        table[extra[at] as usize] = true;
        at += 1;
    }
    table
};

/// Whether a byte may stand in a token.
pub(crate) fn is_token(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

/// The value of a hexadecimal digit.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod mutation;
