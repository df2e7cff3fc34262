//! What an application may say as the head of an answer.

use crate::protocol::is_token;

/// What the application may not send as a head (RFC 9110 section 5, PEP 3333).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// The status is not three digits, a space and a reason.
    #[error("the status must be three digits from 200 on, a space and a reason")]
    Status,
    /// A field's name is not a token.
    #[error("a header name must be a token")]
    Name,
    /// A field's value holds a control character.
    #[error("a header value must not hold control characters")]
    Value,
    /// A `Content-Length` that is no number, or the second one.
    #[error("Content-Length must be one decimal number")]
    Length,
    /// A field that only a server may set.
    #[error("Transfer-Encoding is the server's to set")]
    HopByHop,
    /// More than `response-headers-limit`.
    #[error("the head is longer than response-headers-limit")]
    Size,
}

/// The number of a status such as `200 OK`.
pub(super) fn code(status: &[u8]) -> Result<u16, HeadError> {
    let code = match status {
        [a @ b'2'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..]
            if rest.is_empty() || rest[0] == b' ' =>
        {
            u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
        }
        _ => return Err(HeadError::Status),
    };
    if status.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
        return Err(HeadError::Status);
    }
    Ok(code)
}

/// Whether a field's name and value are such.
pub(super) fn field(name: &[u8], value: &[u8]) -> Result<(), HeadError> {
    if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
        return Err(HeadError::Name);
    }
    if value.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
        return Err(HeadError::Value);
    }
    Ok(())
}
