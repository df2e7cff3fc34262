//! SCGI: one netstring of variables, then the body (the protocol's own page, version 1; netstrings
//! are those of D. J. Bernstein's text). nginx's `scgi_pass` and Apache's `mod_proxy_scgi` speak it.

use super::{HEAD_MAX, Parsed, Refusal, cgi, foreign};
use crate::request::{Length, Request, Span};

/// The netstring does not follow its grammar.
const NETSTRING: Refusal = Refusal::bad("the head is no netstring of SCGI");

/// Parses the head at the start of `bytes` (all that was read so far).
pub fn parse(bytes: &[u8], request: &mut Request) -> Parsed {
    request.clear();
    match head(bytes, request) {
        Ok(Some(end)) => Parsed::Complete(end),
        Ok(None) => Parsed::Incomplete,
        Err(refusal) => {
            let reason = foreign::spoken(bytes).unwrap_or(refusal.reason);
            Parsed::Refused(Refusal { reason, ..refusal })
        }
    }
}

/// Reads as much as there is of a head that was cut, for showing it to people.
pub fn parse_cut(bytes: &[u8], request: &mut Request) {
    request.clear();
    let Ok(Some((start, end))) = size(bytes, request) else { return };
    // what is cut off is no error here
    let _ = variables(&bytes[..end.min(bytes.len())], start, request);
}

/// Returns where the head ends, or `None` when its end has not come yet.
fn head(bytes: &[u8], request: &mut Request) -> Result<Option<usize>, Refusal> {
    if cgi::is_http(bytes) {
        return Err(Refusal::bad(
            "HTTP was spoken to a SCGI socket: use \"http-socket\" for it, or \"scgi_pass\" in nginx",
        ));
    }
    let Some((start, end)) = size(bytes, request)? else { return Ok(None) };
    match bytes.get(end) {
        None => return Ok(None),
        Some(b',') => {}
        Some(_) => return Err(NETSTRING),
    }
    if bytes[end - 1] != 0 {
        return Err(Refusal::bad("the last variable of the SCGI head does not end"));
    }
    let told = variables(&bytes[..end], start, request)?;
    let first = request.fields.first().map(|field| request.bytes(bytes, field.name));
    if first != Some(b"CONTENT_LENGTH") || request.fields[0].value.is_empty() {
        return Err(Refusal::bad("a SCGI head begins with CONTENT_LENGTH"));
    }
    let version = cgi::find(bytes, request, b"SCGI").map(|at| request.fields[at].value);
    if version.is_none_or(|value| request.bytes(bytes, value) != b"1") {
        return Err(Refusal::bad("the variable SCGI is not 1"));
    }
    if let Some(told) = told {
        correct(bytes, request, told);
    }
    cgi::settle(bytes, request)?;
    Ok(Some(end + 1))
}

/// The body is as long as the client said, where the web server says less: nginx with
/// `scgi_request_buffering off` announces what it has of the body when it sends the head.
fn correct(bytes: &[u8], request: &mut Request, told: Span) {
    let Ok(Length::Known(all)) = cgi::length(request.bytes(bytes, told)) else { return };
    let so_far = match request.length {
        Length::Known(size) => size,
        Length::None | Length::Chunked | Length::Stream => 0,
    };
    if all > so_far {
        request.length = Length::Known(all);
        if let Some(at) = cgi::find(bytes, request, b"CONTENT_LENGTH") {
            request.fields[at].value = told;
        }
    }
}

/// The digits and the colon: where the variables start and end.
fn size(bytes: &[u8], request: &mut Request) -> Result<Option<(usize, usize)>, Refusal> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > 6 {
        return Err(TOO_LARGE);
    }
    match (digits, bytes.get(digits)) {
        (_, None) => return Ok(None),
        (1.., Some(b':')) if bytes[0] != b'0' => {}
        _ => return Err(NETSTRING),
    }
    request.stream = 1;
    let size = bytes[..digits].iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    if size > HEAD_MAX {
        return Err(TOO_LARGE);
    }
    Ok(Some((digits + 1, digits + 1 + size)))
}

/// The head is larger than any head may be.
const TOO_LARGE: Refusal = Refusal { status: 431, reason: "the request head is too large" };

/// Reads name, NUL, value, NUL, and so on; returns what the client itself said of the length.
fn variables(block: &[u8], start: usize, request: &mut Request) -> Result<Option<Span>, Refusal> {
    const CUT: Refusal = Refusal::bad("a variable of the SCGI head has no value");
    let mut at = start;
    let item = |at: &mut usize| -> Result<Span, Refusal> {
        let size = block[*at..].iter().position(|byte| *byte == 0).ok_or(CUT)?;
        let from = *at;
        *at = from + size + 1;
        Ok(Span::of(from, from + size))
    };
    let mut told = None;
    while at < block.len() {
        let name = item(&mut at)?;
        if name.is_empty() {
            return Err(Refusal::bad("a variable of the SCGI head has no name"));
        }
        let value = item(&mut at)?;
        if request.bytes(block, name) == b"HTTP_CONTENT_LENGTH" {
            told = Some(value);
        }
        cgi::add(block, request, name, value)?;
    }
    Ok(told)
}

