//! One request over a UNIX socket: as much HTTP/1.1 as the Emperor's own API speaks.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An answer larger than this is not one of ours.
const SIZE_MAX: u64 = 256 * 1024 * 1024;
/// How long the Emperor may take beyond what it was asked to wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// The Emperor's answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error("no emperor answers at {}: {source}", socket.display())]
    Absent { socket: PathBuf, source: io::Error },
    #[error("{}: {source}", socket.display())]
    Denied { socket: PathBuf, source: io::Error },
    #[error("the emperor did not answer in time")]
    TimedOut,
    #[error("the connection to the emperor broke: {0}")]
    Broken(io::Error),
    #[error("what answers there does not speak HTTP")]
    Protocol,
}

impl From<io::Error> for AskError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Broken(error),
        }
    }
}

/// Asks. `wait`: how long the Emperor itself was asked to wait.
pub(super) fn ask(
    socket: &Path,
    method: &str,
    path: &str,
    wait: Duration,
) -> Result<Answer, AskError> {
    let mut stream = UnixStream::connect(socket).map_err(|source| {
        let socket = socket.to_owned();
        match source.kind() {
            ErrorKind::PermissionDenied => AskError::Denied { socket, source },
            _ => AskError::Absent { socket, source },
        }
    })?;
    stream.set_read_timeout(Some(wait + PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: emperor\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    // refused strangers are answered before they have asked
    let written = stream.write_all(request.as_bytes());
    let mut bytes = Vec::new();
    stream.take(SIZE_MAX).read_to_end(&mut bytes)?;
    if bytes.is_empty() {
        written?;
    }
    parse(&bytes).ok_or(AskError::Protocol)
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    let chunked = lines.any(|line| line.eq_ignore_ascii_case("transfer-encoding: chunked"));
    let body = if chunked { unchunked(body)? } else { body.to_owned() };
    Some(Answer { status, body })
}

/// The body of a chunked answer.
fn unchunked(mut rest: &str) -> Option<String> {
    let mut body = String::new();
    loop {
        let (size, after) = rest.split_once("\r\n")?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.push_str(after.get(..size)?);
        rest = after.get(size..)?.strip_prefix("\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_chunked_answers_are_read() {
        let plain = b"HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\n\r\nno";
        let answer = parse(plain).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (409, "no"));
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
        assert_eq!(parse(chunked).unwrap().body, "abcd");
        assert!(parse(b"hello").is_none());
    }
}
