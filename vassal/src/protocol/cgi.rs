//! Requests that come as CGI variables (RFC 3875 section 4.1): what uwsgi, FastCGI and SCGI
//! have in common once their own framing is off.

use super::{Refusal, hex};
use crate::request::{Field, Length, Request, Span, Version};

/// Verbs whose first four bytes tell that HTTP is spoken where it should not be.
const VERBS: [&[u8; 4]; 8] =
    [b"GET ", b"POST", b"HEAD", b"PUT ", b"DELE", b"OPTI", b"PATC", b"CONN"];

/// Whether these are the first bytes of an HTTP request.
pub(super) fn is_http(bytes: &[u8]) -> bool {
    VERBS.iter().any(|verb| bytes.starts_with(*verb))
}

/// Takes a variable into the request: of a name that comes twice the last value counts, as in
/// the environ, but two lengths that differ are refused.
pub(super) fn add(
    block: &[u8],
    request: &mut Request,
    name: Span,
    value: Span,
) -> Result<(), Refusal> {
    let text = request.bytes(block, value);
    match request.bytes(block, name) {
        b"REQUEST_METHOD" => request.method = value,
        b"REQUEST_URI" => request.target = value,
        b"PATH_INFO" => request.path = value,
        b"QUERY_STRING" => request.query = value,
        b"SERVER_PROTOCOL" if text == b"HTTP/1.0" => request.version = Version::Http10,
        b"CONTENT_LENGTH" if !text.is_empty() => {
            let length = length(text)?;
            if find(block, request, b"CONTENT_LENGTH").is_some_and(|at| {
                let before = request.bytes(block, request.fields[at].value);
                !before.is_empty() && before != text
            }) {
                return Err(Refusal::bad("there are two values of CONTENT_LENGTH"));
            }
            request.length = length;
        }
        // they are told by variables without the prefix, or taken off (RFC 3875 section 4.1.18)
        b"HTTP_CONTENT_LENGTH" | b"HTTP_CONTENT_TYPE" | b"HTTP_TRANSFER_ENCODING" => return Ok(()),
        name if name.starts_with(b"UWSGI_") => request.steers |= chooses(name),
        _ => {}
    }
    request.fields.push(Field { name, value });
    Ok(())
}

/// Variables by which a web server chooses (in uWSGI) what code is loaded, or which file is read.
fn chooses(name: &[u8]) -> bool {
    matches!(
        name.strip_prefix(b"UWSGI_").unwrap_or_default(),
        b"APPID"
            | b"CACHE_GET"
            | b"CALLABLE"
            | b"CHDIR"
            | b"FILE"
            | b"HOME"
            | b"MODULE"
            | b"POSTFILE"
            | b"PYHOME"
            | b"SCRIPT"
            | b"SETENV"
            | b"TOUCH_RELOAD"
    )
}

/// The place of the last variable of this name.
pub(super) fn find(block: &[u8], request: &Request, name: &[u8]) -> Option<usize> {
    request.fields.iter().rposition(|field| request.bytes(block, field.name) == name)
}

/// What has to be known of a request whose variables are whole; the path where the web server has
/// not split it from the name of a script, or at another place.
pub(super) fn settle(block: &[u8], request: &mut Request) -> Result<(), Refusal> {
    if request.method.is_empty() {
        return Err(Refusal::bad("the variable REQUEST_METHOD is missing"));
    }
    let script = find(block, request, b"SCRIPT_NAME");
    let script_name = script.map_or(Span::default(), |at| request.fields[at].value);
    let path = find(block, request, b"PATH_INFO");
    let Some((rest, path_info)) = (match path {
        Some(at) => moved(block, request, script_name, request.fields[at].value),
        None => unsplit(block, request, script_name),
    }) else {
        return Ok(());
    };
    if let Some(script) = script {
        request.fields[script].value = rest;
    }
    request.path = path_info;
    let name = request.keep(*b"PATH_INFO");
    match path {
        Some(at) => request.fields[at].value = path_info,
        None => request.fields.push(Field { name, value: path_info }),
    }
    Ok(())
}

/// `/` and `a/b`, as lighttpd and HAProxy can be told to split, are nothing and `/a/b`.
fn moved(block: &[u8], request: &mut Request, script: Span, path: Span) -> Option<(Span, Span)> {
    let text = request.bytes(block, path);
    let slash = request.bytes(block, script).ends_with(b"/");
    if !slash || text.is_empty() || text.starts_with(b"/") {
        return None;
    }
    let text = [b"/", text].concat();
    Some((script.within(0, script.len() - 1), request.keep(text)))
}

/// What `SCRIPT_NAME` and `PATH_INFO` are where no path came. All of it is the application's to
/// route, except where Apache maps a part of its own path to the server:
///
/// - nginx's own parameter files send the path as `DOCUMENT_URI`, and for FastCGI again as
///   `SCRIPT_NAME`;
/// - Apache's proxies for FastCGI and SCGI send it as `SCRIPT_NAME`, and in `SCRIPT_FILENAME` the
///   address it was mapped to (`proxy:fcgi://host/path`, escaped);
/// - HAProxy sends it as `SCRIPT_NAME` unless it is told how to split.
///
/// Others that send none mean that there is none.
fn unsplit(block: &[u8], request: &Request, script: Span) -> Option<(Span, Span)> {
    let value = |name: &[u8]| find(block, request, name).map(|at| request.fields[at].value);
    let text = |span| request.bytes(block, span);
    if let Some(path) = value(b"DOCUMENT_URI") {
        let same = text(path) == text(script);
        return Some((if same { Span::default() } else { script }, path));
    }
    let all = Some((script.within(0, 0), script));
    if let Some(target) = value(b"SCRIPT_FILENAME").and_then(|file| {
        let target = text(file).strip_prefix(b"proxy:")?;
        let host = target.windows(3).position(|three| three == b"://")? + 3;
        let path = target[host..].iter().position(|byte| *byte == b'/')? + host;
        unescape(&target[path..])
    }) {
        if !text(script).ends_with(&target) {
            return all;
        }
        let prefix = script.len() - target.len();
        return Some((script.within(0, prefix), script.within(prefix, script.len())));
    }
    let software = value(b"SERVER_SOFTWARE").map_or(&b""[..], text);
    if software.starts_with(b"HAProxy") { all } else { None }
}

/// The plain bytes of a path with escapes.
fn unescape(path: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(path.len());
    let mut rest = path.iter();
    while let Some(byte) = rest.next() {
        plain.push(match byte {
            b'%' => hex(*rest.next()?)? << 4 | hex(*rest.next()?)?,
            byte => *byte,
        });
    }
    Some(plain)
}

/// `CONTENT_LENGTH`: decimal digits and nothing else (RFC 9110 section 8.6).
pub(super) fn length(text: &[u8]) -> Result<Length, Refusal> {
    const BAD: Refusal = Refusal::bad("the content length is not a number");
    if text.is_empty() || text.len() > 18 || !text.iter().all(u8::is_ascii_digit) {
        return Err(BAD);
    }
    let number = text.iter().fold(0u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    Ok(if number == 0 { Length::None } else { Length::Known(number) })
}
