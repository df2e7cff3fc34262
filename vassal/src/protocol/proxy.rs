//! The PROXY protocol, versions 1 and 2 (HAProxy's document `proxy-protocol.txt`): what a proxy
//! says about a client before the client's own bytes.
//!
//! Where it is asked for it has to come: a receiver that guessed would let anybody choose an
//! address. What is not known (`UNKNOWN`, `LOCAL`, other families) leaves the peer as it is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The longest header of version 1, bytes (section 2.1).
const LINE_MAX: usize = 107;
/// The most that a header of version 2 may announce: addresses and what a proxy adds to them.
const EXTRA_MAX: usize = 4096;
/// The longest header.
pub const HEADER_MAX: usize = FIXED + EXTRA_MAX;
/// Bytes of version 2 before its addresses.
const FIXED: usize = 16;
/// How version 2 begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// How version 1 begins.
const WORD: &[u8] = b"PROXY ";

/// What the start of a connection turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// More bytes are needed.
    Incomplete,
    /// The header ends here, and this is the client if the proxy knows it.
    Complete(usize, Option<SocketAddr>),
    /// This is no such header.
    Wrong(&'static str),
}

/// Parses the header at the start of `bytes` (all that was read so far).
pub fn parse(bytes: &[u8]) -> Header {
    let starts = |mark: &[u8]| {
        let both = mark.len().min(bytes.len());
        bytes[..both] == mark[..both]
    };
    if starts(SIGNATURE) {
        return second(bytes);
    }
    if !starts(WORD) {
        return Header::Wrong("the connection does not begin with a header of the PROXY protocol");
    }
    let line = bytes.iter().take(LINE_MAX).position(|byte| *byte == b'\n');
    match line {
        Some(end) if bytes[end - 1] == b'\r' => match first(&bytes[WORD.len()..end - 1]) {
            Ok(client) => Header::Complete(end + 1, client),
            Err(reason) => Header::Wrong(reason),
        },
        Some(_) => Header::Wrong("the line of the PROXY protocol does not end in CR LF"),
        None if bytes.len() < LINE_MAX => Header::Incomplete,
        None => Header::Wrong("the line of the PROXY protocol is too long"),
    }
}

/// `TCP4 192.0.2.1 198.51.100.2 40000 443`, or `UNKNOWN` and anything.
fn first(line: &[u8]) -> Result<Option<SocketAddr>, &'static str> {
    const LINE: &str = "the line of the PROXY protocol is malformed";
    let line = std::str::from_utf8(line).map_err(|_| LINE)?;
    let words: Vec<&str> = line.split(' ').collect();
    let address = |word: &str| match words[0] {
        "TCP4" => word.parse().map(IpAddr::V4).map_err(|_| LINE),
        "TCP6" => word.parse().map(IpAddr::V6).map_err(|_| LINE),
        _ => Err(LINE),
    };
    let port = |word: &str| {
        let plain = word.bytes().all(|byte| byte.is_ascii_digit());
        let plain = plain && (word == "0" || !word.starts_with('0'));
        word.parse::<u16>().ok().filter(|_| plain).ok_or(LINE)
    };
    match words[..] {
        ["UNKNOWN", ..] => Ok(None),
        [_, client, own, from, to] => {
            address(own)?;
            port(to)?;
            Ok(Some(SocketAddr::new(address(client)?, port(from)?)))
        }
        _ => Err(LINE),
    }
}

/// The binary form.
fn second(bytes: &[u8]) -> Header {
    let Some(fixed) = bytes.first_chunk::<FIXED>() else { return Header::Incomplete };
    let [.., command, family, high, low] = *fixed;
    let size = usize::from(u16::from_be_bytes([high, low]));
    if command >> 4 != 2 {
        return Header::Wrong("this version of the PROXY protocol is not known");
    }
    if size > EXTRA_MAX {
        return Header::Wrong("the header of the PROXY protocol is too long");
    }
    let Some(content) = bytes.get(FIXED..FIXED + size) else { return Header::Incomplete };
    let client = match (command & 15, family) {
        (1, 0x11) => {
            let Some([a, b, c, d, _, _, _, _, high, low, _, _]) = content.first_chunk::<12>()
            else {
                return SHORT;
            };
            let port = u16::from_be_bytes([*high, *low]);
            Some(SocketAddr::new(Ipv4Addr::new(*a, *b, *c, *d).into(), port))
        }
        (1, 0x21) => {
            let Some(all) = content.first_chunk::<36>() else { return SHORT };
            let mut address = [0; 16];
            address.copy_from_slice(&all[..16]);
            let port = u16::from_be_bytes([all[32], all[33]]);
            Some(SocketAddr::new(Ipv6Addr::from(address).into(), port))
        }
        // the proxy speaks for itself; datagrams, UNIX sockets, what it does not say
        (0 | 1, _) => None,
        _ => return Header::Wrong("this command of the PROXY protocol is not known"),
    };
    Header::Complete(FIXED + size, client)
}

