//! Which protocol a client speaks that speaks the wrong one: a sentence that names the option is
//! worth more than "malformed". Asked only once a request is refused.

/// What `bytes`, the start of a connection, are, if they are something else than they should be.
pub(super) fn spoken(bytes: &[u8]) -> Option<&'static str> {
    Some(match bytes {
        // a ClientHello (RFC 8446 section 5.1)
        [0x16, 3, 0..=4, ..] => "TLS was spoken to a socket without it: use \"https\" for HTTPS",
        [b'P', b'R', b'O', b'X', b'Y', b' ', ..] | [b'\r', b'\n', b'\r', b'\n', 0, b'\r', ..] => {
            "a proxy announced its client to a socket that does not expect it: \
             use \"enable-proxy-protocol\""
        }
        // BEGIN_REQUEST, or a question about the server
        [1, 1 | 9, _, _, 0, ..] => {
            "FastCGI was spoken to another socket: use \"fastcgi-socket\" for it"
        }
        [0, _, _, 0, 1..=64, 0, letter, ..] if letter.is_ascii_uppercase() => {
            "the uwsgi protocol was spoken to an HTTP socket: use \"socket\" for it, \
             or \"proxy_pass\" in nginx"
        }
        [b'1'..=b'9', ..] if is_scgi(bytes) => {
            "SCGI was spoken to another socket: use \"scgi-socket\" for it"
        }
        _ => return None,
    })
}

/// A netstring that begins with the variable with which all heads of SCGI begin.
fn is_scgi(bytes: &[u8]) -> bool {
    let digits = bytes.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    bytes[digits..].starts_with(b":CONTENT_LENGTH\0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_protocol_is_known_by_its_start() {
        for (bytes, word) in [
            (&b"\x16\x03\x01\x02\x00\x01"[..], Some("https")),
            (b"PROXY TCP4 1.2.3.4 ", Some("enable-proxy-protocol")),
            (b"\r\n\r\n\0\r\nQUIT\n\x21", Some("enable-proxy-protocol")),
            (b"\x01\x01\0\x01\0\x08\0\0", Some("fastcgi-socket")),
            (b"\x00\x23\0\0\x0c\0QUERY_STRING", Some("proxy_pass")),
            (b"70:CONTENT_LENGTH\x0027\0", Some("scgi-socket")),
            (b"GARBAGE\r\n", None),
            (b"70:hello", None),
            (b"\0\0\0\0", None),
            (b"7", None),
            (b"", None),
        ] {
            let seen = spoken(bytes);
            match word {
                Some(word) => assert!(seen.is_some_and(|text| text.contains(word)), "{bytes:?}"),
                None => assert_eq!(seen, None, "{bytes:?}"),
            }
        }
    }
}
