//! Requests that come as CGI variables (RFC 3875 section 4.1): what uwsgi, FastCGI and SCGI
//! have in common once their own framing is off.

use super::Refusal;
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

/// What has to be known of a request whose variables are whole; the path where no `PATH_INFO`
/// came.
///
/// The parameter files of nginx send the whole path as `DOCUMENT_URI` and (FastCGI) again as
/// `SCRIPT_NAME`; Apache's FastCGI proxy sends it as `SCRIPT_NAME`, with a `SCRIPT_FILENAME`
/// that names the proxy. Neither has split it, so all of it is the application's to route.
pub(super) fn settle(block: &[u8], request: &mut Request) -> Result<(), Refusal> {
    if request.method.is_empty() {
        return Err(Refusal::bad("the variable REQUEST_METHOD is missing"));
    }
    if find(block, request, b"PATH_INFO").is_some() {
        return Ok(());
    }
    let value = |at: usize| request.fields[at].value;
    let script = find(block, request, b"SCRIPT_NAME");
    let document = find(block, request, b"DOCUMENT_URI");
    let file = find(block, request, b"SCRIPT_FILENAME").map(value);
    let proxied = file.is_some_and(|file| request.bytes(block, file).starts_with(b"proxy:"));
    let path = match (document, script) {
        (Some(document), _) => value(document),
        (None, Some(script)) if proxied => value(script),
        _ => return Ok(()),
    };
    if let Some(script) = script
        && request.bytes(block, value(script)) == request.bytes(block, path)
    {
        request.fields[script].value = Span::default();
    }
    request.path = path;
    let name = request.keep(*b"PATH_INFO");
    request.fields.push(Field { name, value: path });
    Ok(())
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