/// The addresses do not fit.
const SHORT: Header = Header::Wrong("the header of the PROXY protocol is too short");

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(command: u8, family: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([command, family]);
        bytes.extend((content.len() as u16).to_be_bytes());
        bytes.extend_from_slice(content);
        bytes
    }

    /// Complete with its last byte and not before, whatever follows.
    #[track_caller]
    fn complete(bytes: &[u8], client: Option<&str>) {
        let client = client.map(|text| text.parse().unwrap());
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), Header::Incomplete, "{cut}");
        }
        let whole = Header::Complete(bytes.len(), client);
        assert_eq!(parse(bytes), whole);
        assert_eq!(parse(&[bytes, b"GET / HTTP/1.1\r\n\r\n"].concat()), whole);
    }

    #[test]
    fn the_line_names_the_client() {
        complete(b"PROXY TCP4 192.0.2.1 198.51.100.2 40000 443\r\n", Some("192.0.2.1:40000"));
        complete(b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", Some("[2001:db8::1]:1"));
        complete(b"PROXY UNKNOWN\r\n", None);
        complete(b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None);
        let longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        let line = format!("PROXY TCP6 {longest} {longest} 65535 65535\r\n");
        assert!(line.len() < LINE_MAX);
        complete(line.as_bytes(), Some(&format!("[{longest}]:65535")));
    }

    #[test]
    fn the_binary_form_names_the_client() {
        let four = [192, 0, 2, 1, 198, 51, 100, 2, 0x9c, 0x40, 1, 0xbb];
        complete(&binary(0x21, 0x11, &four), Some("192.0.2.1:40000"));
        // type 4 with two bytes, and more of them
        complete(
            &binary(0x21, 0x11, &[&four[..], &[4, 0, 2, 9, 9, 4, 0, 0]].concat()),
            Some("192.0.2.1:40000"),
        );
        let mut six = [0; 36];
        (six[0], six[1], six[15], six[33]) = (0x20, 1, 7, 80);
        complete(&binary(0x21, 0x21, &six), Some("[2001::7]:80"));
        complete(&binary(0x20, 0x11, &four), None);
        complete(&binary(0x20, 0, b""), None);
        complete(&binary(0x21, 0x31, &[b'/'; 216]), None);
        complete(&binary(0x21, 0x12, &four), None);
    }

    #[test]
    fn what_is_no_header_is_wrong() {
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LINE_MAX));
        for bytes in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"PROXX",
            b"proxy TCP4",
            b"\r\n\r\nX",
            b"\x16\x03\x01",
            b"PROXY TCP4 192.0.2.1 198.51.100.2 40000 443\n",
            b"PROXY\tTCP4 192.0.2.1 198.51.100.2 40000 443\r\n",
            b"PROXY  TCP4 192.0.2.1 198.51.100.2 40000 443\r\n",
            b"PROXY TCP4 192.0.2.1  198.51.100.2 40000 443\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.2 40000 443 \r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.2 40000\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.2 40000 65536\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.2 +4 443\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.2 04 443\r\n",
            b"PROXY TCP4 192.0.2.01 198.51.100.2 4 443\r\n",
            b"PROXY TCP4 ::1 ::1 4 443\r\n",
            b"PROXY TCP6 192.0.2.1 192.0.2.1 4 443\r\n",
            b"PROXY TCP5 192.0.2.1 192.0.2.1 4 443\r\n",
            b"PROXY \r\n",
            b"PROXY \xff\r\n",
            long.as_bytes(),
            &binary(0x11, 0x11, &[0; 12]),
            &binary(0x22, 0x11, &[0; 12]),
            &binary(0x21, 0x11, &[0; 11]),
            &binary(0x21, 0x21, &[0; 35]),
            &binary(0x21, 0x11, &[0; EXTRA_MAX + 1]),
        ] {
            let shown = String::from_utf8_lossy(bytes);
            assert!(matches!(parse(bytes), Header::Wrong(_)), "{shown:?}: {:?}", parse(bytes));
        }
    }
}