/// A request without a body, for the server's own questions to itself.
pub fn question(variables: &[(&str, &str)]) -> Vec<u8> {
    let mut block = String::new();
    for text in variables.iter().flat_map(|(name, value)| [name, value]) {
        block += text;
        block.push('\0');
    }
    format!("{}:{block},", block.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Length;

    const GOOD: [(&str, &str); 5] = [
        ("CONTENT_LENGTH", "27"),
        ("SCGI", "1"),
        ("REQUEST_METHOD", "POST"),
        ("REQUEST_URI", "/deepthought?x"),
        ("PATH_INFO", "/deepthought"),
    ];

    #[test]
    fn the_head_is_read_however_it_comes() {
        let mut bytes = question(&GOOD);
        let end = bytes.len();
        let mut request = Request::default();
        for cut in 0..end {
            assert_eq!(parse(&bytes[..cut], &mut request), Parsed::Incomplete, "{cut}");
        }
        bytes.extend(b"What is the answer to life?");
        assert_eq!(parse(&bytes, &mut request), Parsed::Complete(end));
        assert_eq!(request.length, Length::Known(27));
        assert_eq!(request.bytes(&bytes, request.method), b"POST");
        assert_eq!(request.bytes(&bytes, request.path), b"/deepthought");
        assert_eq!((request.stream, request.fields.len()), (1, 5));
    }

    #[test]
    fn the_path_of_nginxs_own_parameter_file_is_the_applications() {
        let pairs = [
            ("CONTENT_LENGTH", "0"),
            ("SCGI", "1"),
            ("REQUEST_METHOD", "GET"),
            ("DOCUMENT_URI", "/a b"),
        ];
        let bytes = question(&pairs);
        let mut request = Request::default();
        assert_eq!(parse(&bytes, &mut request), Parsed::Complete(bytes.len()));
        assert_eq!(request.bytes(&bytes, request.path), b"/a b");
        let last = request.fields.last().unwrap();
        assert_eq!(request.bytes(&bytes, last.name), b"PATH_INFO");
    }

    #[test]
    fn a_length_that_is_larger_than_the_web_servers_is_the_bodys() {
        let mut request = Request::default();
        for (said, told, length) in [
            ("0", "23", Length::Known(23)),
            ("5", "23", Length::Known(23)),
            ("23", "5", Length::Known(23)),
            ("0", "0", Length::None),
            ("5", "+9", Length::Known(5)),
        ] {
            let bytes = question(&[
                ("CONTENT_LENGTH", said),
                ("SCGI", "1"),
                ("REQUEST_METHOD", "POST"),
                ("PATH_INFO", "/"),
                ("HTTP_CONTENT_LENGTH", told),
            ]);
            assert_eq!(parse(&bytes, &mut request), Parsed::Complete(bytes.len()));
            assert_eq!(request.length, length, "{said} {told}");
            let shown = request.bytes(&bytes, request.fields[0].value);
            let number = str::from_utf8(shown).unwrap().parse().unwrap_or(0);
            let known = if let Length::Known(size) = length { size } else { 0 };
            assert_eq!(known, number, "{said} {told}");
        }
    }

    #[test]
    fn wrong_heads_are_refused() {
        let without = |name: &str| {
            question(&GOOD.into_iter().filter(|(n, _)| *n != name).collect::<Vec<_>>())
        };
        let mut unended = question(&GOOD);
        let comma = unended.len() - 1;
        unended[comma] = b';';
        let mut request = Request::default();
        for (bytes, status) in [
            (b"GET / HTTP/1.1\r\n\r\n".to_vec(), 400),
            (b":".to_vec(), 400),
            (b"0:,".to_vec(), 400),
            (b"05:a\0b\0,".to_vec(), 400),
            (b"x".to_vec(), 400),
            (b"-5:".to_vec(), 400),
            (b"5 :".to_vec(), 400),
            (b"3:a\0b,".to_vec(), 400),
            (b"2:a\0,".to_vec(), 400),
            (b"3:\0b\0,".to_vec(), 400),
            (b"70000:".to_vec(), 431),
            (b"99999999999".to_vec(), 431),
            (unended, 400),
            (without("CONTENT_LENGTH"), 400),
            (without("SCGI"), 400),
            (without("REQUEST_METHOD"), 400),
            (question(&[("CONTENT_LENGTH", ""), ("SCGI", "1"), ("REQUEST_METHOD", "GET")]), 400),
            (question(&[("SCGI", "1"), ("CONTENT_LENGTH", "0"), ("REQUEST_METHOD", "GET")]), 400),
            (question(&[("CONTENT_LENGTH", "+1"), ("SCGI", "1")]), 400),
            (question(&[("CONTENT_LENGTH", "0"), ("SCGI", "2"), ("REQUEST_METHOD", "GET")]), 400),
        ] {
            let shown = String::from_utf8_lossy(&bytes).into_owned();
            match parse(&bytes, &mut request) {
                Parsed::Refused(refusal) => assert_eq!(refusal.status, status, "{shown:?}"),
                other => panic!("{shown:?}: {other:?}"),
            }
        }
    }
}
