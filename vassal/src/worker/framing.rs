//! How an answer's bytes are put on the wire: lengths in front of chunks and FastCGI's records.
//! [`super::reply`] decides what is sent, this how it looks.

use std::io;
use std::os::fd::BorrowedFd;

use super::output::Output;
use crate::protocol::fastcgi::{self, CONTENT_MAX, HEADER};

/// Leaves room for a record's header in front of an answer's head.
pub(super) fn reserve(head: &mut Vec<u8>) {
    head.extend_from_slice(&[0; HEADER]);
}

/// Sends a head (behind the room that [`reserve`] left) with what is there of its body, in as
/// few calls as possible; `last` ends the answer.
pub(super) fn send_head(
    output: &mut Output,
    socket: BorrowedFd<'_>,
    id: u16,
    head: &mut [u8],
    body: &[u8],
    last: bool,
) -> io::Result<()> {
    let end = fastcgi::end(id);
    let tail: &[u8] = if last { &end } else { &[] };
    let size = head.len() - HEADER + body.len();
    if size <= CONTENT_MAX {
        head[..HEADER].copy_from_slice(&fastcgi::stdout(id, size));
        return output.write(socket, &[head, body, tail]);
    }
    send(output, socket, id, &head[HEADER..], false)?;
    send(output, socket, id, body, last)
}

/// Sends a piece of a body; `last` ends the answer.
pub(super) fn send(
    output: &mut Output,
    socket: BorrowedFd<'_>,
    id: u16,
    body: &[u8],
    last: bool,
) -> io::Result<()> {
    for piece in body.chunks(CONTENT_MAX) {
        output.write(socket, &[&fastcgi::stdout(id, piece.len()), piece])?;
    }
    if last {
        output.write(socket, &[&fastcgi::end(id)])?;
    }
    Ok(())
}

/// Appends a number without an allocation.
pub(super) fn decimal(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends the size of a chunk (RFC 9112 section 7.1).
pub(super) fn hexadecimal(out: &mut Vec<u8>, number: usize) {
    let digits = (usize::BITS - number.leading_zeros()).div_ceil(4).max(1);
    for place in (0..digits).rev() {
        out.push(b"0123456789abcdef"[(number >> (4 * place)) & 15]);
    }
}
